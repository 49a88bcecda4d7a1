"""Prices as they were quoted, from a provider that divides all earlier ones once a split has happened.

A desk that was stopped over a split holds what it bought in old units. Handed the divided prices of before the split,
and then the split itself, it would count that twice; so what lies before a split still to be booked is put back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from aion.market import calendar
from aion.model import Bar, CorporateAction, Instrument

_ONE = Decimal(1)


def raw_bars(bars: Sequence[Bar], instrument: Instrument, actions: Iterable[CorporateAction]) -> Sequence[Bar]:
    """Return `bars` with the prices and volumes of their own day.

    Args:
        bars: of one symbol, prices divided by all splits after them.
        instrument: of the symbol; prices that are put back are rounded to its tick, which is what was quoted.
        actions: those that will be booked; a split of before them stays in the prices.
    """
    splits = [each for each in actions if each.kind == "split" and each.symbol == instrument.symbol]
    if not splits:
        return bars
    newest = max(each.ex_date for each in splits)
    return [_raw(bar, instrument, splits) if bar.ts.date() <= newest else bar for bar in bars]


def raw_actions(actions: Sequence[CorporateAction]) -> list[CorporateAction]:
    """Return `actions` with dividends as they were paid, not divided by the splits after them."""
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
        if each.kind == "split" and each.symbol == symbol and each.ex_date > day:
            ratio *= each.amount
    return ratio
