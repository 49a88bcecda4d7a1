"""What a state file shows: newest fills and trades, curve, results by day; made of an account, and read back."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from aion_client.account import ONE, ZERO, Account, Fill, Holding, Trade, divided
from aion_client.argument import iso, moment
from aion_client.curve import chosen

Json = dict[str, Any]

KEPT = 200
"""Newest fills and trades in the state; the files of the days have the others."""
CURVE_POINTS = 1000
DAYS = 60
MIN_TRADES = 30
"""Fewer say nothing about a rate of wins."""
_PARTS = ("fees", "slippage", "funding")


def amount(value: Decimal) -> float:
    """Return the double that is nearest to `value`, without a sign if it is 0."""
    return float(value) or 0.0


class Record:
    """The lists of a state file."""

    def __init__(self, account: Account) -> None:
        """Args: account: whose results they are."""
        self.account = account
        self.fills: dict[str, Json] = {}
        self.trades: dict[str, Json] = {}
        self.curve: dict[str, float] = {}
        self.flows: dict[str, Json] = {}
        self.days: dict[str, Json] = {}
        self.day: date | None = None
        self.as_of: datetime | None = None
        self.unfiled: list[tuple[str, str, str, Json]] = []
        """Day, part, id and entry of what the files of the days do not have yet."""
        self._before: dict[str, Decimal] = {}  # sums at the beginning of the day

    def advance(self, at: datetime) -> None:
        """Let market time be `at` at least; the first time of a day closes the day before."""
        if self.as_of is None or at > self.as_of:
            self.as_of = at
        today = self.as_of.date()
        if self.day is None or today > self.day:
            if self.day is not None:
                self.days[str(self.day)] = self.day_result()
                self.days = dict(list(self.days.items())[-DAYS:])
            self.day = today
            self._before = self._sums()

    def point(self) -> None:
        """Add the present equity to the curve."""
        if self.as_of is not None:
            self.curve[iso(self.as_of)] = amount(self.account.equity)

    def shorten(self) -> None:
        """Thin the curve when it has become too long."""
        if len(self.curve) > 2 * CURVE_POINTS:
            times, values = list(self.curve), list(self.curve.values())
            self.curve = {times[index]: values[index] for index in chosen(values, CURVE_POINTS)}

    def add(self, parts: list[Fill], trades: list[Trade]) -> None:
        """Add a fill and the trades that it closed."""
        for part in parts:
            self.fills[part.name] = fill_json(part)
            self.unfiled.append((str(part.at.date()), "fills", part.name, self.fills[part.name]))
        for trade in trades:
            self.trades[trade.name] = trade_json(trade)
            self.unfiled.append((str(trade.fill.at.date()), "trades", trade.name, self.trades[trade.name]))
        for kept in (self.fills, self.trades):
            while len(kept) > KEPT:
                del kept[next(iter(kept))]

    def fund(self) -> None:
        """Note that the file of the present day has to say its funding."""
        self.unfiled.append((str(self.day), "funding", "", {}))

    def flow(self, name: str, at: datetime, value: Decimal) -> None:
        """Add a deposit or withdrawal."""
        self.flows[name] = {"ts": iso(at), "amount": amount(value)}

    def day_result(self) -> Json:
        """Return the result of the present day so far."""
        now = self._sums()
        change = {name: now[name] - self._before.get(name, ZERO) for name in now}
        found = pnl(change["equity"] - change["flows"], change)
        if self._before.get("equity", ZERO) > 0:
            found["net_return"] = amount(divided(change["equity"] - change["flows"], self._before["equity"]))
        return found

    def _sums(self) -> dict[str, Decimal]:
        account = self.account
        sums = {name: getattr(account, name) for name in _PARTS}
        return {"equity": account.equity, "flows": account.flows, **sums}

    def document(self, now: datetime) -> Json:
        """Return the fields of the account and its results; before anything was told, as of `now`.

        What it holds changes no more, so that it can be written while calls go on.
        """
        account, as_of = self.account, self.as_of or now
        equity = account.equity
        total = pnl(account.net, {name: getattr(account, name) for name in _PARTS})
        if account.start > 0 and not account.flows:
            total["net_return"] = amount(divided(account.net, account.start))
        found: Json = {
            "equity": amount(equity),
            "cash": amount(account.cash),
            "start_equity": amount(account.start),
            "total_pnl": total,
            "symbols": sorted(set(account.marks) | {held.symbol for held in account.holdings.values()})[:500],
            "positions": {name: _position(held, equity) for name, held in account.holdings.items()},
            "fills": dict(self.fills),
            "trades": dict(self.trades),
            "flows": dict(self.flows),
            "equity_curve": dict(self.curve) or {iso(as_of): amount(equity)},
            "days": dict(self.days),
            "stats": self._stats(equity),
            "as_of": iso(as_of),
        }
        if self.day is not None:
            found.update(day=str(self.day), day_pnl=self.day_result())
        return found

    def _stats(self, equity: Decimal) -> Json:
        account = self.account
        found: Json = {"closed_trades": account.closed, "wins": account.wins}
        if not account.flows and account.peak > 0:  # else the desk reckons it of the curve and the flows
            found["drawdown"] = amount(divided(account.peak - equity, account.peak))
            deepest = account.deepest_peak
            found["max_drawdown"] = amount(divided(deepest - account.trough, deepest)) if deepest else 0.0
        if account.closed >= MIN_TRADES:
            found["win_rate"] = account.wins / account.closed
            if account.losses:
                found["profit_factor"] = amount(divided(account.gains, account.losses))
        if equity > 0:
            exposed = sum((abs(held.value) for held in account.holdings.values()), ZERO)
            found["exposure"] = amount(divided(exposed, equity))
        return found

    def state(self) -> Json:
        """Return what `document` does not have and a restart needs."""
        return {name: str(value) for name, value in self._before.items()}

    def restore(self, document: Json, state: Json) -> None:
        """Take over what `document` and `state()` said before a restart.

        Raises:
            KeyError, ValueError, TypeError, ArithmeticError: they say something else.
        """
        self.fills, self.trades = dict(document.get("fills", {})), dict(document.get("trades", {}))
        self.curve, self.flows = dict(document.get("equity_curve", {})), dict(document.get("flows", {}))
        self.days = dict(document.get("days", {}))
        self.as_of = moment("as_of", document["as_of"])
        self.day = date.fromisoformat(document["day"])
        self._before = {name: Decimal(value) for name, value in state.items()}
        for part, kept in (("fills", self.fills), ("trades", self.trades)):
            self.unfiled += [(str(moment("ts", each["ts"]).date()), part, name, each) for name, each in kept.items()]


def pnl(net: Decimal, sums: dict[str, Decimal]) -> Json:
    """Return a result: gross - fees - slippage + funding = net."""
    fees, slippage, funding = (sums[name] for name in _PARTS)
    found = {"gross": amount(net + fees + slippage - funding), "fees": amount(fees), "slippage": amount(slippage)}
    if funding:
        found["funding"] = amount(funding)
    return {**found, "net": amount(net)}


def fill_json(fill: Fill) -> Json:
    """Return a fill as a state file has it."""
    found: Json = {
        "ts": iso(fill.at),
        "symbol": fill.symbol,
        "side": fill.side,
        "quantity": amount(fill.quantity),
        "price": amount(fill.price),
        "fee": amount(fill.fee),
    }
    if fill.fee_currency:
        found["fee_currency"] = fill.fee_currency
        if fill.fee_value is not None:
            found["fee_value"] = amount(fill.fee_value)
    if fill.multiplier != ONE:
        found["multiplier"] = amount(fill.multiplier)
    for name in ("slippage", "leverage"):
        if value := getattr(fill, name):
            found[name] = amount(value)
    if fill.realized is not None:
        found["realized_pnl"] = amount(fill.realized)
    for name in ("reason", "order_id"):
        if value := getattr(fill, name):
            found[name] = value
    return found


def trade_json(trade: Trade) -> Json:
    """Return a trade as a state file has it."""
    held, fill = trade.holding, trade.fill
    found: Json = {
        "symbol": held.symbol,
        "side": held.side,
        "quantity": amount(held.exit_quantity),
        "entry_price": amount(divided(held.entry_value, held.entry_quantity)),
        "exit_price": amount(divided(held.exit_value, held.exit_quantity)),
        "opened_at": iso(held.opened_at),
        "ts": iso(fill.at),
        "fees": amount(held.fees),
        "slippage": amount(held.slippage),
        "realized_pnl": amount(held.realized),
    }
    if held.funding:
        found["funding"] = amount(held.funding)
    if held.multiplier != ONE:
        found["multiplier"] = amount(held.multiplier)
    if held.leverage is not None:
        found["leverage"] = amount(held.leverage)
        found["stake"] = amount(divided(abs(held.entry_value * held.multiplier), held.leverage))
    if fill.reason:
        found["reason"] = fill.reason
    return found


def _position(held: Holding, equity: Decimal) -> Json:
    value = held.value
    found: Json = {
        "quantity": amount(held.quantity),
        "average_price": amount(held.average),
        "last_price": amount(held.mark),
        "market_value": amount(value),
        "unrealized_pnl": amount(value - held.basis),
        "opened_at": iso(held.opened_at),
        "marked_at": iso(held.marked_at),
    }
    if equity > 0:
        found["weight"] = amount(divided(value, equity))
    if held.position:
        found["symbol"] = held.symbol
    if held.multiplier != ONE:
        found["multiplier"] = amount(held.multiplier)
    if held.funding:
        found["funding"] = amount(held.funding)
    if held.leverage is not None:
        found["leverage"] = amount(held.leverage)
        found["margin"] = amount(divided(abs(held.basis), held.leverage))
    return found
