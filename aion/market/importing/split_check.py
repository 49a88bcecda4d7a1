"""Detects opens that look like an undeclared split, and declared splits that the prices contradict."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from aion.errors import FeedError
from aion.market import calendar
from aion.market.action import CorporateAction
from aion.market.jump import is_doubtful, is_in_line, usual_split
from aion.market.level import Level
from aion.model import Bar


@dataclass(frozen=True, slots=True)
class Doubt:
    """An open that is not believed without a word."""

    day: date
    """Of the session."""
    before: Bar
    bar: Bar
    split: Decimal | None
    """What was declared and is contradicted; None where nothing was."""


def doubts(
    bars: Sequence[Bar], exchange: str, actions: Iterable[CorporateAction], signed_tick: Decimal | None = None
) -> Iterator[Doubt]:
    """Yield the opens of one series that nobody declared, or that contradict what was declared (`aion.market.jump`).

    Args:
        bars: in order of time.
        exchange: its MIC.
        actions: splits and real jumps of its symbol, and others.
        signed_tick: price step of what may be priced at 0 and below; None of what may not.
    """
    level = Level(signed_tick) if signed_tick is not None else None
    mine = [each for each in actions if bars and each.symbol == bars[0].symbol]
    real = {each.ex_date for each in mine if each.kind == "jump"}
    splits = dict[date, Decimal]()
    for each in mine:
        if each.is_unit_change:
            splits[each.ex_date] = splits.get(each.ex_date, Decimal(1)) * each.ratio
    spun_off = {each.ex_date for each in mine if each.kind == "spin_off"}
    for one, two in pairwise(bars):
        if level is not None:
            level.see(one.close)
            if level.follows(two.open, one.close):
                continue
        if not splits and is_in_line(two.open, one.close):
            continue
        day, before = _day(exchange, two), _day(exchange, one)
        split = _declared(splits, before, day)
        if two.open < one.close and any(before < each <= day for each in spun_off):
            continue  # how much was spun off is known by the prices of another series
        if day not in real and is_doubtful(one.close, two.open, is_new_session=day != before, split=split):
            yield Doubt(day, one, two, split)


def check_jumps(
    bars: Sequence[Bar], exchange: str, actions: Iterable[CorporateAction], signed_tick: Decimal | None = None
) -> None:
    """Raise FeedError at the first doubt; its text says what to declare."""
    for found in doubts(bars, exchange, actions, signed_tick):
        symbol, close, opened = found.bar.symbol, found.before.close, found.bar.open
        if min(close, opened) <= 0:
            raise FeedError(
                f"on {found.day} it opens at {opened:f} after {close:f}, further away than its prices of before are "
                f"from each other; if the price is real, say so with --jump {symbol}:{found.day}, else leave the "
                "wrong rows out"
            )
        if found.split is None:
            raise FeedError(_ask(symbol, found.day, close / opened))
        raise FeedError(
            f"on {found.day} a split of {found.split:.6g} is declared, and it opens at {opened:f} after {close:f}: "
            "is its day or ratio wrong, or are the prices adjusted? If the price is real, add "
            f"--jump {symbol}:{found.day}"
        )


def _day(exchange: str, bar: Bar) -> date:
    session = calendar.session_around(exchange, bar.ts)
    return session.day if session is not None else bar.ts.date()


def _declared(splits: dict[date, Decimal], before: date, day: date) -> Decimal | None:
    """Return the ratio of all splits after `before` and up to `day`, None if there is none."""
    ratio = None
    for each, amount in splits.items():
        if before < each <= day:
            ratio = amount if ratio is None else ratio * amount
    return ratio


def _ask(symbol: str, day: date, ratio: Decimal) -> str:
    shown = f"1:{_short(ratio)}" if ratio > 1 else f"{_short(1 / ratio)}:1"
    return (
        f"on {day} it opens at {shown} of the close before, as after a split that nobody declared; if it is one, "
        f"say so with --split {symbol}:{day}:{_guess(ratio)}; if the price is real, with --jump {symbol}:{day}; "
        "else leave the wrong rows out"
    )


def _short(ratio: Decimal) -> str:
    return f"{ratio:.0f}" if abs(ratio - round(ratio)) < Decimal("0.01") else f"{ratio:.2f}"


def _guess(ratio: Decimal) -> str:
    usual = usual_split(ratio)
    if usual is None:
        return f"{float(ratio):.3g}"
    return f"{usual}" if ratio > 1 else f"{float(1 / usual):.3g}"
