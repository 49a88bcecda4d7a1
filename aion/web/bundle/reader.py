"""Reads the desk from the live library's tree, once for all topics."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aion.live.disk.source import Entry, Tree
from aion.web.bundle.machines import Machines
from aion.web.bundle.reading import Desk, Page


class TreeFiles(Mapping[str, Entry[Any]]):
    """The live library's tree as a mapping: names cost nothing, an entry is read when it is looked up."""

    def __init__(self, tree: Tree[Any]) -> None:
        """Args: tree: only used within one build."""
        self._tree = tree

    def __getitem__(self, file: str) -> Entry[Any]:
        entry = self._tree.entry(file)
        if entry is None:
            raise KeyError(file)
        return entry

    def __contains__(self, file: object) -> bool:
        return isinstance(file, str) and self._tree.has(file)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tree.names())

    def __len__(self) -> int:
        return sum(1 for _ in self._tree.names())


class DeskReader:
    """Reads the desk for all topics, once for each change, and knows how long its cycle has been torn."""

    def __init__(self, page: Page, grace_s: float, now_s: Callable[[], float] = time.monotonic) -> None:
        """Make it.

        Args:
            page: reads the desk's own files.
            grace_s: seconds after which a cycle that is not whole is shown part by part.
            now_s: a clock in seconds that never goes back.
        """
        self.page = Machines(page)
        self._grace_s = grace_s
        self._now_s = now_s
        self._torn_since_s: dict[str, float] = {}
        """By machine."""
        self._seen = -1
        """Revision of the tree that was read last."""
        self._desk: Desk | None = None
        self._overdue: frozenset[str] = frozenset()

    def read(self, tree: Tree[Any]) -> tuple[Desk, float | None]:
        """Return the desk as the files are now, and after how many seconds it is another without a change of them."""
        now = self._now_s()
        overdue = frozenset(name for name, since in self._torn_since_s.items() if now - since >= self._grace_s)
        if self._desk is None or self._seen != tree.revision or overdue != self._overdue:
            changed = tree.changes(self._seen) if self._desk is not None else None
            self._desk = None
            self._desk = self.page.read(TreeFiles(tree), changed=changed, overdue=overdue)
            self._seen, self._overdue = tree.revision, overdue
        self._torn_since_s = {name: self._torn_since_s.get(name, now) for name in self.page.torn}
        waits = [since + self._grace_s - now for name, since in self._torn_since_s.items() if name not in overdue]
        return self._desk, max(0.01, min(waits)) if waits else None
