"""Corporate actions as Alpaca's data API lists them, by type; field names are those of alpaca-py's models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from aion.errors import FeedError
from aion.market.action import CorporateAction

Row = Mapping[str, Any]
_DAYS = ("ex_date", "effective_date", "process_date")
_UNREADABLE = (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, IndexError)


def actions_of(answer: Mapping[str, Sequence[Row]]) -> list[CorporateAction]:
    """Return the actions of an answer; a row without a day has not been dated yet and is left out.

    So is a company's new name under the same symbol.

    A type that is not known, or a row of which only symbol and day can be read, is one that nobody can reckon: what
    is held of its symbol is marked so.

    Raises:
        FeedError: a row that cannot be read at all, or a split or dividend that cannot: bars may be of another unit.
    """
    found = []
    try:
        for kind, rows in answer.items():
            for row in rows:
                is_same = kind == "name_changes" and row.get("old_symbol") == row.get("new_symbol")
                if kind in _ALWAYS or (any(row.get(name) for name in _DAYS) and not is_same):
                    found.append(_read(kind, row))
    except _UNREADABLE as error:
        raise FeedError(f"alpaca's corporate actions cannot be read: {error!r}") from None
    return sorted(found, key=lambda each: (each.ex_date, each.symbol))


def _read(kind: str, row: Row) -> CorporateAction:
    try:
        return _READ[kind](row) if kind in _READ else _other(kind, row)
    except _UNREADABLE as error:
        if kind in _ALWAYS:
            raise
        return replace(_other(kind, row), problem=f"alpaca's row of it cannot be read ({error!r})"[:200])


def _number(row: Row, name: str) -> Decimal:
    return Decimal(str(row[name]))


def _day(row: Row, *names: str) -> date:
    name = next((name for name in names if row.get(name)), names[0])
    return date.fromisoformat(str(row[name])[:10])


def _split(row: Row) -> CorporateAction:
    return CorporateAction(
        row["symbol"], _day(row, "ex_date"), "split", _number(row, "new_rate"), _number(row, "old_rate")
    )


def _cash_dividend(row: Row) -> CorporateAction:
    return CorporateAction(row["symbol"], _day(row, "ex_date"), "dividend", _number(row, "rate"))


def _stock_dividend(row: Row) -> CorporateAction:
    return CorporateAction(row["symbol"], _day(row, "ex_date"), "stock_dividend", _number(row, "rate"))


def _spin_off(row: Row) -> CorporateAction:
    return CorporateAction(
        row["source_symbol"], _day(row, "ex_date"), "spin_off", _number(row, "new_rate"), _number(row, "source_rate"),
        row["new_symbol"],
    )  # fmt: skip


def _cash_merger(row: Row) -> CorporateAction:
    day = _day(row, "effective_date", "process_date")
    return CorporateAction(row["acquiree_symbol"], day, "merger", cash=_number(row, "rate"))


def _stock_merger(row: Row) -> CorporateAction:
    return CorporateAction(
        row["acquiree_symbol"], _day(row, "effective_date", "process_date"), "merger", _number(row, "acquirer_rate"),
        _number(row, "acquiree_rate"), row["acquirer_symbol"],
        _number(row, "cash_rate") if "cash_rate" in row else None,
    )  # fmt: skip


def _name_change(row: Row) -> CorporateAction:
    return CorporateAction(row["old_symbol"], _day(row, "process_date"), "rename", into=row["new_symbol"])


def _redemption(row: Row) -> CorporateAction:
    return CorporateAction(row["symbol"], _day(row, "process_date"), "delisting", cash=_number(row, "rate"))


def _worthless(row: Row) -> CorporateAction:
    return CorporateAction(row["symbol"], _day(row, "process_date"), "delisting", cash=Decimal(0))


def _other(kind: str, row: Row) -> CorporateAction:
    """Return an action of a type that is not reckoned, e.g. of `rights_distributions`."""
    names = ("symbol", "source_symbol", "old_symbol", "acquiree_symbol")
    symbol = next((row[name] for name in names if row.get(name)), "")
    if not isinstance(symbol, str) or not symbol:
        raise ValueError(f"a row of {kind} without a symbol")
    note = kind.removesuffix("s").replace("_", " ")[:80]
    return CorporateAction(symbol, _day(row, *_DAYS), "other", note=note)


_READ: Mapping[str, Callable[[Row], CorporateAction]] = {
    "forward_splits": _split,
    "reverse_splits": _split,
    "stock_dividends": _stock_dividend,
    "cash_dividends": _cash_dividend,
    "spin_offs": _spin_off,
    "cash_mergers": _cash_merger,
    "stock_mergers": _stock_merger,
    "stock_and_cash_mergers": _stock_merger,
    "name_changes": _name_change,
    "redemptions": _redemption,
    "worthless_removals": _worthless,
}
_ALWAYS = ("forward_splits", "reverse_splits", "cash_dividends")
"""Types of which each row has to be readable."""
