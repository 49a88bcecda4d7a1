"""Judges a bot by the rules: what is new since the version before, and which limits it has crossed."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aion.clock import iso
from aion.store.document.alert import ALL, AlertRule, RuleKind
from aion.watch.finding import span
from aion.watch.rule.facts import Facts, Json, moment, number, text

BACK = 0.8  # of its limit: a drawdown that is less again may be told anew; one that goes to and fro is told once
LATE_AT_MOST_S = 30 * 86_400.0  # a file this late belongs to a bot that is gone
MOST_EVENTS = 50  # fills of one look at a bot that are told one by one
_STOP = re.compile(r"(?:^|[^a-z])(?:stop|stoploss|stopped)(?:$|[^a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a rule asks for."""

    rule: str
    kind: RuleKind
    text: str
    bot: str | None = None
    machine: str | None = None


@dataclass(slots=True)
class Memory:
    """What is remembered of a bot from look to look, and over a restart."""

    run: str = ""
    newest: str = ""
    """Time of the newest fill or trade."""
    at_newest: list[str] = field(default_factory=list)
    """Ids of those of that time."""
    refused: list[str] = field(default_factory=list)
    """Ids of requests whose refusal was seen."""
    fired: dict[str, str] = field(default_factory=dict)
    """By rule: what it told of that lasts still, such as the day of a loss."""
    known: set[str] = field(default_factory=set)
    """Ids of the fills and trades of the version before; not kept over a restart."""


def matches(rule: AlertRule, bot: str) -> bool:
    """Tell whether a rule is for a bot."""
    return rule.is_on and rule.kind != "held_machine" and rule.bot in (ALL, bot)


def judge(rules: Mapping[str, AlertRule], facts: Facts, memory: Memory) -> Iterator[Event]:
    """Yield what `rules` ask for in a new version of a bot, and remember it.

    Of a bot that is seen for the first time, or in another run, what is there already is not news; a limit that it
    has crossed is.

    Args:
        rules: those that match the bot, by name.
        facts: of the version.
        memory: of the bot; changed.
    """
    is_first = memory.run != facts.run
    if is_first:
        memory.run, memory.newest, memory.at_newest, memory.refused = facts.run, "", [], []
        memory.fired, memory.known = {}, set()
    done = {**facts.trades, **facts.fills}
    fresh = _fresh(done, memory)
    if is_first:
        fresh = []
    refused = {
        each: said for each, said in facts.answers.items() if isinstance(said, str) and said.startswith("refused")
    }
    newly = [] if is_first else [each for each in refused if each not in memory.refused]
    memory.refused = list(refused)
    for name, rule in rules.items():
        if rule.kind == "fill":
            yield from _fills(name, facts, [each for each in fresh if each in facts.fills])
        elif rule.kind == "stop_hit":
            yield from _stops(name, facts, fresh)
        elif rule.kind == "control_refused":
            for each in newly:
                why = refused[each].partition(":")[2].strip() or "it does not say why"
                yield Event(name, rule.kind, f"{facts.bot} refused a request: {why[:300]}", facts.bot)
        elif rule.kind in ("day_loss", "drawdown"):
            yield from _limit(name, rule, facts, memory)
        if rule.kind == "no_fill":
            yield from _no_fill(name, rule, facts, memory)


def _fresh(done: Json, memory: Memory) -> list[str]:
    """Return the ids of what was done since the version before, or the newest told before a restart; remember all."""
    unknown = [each for each in done if each not in memory.known]
    times = {each: _time(done[each]) for each in unknown}
    fresh = unknown
    if not memory.known:  # after a start
        fresh = [
            each for each, at in times.items()
            if at > memory.newest or (at == memory.newest and each not in memory.at_newest)
        ]  # fmt: skip
    memory.known = set(done)
    newest = max(times.values(), default="")
    if newest > memory.newest:
        memory.newest, memory.at_newest = newest, []
    memory.at_newest += [each for each, at in times.items() if at == memory.newest and each not in memory.at_newest]
    memory.at_newest = memory.at_newest[-100:]
    return fresh


def _time(said: Any) -> str:
    """Return the time of a fill as a text that sorts as times do, empty where it says none."""
    at = moment(said, "ts") if isinstance(said, dict) else None
    return at.isoformat(timespec="microseconds") if at is not None else ""


def _fills(rule: str, facts: Facts, fresh: list[str]) -> Iterator[Event]:
    for each in fresh[:MOST_EVENTS]:
        yield Event(rule, "fill", f"{facts.bot} {_fill(facts.fills[each])}", facts.bot)
    if len(fresh) > MOST_EVENTS:
        yield Event(rule, "fill", f"{facts.bot}: {len(fresh) - MOST_EVENTS} more fills at once", facts.bot)


def _fill(fill: Any) -> str:
    """Return a fill in words."""
    if not isinstance(fill, dict):
        return "has a fill that cannot be read"
    did = {"buy": "bought", "sell": "sold"}.get(text(fill, "side"), "traded")
    quantity, price = number(fill, "quantity"), number(fill, "price")
    amount = f" {quantity:.10g}" if quantity is not None else ""
    at = f" at {price:.10g}" if price is not None else ""
    result = number(fill, "realized_pnl")
    made = f", realized {result:+,.2f}" if result is not None else ""
    why = f": {reason[:200]}" if (reason := text(fill, "reason")) else ""
    return f"{did}{amount} {text(fill, 'symbol')}{at}{made}{why}"


def _stops(rule: str, facts: Facts, fresh: list[str]) -> Iterator[Event]:
    of = facts.fills or facts.trades  # a program that tells both says it in both
    for each in fresh[:MOST_EVENTS]:
        said = of.get(each)
        if not isinstance(said, dict):
            continue
        if text(said, "price_source") == "stop" or _STOP.search(text(said, "reason").replace("_", " ")):
            what = (
                _fill(said) if of is facts.fills else f"closed {text(said, 'symbol')}: {text(said, 'reason')[:200]}"
            )
            yield Event(rule, "stop_hit", f"{facts.bot}: stop hit, {what}", facts.bot)


def _limit(name: str, rule: AlertRule, facts: Facts, memory: Memory) -> Iterator[Event]:
    limit = rule.limit or math.inf
    if rule.kind == "drawdown":
        part = facts.drawdown()
        if part is None:
            return
        fall = part * 100
        if fall < limit * BACK:
            memory.fired.pop(name, None)
        elif fall >= limit and name not in memory.fired:
            memory.fired[name] = "drawdown"
            yield Event(name, "drawdown", f"{facts.bot} is {fall:.1f} % below its top (limit {limit:g} %)", facts.bot)
        return
    if facts.day_net is None or memory.fired.get(name) == facts.day:
        return
    loss, unit = -facts.day_net, facts.currency
    before = facts.equity - facts.day_net if facts.equity is not None else None
    if rule.unit == "percent":
        if before is None or before <= 0:
            return
        is_over, said = loss / before * 100 >= limit, f"{loss / before * 100:.2f} % of its equity (limit {limit:g} %)"
    else:
        is_over, said = loss >= limit, f"{loss:,.2f} {unit} (limit {limit:,.10g} {unit})"
    if is_over:
        memory.fired[name] = facts.day
        yield Event(name, "day_loss", f"{facts.bot} has lost {said} on {facts.day}", facts.bot)


def _no_fill(name: str, rule: AlertRule, facts: Facts, memory: Memory) -> Iterator[Event]:
    began = facts.began()
    last = memory.newest or (began.isoformat(timespec="microseconds") if began is not None else "")
    if facts.as_of is None or not last or rule.minutes is None:
        return
    waited_s = (facts.as_of - datetime.fromisoformat(last)).total_seconds()
    if waited_s < rule.minutes * 60:
        memory.fired.pop(name, None)
    elif memory.fired.get(name) != last:
        memory.fired[name] = last
        since = "its last one" if memory.newest else "it began"
        yield Event(
            name,
            "no_fill",
            f"{facts.bot} has had no fill for {span(waited_s)} of market time, since {since}",
            facts.bot,
        )


def late(name: str, facts: Facts, memory: Memory, now: datetime, grace_s: float) -> Iterator[Event]:
    """Yield that a bot is past its `due_at`, once for each."""
    if facts.due_at is None or facts.is_finished or facts.has_failed:
        return
    late_s = (now - facts.due_at).total_seconds()
    due = iso(facts.due_at)
    if grace_s < late_s <= LATE_AT_MOST_S and memory.fired.get(name) != due:
        memory.fired[name] = due
        yield Event(name, "missed_cycle", f"{facts.bot} missed its cycle due at {due.replace('T', ' ')}", facts.bot)
