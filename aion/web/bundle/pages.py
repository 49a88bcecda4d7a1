"""The bundles of the pages, made of what was read and cut to size."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import orjson

from aion.scalar import BotKind
from aion.store.document.base import made, shown_as, to_json
from aion.store.document.piece import encode
from aion.store.document.state import SimSummary
from aion.store.machine import OWN
from aion.web.bundle.document import (
    BotsPageBundle,
    BotsTotals,
    IntradaySection,
    IntradaySnapshot,
    IntradaySummary,
    MachineLine,
    Shown,
    SwingSection,
)
from aion.web.bundle.reading import Desk, Key, Page
from aion.web.bundle.total import NOTHING, Member, totals
from aion.web.bundle.view import Bound, Card
from aion.web.state import Json

__all__ = ["MAX_BYTES", "Desk", "Page", "bots_bundle", "fit", "intraday_bundle", "member_of", "told"]

Bundle = TypeVar("Bundle", BotsPageBundle, BotsTotals, IntradaySnapshot)

MAX_BYTES = 256 << 10  # what a page may put into localStorage for one bundle
LEAST_BYTES = 500  # that a bot takes; so many that these alone are too much are not tried at all
MANY_BOTS = 256  # of each kind; more are not tried
BOUNDS = tuple(
    Bound(rows, points)
    for rows, points in (
        (50, 300), (30, 300), (20, 300), (12, 300), (12, 240), (8, 200),
        (6, 150), (5, 100), (4, 60), (3, 30), (2, 12), (1, 6), (0, 4),
    )
)  # fmt: skip
"""Tried in turn until a bundle fits: all bots lose the same."""


def bots_bundle(desk: Desk) -> Json:
    """Return `BotsPageBundle` without `version`; lists and curves are cut until it is within `MAX_BYTES`."""
    keys: list[Key] = [("intraday", name) for name in desk.lines] + list(desk.cards)
    members = [member for key in keys if (member := member_of(desk, key)) is not None]
    page = page_of(BotsPageBundle, desk)
    page.totals, page.watch = totals(members, desk.days), desk.watch
    fixed = told(page)
    return fit(lambda bound: fixed | _sections(desk, bound), len(desk.cards) + len(desk.lines))


def member_of(desk: Desk, key: Key) -> Member | None:
    """Return what a bot adds to the totals, None for nothing."""
    kind, name = key
    if name in desk.owners:
        machine, there = desk.owners[name]
        return member_of(replace(desk.machines[machine], lead=desk.lead), (kind, there))
    summary, lead = desk.cycle.summary, desk.lead
    card, line = desk.cards.get(key), desk.lines.get(name) if kind == "intraday" else None
    if card is None:
        return Member(line, {}, NOTHING, _equities(summary, name)) if line is not None else None
    if lead is None or card.row.mode != lead.mode:
        return None
    return _of_card(desk, key, card)


def other_member_of(desk: Desk, key: Key) -> Member | None:
    """Return what a bot of another mode than the desk's adds to the totals of its mode, None for nothing.

    Bots of other machines are in none of these: nothing would take them out while their machine is held.
    """
    machine, _ = desk.owners.get(key[1], (OWN, ""))
    if machine:
        return None
    of = desk.machines[OWN] if desk.owners else desk
    card = of.cards.get(key)
    if card is None or desk.lead is None or card.row.mode not in TRADING or card.row.mode == desk.lead.mode:
        return None
    return _of_card(of, key, card)


def _of_card(desk: Desk, key: Key, card: Card) -> Member:
    return Member(card.row, card.curve.closes, card.held, closes_by_day(desk, key), card.has_left_out("positions"))


def closes_by_day(desk: Desk, key: Key) -> dict[str, float]:
    """Return a bot's equity at the end of the market days that the summary of its machine has."""
    kind, name = key
    if name in desk.owners:
        machine, there = desk.owners[name]
        return closes_by_day(desk.machines[machine], (kind, there))
    card = desk.cards.get(key)
    is_own_job = kind == "intraday" and (card is None or not card.foreign)
    return _equities(desk.cycle.summary, name) if is_own_job else {}


TRADING = frozenset({"live", "paper"})
"""Modes whose bots have totals of their own beside those of the desk."""


def page_of(model: type[Bundle], desk: Desk) -> Bundle:
    """Return a bundle that says what all of them say of the desk."""
    summary, lead = desk.cycle.summary, desk.lead
    page = made(model)(version=0)
    if lead is not None:
        page.as_of, page.mode, page.run = lead.as_of, lead.mode, lead.run
    if summary is not None:
        page.clock, page.sessions = summary.clock, summary.sessions
    page.errors, page.asked = desk.errors, desk.asked
    if desk.machines:
        for each in desk.machines.values():
            if each.cycle.summary is not None:
                page.sessions = {**each.cycle.summary.sessions, **page.sessions}
        page.machines = {name: _line(each) for name, each in sorted(desk.machines.items()) if name}
    return page


def _line(desk: Desk) -> MachineLine:
    """Return what a bundle says of one machine."""
    line = made(MachineLine)(bots=len(desk.cards) + len(desk.lines), asked=desk.asked)
    if desk.lead is not None:
        line.as_of, line.mode, line.run = desk.lead.as_of, desk.lead.mode, desk.lead.run
    if (summary := desk.cycle.summary) is not None:
        line.clock, line.sessions = summary.clock, summary.sessions
        line.summary = shown_as(IntradaySummary, summary)
    return line


def told(page: Shown) -> Json:
    """Return a bundle as JSON types, without what is added when it is sent."""
    return {name: value for name, value in to_json(page).items() if name not in ("version", "etag")}


def _equities(summary: SimSummary | None, bot: str) -> dict[str, float]:
    """Return the equity of one of the summary's bots at the end of its earlier market days."""
    days = summary.days if summary is not None else {}
    return {day: lines[bot].equity for day, lines in days.items() if bot in lines}


def intraday_bundle(desk: Desk) -> Json:
    """Return `IntradaySnapshot` without `version`: every symbol of the whole cycle, the bots cut to size."""
    page = page_of(IntradaySnapshot, desk)
    page.cycle_id = desk.cycle.summary.cycle_id if desk.cycle.summary is not None else ""
    page.machine = desk.leader or None
    page.errors = {key: found for key, found in desk.errors.items() if not key.startswith("swing")}
    bots = fit(lambda bound: _views(desk, "intraday", bound), len(desk.cards) + len(desk.lines))
    return told(page) | {"symbols": desk.symbols.encoded(), "bots": bots}


def fit(build: Callable[[Bound], Json], bots: int) -> Json:
    """Return what `build` makes with the widest bound that stays within `MAX_BYTES`.

    When even the narrowest does not, there are hundreds of bots: as many are shown as go in, Aion's own first, then
    those with the newest data.

    Args: build: makes the bundle within a bound; bots: how many of them there are.
    """
    low, high = 0, len(BOUNDS) - 1
    if bots * LEAST_BYTES <= MAX_BYTES:
        found = build(BOUNDS[0])
        if _is_within(found):
            return found
        narrowest = build(BOUNDS[-1])
        if _is_within(narrowest):
            found = narrowest
            while high - low > 1:  # what is narrower is no larger
                middle = (low + high) // 2
                tried = build(BOUNDS[middle])
                if _is_within(tried):
                    found, high = tried, middle
                else:
                    low = middle
            return found
    most = MANY_BOTS
    while True:
        found = build(replace(BOUNDS[-1], bots=most))
        size = len(orjson.dumps(found))
        if size <= MAX_BYTES or most <= 1:
            return found
        most = max(1, min(most - 1, most * MAX_BYTES // size))


def _is_within(bundle: Json) -> bool:
    return len(orjson.dumps(bundle)) <= MAX_BYTES


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
