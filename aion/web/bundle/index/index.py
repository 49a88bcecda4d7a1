"""The index of all bots, what stands above its rows, and one row of it: topics that cost what changed.

The whole is put together of ready rows for those who ask for it; a change is made of the rows that differ.
"""

from collections import deque
from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

import orjson

from aion.live.delta import entries_patch, parse
from aion.live.disk.source import Tree
from aion.live.topic import Built, Patch
from aion.web.bundle.index.state import ROWS, Before, Concerned, IndexState, key_of

VERSIONS = 64  # whose changes are remembered; streams are pushed each, so that few lag behind more than one
MOST_ROWS = 2_000  # of all these versions together


class Parts(NamedTuple):
    """One version of the index in its parts."""

    rows: dict[str, bytes]
    head: dict[str, bytes]


class IndexTopic:
    """Builds the index from change to change."""

    def __init__(self, state: IndexState) -> None:
        """Args: state: what the index says; shared with the other topics."""
        self._state = state
        self._followed = state.follow()
        self._etag = ""
        self._versions: deque[tuple[str, Before]] = deque(maxlen=VERSIONS)
        """ETag of an earlier version, and what its successor has otherwise."""

    def __call__(self, tree: Tree[Any]) -> Built:
        """Return the index as the files are now."""
        state = self._state
        revisit_in_s = state.read(tree)
        before = self._followed.take()
        if before.is_all:
            self._versions.clear()
        elif state.etag != self._etag:
            self._versions.append((self._etag, before))
            while sum(len(each.rows) for _, each in self._versions) > MOST_ROWS and len(self._versions) > 1:
                self._versions.popleft()
        self._etag = state.etag
        now = Parts(dict(state.rows), dict(state.head))
        return Built(lambda: _compose(now), revisit_in_s, self._etag, partial(self._patch_from, self._etag, now))

    def _patch_from(self, after: str, now: Parts, etag: str) -> Patch | None:
        """Return the change from the version of `etag` to that of `after`, None if it is not remembered."""
        if after != self._etag:
            return None  # another one is the newest by now
        rows: dict[str, bytes | None] = {}
        head: dict[str, bytes | None] = {}
        for version, before in reversed(self._versions):
            rows |= before.rows  # the oldest counts
            head |= before.head
            if version == etag:
                break
        else:
            return None
        base = {name: parse(value) for name, value in head.items() if value is not None}
        target = {name: parse(now.head[name]) for name in head if name in now.head}
        known = sorted(name for name, value in rows.items() if value is not None)
        new = sorted(name for name, value in rows.items() if value is None)
        base[ROWS] = {name: parse(rows[name] or b"") for name in known}
        target[ROWS] = {name: parse(now.rows[name]) for name in (*known, *new) if name in now.rows}
        return entries_patch(base, target, ROWS)


class TotalsTopic:
    """Builds what stands above the rows of the index."""

    def __init__(self, state: IndexState) -> None:
        """Args: state: what the index says; shared with the other topics."""
        self._state = state

    def __call__(self, tree: Tree[Any]) -> Built:
        """Return it as the files are now."""
        revisit_in_s = self._state.read(tree)
        head = dict(self._state.head)
        return Built(lambda: b"{%b}" % _members(head), revisit_in_s, self._state.head_etag)


class RowTopics:
    """Builds the row of each bot that somebody asks for."""

    def __init__(self, state: IndexState) -> None:
        """Args: state: what the index says; shared with the other topics."""
        self._state = state
        self._followed = state.follow()
        self.keys = Concerned(state.reader)
        """The bots whose rows a file may alter at once."""

    def __call__(self, tree: Tree[Any], key: str) -> Built | None:
        """Return the row of a bot and its problems, None where there is neither."""
        state = self._state
        revisit_in_s = state.read(tree)
        key = "/".join(state.reader.page.resolve(key_of(key)))
        row, errors = state.rows.get(key), state.errors.get(key)
        if row is None and errors is None:
            return None
        shown = {"bot": orjson.Fragment(row)} if row is not None else {}
        return Built({**shown, "errors": orjson.Fragment(errors or b"{}")}, revisit_in_s)

    def changed(self) -> Iterable[str] | None:
        """Return the bots whose rows have changed since the last call, None where that may be all of them."""
        before = self._followed.take()
        return None if before.is_all else before.rows


def _members(parts: dict[str, bytes]) -> bytes:
    return b",".join([b'"%b":%b' % (name.encode(), value) for name, value in parts.items()])


def _compose(parts: Parts) -> bytes:
    inside = _members({name: parts.rows[name] for name in sorted(parts.rows)})
    return b'{%b,"%b":{%b}}' % (_members(parts.head), ROWS.encode(), inside)
