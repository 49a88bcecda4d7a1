"""The rows and the other members of the index as ready bytes, kept from change to change for the topics made of them.

A row is encoded when its bot changed. The ETag is of the sum of all hashes, which a changed part alters by two.
"""

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from aion.live.disk.source import Tree
from aion.model import Mode
from aion.store.document.base import made, shown_as, to_json
from aion.store.document.part import Pnl
from aion.store.document.piece import encode_part
from aion.store.layout import DESK, Layout, swing_rolling
from aion.store.machine import APART, OWN, bot_id, is_machine, split_id, split_path
from aion.web.bundle.document import ROW_SYMBOLS, BotRow, BotsTotals, IntradaySummary, LastFill, UnreadBot
from aion.web.bundle.index.running import RunningTotals
from aion.web.bundle.names import ASKING
from aion.web.bundle.pages import member_of, other_member_of, page_of, told
from aion.web.bundle.reader import DeskReader
from aion.web.bundle.reading import KINDS, Desk, Key
from aion.web.bundle.total import Member
from aion.web.problem import Problems
from aion.web.state import Json

ROWS = "bots"
MOST_PATHS = 20_000  # whose bots are remembered
_OF_A_BOT = frozenset({"sim_log", "swing_rolling", *ASKING})
_SIZE = 32  # bytes of a hash
_MODULUS = 1 << (8 * _SIZE)


@dataclass(slots=True)
class Before:
    """What changed since somebody looked last, as it was then; None for what was not there."""

    rows: dict[str, bytes | None] = field(default_factory=dict)
    head: dict[str, bytes | None] = field(default_factory=dict)
    is_all: bool = True
    """True where anything may have changed."""

    def take(self) -> "Before":
        """Return it; from now on only what changes is noted."""
        found = Before(self.rows, self.head, self.is_all)
        self.rows, self.head, self.is_all = {}, {}, False
        return found


class IndexState:
    """What the index says now."""

    def __init__(self, reader: DeskReader) -> None:
        """Args: reader: reads the files; shared with the other topics."""
        self.reader = reader
        self._followed = reader.page.follow()
        self._followers: list[Before] = []
        self._desk: Desk | None = None
        """What was read last."""
        self._begin()

    def _begin(self) -> None:
        self.rows: dict[str, bytes] = {}
        """`BotRow` by kind and name."""
        self.head: dict[str, bytes] = {}
        """All other members of the index."""
        self.errors: dict[str, bytes] = {}
        """Problems of each bot that has some, shown or not."""
        self._unread: dict[str, Json] = {}
        self._counts = dict.fromkeys(KINDS, 0)
        self._totals = RunningTotals()
        self._of_machines: dict[str, RunningTotals] = {}
        """The totals of each machine."""
        self._of_modes: dict[Mode, RunningTotals] = {}
        """The totals of each mode but the desk's."""
        self._sums = {ROWS: 0, "": 0}
        for each in self._followers:
            each.is_all = True

    @property
    def etag(self) -> str:
        """Weak validator of all of it."""
        return _tag(self._sums[ROWS] + self._sums[""])

    @property
    def head_etag(self) -> str:
        """Weak validator of `head`."""
        return _tag(self._sums[""])

    def follow(self) -> Before:
        """Return what notes each change from now on."""
        found = Before()
        self._followers.append(found)
        return found

    def read(self, tree: Tree[Any]) -> float | None:
        """Take in the files as they are now; return after how many seconds that is another without a change."""
        desk, revisit_in_s = self.reader.read(tree)
        if desk is self._desk:
            return revisit_in_s
        self._desk = None
        keys = self._followed.take()
        if keys is None:
            keys = {key_of(name) for name in (*self.rows, *self._unread)} | set(self._totals.keys())
            keys |= {(kind, name) for kind in KINDS for name in self.reader.page.names_of(kind)}
        try:
            self._take(desk, keys)
            self._desk = desk
        finally:
            if self._desk is None:  # begun anew: what was cut off in the middle is no version
                self._begin()
                self._followed.is_all = True
        return revisit_in_s

    def _take(self, desk: Desk, keys: set[Key]) -> None:
        page = self.reader.page
        for key in keys:
            name = "/".join(key)
            problems = page.problems_of(key)
            self._set_row(name, _row(desk, key, problems), problems)
            member, first = member_of(desk, key), member_of(desk, ("intraday", key[1])) if key[0] == "swing" else None
            # what two bots of one name made is marked for the name
            is_first = member is None or first is None or first.view.currency != member.view.currency
            days = page.days_of(key[1]) if is_first else {}
            self._totals.put(key, member, days)
            if desk.machines or self._of_machines:
                self._put(desk, key, member, days)
            if member is None or self._of_modes:
                self._put_apart(other_member_of(desk, key) if member is None else None, key)
        head = self._head(desk, page.desk_problems())
        for name in [*self.head.keys() - head.keys(), *head]:
            self._set(self.head, "", name, orjson.dumps(head[name]) if name in head else None)

    def _put(self, desk: Desk, key: Key, member: Member | None, days: dict[str, Pnl]) -> None:
        """Let a bot add to the totals of its machine what it says now, and to those of no other."""
        machine, _ = desk.owners.get(key[1], (OWN, ""))
        for name, running in self._of_machines.items():
            if name != machine:
                running.put(key, None, {})
        if machine:
            self._of_machines.setdefault(machine, RunningTotals()).put(key, member, days)

    def _put_apart(self, member: Member | None, key: Key) -> None:
        """Let a bot add to the totals of its mode, where that is not the desk's, and to those of no other."""
        mode = member.view.mode if member is not None else None
        for name, running in self._of_modes.items():
            if name != mode:
                running.put(key, None, {})
        if member is not None and mode is not None:
            self._of_modes.setdefault(mode, RunningTotals()).put(key, member, {})

    def _set_row(self, name: str, row: bytes | None, problems: Problems) -> None:
        if problems:
            self.errors[name] = orjson.dumps({section: to_json(found) for section, found in problems.items()})
        else:
            self.errors.pop(name, None)
        if row is None and problems:
            self._unread[name] = to_json(made(UnreadBot)(errors=problems))
        else:
            self._unread.pop(name, None)
        self._counts[key_of(name)[0]] += (row is not None) - (name in self.rows)
        self._set(self.rows, ROWS, name, row)

    def _set(self, parts: dict[str, bytes], of: str, name: str, value: bytes | None) -> None:
        """Let a part be `value`, tell followers what it was, and keep the sum."""
        before = parts.get(name)
        if before == value:
            return
        for each in self._followers:
            (each.rows if of == ROWS else each.head).setdefault(name, before)
        if before is not None:
            self._sums[of] -= _hash(of, name, before)
        if value is None:
            del parts[name]
        else:
            parts[name] = value
            self._sums[of] += _hash(of, name, value)

    def _head(self, desk: Desk, problems: Problems) -> Json:
        page = page_of(BotsTotals, desk)
        if desk.cycle.summary is not None:
            page.summary = shown_as(IntradaySummary, desk.cycle.summary)
        page.errors, page.watch = problems, desk.watch
        page.totals, page.counts = self._totals.totals(), dict(self._counts)
        apart = {mode: running.totals() for mode, running in sorted(self._of_modes.items())}
        page.totals_apart = {mode: found for mode, found in apart.items() if found} or None
        for name, line in (page.machines or {}).items():
            line.totals = self._of_machines[name].totals() if name in self._of_machines else {}
        return told(page) | {"unread": dict(sorted(self._unread.items()))}


def key_of(name: str) -> Key:
    """Return kind and name of a bot in the name of its row."""
    kind, _, bot = name.partition("/")
    return ("swing" if kind == "swing" else "intraday"), bot


def is_bot(key: str) -> bool:
    """Tell whether a bot can have this kind and name."""
    kind, _, bot = key.partition("/")
    machine, name = split_id(bot)
    is_named = "/" not in name and Layout.place(swing_rolling(name)) is not None
    return kind in KINDS and is_named and (APART not in bot or is_machine(machine))


class Concerned:
    """Which bots a file may concern, remembered by its path until there are other machines or other bots of a job.

    Two threads ask; what one of them does not remember yet it finds out.
    """

    def __init__(self, reader: DeskReader) -> None:
        """Args: reader: knows the names of the files."""
        self._page = reader.page
        self._known: dict[str, tuple[object, object, tuple[str, ...]]] = {}

    def __call__(self, path: str) -> tuple[str, ...] | None:
        """Return the ids of the bots that the file at `path` may concern at once, None for all."""
        machine, inside = split_path(path)
        names, jobs = self._page.names, self._page.jobs(machine)
        known = self._known.get(path)
        if known is not None and known[0] == names and known[1] is jobs:
            return known[2]
        place = self._page.place(machine, inside)
        if place is None:
            return ()
        if place.kind not in _OF_A_BOT:
            return None if place.kind in ("sim_summary", "rolling") else ()
        job = jobs if place.bot in jobs else ()
        of = () if place.bot == DESK else (place.bot,)  # one of the day-trading job may complete a cycle
        # with or without the machine: that a second one has the name alters the ids of both
        ids = {bot_id(each, name) for name in {*of, *job} for each in (OWN, *names, machine)}
        found = tuple(f"{kind}/{each}" for each in ids for kind in KINDS)
        if len(self._known) >= MOST_PATHS:
            self._known.clear()
        self._known[path] = (names, jobs, found)
        return found


def _row(desk: Desk, key: Key, problems: Problems) -> bytes | None:
    card = desk.cards.get(key)
    view = card.row if card is not None else desk.lines.get(key[1]) if key[0] == "intraday" else None
    if view is None:
        return None
    more: dict[str, Any] = {"symbols": view.symbols[:ROW_SYMBOLS], "errors": problems}
    if card is not None and card.doc.fills:
        last, fill = max(reversed(card.doc.fills.items()), key=lambda item: item[1].ts)
        more["last_fill"] = shown_as(LastFill, fill, id=last)
    row = shown_as(BotRow, view, **more)
    return encode_part(row)


def _hash(of: str, name: str, value: bytes) -> int:
    text = b"%b\0%b\0%b" % (of.encode(), name.encode(), value)
    return int.from_bytes(blake2b(text, digest_size=_SIZE).digest(), "little")


def _tag(total: int) -> str:
    text = (total % _MODULUS).to_bytes(_SIZE, "little")
    return f'W/"{blake2b(text, digest_size=9).hexdigest()}"'
