"""The state file of an account, made of its figures and its book."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from aion import performance
from aion.adapter.account.book import Book, Fill, Trade
from aion.adapter.problem import WrongError
from aion.clock import iso
from aion.errors import printable
from aion.model import ZERO, Mode
from aion.money import plain_text
from aion.output.encode import Json
from aion.store.curve import thin
from aion.store.document.kind import schema_name
from aion.store.document.state import CURVE_POINTS

KEPT = 200  # fills and trades in the file
DECIMALS = 18  # of a quotient; what was not divided keeps its own
MOST_SYMBOLS = 5000
_STEP = Decimal(1).scaleb(-DECIMALS)


@dataclass(slots=True)
class Reading:
    """One look at an account."""

    currency: str
    mode: Mode
    as_of: datetime
    equity: Decimal
    cash: Decimal | None = None
    start: Decimal | None = None
    """Money at the start; None where it is not known."""
    net: Decimal | None = None
    """Result so far; None to take it from the book."""
    unrealized: Decimal | None = None
    """Of all positions; None where one has no price or no cost."""
    funding: Decimal = ZERO
    fees: Decimal = ZERO
    """Those that belong to no fill; paid above 0."""
    positions: dict[str, Json] = field(default_factory=dict)
    orders: dict[str, Json] = field(default_factory=dict)
    flows: dict[str, Json] = field(default_factory=dict)
    curve: Mapping[str, float] = field(default_factory=dict)
    is_curve_of_results: bool = False
    """True where nothing but results changed the curve, so that its falls are drawdowns."""
    notes: list[str] = field(default_factory=list)
    strategy: str = ""
    account: str = ""


def text(value: Decimal) -> str:
    """Return an amount in plain digits, of a quotient `DECIMALS` decimals."""
    if int(value.as_tuple().exponent) < -DECIMALS:
        value = value.quantize(_STEP)
    shown = plain_text(value)
    return (shown.rstrip("0").rstrip(".") or "0") if "." in shown else shown


def amount(value: Any, what: str) -> Decimal:
    """Return a number that a program gave.

    Args:
        value: text or number; None or "" is no number.
        what: names it in errors.

    Raises:
        WrongError: it is none.
    """
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or isinstance(value, bool):
        raise WrongError(f"{what} is {printable(repr(value))[:60]}, which is no number")
    return found


def document(reading: Reading, book: Book, rule: str, bot: str, now: datetime, due_at: datetime, more: Any) -> Json:
    """Return the state file.

    Args:
        reading: the newest look.
        book: of all fills that are known.
        rule: tells whose file it is.
        bot: its name.
        now: wall time.
        due_at: wall time of the next write.
        more: further fields.
    """
    fills = list(book.fills.values())
    value: Json = {
        "schema": schema_name("swing_rolling"),
        "mode": reading.mode,
        "run": "1",
        "cycle_id": f"{rule}-{reading.as_of:%Y%m%dT%H%M%S}Z",
        "seq": int(now.timestamp() * 1000),
        "as_of": iso(reading.as_of),
        "written_at": iso(now),
        "due_at": iso(due_at),
        "bot": bot,
        "currency": reading.currency,
        "strategy": reading.strategy[:64],
        "rule": rule,
        "account": reading.account,
        "symbols": sorted({fill.symbol for fill in fills} | {_symbol(*each) for each in reading.positions.items()})[
            :MOST_SYMBOLS
        ],
        "equity": text(reading.equity),
        "positions": reading.positions,
        "open_orders": reading.orders,
        "flows": reading.flows,
        "trades": {trade.id: _trade(trade) for trade in book.trades[-KEPT:]},
        "fills": {fill.id: _fill(fill, book) for fill in fills[-KEPT:]},
        "equity_curve": dict(thin(dict(reading.curve), CURVE_POINTS)),
        "stats": _stats(reading, book),
        "note": " ".join([*reading.notes, *_gaps(book)])[:2000],
    }
    if not reading.account:
        del value["account"]
    for name, figure in (("cash", reading.cash), ("start_equity", reading.start)):
        if figure is not None:
            value[name] = text(figure)
    if (pnl := _result(reading, book)) is not None:
        value["total_pnl"] = pnl
    return value | dict(more)


def _symbol(key: str, position: Json) -> str:
    return str(position.get("symbol", key))


def _result(reading: Reading, book: Book) -> Json | None:
    """Return the result so far; None where a part of it is not known."""
    if book.unvalued or (reading.net is None and (book.unmatched or reading.unrealized is None)):
        return None
    net, fees = reading.net, book.fees + reading.fees
    if net is None:
        net = book.realized - fees + (reading.unrealized or ZERO) + reading.funding
    gross = net + fees - reading.funding
    value: Json = {"gross": text(gross), "fees": text(fees), "slippage": 0, "net": text(net)}
    if reading.funding:
        value["funding"] = text(reading.funding)
    if reading.start is not None and reading.start > 0:
        value["net_return"] = float(net / reading.start)
    return value


def _gaps(book: Book) -> list[str]:
    """Return what the figures lack, in sentences."""
    found = []
    if book.unvalued:
        named = listed([f"{text(fee)} {coin}" for coin, fee in sorted(book.unvalued.items())])
        found.append(f"Fees of {named} have no known value: there is no result of all.")
    if book.unmatched:
        named = listed([f"{text(quantity)} {symbol}" for symbol, quantity in sorted(book.unmatched.items())])
        found.append(f"Sold without a known purchase, in no trade: {named}.")
    return found


def listed(names: Sequence[str]) -> str:
    """Return names in a row; of more than six, the first and how many more."""
    shown = ", ".join(names[:6])
    return f"{shown} and {len(names) - 6} more" if len(names) > 6 else shown


def _fill(fill: Fill, book: Book) -> Json:
    value: Json = {
        "ts": iso(fill.at),
        "symbol": fill.symbol,
        "side": fill.side,
        "quantity": text(fill.quantity),
        "price": text(fill.price),
        "fee": text(fill.fee),
        "reason": fill.reason[:2000],
        "order_id": fill.order_id[:100],
    }
    if fill.fee_currency:
        value["fee_currency"] = fill.fee_currency
        if fill.fee_value is not None:
            value["fee_value"] = text(fill.fee_value)
    if fill.multiplier != 1:
        value["multiplier"] = text(fill.multiplier)
    if (realized := book.realized_by_fill.get(fill.id)) is not None:
        value["realized_pnl"] = text(realized)
    return value


def _trade(trade: Trade) -> Json:
    value = {
        "symbol": trade.symbol,
        "side": trade.side,
        "quantity": text(trade.quantity),
        "entry_price": text(trade.entry_price),
        "exit_price": text(trade.exit_price),
        "opened_at": iso(trade.opened_at),
        "ts": iso(trade.closed_at),
        "fees": text(trade.fees),
        "realized_pnl": text(trade.result),
        "reason": trade.reason[:2000],
    }
    if trade.multiplier != 1:
        value["multiplier"] = text(trade.multiplier)
    return value


def _stats(reading: Reading, book: Book) -> Json:
    results = [float(trade.result) for trade in book.trades]
    value: Json = {"closed_trades": len(results), "wins": performance.wins(results)}
    for name, figure in (
        ("win_rate", performance.win_rate(results)),
        ("profit_factor", performance.profit_factor(results)),
    ):
        if figure is not None:
            value[name] = figure
    if reading.is_curve_of_results and reading.curve:
        peak = worst = now = 0.0
        for equity in reading.curve.values():
            peak = max(peak, equity)
            now = (peak - equity) / peak if peak > 0 else 0.0
            worst = max(worst, now)
        value |= {"max_drawdown": worst, "drawdown": now}
    return value
