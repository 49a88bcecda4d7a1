"""Opens that look like a split, and splits that the prices contradict: both ask before they are believed."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

from aion.errors import FeedError
from aion.market import calendar
from aion.market.jump import is_near
from aion.model import Bar, CorporateAction

RATIOS = tuple(Decimal(each) for each in ("2", "3", "1.5", "4", "5", "10"))
"""Usual splits; their inverses are usual consolidations."""
NEAR = Decimal("1.05")
"""Factor within which an open counts as one after a usual split: few shares move further on that day."""
AGREES = Decimal("1.3")
"""Factor within which the prices of its day bear out a declared split."""


def check_jumps(symbol: str, bars: Sequence[Bar], exchange: str, actions: Iterable[CorporateAction]) -> None:
    """Raise FeedError at the first open that nobody declared or that contradicts what was declared."""
    mine = [each for each in actions if each.symbol == symbol]
    real = {each.ex_date for each in mine if each.kind == "jump"}
    splits = {each.ex_date: each.amount for each in mine if each.kind == "split"}
    for one, two in pairwise(bars):
        ratio = one.close / two.open
        if 1 / AGREES < ratio < AGREES and not splits:
            continue
        day, before = _day(exchange, two), _day(exchange, one)
        if day in real:
            continue
        due = _declared(splits, before, day)
        if due is not None:
            if not 1 / AGREES < ratio / due < AGREES:
                raise FeedError(
                    f"on {day} a split of {due:f} is declared, and it opens at {two.open:f} after {one.close:f}: "
                    "is its day or ratio wrong, or are the prices adjusted? If the price is real, say "
                    f"--jump {symbol}:{day}"
                )
            continue
        if not is_near(two.open, one.close) or (day != before and _is_usual(ratio)):
            raise FeedError(_ask(symbol, day, ratio))


def _day(exchange: str, bar: Bar) -> date:
    session = calendar.session_around(exchange, bar.ts)
    return session.day if session is not None else bar.ts.date()


def _declared(splits: dict[date, Decimal], before: date, day: date) -> Decimal | None:
    """Return the ratio of all splits after `before` and up to `day`, None where there is none."""
    ratio = None
    for each, amount in splits.items():
        if before < each <= day:
            ratio = amount if ratio is None else ratio * amount
    return ratio


def _is_usual(ratio: Decimal) -> bool:
    return any(1 / NEAR < ratio / each < NEAR or 1 / NEAR < ratio * each < NEAR for each in RATIOS)


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
    near = [each for each in RATIOS if 1 / NEAR < ratio / each < NEAR]
    return f"{near[0]}" if near else f"{float(ratio):.3g}"
