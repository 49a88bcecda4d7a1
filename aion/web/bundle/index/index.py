"""The index of all bots and the card of each: topics whose changes cost what changed.

A row is encoded when its bot changed. The whole is put together of ready rows for those who ask for it; a change is
made of the rows that differ. The ETag is of the sum of all parts' hashes, which a changed part alters by two.
"""

from collections import deque
from hashlib import blake2b
from typing import Any

import orjson

from aion.live.delta import entries_patch
from aion.live.source import Tree
from aion.live.topic import Built, Patch
from aion.store.document.base import made, shown_as, to_json
from aion.store.document.piece import encode_part
from aion.store.layout import DESK, Layout, swing_rolling
from aion.web.bundle.document import BotRow, BotsIndex, IntradaySummary, UnreadBot
from aion.web.bundle.index.running import RunningTotals
from aion.web.bundle.names import ASKING
from aion.web.bundle.pages import member_of, told
from aion.web.bundle.reader import DeskReader
from aion.web.bundle.reading import KINDS, Desk, Key
from aion.web.bundle.view import Bound
from aion.web.problem import Problems
from aion.web.state import Json

VERSIONS = 64  # whose changes are remembered; streams are pushed each, so that few lag behind more than one
ROWS = "bots"
_SIZE = 32  # bytes of a hash
_MODULUS = 1 << (8 * _SIZE)


class IndexTopic:
    """Builds the index from change to change."""

    def __init__(self, reader: DeskReader) -> None:
        """Args: reader: reads the files; shared with the other topics."""
        self._reader = reader
        self._followed = reader.page.follow()
        self._begin()

    def _begin(self) -> None:
        self._rows: dict[str, bytes] = {}
        self._head: dict[str, bytes] = {}
        self._unread: dict[str, Json] = {}
        self._totals = RunningTotals()
        self._sum = 0
        self._etag = ""
        self._versions: deque[tuple[str, dict[str, bytes | None], dict[str, bytes | None]]] = deque(maxlen=VERSIONS)
        """ETag of an earlier version, and what its successor has otherwise: rows and other members as they were."""

    def __call__(self, tree: Tree[Any]) -> Built:
        """Return the index as the files are now."""
        desk, revisit_in_s = self._reader.read(tree)
        keys = self._followed.take()
        if keys is None:
            keys = {_key_of(key) for key in (*self._rows, *self._unread)} | set(self._totals.keys())
            keys |= {(kind, name) for kind in KINDS for name in self._reader.page.names_of(kind)}
        is_done = False
        try:
            self._take(desk, keys)
            is_done = True
        finally:
            if not is_done:  # begun anew: what was cut off in the middle is no version
                self._begin()
                self._followed.is_all = True
        rows, head = dict(self._rows), dict(self._head)
        return Built(lambda: _compose(rows, head), revisit_in_s, self._etag, self._patch_from)

    def _take(self, desk: Desk, keys: set[Key]) -> None:
        page = self._reader.page
        changed: dict[str, bytes | None] = {}
        for key in keys:
            name = "/".join(key)
            problems = page.problems_of(key)
            self._set(self._rows, ROWS, name, _row(desk, key, problems), changed)
            if name not in self._rows and problems:
                self._unread[name] = to_json(made(UnreadBot)(errors=problems))
            else:
                self._unread.pop(name, None)
            member, first = member_of(desk, key), member_of(desk, ("intraday", key[1])) if key[0] == "swing" else None
            # what two bots of one name made is marked for the name
            is_first = member is None or first is None or first.view.currency != member.view.currency
            self._totals.put(key, member, page.days_of(key[1]) if is_first else {})
        others: dict[str, bytes | None] = {}
        head = _head(desk, page.desk_problems(), self._totals) | {"unread": dict(sorted(self._unread.items()))}
        for name in [*self._head.keys() - head.keys(), *head]:
            self._set(self._head, "", name, orjson.dumps(head[name]) if name in head else None, others)
        etag = f'W/"{blake2b(self._sum.to_bytes(_SIZE, "little"), digest_size=9).hexdigest()}"'
        if etag != self._etag:
            self._versions.append((self._etag, changed, others))
            self._etag = etag

    def _set(
        self, parts: dict[str, bytes], of: str, name: str, value: bytes | None, changed: dict[str, bytes | None]
    ) -> None:
        """Let a part be `value`, note in `changed` what it was, and keep the sum."""
        before = parts.get(name)
        if before == value:
            return
        changed[name] = before
        if before is not None:
            self._sum -= _hash(of, name, before)
        if value is None:
            del parts[name]
        else:
            parts[name] = value
            self._sum += _hash(of, name, value)
        self._sum %= _MODULUS

    def _patch_from(self, etag: str) -> Patch | None:
        """Return the change since the version of `etag`, None if it is not remembered."""
        rows: dict[str, bytes | None] = {}
        head: dict[str, bytes | None] = {}
        for before, changed, others in reversed(self._versions):
            rows |= changed  # the oldest counts
            head |= others
            if before == etag:
                break
        else:
            return None
        base = {name: orjson.loads(value) for name, value in head.items() if value is not None}
        target = {name: orjson.loads(self._head[name]) for name in head if name in self._head}
        known = [name for name, value in rows.items() if value is not None]
        new = [name for name, value in rows.items() if value is None]
        base[ROWS] = {name: orjson.loads(rows[name] or b"") for name in known}
        target[ROWS] = {name: orjson.loads(self._rows[name]) for name in (*known, *new) if name in self._rows}
        return entries_patch(base, target, ROWS)


class CardTopics:
    """Builds the card of each bot that somebody asks for."""

    def __init__(self, reader: DeskReader) -> None:
        """Args: reader: reads the files; shared with the other topics."""
        self._reader = reader

    def __call__(self, tree: Tree[Any], key: str) -> Built | None:
        """Return the card of a bot, None where nothing can be shown of one."""
        desk, revisit_in_s = self._reader.read(tree)
        kind, name = _key_of(key)
        card, line = desk.cards.get((kind, name)), desk.lines.get(name) if kind == "intraday" else None
        if card is not None:
            view = card.encoded(Bound())
        elif line is not None:
            view = orjson.Fragment(encode_part(line))
        else:
            return None
        errors = {section: to_json(found) for section, found in self._reader.page.own_problems((kind, name)).items()}
        return Built({"errors": errors, "bot": view}, revisit_in_s)

    def keys(self, path: str) -> tuple[str, ...] | None:
        """Return the bots that the file at `path` may concern, None for all."""
        place = Layout.place(path)
        if place is None:
            return ()
        if place.kind in ("sim_log", "swing_rolling", *ASKING):
            job = self._reader.page.day_job if place.bot in self._reader.page.day_job else ()
            names = () if place.bot == DESK else (place.bot,)  # one of the day-trading job may complete a cycle
            return tuple(f"{kind}/{name}" for name in {*names, *job} for kind in KINDS)
        return None if place.kind in ("sim_summary", "rolling") else ()

    @staticmethod
    def accepts(key: str) -> bool:
        """Tell whether a bot can have this kind and name."""
        kind, _, name = key.partition("/")
        return kind in KINDS and "/" not in name and Layout.place(swing_rolling(name)) is not None


def _key_of(key: str) -> Key:
    kind, _, name = key.partition("/")
    return ("swing" if kind == "swing" else "intraday"), name


def _row(desk: Desk, key: Key, problems: Problems) -> bytes | None:
    card = desk.cards.get(key)
    view = card.whole if card is not None else desk.lines.get(key[1]) if key[0] == "intraday" else None
    if view is None:
        return None
    row = shown_as(BotRow, view)
    row.errors = problems
    return encode_part(row)


def _head(desk: Desk, problems: Problems, totals: RunningTotals) -> Json:
    summary, lead = desk.cycle.summary, desk.lead
    page = made(BotsIndex)(version=0)
    if lead is not None:
        page.as_of, page.mode, page.run = lead.as_of, lead.mode, lead.run
    if summary is not None:
        page.clock, page.sessions = summary.clock, summary.sessions
        page.summary = shown_as(IntradaySummary, summary)
    page.errors, page.asked, page.watch, page.totals = problems, desk.asked, desk.watch, totals.totals()
    return {name: value for name, value in told(page).items() if name not in (ROWS, "unread")}


def _hash(of: str, name: str, value: bytes) -> int:
    text = b"%b\0%b\0%b" % (of.encode(), name.encode(), value)
    return int.from_bytes(blake2b(text, digest_size=_SIZE).digest(), "little")


def _compose(rows: dict[str, bytes], head: dict[str, bytes]) -> bytes:
    parts = [b'"%b":%b' % (name.encode(), value) for name, value in head.items()]
    inside = b",".join([b'"%b":%b' % (name.encode(), rows[name]) for name in sorted(rows)])
    return b'{%b,"%b":{%b}}' % (b",".join(parts), ROWS.encode(), inside)
