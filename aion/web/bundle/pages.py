"""The bundles of the pages: pure functions of the state files and of what was last good.

`Page` keeps one thing between two builds that shows: the last whole cycle, because a build may come in the middle of
one. No clock is read; whoever builds says when a mixture has lasted too long.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from aion.store.layout import DESK, SIM_LOGS, Layout, Place, sim_log, swing_rolling
from aion.web.bundle import controls, cycle
from aion.web.bundle.total import DayPnl, Member, totals
from aion.web.bundle.view import Bound, Card, strength, view_of_line
from aion.web.bundle.watch import read_watch
from aion.web.state import (
    Files,
    Index,
    Json,
    Shown,
    add,
    index,
    look,
    look_newest,
    moment,
    problem,
)

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

    kind: str
    name: str
    foreign: bool
    file: str
    doc: Json | None
    line: Json = field(default_factory=dict)
    """Its line in the summary, for a bot without a file."""


@dataclass(frozen=True, slots=True)
class Desk:
    """All that is to be shown, before it is cut to size."""

    cycle: cycle.Cycle
    cards: dict[tuple[str, str], Card]
    """By kind and name."""
    lines: dict[str, Json]
    """`BotView` of intraday bots of which there is only the summary's line."""
    errors: dict[str, Json]
    days: DayPnl
    envelope: Json
    """Mode, run and newest market time, as far as anything says them."""
    asked: Json
    """`Asked` of all bots together."""
    watch: Json
    """`Watched`, empty where nobody watches."""


class Page:
    """Reads the desk for all pages, and keeps the last whole cycle."""

    def __init__(self, own_swing: frozenset[str] = frozenset()) -> None:
        """Args: own_swing: names of Aion's own swing bots; all others are foreign."""
        self._own_swing = own_swing
        self._last: cycle.Cycle | None = None
        self._cards: dict[tuple[str, str], Card] = {}  # of the newest build: unchanged documents are not done again
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
        envelope = _envelope(shown.summary, bots)
        _check_modes(envelope, bots, errors)
        asked = controls.read_asked(files, self._places, errors)
        for bot in bots:
            controls.add_outcome(asked.get(bot.name), bot.doc, is_own=not bot.foreign)
        clock = (shown.summary or {}).get("clock", {})
        controls.add_outcome(asked.get(DESK), clock, is_own=True)
        for file, why in clock.get("left_aside", {}).items():
            add(errors, "control", problem("left_aside", file, why))
        self._cards = {
            (bot.kind, bot.name): self._card(bot, bot.doc, asked.get(bot.name, {}))
            for bot in bots
            if bot.doc is not None
        }
        summary = shown.summary or {}
        lines = {
            bot.name: view_of_line(bot.line, summary, bot.name, bot.file) | {"asked": asked.get(bot.name, {})}
            for bot in bots
            if bot.doc is None
        }
        days = _days(files, names, shown.summary, bots)
        return Desk(shown, self._cards, lines, errors, days, envelope, asked.get(DESK, {}), read_watch(files, errors))

    def _card(self, bot: Bot, doc: Json, asked: Json) -> Card:
        card = self._cards.get((bot.kind, bot.name))
        if card is not None and card.is_of(doc, asked, foreign=bot.foreign):
            return card
        return Card(doc, bot.kind, bot.file, asked, foreign=bot.foreign)


def bots_bundle(desk: Desk) -> Json:
    """Return `BotsPageBundle` without `version`; lists and curves are cut until it is within `MAX_BYTES`."""
    summary = desk.cycle.summary or {}
    members = [Member(line, {}, [], _equities(summary, name)) for name, line in desk.lines.items()]
    for card in desk.cards.values():
        if card.whole["mode"] == desk.envelope["mode"]:
            earlier = {} if card.foreign or card.kind != "intraday" else _equities(summary, card.whole["bot"])
            held = list(card.whole["positions"].values())
            members.append(Member(card.whole, card.closes, held, earlier, card.has_left_out("positions")))
    fixed: Json = {
        **desk.envelope,
        "sessions": summary.get("sessions", {}),
        "totals": totals(members, desk.days),
        "errors": desk.errors,
        "asked": desk.asked,
    }
    if desk.watch:
        fixed["watch"] = desk.watch
    if "clock" in summary:
        fixed["clock"] = summary["clock"]
    return fit(lambda bound: fixed | _sections(desk, bound))


def _equities(summary: Json, bot: str) -> dict[str, float]:
    """Return the equity of one of the summary's bots at the end of its earlier market days."""
    days: dict[str, Json] = summary.get("days", {})
    return {day: lines[bot]["equity"] for day, lines in days.items() if bot in lines}


def intraday_bundle(desk: Desk) -> Json:
    """Return `IntradaySnapshot` without `version`: every symbol of the whole cycle, the bots cut to size."""
    summary = desk.cycle.summary or {}
    found: Json = {
        **desk.envelope,
        "cycle_id": summary.get("cycle_id", ""),
        "sessions": summary.get("sessions", {}),
        "symbols": dict(sorted((desk.cycle.rolling or {}).get("symbols", {}).items())),
        "errors": {key: found for key, found in desk.errors.items() if not key.startswith("swing")},
        "asked": desk.asked,
    }
    if "clock" in summary:
        found["clock"] = summary["clock"]
    return found | {"bots": fit(lambda bound: _views(desk, "intraday", bound))}


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
    intraday, swing = _section(desk, "intraday", bound), _section(desk, "swing", bound)
    symbols = (desk.cycle.rolling or {}).get("symbols", {})
    signals = {symbol: state["signal"] for symbol, state in symbols.items() if "signal" in state}
    strongest = sorted(signals.items(), key=strength)[: bound.rows]
    intraday["signals"], intraday["signals_total"] = dict(strongest), len(signals)
    if len(strongest) < len(signals):
        intraday["more"]["signals"] = "/api/intraday/snapshot"
    if desk.cycle.summary is not None:
        kept = ("cycle_id", "seq", "as_of", "written_at", "due_at")
        intraday["summary"] = {name: desk.cycle.summary[name] for name in kept if name in desk.cycle.summary}
    return {"swing": swing, "intraday": intraday}


def _section(desk: Desk, kind: str, bound: Bound) -> Json:
    bots = _views(desk, kind, bound)
    total = sum(of == kind for of, _ in desk.cards) + (len(desk.lines) if kind == "intraday" else 0)
    return {"bots": bots, "bots_total": total, "more": {"bots": f"/api/{kind}/bots"} if len(bots) < total else {}}


def _views(desk: Desk, kind: str, bound: Bound) -> Json:
    cards = {name: card for (of, name), card in desk.cards.items() if of == kind}
    if len(cards) > bound.bots:
        newest = sorted(cards.items(), key=lambda item: (item[1].foreign, -moment(item[1].doc["as_of"]).timestamp()))
        cards = dict(newest[: bound.bots])
    shown: Json = {name: card.encoded(bound) for name, card in cards.items()}
    if kind == "intraday":
        shown |= desk.lines
    return dict(sorted(shown.items()))


def _own(shown: cycle.Cycle) -> Iterator[Bot]:
    for name, day in shown.days.items():
        line = shown.summary["bots"][name] if shown.summary else {}
        if day.doc is not None or line:
            yield Bot("intraday", name, False, day.file, day.doc, line)


def _foreign(files: Files, names: Index, shown: cycle.Cycle, errors: dict[str, Json]) -> Iterator[Bot]:
    for name, days in names.days.items():
        if name in shown.days:
            continue
        found = look_newest(files, days, name)
        if found is not None:
            add(errors, f"intraday.{name}", found.problem)
            if found.doc is not None:
                yield Bot("intraday", name, True, found.file, found.doc)


def _swing(files: Files, names: Index, own: frozenset[str], errors: dict[str, Json]) -> Iterator[Bot]:
    for name in names.swing:
        found: Shown | None = look(files, swing_rolling(name), name)
        if found is not None:
            add(errors, f"swing.{name}", found.problem)
            if found.doc is not None:
                yield Bot("swing", name, name not in own, found.file, found.doc)


def _envelope(summary: Json | None, bots: list[Bot]) -> Json:
    docs = [bot.doc for bot in bots if bot.doc is not None]
    lead = summary or max(docs, key=lambda doc: moment(doc["as_of"]), default=None)
    if lead is None:
        return {}
    newest = max((doc["as_of"] for doc in [lead, *docs]), key=moment)
    return {"as_of": newest, "mode": lead["mode"], "run": lead["run"]}


def _check_names(bots: list[Bot], errors: dict[str, Json]) -> None:
    """Say of each swing bot that an intraday bot has its name: requests to one of them are read by both."""
    others = {bot.name: bot.file for bot in bots if bot.kind == "intraday"}
    for bot in bots:
        if bot.kind == "swing" and bot.name in others:
            reason = f"has the name of the bot of {others[bot.name]}, and both read its requests: rename one"
            add(errors, f"{bot.kind}.{bot.name}", problem("same_name", bot.file, reason, bot=bot.name))


def _check_modes(lead: Json, bots: list[Bot], errors: dict[str, Json]) -> None:
    for bot in bots:
        if bot.doc is None:
            continue
        section = f"{bot.kind}.{bot.name}"
        mode, run, as_of = bot.doc["mode"], bot.doc["run"], bot.doc["as_of"]
        if mode != lead["mode"]:
            reason = f"is of mode {mode}, the desk of mode {lead['mode']}: it is in no total"
            add(errors, section, problem("mixed_mode", bot.file, reason, bot=bot.name, shown_as_of=as_of))
        elif run != lead["run"] and not bot.foreign:
            reason = f"is of run {run}, the desk of run {lead['run']}"
            add(errors, section, problem("mixed_run", bot.file, reason, bot=bot.name, shown_as_of=as_of))


def _days(files: Files, names: Index, summary: Json | None, bots: list[Bot]) -> DayPnl:
    """Results by market day: what the shown documents say, the summary's earlier days, a foreign bot's day before."""
    days: DayPnl = {}
    currencies = {bot.name: bot.doc["currency"] for bot in bots if bot.doc is not None}

    def mark(day: str | None, bot: str, doc: dict[str, Any]) -> None:
        # a bot that now has another currency did not make in this one what it made then
        is_same = doc.get("currency") in (None, currencies.get(bot, doc.get("currency")))
        if day is not None and "day_pnl" in doc and is_same:
            days.setdefault(day, {}).setdefault(bot, doc["day_pnl"])

    for bot in bots:
        doc = bot.doc if bot.doc is not None else bot.line
        mark(doc.get("day"), bot.name, doc)
        for day, pnl in doc.get("days", {}).items():
            mark(day, bot.name, {"day_pnl": pnl})
        if bot.foreign and bot.kind == "intraday" and doc["day"] in names.days[bot.name]:
            for day in names.days[bot.name][names.days[bot.name].index(doc["day"]) + 1 :][:1]:
                found = look(files, sim_log(day, bot.name), bot.name)
                if found is not None and found.doc is not None:
                    mark(day, bot.name, found.doc)
    for day, lines in (summary or {}).get("days", {}).items():
        for name, line in lines.items():
            mark(day, name, line)
    return days
