"""Restores quoted prices from a provider that divides all earlier prices once a split has happened.

A desk that was stopped over a split holds quantities in old units. If it got the divided prices and then the split,
the split would count twice. So prices before a split that is still to be booked are multiplied back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from aion.market import calendar
from aion.market.action import CorporateAction
from aion.model import Bar, Instrument

_ONE = Decimal(1)


def raw_bars(bars: Sequence[Bar], instrument: Instrument, actions: Iterable[CorporateAction]) -> Sequence[Bar]:
    """Return `bars` with the prices and volumes of their own day.

    Args:
        bars: bars of one symbol, with prices divided by all later splits.
        instrument: its instrument; restored prices are rounded to its tick, which is what was quoted.
        actions: actions that will be booked; earlier splits stay in the prices.
    """
    splits = [each for each in actions if each.is_unit_change and each.symbol == instrument.symbol]
    if not splits:
        return bars
    newest = max(each.ex_date for each in splits)
    return [_raw(bar, instrument, splits) if bar.ts.date() <= newest else bar for bar in bars]


def raw_actions(actions: Sequence[CorporateAction]) -> list[CorporateAction]:
    """Return `actions` with dividends as they were paid, not divided by later splits."""
    return [
        replace(each, amount=each.amount * _ratio(actions, each.symbol, each.ex_date))
        if each.kind == "dividend"
        else each
        for each in actions
    ]


def _raw(bar: Bar, instrument: Instrument, splits: Sequence[CorporateAction]) -> Bar:
    session = calendar.session_at(instrument.exchange, bar.ts)
    ratio = _ratio(splits, bar.symbol, session.day if session is not None else bar.ts.date())
    if ratio == _ONE:
        return bar
    tick = instrument.tick
    prices = {
        name: (getattr(bar, name) * ratio / tick).quantize(_ONE) * tick for name in ("open", "high", "low", "close")
    }
    return replace(bar, **prices, volume=bar.volume / ratio)


def _ratio(actions: Iterable[CorporateAction], symbol: str, day: date) -> Decimal:
    """Return the product of all splits of `symbol` after the session day `day`."""
    ratio = _ONE
    for each in actions:
        if each.is_unit_change and each.symbol == symbol and each.ex_date > day:
            ratio *= each.ratio
    return ratio
