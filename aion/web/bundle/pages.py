"""The bundles of the pages: pure functions of the state files and of what was last good.

`Page` keeps one thing between two builds that shows: the last whole cycle, because a build may come in the middle of
one. No clock is read; whoever builds says when a mixture has lasted too long.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import orjson

from aion.model import Mode
from aion.scalar import BotKind
from aion.store.document.base import made, shown_as, to_json
from aion.store.document.part import Pnl
from aion.store.document.piece import encode, encode_part
from aion.store.document.state import BotSummary, Rolling, SimLog, SimSummary, SwingRolling
from aion.store.layout import DESK, SIM_LOGS, Layout, Place, sim_log, swing_rolling
from aion.web.bundle import controls, cycle
from aion.web.bundle.controls import Asked
from aion.web.bundle.document import (
    BotsPageBundle,
    BotView,
    IntradaySection,
    IntradaySnapshot,
    IntradaySummary,
    SwingSection,
    Watched,
)
from aion.web.bundle.total import DayPnl, Member, totals
from aion.web.bundle.view import Bound, Card, strength, view_of_line
from aion.web.bundle.watch import read_watch
from aion.web.problem import Problems, add, problem
from aion.web.state import BotState, Files, Index, Json, index, look, look_newest

Bundle = TypeVar("Bundle", BotsPageBundle, IntradaySnapshot)

MAX_BYTES = 256 << 10  # what a page may put into localStorage for one bundle
MANY_BOTS = 512  # of each kind; more are not tried
BOUNDS = tuple(
    Bound(rows, points)
    for rows, points in (
        (50, 300), (30, 300), (20, 300), (12, 300), (12, 240), (8, 200),
        (6, 150), (5, 100), (4, 60), (3, 30), (2, 12), (1, 6), (0, 4),
    )
)  # fmt: skip
"""Tried in turn until a bundle fits: all bots lose the same."""

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


class Symbols:
    """The symbols of the day-trading job as JSON, made once for a document."""

    def __init__(self, rolling: Rolling | None) -> None:
        """Args: rolling: None where there is none."""
        self.rolling = rolling
        symbols = rolling.symbols if rolling is not None else {}
        signals = {symbol: each.signal for symbol, each in symbols.items() if each.signal is not None}
        strongest = sorted(signals.items(), key=strength)[: BOUNDS[0].rows]
        self.signals = [(symbol, orjson.Fragment(encode_part(signal))) for symbol, signal in strongest]
        """The strongest, as many as are ever shown."""
        self.signals_total = len(signals)
        self._encoded: orjson.Fragment | None = None

    def encoded(self) -> orjson.Fragment:
        """Return all of them, in order."""
        if self._encoded is None:
            symbols = sorted(self.rolling.symbols.items()) if self.rolling is not None else []
            found = {symbol: orjson.Fragment(encode_part(each)) for symbol, each in symbols}
            self._encoded = orjson.Fragment(orjson.dumps(found))
        return self._encoded


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


class Page:
    """Reads the desk for all pages, and keeps the last whole cycle."""

    def __init__(self, own_swing: frozenset[str] = frozenset()) -> None:
        """Args: own_swing: names of Aion's own swing bots; all others are foreign."""
        self._own_swing = own_swing
        self._last: cycle.Cycle | None = None
        # of the newest build: unchanged documents are not done again
        self._cards: dict[tuple[BotKind, str], Card] = {}
        self._symbols = Symbols(None)
        self._places: dict[str, Place | None] = {}  # what the names say, taken apart once
        self.is_torn = False
        """True when the newest build found a cycle that is not whole."""

    def read(self, files: Files, *, is_overdue: bool = False) -> Desk:
        """Return what is to be shown of `files`.

        Args:
            files: all state files of the data folder.
            is_overdue: True when the cycle has been torn for longer than the grace.
        """
        self._places = {name: self._places[name] if name in self._places else Layout.place(name) for name in files}
        names = index(self._places)
        present = cycle.read(files, names)
        self.is_torn = not present.is_whole
        shown = cycle.settle(present, self._last, is_overdue=is_overdue)
        if present.is_whole:
            self._last = present
        errors = dict(shown.errors)
        bots = [*_own(shown), *_foreign(files, names, shown, errors), *_swing(files, names, self._own_swing, errors)]
        for strange in names.strange:
            reason = NO_FOLDER if strange == SIM_LOGS else NO_STATE_FILE
            add(errors, strange[:100], problem("unreadable", strange, reason))
        _check_names(bots, errors)
        lead = _lead(shown.summary, bots)
        _check_modes(lead, bots, errors)
        asked = controls.read_asked(files, self._places, errors)
        for bot in bots:
            controls.add_outcome(asked.get(bot.name), bot.doc, is_own=not bot.foreign)
        clock = shown.summary.clock if shown.summary is not None else None
        controls.add_outcome(asked.get(DESK), clock, is_own=True)
        for file, why in clock.left_aside.items() if clock is not None else ():
            add(errors, "control", problem("left_aside", file, why))
        self._cards = {(bot.kind, bot.name): card for bot in bots if (card := self._card(bot, asked)) is not None}
        if self._symbols.rolling is not shown.rolling:
            self._symbols = Symbols(shown.rolling)
        lines = {
            bot.name: view_of_line(bot.line, shown.summary, bot.name, bot.file, asked.get(bot.name) or made(Asked)())
            for bot in bots
            if bot.doc is None and bot.line is not None and shown.summary is not None
        }
        days = _days(files, names, shown.summary, bots)
        watch = read_watch(files, errors)
        return Desk(
            shown, self._cards, lines, errors, days, lead, asked.get(DESK) or made(Asked)(), watch, self._symbols
        )

    def _card(self, bot: Bot, all_asked: dict[str, Asked]) -> Card | None:
        if bot.doc is None:
            return None
        asked = all_asked.get(bot.name) or made(Asked)()
        card = self._cards.get((bot.kind, bot.name))
        if card is not None and card.is_of(bot.doc, asked, foreign=bot.foreign):
            return card
        return Card(bot.doc, bot.kind, bot.file, asked, foreign=bot.foreign)


def bots_bundle(desk: Desk) -> Json:
    """Return `BotsPageBundle` without `version`; lists and curves are cut until it is within `MAX_BYTES`."""
    summary, lead = desk.cycle.summary, desk.lead
    members = [Member(line, {}, [], _equities(summary, name)) for name, line in desk.lines.items()]
    for card in desk.cards.values():
        if lead is not None and card.whole.mode == lead.mode:
            earlier = {} if card.foreign or card.whole.kind != "intraday" else _equities(summary, card.whole.bot)
            held = list(card.whole.positions.values())
            members.append(Member(card.whole, card.closes, held, earlier, card.has_left_out("positions")))
    page = _page(BotsPageBundle, desk)
    page.totals, page.watch = totals(members, desk.days), desk.watch
    fixed = _told(page)
    return fit(lambda bound: fixed | _sections(desk, bound))


def _page(model: type[Bundle], desk: Desk) -> Bundle:
    summary, lead = desk.cycle.summary, desk.lead
    page = made(model)(version=0)
    if lead is not None:
        page.as_of, page.mode, page.run = lead.as_of, lead.mode, lead.run
    if summary is not None:
        page.clock, page.sessions = summary.clock, summary.sessions
    page.errors, page.asked = desk.errors, desk.asked
    return page


def _told(page: BotsPageBundle | IntradaySnapshot) -> Json:
    """Return a bundle as JSON types, without what is added when it is sent."""
    return {name: value for name, value in to_json(page).items() if name not in ("version", "etag")}


def _equities(summary: SimSummary | None, bot: str) -> dict[str, float]:
    """Return the equity of one of the summary's bots at the end of its earlier market days."""
    days = summary.days if summary is not None else {}
    return {day: lines[bot].equity for day, lines in days.items() if bot in lines}


def intraday_bundle(desk: Desk) -> Json:
    """Return `IntradaySnapshot` without `version`: every symbol of the whole cycle, the bots cut to size."""
    page = _page(IntradaySnapshot, desk)
    page.cycle_id = desk.cycle.summary.cycle_id if desk.cycle.summary is not None else ""
    page.errors = {key: found for key, found in desk.errors.items() if not key.startswith("swing")}
    bots = fit(lambda bound: _views(desk, "intraday", bound))
    return _told(page) | {"symbols": desk.symbols.encoded(), "bots": bots}


def fit(build: Callable[[Bound], Json]) -> Json:
    """Return what `build` makes with the widest bound that stays within `MAX_BYTES`.

    When even the narrowest does not, there are hundreds of bots: as many are shown as go in, Aion's own first, then
    those with the newest data.
    """
    found: Json = {}
    for bound in BOUNDS:
        found = build(bound)
        if len(orjson.dumps(found)) <= MAX_BYTES:
            return found
    most = MANY_BOTS
    while most > 1:
        found = build(replace(BOUNDS[-1], bots=most))
        size = len(orjson.dumps(found))
        if size <= MAX_BYTES:
            break
        most = min(most - 1, most * MAX_BYTES // size)
    return found


def _sections(desk: Desk, bound: Bound) -> Json:
    summary, signals = desk.cycle.summary, dict(desk.symbols.signals[: bound.rows])
    intraday = made(IntradaySection)(
        signals_total=desk.symbols.signals_total,
        summary=shown_as(IntradaySummary, summary) if summary is not None else None,
        more={"signals": "/api/intraday/snapshot"} if len(signals) < desk.symbols.signals_total else {},
    )
    return {
        "swing": _section(desk, "swing", made(SwingSection)(more={}), bound),
        "intraday": _section(desk, "intraday", intraday, bound) | {"signals": signals},
    }


def _section(desk: Desk, kind: BotKind, section: SwingSection | IntradaySection, bound: Bound) -> Json:
    bots = _views(desk, kind, bound)
    section.bots_total = sum(of == kind for of, _ in desk.cards) + (len(desk.lines) if kind == "intraday" else 0)
    if len(bots) < section.bots_total:
        section.more["bots"] = f"/api/{kind}/bots"
    return to_json(section) | {"bots": bots}


def _views(desk: Desk, kind: BotKind, bound: Bound) -> dict[str, orjson.Fragment]:
    cards = {name: card for (of, name), card in desk.cards.items() if of == kind}
    if len(cards) > bound.bots:
        newest = sorted(cards.items(), key=lambda item: (item[1].foreign, -item[1].doc.as_of.timestamp()))
        cards = dict(newest[: bound.bots])
    shown = {name: card.encoded(bound) for name, card in cards.items()}
    if kind == "intraday":
        shown |= {name: orjson.Fragment(encode(line)) for name, line in desk.lines.items()}
    return dict(sorted(shown.items()))


def _own(shown: cycle.Cycle) -> Iterator[Bot]:
    for name, day in shown.days.items():
        line = shown.lines.get(name)
        if day.doc is not None or line is not None:
            yield Bot("intraday", name, False, day.file, day.doc, line)


def _foreign(files: Files, names: Index, shown: cycle.Cycle, errors: Problems) -> Iterator[Bot]:
    for name, days in names.days.items():
        if name in shown.days:
            continue
        found = look_newest(files, days, name)
        if found is not None:
            add(errors, f"intraday.{name}", found.problem)
            if found.doc is not None:
                yield Bot("intraday", name, True, found.file, found.doc)


def _swing(files: Files, names: Index, own: frozenset[str], errors: Problems) -> Iterator[Bot]:
    for name in names.swing:
        found = look(files, swing_rolling(name), SwingRolling, name)
        if found is not None:
            add(errors, f"swing.{name}", found.problem)
            if found.doc is not None:
                yield Bot("swing", name, name not in own, found.file, found.doc)


def _lead(summary: SimSummary | None, bots: list[Bot]) -> Lead | None:
    docs = [bot.doc for bot in bots if bot.doc is not None]
    lead = summary or max(docs, key=lambda doc: doc.as_of, default=None)
    return Lead(max(doc.as_of for doc in (lead, *docs)), lead.mode, lead.run) if lead is not None else None


def _check_names(bots: list[Bot], errors: Problems) -> None:
    """Say of each swing bot that an intraday bot has its name: requests to one of them are read by both."""
    others = {bot.name: bot.file for bot in bots if bot.kind == "intraday"}
    for bot in bots:
        if bot.kind == "swing" and bot.name in others:
            reason = f"has the name of the bot of {others[bot.name]}, and both read its requests: rename one"
            add(errors, f"{bot.kind}.{bot.name}", problem("same_name", bot.file, reason, bot=bot.name))


def _check_modes(lead: Lead | None, bots: list[Bot], errors: Problems) -> None:
    for bot in bots:
        doc = bot.doc
        if doc is None or lead is None:
            continue
        section = f"{bot.kind}.{bot.name}"
        if doc.mode != lead.mode:
            reason = f"is of mode {doc.mode}, the desk of mode {lead.mode}: it is in no total"
            add(errors, section, problem("mixed_mode", bot.file, reason, bot=bot.name, shown_as_of=doc.as_of))
        elif doc.run != lead.run and not bot.foreign:
            reason = f"is of run {doc.run}, the desk of run {lead.run}"
            add(errors, section, problem("mixed_run", bot.file, reason, bot=bot.name, shown_as_of=doc.as_of))


def _days(files: Files, names: Index, summary: SimSummary | None, bots: list[Bot]) -> DayPnl:
    """Results by market day: what the shown documents say, the summary's earlier days, a foreign bot's day before."""
    days: DayPnl = {}
    currencies = {bot.name: bot.doc.currency for bot in bots if bot.doc is not None}

    def mark(day: str | None, bot: str, pnl: Pnl | None, currency: str | None) -> None:
        # a bot that now has another currency did not make in this one what it made then
        is_same = currency in (None, currencies.get(bot, currency))
        if day is not None and pnl is not None and is_same:
            days.setdefault(day, {}).setdefault(bot, pnl)

    for bot in bots:
        doc = bot.doc if bot.doc is not None else bot.line
        if doc is None:
            continue
        mark(doc.day, bot.name, doc.day_pnl, doc.currency)
        for day, pnl in doc.days.items() if isinstance(doc, SwingRolling) else ():
            mark(day, bot.name, pnl, None)
        if bot.foreign and bot.kind == "intraday" and doc.day in names.days[bot.name]:
            for day in names.days[bot.name][names.days[bot.name].index(doc.day) + 1 :][:1]:
                found = look(files, sim_log(day, bot.name), SimLog, bot.name)
                if found is not None and found.doc is not None:
                    mark(day, bot.name, found.doc.day_pnl, found.doc.currency)
    for day, lines in summary.days.items() if summary is not None else ():
        for name, line in lines.items():
            mark(day, name, line.day_pnl, line.currency)
    return days
