"""Reads the desk: what its state files say together, of which only what changed is done again.

`Page` keeps what it made of each bot. A reading is a pure function of the files all the same, but for one thing that
shows: the last whole cycle, because a build may come in the middle of one. No clock is read; whoever builds says when
a mixture has lasted too long.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nsmallest
from typing import TypeVar

from aion.model import Mode
from aion.scalar import BotKind
from aion.store.document.base import made
from aion.store.document.clock import ClockState
from aion.store.document.known import fresh_since
from aion.store.document.part import Pnl
from aion.store.document.state import BotSummary, SimLog, SimSummary, SwingRolling
from aion.store.layout import DESK, ROLLING, SIM_LOGS, SUMMARY, WATCHED, Place, sim_log, swing_rolling
from aion.store.machine import OWN, bot_id, folder_of
from aion.web.bundle import controls, cycle
from aion.web.bundle.controls import Asked
from aion.web.bundle.document import BotView, Watched
from aion.web.bundle.names import Names, Touched
from aion.web.bundle.total import DayPnl
from aion.web.bundle.view import Card, Symbols, view_of_line
from aion.web.bundle.watch import read_watch
from aion.web.problem import Problem, Problems, add, problem
from aion.web.state import BotState, Files, look, look_newest

Key = tuple[BotKind, str]
"""Kind and name of a bot."""
Index = TypeVar("Index")
Value = TypeVar("Value")
KINDS: tuple[BotKind, ...] = ("intraday", "swing")
OF_JOB = ("intraday.summary", "intraday.signals")
"""Sections of the day-trading job as a whole."""
MOST_STRANGE = 100  # files that the index names
NO_STATE_FILE = "is named like no state file: sim_logs/<day>_<bot>.json or rolling_<bot>.json.gz"
NO_FOLDER = "is a link or a file, and no link is followed there: put the folder itself in its place"


@dataclass(frozen=True, slots=True)
class Bot:
    """One bot to be shown."""

    kind: BotKind
    name: str
    foreign: bool
    file: str
    doc: BotState | None
    line: BotSummary | None = None
    """Its line in the summary; a bot without a file has one."""


@dataclass(frozen=True, slots=True)
class Lead:
    """What holds for the whole desk."""

    as_of: datetime
    """Newest market time."""
    mode: Mode
    run: str


@dataclass(frozen=True, slots=True)
class Desk:
    """All that is to be shown, before it is cut to size."""

    cycle: cycle.Cycle
    cards: dict[tuple[BotKind, str], Card]
    """By kind and name."""
    lines: dict[str, BotView]
    """Intraday bots of which there is only the summary's line."""
    errors: Problems
    days: DayPnl
    lead: Lead | None
    """None where nothing says anything."""
    asked: Asked
    """Of all bots together."""
    watch: Watched | None
    """None where nobody watches."""
    symbols: Symbols
    machines: "dict[str, Desk]" = field(default_factory=dict)
    """What each machine's folder says, that of the desk under `OWN`; empty where the desk has no other machine."""
    leader: str = OWN
    """Machine whose cycle, clock and symbols those of the desk are."""
    owners: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Machine of each bot by its id, and its name there; empty as `machines`."""


class Followed:
    """What has changed since somebody looked last."""

    def __init__(self) -> None:
        """Begin with all of it."""
        self.keys: set[Key] = set()
        """Bots that are to be looked at again."""
        self.is_all = True
        """True where everything is."""

    def take(self) -> set[Key] | None:
        """Return the bots that changed, None for all that there are; from now on only what changes is noted."""
        keys = None if self.is_all else self.keys
        self.keys, self.is_all = set(), False
        return keys


class Page:
    """Reads the desk for all pages, and keeps the last whole cycle."""

    def __init__(self, own_swing: frozenset[str] = frozenset(), machine: str = OWN) -> None:
        """Args: own_swing: names of Aion's own swing bots; all others are foreign; machine: whose folder is read."""
        self.own_swing = own_swing
        self._machine = machine
        self._shared: frozenset[str] = frozenset()
        self._last: cycle.Cycle | None = None
        self.is_torn = False
        """True when the newest build found a cycle that is not whole."""
        self._cards: dict[Key, Card] = {}
        self._symbols = Symbols(None)
        self._followed: list[Followed] = []
        self._forget()

    def _forget(self) -> None:
        """Begin anew, except for the last whole cycle and what was made of documents that are still the same."""
        self._is_known = False
        self._names = Names()
        self._shown = cycle.Cycle()
        self.day_job: set[str] = set()  # replaced, never changed: another thread may look
        """Bots whose day files are read with the cycle."""
        self._bots: dict[Key, Bot] = {}
        self._as_of: dict[Key, datetime] = {}
        self._lines: dict[str, BotView] = {}
        self._asked: dict[str, Asked] = {}
        self._of_reading: dict[Key, Problem] = {}
        self._of_names: dict[str, Problem] = {}
        self._of_bookings: dict[Key, Problem] = {}
        self._of_modes: dict[Key, Problem] = {}
        self._of_asked: dict[str, Problems] = {}
        self._of_watch: Problems = {}
        self._watch: Watched | None = None
        self._days: DayPnl = {}
        self._marked: dict[str, list[str]] = {}
        """By bot: the days of which `_days` has its result."""
        self._lead: Lead | None = None

    def place(self, path: str) -> Place | None:
        """Return what the name of a file says; any thread may ask."""
        return self._names.place(path)

    def id_of(self, name: str) -> str:
        """Return the id of a bot: its name, with its machine where another one has a bot of that name."""
        return bot_id(self._machine, name) if name in self._shared else name

    def share(self, names: frozenset[str]) -> None:
        """Let other machines have bots of these names, and of no other ones: cards are made anew with their ids."""
        changed, self._shared = self._shared ^ names, names
        if not self._machine:
            return
        keys = {(kind, name) for kind in KINDS for name in changed}
        for key in keys:
            self._cards.pop(key, None)
            self._make_card(key)
        for each in self._followed:
            each.keys |= keys

    def names(self) -> set[str]:
        """Return the bots of which there is a state or a problem."""
        return {name for kind in KINDS for name in self.names_of(kind)}

    def follow(self) -> Followed:
        """Return what notes the bots that each reading finds changed."""
        found = Followed()
        self._followed.append(found)
        return found

    def read(self, files: Files, *, changed: set[str] | None = None, is_overdue: bool = False) -> Desk:
        """Return what is to be shown of `files`.

        Args:
            files: all state files of the data folder.
            changed: those that came, changed or went since the last call; None if that is not known.
            is_overdue: True when the cycle has been torn for longer than the grace.
        """
        is_all = changed is None or not self._is_known
        if is_all:
            self._forget()
            for each in self._followed:
                each.is_all = True
        self._is_known = False  # until it is done: what is cut off in the middle is begun anew
        touched = self._names.take(files if changed is None or is_all else changed, files)
        keys = self._read_cycle(files, touched, is_all=is_all, is_overdue=is_overdue)
        keys |= {("intraday", bot) for bot in touched.intraday} | {("swing", bot) for bot in touched.swing}
        for key in sorted(keys):
            self._read_bot(files, key)
        names = {name for _, name in keys} | touched.asked
        for name in names:
            self._read_name(files, name)
        keys |= {key for name in names for kind in KINDS if self._is_shown(key := (kind, name), touched)}
        for key in keys | self._cards.keys() if is_all else keys:
            self._make_card(key)
        if is_all or WATCHED in touched.files:
            self._of_watch = {}
            self._watch = read_watch(files, self._of_watch)
        self._check_modes(keys)
        if self._symbols.rolling is not self._shown.rolling:
            self._symbols = Symbols(self._shown.rolling)
        for each in self._followed:
            each.keys |= keys
        self._is_known = True
        asked = self._asked.get(DESK) or made(Asked)()
        return Desk(
            self._shown, self._cards, self._lines, self._errors(), self._days, self._lead, asked, self._watch,
            self._symbols,
        )  # fmt: skip

    def _is_shown(self, key: Key, touched: Touched) -> bool:
        """Tell whether something is shown of a bot, or may be of what is asked."""
        kind, name = key
        is_of_asked = kind == "intraday" and (name in touched.asked or name in self._of_asked)
        return key in self._bots or key in self._cards or is_of_asked or (kind == "intraday" and name in self._lines)

    def _read_cycle(self, files: Files, touched: Touched, *, is_all: bool, is_overdue: bool) -> set[Key]:
        """Read the files of the day-trading job, if they may have changed; return the bots that are concerned."""
        is_concerned = bool(touched.files & {SUMMARY, ROLLING} or touched.intraday & self.day_job)
        is_open = self._shown.summary is None and SUMMARY in files  # unreadable: any bot may be the job's
        if not (is_all or is_concerned or self.is_torn or is_overdue or is_open):
            return set()
        before, present = self._shown, cycle.read(files, self._names.index)
        self.is_torn = not present.is_whole
        self._shown = shown = cycle.settle(present, self._last, is_overdue=is_overdue)
        if present.is_whole:
            self._last = present
        self.day_job, day_job = {*present.days, *shown.days}, self.day_job
        self._read_name(files, DESK)
        names = self.day_job | day_job
        if shown.summary is not before.summary:
            names |= {name for each in (before, shown) for name in _in_days(each.summary)}
        runs = {each.summary.run if each.summary is not None else "" for each in (before, shown)}
        swing = set(self._names.index.swing) if self._machine and len(runs) > 1 else set()
        return {("intraday", name) for name in names} | {("swing", name) for name in swing}

    def _read_bot(self, files: Files, key: Key) -> None:
        """Read the newest state of one bot."""
        kind, name = key
        found = self._find(files, kind, name)
        bot, wrong = found if found is not None else (None, None)
        before = self._bots.get(key)
        _set(self._bots, key, bot)
        _set(self._as_of, key, bot.doc.as_of if bot is not None and bot.doc is not None else None)
        _set(self._of_reading, key, wrong)
        _set(self._of_bookings, key, self._not_booked(key, before, bot) if bot is not None else None)
        if kind == "intraday":
            self._lines.pop(name, None)

    def _not_booked(self, key: Key, before: Bot | None, bot: Bot) -> Problem | None:
        """Say which positions lack a corporate action, of which those that are the same as before have none."""
        if before is not None and before.doc is not None and bot.doc is not None and key not in self._of_bookings:
            fresh = fresh_since(before.doc.positions, bot.doc.positions)
            if fresh is not None and all(bot.doc.positions[each].not_booked is None for each in fresh):
                return None
        return _not_booked(bot)

    def _find(self, files: Files, kind: BotKind, name: str) -> tuple[Bot | None, Problem | None] | None:
        if kind == "swing":
            swing = look(files, swing_rolling(name), SwingRolling, name)
            if swing is None:
                return None
            is_foreign = name not in self.own_swing and not self._is_of_run(swing.doc)
            bot = Bot(kind, name, is_foreign, swing.file, swing.doc) if swing.doc is not None else None
            return bot, swing.problem
        day = self._shown.days.get(name)
        if day is not None:  # its problem is the cycle's
            line = self._shown.lines.get(name)
            is_there = day.doc is not None or line is not None
            return (Bot(kind, name, False, day.file, day.doc, line), None) if is_there else None
        found = look_newest(files, self._names.days(name), name)
        if found is None:
            return None
        return (Bot(kind, name, True, found.file, found.doc) if found.doc is not None else None), found.problem

    def _is_of_run(self, doc: BotState | None) -> bool:
        """Tell whether a bot of another machine, whose settings are not here, is of the run of its job."""
        summary = self._shown.summary
        return bool(self._machine) and summary is not None and doc is not None and doc.run == summary.run

    def _read_name(self, files: Files, name: str) -> None:
        """Read what is asked of the bots of a name, and what belongs to both of them."""
        problems: Problems = {}
        asking = self._names.asking.get(name)
        asked = controls.read_asked(files, dict(sorted(asking.items())), problems).get(name) if asking else None
        if name == DESK:
            clock = self._shown.summary.clock if self._shown.summary is not None else None
            controls.add_outcome(asked, clock, is_own=True)
        bots = [bot for kind in KINDS if (bot := self._bots.get((kind, name))) is not None]
        for bot in bots:
            controls.add_outcome(asked, bot.doc, is_own=not bot.foreign)
        _set(self._asked, name, asked)
        _set(self._of_asked, name, problems or None)
        self._mark_days(files, name, bots)
        _set(self._of_names, name, _same_name(bots))

    def _make_card(self, key: Key) -> None:
        kind, name = key
        bot = self._bots.get(key)
        asked = self._asked.get(name) or made(Asked)()
        if bot is None or bot.doc is None:
            self._cards.pop(key, None)
            summary = self._shown.summary
            if bot is not None and bot.line is not None and summary is not None:
                line = view_of_line(bot.line, summary, self.id_of(name), folder_of(self._machine) + bot.file, asked)
                line.machine = self._machine or None
                self._lines[name] = line
            return
        card = self._cards.get(key)
        if card is None or not card.is_of(bot.doc, asked, foreign=bot.foreign):
            file = folder_of(self._machine) + bot.file
            self._cards[key] = card = Card(bot.doc, kind, file, asked, foreign=bot.foreign, before=card)
            if self._machine:
                card.place(self._machine, self.id_of(name))

    def _mark_days(self, files: Files, name: str, bots: list[Bot]) -> None:
        """Note what the bots of a name made on the market days for which their files say it."""
        for before in self._marked.pop(name, ()):
            del self._days[before][name]
            if not self._days[before]:
                del self._days[before]
        marked: list[str] = []
        for day, pnl in self._results(files, name, bots):
            if day is not None and pnl is not None and name not in self._days.get(day, {}):
                self._days.setdefault(day, {})[name] = pnl
                marked.append(day)
        if marked:
            self._marked[name] = marked

    def _results(self, files: Files, name: str, bots: list[Bot]) -> Iterator[tuple[str | None, Pnl | None]]:
        """Yield what its shown documents, a foreign bot's day before and the summary say, in order of precedence."""
        docs = [bot.doc for bot in bots if bot.doc is not None]
        currency = docs[-1].currency if docs else None

        def is_same(theirs: str | None) -> bool:
            # a bot that now has another currency did not make in this one what it made then
            return theirs is None or currency is None or theirs == currency

        for bot in bots:
            doc = bot.doc if bot.doc is not None else bot.line
            if doc is None:
                continue
            if is_same(doc.currency):
                yield doc.day, doc.day_pnl
            if isinstance(doc, SwingRolling):
                yield from doc.days.items()
            days = self._names.days(name) if bot.foreign and bot.kind == "intraday" else []
            if doc.day in days:
                for last in days[days.index(doc.day) + 1 :][:1]:
                    found = look(files, sim_log(last, name), SimLog, name)
                    if found is not None and found.doc is not None and is_same(found.doc.currency):
                        yield found.doc.day, found.doc.day_pnl
        for day, lines in self._shown.summary.days.items() if self._shown.summary is not None else ():
            if name in lines and is_same(lines[name].currency):
                yield day, lines[name].day_pnl

    def _check_modes(self, keys: set[Key]) -> None:
        """Find what leads, and say of each bot that is of another mode or run."""
        before, self._lead = self._lead, self._find_lead()
        lead = self._lead
        is_other = lead is None or before is None or (lead.mode, lead.run) != (before.mode, before.run)
        for key in self._bots.keys() | self._of_modes.keys() if is_other else keys:
            bot = self._bots.get(key)
            _set(self._of_modes, key, _mode_problem(lead, bot) if lead is not None and bot is not None else None)
        if is_other and (lead is not None or before is not None):
            for each in self._followed:
                each.is_all = True

    def _find_lead(self) -> Lead | None:
        newest = max(self._as_of.values(), default=None)
        leader: SimSummary | BotState | None = self._shown.summary
        if leader is None and newest is not None:
            leader = self._bots[min(key for key, as_of in self._as_of.items() if as_of == newest)].doc
        if leader is None:
            return None
        return Lead(max(leader.as_of, newest or leader.as_of), leader.mode, leader.run)

    def names_of(self, kind: BotKind) -> set[str]:
        """Return the bots of a kind of which there is a state or a problem."""
        known = {name for of, name in (*self._bots, *self._of_reading, *self._of_modes) if of == kind}
        if kind == "swing":
            return known
        return known | self.day_job | {name for name in self._of_asked if self._is_of_nobody(name)}

    def problems_of(self, key: Key) -> Problems:
        """Return all problems of a bot by section."""
        found = self.own_problems(key)
        if key in self._of_modes:
            add(found, ".".join(key), self._of_modes[key])
        return found

    def own_problems(self, key: Key) -> Problems:
        """Return the problems of a bot for which its own files are the reason, by section."""
        kind, name = key
        section, found = ".".join(key), Problems()
        if kind == "intraday":
            add(found, section, self._shown.errors.get(section))
        add(found, section, self._of_reading.get(key))
        if kind == "swing":
            add(found, section, self._of_names.get(name))
        add(found, section, self._of_bookings.get(key))
        if key in self._bots or (kind == "intraday" and self._is_of_nobody(name)):
            for of_asked, each in self._of_asked.get(name, {}).items():
                add(found, of_asked, each)
        return found

    def _is_of_nobody(self, name: str) -> bool:
        """Tell whether something is asked of a bot of which there is no state."""
        return name != DESK and not any((kind, name) in self._bots for kind in KINDS)

    def desk_problems(self) -> Problems:
        """Return the problems that are no bot's, by section."""
        errors = {section: found for section, found in self._shown.errors.items() if section in OF_JOB}
        _add_strange(errors, nsmallest(MOST_STRANGE, self._names.strange))
        for section, found in self._of_asked.get(DESK, {}).items():
            add(errors, section, found)
        for found in self._left_aside():
            add(errors, "control", found)
        return errors | self._of_watch

    def days_of(self, name: str) -> dict[str, Pnl]:
        """Return the results of the bots of a name by market day."""
        return {day: self._days[day][name] for day in self._marked.get(name, ())}

    def _errors(self) -> Problems:
        """Return all problems by section."""
        errors = dict(self._shown.errors)
        for key, found in sorted(self._of_reading.items()):
            add(errors, ".".join(key), found)
        _add_strange(errors, self._names.strange)
        for name, found in sorted(self._of_names.items()):
            add(errors, f"swing.{name}", found)
        for key, found in sorted(self._of_bookings.items()):
            add(errors, ".".join(key), found)
        for key, found in sorted(self._of_modes.items()):
            add(errors, ".".join(key), found)
        for _, problems in sorted(self._of_asked.items()):
            for section, found in problems.items():
                add(errors, section, found)
        for found in self._left_aside():
            add(errors, "control", found)
        for section, found in self._of_watch.items():
            add(errors, section, found)
        return errors

    def _left_aside(self) -> Iterator[Problem]:
        clock: ClockState | None = self._shown.summary.clock if self._shown.summary is not None else None
        for file, why in clock.left_aside.items() if clock is not None else ():
            yield problem("left_aside", file, why)


def _set(things: dict[Index, Value], key: Index, value: Value | None) -> None:
    if value is None:
        things.pop(key, None)
    else:
        things[key] = value


def _in_days(summary: SimSummary | None) -> set[str]:
    """Return the bots of the summary's earlier market days."""
    return {name for lines in summary.days.values() for name in lines} if summary is not None else set()


def _add_strange(errors: Problems, strange: Iterable[str]) -> None:
    for path in sorted(strange):
        reason = NO_FOLDER if path == SIM_LOGS else NO_STATE_FILE
        add(errors, path[:100], problem("unreadable", path, reason))


def _same_name(bots: list[Bot]) -> Problem | None:
    """Say of a swing bot that an intraday bot has its name: requests to one of them are read by both."""
    if len(bots) < len(KINDS):
        return None
    other, swing = bots
    reason = f"has the name of the bot of {other.file}, and both read its requests: rename one"
    return problem("same_name", swing.file, reason, bot=swing.name)


def _not_booked(bot: Bot) -> Problem | None:
    """Say which positions lack a corporate action: nothing of them is traded or marked."""
    held = bot.doc.positions.values() if bot.doc is not None else ()
    found = [each.not_booked for each in held if each.not_booked is not None]
    if not found:
        return None
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    said = found[0].removeprefix("not booked: ")[:1900]
    return problem("not_booked", bot.file, f"{said}{more}", bot=bot.name)


def _mode_problem(lead: Lead, bot: Bot) -> Problem | None:
    doc = bot.doc
    if doc is None:
        return None
    if doc.mode != lead.mode:
        reason = f"is of mode {doc.mode}, the desk of mode {lead.mode}: it is not in the desk's totals"
        return problem("mixed_mode", bot.file, reason, bot=bot.name, shown_as_of=doc.as_of)
    if doc.run != lead.run and not bot.foreign:
        reason = f"is of run {doc.run}, the desk of run {lead.run}"
        return problem("mixed_run", bot.file, reason, bot=bot.name, shown_as_of=doc.as_of)
    return None
