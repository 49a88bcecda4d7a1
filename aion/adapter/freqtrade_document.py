"""The state file of a freqtrade bot, made of its trades, its orders and the figures of its account.

Trades and orders are rows as in its database, whether they were read there or over REST.
"""

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aion import performance
from aion.adapter import freqtrade_figures as figures
from aion.clock import iso, parse_iso
from aion.errors import ConfigError
from aion.model import Mode
from aion.output.encode import Json
from aion.store.curve import thin
from aion.store.document.kind import schema_name
from aion.store.document.state import CURVE_POINTS

KEPT = 200  # fills and trades in the file; all of them stand in the database
VERSIONS = (1, 2)  # of a row of `trades`, where it says one
MODES = ("spot", "margin", "futures")
ALL_PAIRS = "*"
_SIDES = {"long": "long", "short": "short"}


@dataclass(slots=True)
class Account:
    """Figures of the account, in the stake currency."""

    currency: str
    equity: float
    cash: float | None = None
    """Free money; None where the start money is not known."""
    start: float | None = None
    """Money at the start; None where it is not known."""
    max_drawdown: float | None = None
    drawdown: float | None = None
    """Fractions, of closed trades."""
    note: str = ""


@dataclass(slots=True)
class Past:
    """Closed trades: results of all, and the newest as they are shown."""

    results: list[tuple[str, int, float]] = field(default_factory=list)
    """Time of the close as the database writes it, id, result; in order."""
    fees: list[float] = field(default_factory=list)
    funding: list[float] = field(default_factory=list)
    symbols: set[str] = field(default_factory=set)
    strategy: str = ""
    first: str = ""
    """Time at which the first trade was opened."""
    trades: dict[str, Json] = field(default_factory=dict)
    fills: dict[str, Json] = field(default_factory=dict)
    curve: dict[str, float] | None = None
    """Results so far by time of the close, shortened; None until it is asked for."""

    def add(self, trade: Json, orders: Sequence[Json]) -> None:
        """Add a closed trade and its orders."""
        check(trade)
        closed = str(trade["close_date"])
        insort(self.results, (closed, int(trade["id"]), figures.amount(trade, "close_profit_abs")))
        fee, funding = figures.borne(trade, orders)
        self.fees.append(fee)
        self.funding.append(funding)
        self.symbols.add(str(trade["pair"]))
        self.strategy = text(trade, "strategy")
        self.first = min(self.first or str(trade["open_date"]), str(trade["open_date"]))
        self.trades[f"t{trade['id']}"] = closed_trade(trade, orders)
        self.fills |= fills_of(trade, orders)
        self.curve = None

    def trim(self) -> None:
        """Forget the older trades and fills that are not shown."""
        self.trades = dict(sorted(self.trades.items(), key=lambda item: item[1]["ts"])[-KEPT:])
        self.fills = dict(sorted(self.fills.items(), key=lambda item: item[1]["ts"])[-KEPT:])

    @property
    def profits(self) -> list[float]:
        """Results of the closed trades, in order of their close."""
        return [profit for _, _, profit in self.results]

    def gained(self) -> dict[str, float]:
        """Return the sum of the results at the close of each trade, shortened."""
        if self.curve is None:
            total, curve = 0.0, dict[str, float]()
            for closed, _, profit in self.results:
                total += profit
                curve[iso(figures.time_of(closed))] = money(total)
            self.curve = thin(curve, CURVE_POINTS - 2)
        return self.curve


@dataclass(slots=True)
class Open:
    """An open trade."""

    trade: Json
    orders: list[Json]
    price: float | None
    """Newest price; None where there is none."""
    marked_at: datetime
    profit: float | None
    """Open profit after fees, as freqtrade says it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How the bot stands on the desk."""

    bot: str
    mode: Mode
    now: datetime
    """Wall time of the write."""
    as_of: datetime
    """Wall time at which the figures were read."""
    due_at: datetime | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further fields, such as its state and the requests that it answers."""


def check(trade: Json) -> None:
    """Check that a trade is of a version that is known.

    Raises:
        ConfigError: it is not.
    """
    version = trade.get("record_version")
    if version is not None and version not in VERSIONS:
        raise ConfigError(
            f"trade {trade['id']} has record version {version}, of a newer freqtrade: this reader knows "
            f"{' and '.join(map(str, VERSIONS))}, so its figures could be wrong; a newer Aion may know it"
        )
    mode = text(trade, "trading_mode").lower()
    if mode and mode not in MODES:
        raise ConfigError(f"trade {trade['id']} has the trading mode {mode!r}: this reader knows {', '.join(MODES)}")


def document(past: Past, opened: Sequence[Open], locks: Sequence[Json], account: Account, shown: Shown) -> Json:
    """Return the state file of the bot."""
    net = money(account.equity - (account.start or 0.0))
    paid = [figures.borne(each.trade, each.orders) for each in opened]
    fees = money(sum(past.fees) + sum(fee for fee, _ in paid))
    funding = money(sum(past.funding) + sum(received for _, received in paid))
    fills = past.fills
    for each in opened:
        fills = fills | fills_of(each.trade, each.orders)
    if len(fills) > KEPT:
        fills = dict(sorted(fills.items(), key=lambda item: item[1]["ts"])[-KEPT:])
    newest = max(opened, key=lambda each: each.trade["id"], default=None)
    value: Json = {
        "schema": schema_name("swing_rolling"),
        "mode": shown.mode,
        "run": "1",
        "cycle_id": f"freqtrade-{shown.as_of:%Y%m%dT%H%M%S}Z",
        "seq": int(shown.now.timestamp() * 1000),
        "as_of": iso(shown.as_of),
        "written_at": iso(shown.now),
        "bot": shown.bot,
        "currency": account.currency,
        "strategy": (text(newest.trade, "strategy") if newest else past.strategy)[:64],
        "rule": "freqtrade",
        "symbols": sorted(past.symbols | {str(each.trade["pair"]) for each in opened}),
        "equity": account.equity,
        "note": account.note[:2000],
        "total_pnl": {"gross": money(net + fees - funding), "fees": fees, "slippage": 0, "net": net},
        "positions": _positions(opened),
        "open_orders": {key: order for each in opened for key, order in open_orders(each).items()},
        "locks": {f"l{each['id']}": _lock(each) for each in locks},
        "trades": past.trades,
        "fills": fills,
        "equity_curve": _curve(past, opened, account),
        "stats": _stats(past.profits, account),
    }
    if shown.due_at is not None:
        value["due_at"] = iso(shown.due_at)
    if funding:
        value["total_pnl"]["funding"] = funding
    if account.start is not None:
        value["start_equity"] = account.start
        if account.start > 0:
            value["total_pnl"]["net_return"] = net / account.start
    if account.cash is not None:
        value["cash"] = account.cash
    return value | dict(shown.more)


def money(value: float) -> float:
    """Return an amount rounded as freqtrade does."""
    return round(value, figures.DIGITS)


def text(row: Json, name: str) -> str:
    """Return a text of a row; `""` where it has none."""
    return str(row.get(name) or "")


def _positions(opened: Sequence[Open]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for each in opened:
        if figures.amount(each.trade, "amount") > 0:
            pair = str(each.trade["pair"])
            held = _position(each)
            if pair in found:  # freqtrade itself holds one trade a pair
                held["symbol"], pair = pair, f"{pair} #{each.trade['id']}"
            found[pair] = held
    return found


def _position(each: Open) -> Json:
    trade, price = each.trade, each.price
    quantity = figures.amount(trade, "amount") * (-1 if trade.get("is_short") else 1)
    value: Json = {
        "quantity": quantity,
        "average_price": figures.amount(trade, "open_rate"),
        "opened_at": iso(figures.time_of(trade["open_date"])),
    }
    if price is not None:
        value |= {"last_price": price, "marked_at": iso(each.marked_at), "market_value": money(quantity * price)}
    if each.profit is not None:
        value["unrealized_pnl"] = each.profit
    if figures.amount(trade, "stop_loss") > 0:
        value["stop_loss"] = figures.amount(trade, "stop_loss")
    if funding := figures.amount(trade, "funding_fees"):
        value["funding"] = money(funding)
    value["stake"] = money(figures.stake(trade))
    if figures.leverage(trade) != 1:
        value["leverage"], value["margin"] = figures.leverage(trade), money(figures.stake(trade))
        if figures.amount(trade, "liquidation_price") > 0:
            value["liquidation_price"] = figures.amount(trade, "liquidation_price")
    return value


def closed_trade(trade: Json, orders: Sequence[Json]) -> Json:
    """Return a closed trade as the state file has it."""
    whole = figures.whole(trade, orders)
    value: Json = {
        "symbol": str(trade["pair"]),
        "side": "sell" if trade.get("is_short") else "buy",
        "quantity": whole.quantity,
        "entry_price": whole.entry_price,
        "exit_price": whole.exit_price,
        "opened_at": iso(figures.time_of(trade["open_date"])),
        "ts": iso(figures.time_of(trade["close_date"])),
        "fees": figures.fees(trade, orders),
        "realized_pnl": money(figures.amount(trade, "close_profit_abs")),
        "return": whole.result,
        "reason": text(trade, "exit_reason") or text(trade, "sell_reason"),
    }
    if whole.stake > 0:
        value["stake"] = money(whole.stake)
    if funding := figures.amount(trade, "funding_fees"):
        value["funding"] = money(funding)
    return value


def side_of(trade: Json, order: Json) -> str:
    """Return buy or sell of an order, whose own side may be `stoploss`."""
    side = str(order["ft_order_side"])
    return side if side in ("buy", "sell") else "buy" if trade.get("is_short") else "sell"


def fills_of(trade: Json, orders: Sequence[Json]) -> dict[str, Json]:
    """Return the fills of a trade."""
    shown: dict[str, Json] = {}
    entry = "sell" if trade.get("is_short") else "buy"
    for order in orders:
        price, at = figures.price_of(order), figures.filled_at(order)
        if figures.amount(order, "filled") <= 0 or price <= 0 or not at:
            continue
        side = side_of(trade, order)
        tag = text(trade, "enter_tag") or text(trade, "buy_tag") if side == entry else text(trade, "exit_reason")
        shown[f"f{order['id']}"] = {
            "ts": iso(figures.time_of(at)),
            "symbol": str(order["ft_pair"]),
            "side": side,
            "quantity": figures.amount(order, "filled"),
            "price": price,
            "fee": figures.order_fee(trade, order),
            "reason": text(order, "ft_order_tag") or tag,
            "order_id": str(order["order_id"]),
        }
    return shown


def open_orders(each: Open) -> dict[str, Json]:
    """Return the resting orders of an open trade, by the key that the desk names them with."""
    found: dict[str, Json] = {}
    for order in each.orders:
        quantity = figures.amount(order, "amount") or figures.amount(order, "ft_amount")
        if not order.get("ft_is_open") or quantity <= 0:
            continue
        price, stop = figures.price_of(order), figures.amount(order, "stop_price")
        is_stop = str(order["ft_order_side"]) == "stoploss"
        kind = "stop" if is_stop else str(order.get("order_type") or "limit")[:64]
        value: Json = {
            "ts": iso(figures.time_of(order.get("order_date") or each.trade["open_date"])),
            "symbol": str(order["ft_pair"]),
            "side": side_of(each.trade, order),
            "quantity": quantity,
            "type": kind,
            "status": "partially_filled" if figures.amount(order, "filled") > 0 else "open",
            "filled_quantity": figures.amount(order, "filled"),
            "reason": text(order, "ft_order_tag"),
        }
        if not is_stop and price > 0:
            value["limit_price"] = price
        if is_stop and (stop or price) > 0:
            value["stop_price"] = stop or price
        found[f"o{order['id']}"] = value
    return found


def _lock(row: Json) -> Json:
    pair, side = str(row["pair"]), _SIDES.get(str(row.get("side")), "")
    value: Json = {"symbol": pair, "side": side, "until": iso(figures.time_of(row["lock_end_time"]))}
    return value | {"reason": text(row, "reason")[:2000]}


def _curve(past: Past, opened: Sequence[Open], account: Account) -> dict[str, float]:
    """Return the equity curve: the account at the close of each trade, from the start money on, and as it is now."""
    start = account.start or 0.0
    begins = [past.first] if past.first else []
    begins += [str(each.trade["open_date"]) for each in opened]
    if not begins:
        return {}
    curve = {iso(figures.time_of(min(begins))): start}
    curve |= {at: money(start + gained) for at, gained in past.gained().items()}
    if opened and (at := max(each.marked_at for each in opened)) > parse_iso(next(reversed(curve))):
        curve[iso(at)] = account.equity
    return curve


def _stats(results: Sequence[float], account: Account) -> Json:
    value: Json = {"closed_trades": len(results), "wins": performance.wins(results)}
    for name, figure in (
        ("win_rate", performance.win_rate(results)),
        ("profit_factor", performance.profit_factor(results)),
        ("max_drawdown", account.max_drawdown),
        ("drawdown", account.drawdown),
    ):
        if figure is not None:
            value[name] = figure
    return value


def due(now: datetime, seconds: float) -> datetime:
    """Return the wall time by which the next write is due."""
    return now + timedelta(seconds=seconds)
