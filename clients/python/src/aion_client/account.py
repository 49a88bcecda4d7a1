"""One account in one currency: pairs fills into trades and keeps every digit; no file and no clock.

The laws are those of the desk (docs/accounting.md of Aion): a trade is a round trip from flat to flat, a fill that
turns a position closes one trade and opens another, a partial exit takes its share of the cost (average cost), and

* cash = start + deposits + what all fills, fees and funding changed, exactly;
* equity = cash + value of the positions (of contracts: what they have gained);
* a trade's result = the sum of the cash changes of its fills and its funding.

Sums and products are exact; only shares of a cost are rounded, half to even, to 36 decimals, and the last exit takes
the rest.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from aion_client.argument import LEAST, iso

ZERO = Decimal(0)
ONE = Decimal(1)
_CONTRACT = re.compile(r"[^/:]+/[^/:]+:[^/:]+")
_PAIR = re.compile(r"([^/:]+)/([^/:]+)")


def is_contract(symbol: str) -> bool:
    """Tell whether `symbol` is written as ccxt writes a future or perpetual: `BTC/USDT:USDT`."""
    return _CONTRACT.fullmatch(symbol) is not None


def base_of(symbol: str) -> str:
    """Return the coin that is bought in the spot market `BTC/USDT`; empty for other symbols."""
    match = _PAIR.fullmatch(symbol)
    return match[1] if match else ""


def divided(value: Decimal, by: Decimal) -> Decimal:
    """Return a quotient, rounded half to even to 36 decimals; the caller has set `EXACT`."""
    return (value / by).quantize(LEAST)


def plain(value: Decimal) -> str:
    """Return a number in plain digits without zeros at its end."""
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


class Fill:
    """One execution as it was told, and what came of it."""

    __slots__ = (
        "at", "contract", "fee", "fee_currency", "fee_value", "leverage", "multiplier", "name", "order_id",
        "position", "price", "quantity", "realized", "reason", "side", "slippage", "symbol",
    )  # fmt: skip

    def __init__(self, **values: Any) -> None:
        """Args: values: all of its attributes but `realized`."""
        self.realized: Decimal | None = None
        self.name: str = values.pop("name")
        self.at: datetime = values.pop("at")
        self.symbol: str = values.pop("symbol")
        self.position: str = values.pop("position", "")
        """Which of several positions in the symbol; empty for the only one."""
        self.side: str = values.pop("side")
        self.quantity: Decimal = values.pop("quantity")
        self.price: Decimal = values.pop("price")
        self.fee: Decimal = values.pop("fee", ZERO)
        self.fee_currency: str = values.pop("fee_currency", "")
        """Empty for the account's."""
        self.fee_value: Decimal | None = values.pop("fee_value", None)
        """In the account's currency; None where that is not known."""
        self.slippage: Decimal = values.pop("slippage", ZERO)
        self.multiplier: Decimal = values.pop("multiplier", ONE)
        self.leverage: Decimal | None = values.pop("leverage", None)
        self.contract: bool = values.pop("contract", False)
        """True where only results are paid, as of a future or perpetual."""
        self.reason: str = values.pop("reason", "")
        self.order_id: str = values.pop("order_id", "")
        if values:
            raise TypeError(f"a fill has no {', '.join(values)}")

    def part(self, name: str, quantity: Decimal, fee: Decimal, fee_value: Decimal | None, slip: Decimal) -> Fill:
        """Return a fill like it of a part of its quantity."""
        values = {each: getattr(self, each) for each in self.__slots__ if each != "realized"}
        return Fill(
            **{**values, "name": name, "quantity": quantity, "fee": fee, "fee_value": fee_value, "slippage": slip}
        )


class Trade:
    """A closed round trip."""

    __slots__ = ("fill", "holding", "name")

    def __init__(self, name: str, holding: Holding, fill: Fill) -> None:
        """Args: name: its id; holding: what was held; fill: which closed it."""
        self.name = name
        self.holding = holding
        self.fill = fill


_NUMBERS = (
    "quantity", "basis", "realized", "fees", "slippage", "funding", "entry_quantity", "entry_value", "exit_quantity",
    "exit_value", "multiplier", "mark",
)  # fmt: skip


class Holding:
    """What is held of one symbol, and what its round trip has cost and brought."""

    __slots__ = (*_NUMBERS, "contract", "leverage", "marked_at", "opened_at", "side", "symbol", "position")

    def __init__(self, symbol: str, position: str, side: str, at: datetime, mark: Decimal) -> None:
        """Args: side: of the entry; at: time of it; mark: price to value it at."""
        self.symbol = symbol
        self.position = position
        self.side = side
        self.opened_at = self.marked_at = at
        self.mark = mark
        self.quantity = ZERO  # signed
        self.basis = ZERO  # paid (+) or got (-) for what is held, fees left out
        self.realized = self.fees = self.slippage = self.funding = ZERO
        self.entry_quantity = self.entry_value = self.exit_quantity = self.exit_value = ZERO
        self.multiplier = ONE
        self.leverage: Decimal | None = None
        self.contract = False  # only its results are paid

    @property
    def value(self) -> Decimal:
        """Signed quantity x mark x multiplier."""
        return self.quantity * self.mark * self.multiplier

    @property
    def worth(self) -> Decimal:
        """What it adds to cash: its value, of a contract what it has gained."""
        return self.value - self.basis if self.contract else self.value

    @property
    def average(self) -> Decimal:
        """Average entry price, fees left out."""
        return divided(self.basis, self.quantity * self.multiplier)

    def state(self) -> dict[str, Any]:
        """Return it as JSON types with all digits."""
        found: dict[str, Any] = {each: plain(getattr(self, each)) for each in _NUMBERS}
        found.update(symbol=self.symbol, side=self.side, opened_at=iso(self.opened_at), marked_at=iso(self.marked_at))
        if self.position:
            found["position"] = self.position
        if self.leverage is not None:
            found["leverage"] = plain(self.leverage)
        if self.contract:
            found["contract"] = True
        return found

    @classmethod
    def of_state(cls, state: dict[str, Any], moment: Any) -> Holding:
        """Return what `state` described; `moment` reads a time."""
        opened_at = moment("opened_at", state["opened_at"])
        found = cls(state["symbol"], state.get("position", ""), state["side"], opened_at, ZERO)
        found.marked_at = moment("marked_at", state["marked_at"])
        for each in _NUMBERS:
            setattr(found, each, Decimal(state[each]))
        found.leverage = Decimal(state["leverage"]) if "leverage" in state else None
        found.contract = state.get("contract", False)
        return found


_SUMS = ("start", "cash", "fees", "slippage", "funding", "flows", "gains", "losses", "peak", "deepest_peak", "trough")
_COUNTS = ("closed", "wins", "fills")


class Account:
    """Cash, holdings and results; every call keeps the laws above. The caller has set the context `EXACT`."""

    def __init__(self, currency: str, start: Decimal) -> None:
        """Args: currency: of all its money; start: money at the beginning."""
        self.currency = currency
        self.start = self.cash = self.peak = start
        self.fees = self.slippage = self.funding = self.flows = ZERO
        self.gains = self.losses = ZERO  # sums of the results of closed trades above and below 0
        self.deepest_peak = self.trough = ZERO
        """Equity at both ends of the deepest fall; both 0 for none."""
        self.closed = self.wins = self.fills = 0
        self.holdings: dict[str, Holding] = {}
        self.marks: dict[str, Decimal] = {}
        """Newest price of each symbol, held or not."""
        self.unvalued: dict[str, Decimal] = {}
        """Fees in coins whose value is not known, by coin: in no sum."""
        self._worth = ZERO  # of all holdings
        self._named: dict[str, tuple[str, ...]] = {}  # keys of the holdings of a symbol

    @property
    def equity(self) -> Decimal:
        """Cash plus the worth of all positions."""
        return self.cash + self._worth

    @property
    def net(self) -> Decimal:
        """Result since the start: equity less what was paid in."""
        return self.equity - self.start - self.flows

    def apply(self, fill: Fill) -> tuple[list[Fill], list[Trade]]:
        """Book a fill; return it (in two parts where it turns the position) and the trades that it closed."""
        self._value_fee(fill)
        held = self.holdings.get(self.key(fill.symbol, fill.position))
        signed = fill.quantity if fill.side == "buy" else -fill.quantity
        if held is None or held.quantity * signed > 0 or fill.quantity <= abs(held.quantity):
            parts = [fill]
        else:
            parts = self._turned(fill, abs(held.quantity))
        trades = [trade for part in parts for trade in self._book(part)]
        self.fills += 1
        self._look()
        return parts, trades

    def mark(self, prices: dict[str, Decimal], at: datetime) -> None:
        """Take `prices` as the newest, by symbol."""
        for symbol, price in prices.items():
            self.marks[symbol] = price
            for name in self._named.get(symbol, ()):
                self._change(self.holdings[name], price, at)
        self._look()

    def fund(self, symbol: str, position: str, amount: Decimal) -> None:
        """Receive (> 0) or pay (< 0) funding."""
        self.cash += amount
        self.funding += amount
        held = self.holdings.get(self.key(symbol, position))
        if held is not None:
            held.funding += amount
            held.realized += amount
        self._look()

    def flow(self, amount: Decimal) -> None:
        """Take a deposit (> 0) or a withdrawal (< 0)."""
        self.cash += amount
        self.flows += amount

    @staticmethod
    def key(symbol: str, position: str) -> str:
        """Return the key of a position: its symbol, with its own name where a symbol has several."""
        return f"{symbol} {position}" if position else symbol

    def _value_fee(self, fill: Fill) -> None:
        """Find the value of a fee in another coin: the base coin of the market, or one with a price."""
        if fill.fee_currency in ("", self.currency):
            fill.fee_currency, fill.fee_value = "", fill.fee
        if fill.fee_value is None and fill.fee_currency == base_of(fill.symbol):
            fill.fee_value = fill.fee * fill.price
        if fill.fee_value is None:
            names = (f"{fill.fee_currency}/{self.currency}", f"{fill.fee_currency}{self.currency}", fill.fee_currency)
            price = next((self.marks[name] for name in names if name in self.marks), None)
            if price is not None:
                fill.fee_value = fill.fee * price
            elif fill.fee:
                known = self.unvalued.get(fill.fee_currency, ZERO)
                self.unvalued[fill.fee_currency] = known + fill.fee

    def _turned(self, fill: Fill, held: Decimal) -> list[Fill]:
        if fill.quantity == held:
            return [fill]
        rest = fill.quantity - held

        def share(amount: Decimal) -> Decimal:
            return divided(amount * held, fill.quantity)

        fee, slip = share(fill.fee), share(fill.slippage)
        value = share(fill.fee_value) if fill.fee_value is not None else None
        left = fill.fee_value - value if fill.fee_value is not None and value is not None else None
        return [
            fill.part(fill.name, held, fee, value, slip),
            fill.part(f"{fill.name}b", rest, fill.fee - fee, left, fill.slippage - slip),
        ]

    def _book(self, fill: Fill) -> list[Trade]:
        name, fee = self.key(fill.symbol, fill.position), fill.fee_value or ZERO
        signed = fill.quantity if fill.side == "buy" else -fill.quantity
        size = fill.price * fill.quantity
        paid = size * fill.multiplier if signed > 0 else -size * fill.multiplier
        self.cash -= fee
        self.fees += fee
        self.slippage += fill.slippage
        self.marks[fill.symbol] = fill.price
        held = self.holdings.get(name)
        if held is None:
            held = Holding(fill.symbol, fill.position, fill.side, fill.at, fill.price)
            held.contract, held.multiplier = fill.contract or is_contract(fill.symbol), fill.multiplier
            self.holdings[name] = held
            self._named[fill.symbol] = (*self._named.get(fill.symbol, ()), name)
        before = held.worth
        held.leverage = fill.leverage or held.leverage
        held.fees += fee
        held.slippage += fill.slippage
        if held.quantity * signed >= 0:
            held.basis += paid
            held.quantity += signed
            held.realized -= fee
            held.entry_quantity += fill.quantity
            held.entry_value += size
            if not held.contract:
                self.cash -= paid
            if fill.fee_currency and fill.fee > 0 and self._pays_in_coins(fill, held):
                self._leave(held, -fill.fee, -fill.fee * fill.price, fill)
        else:
            gained = self._leave(held, signed, paid, fill)
            fill.realized = gained - fee
            held.realized -= fee
        for each in self._named.get(fill.symbol, ()):
            if each != name:
                self._change(self.holdings[each], fill.price, fill.at)
        held.mark, held.marked_at = fill.price, max(fill.at, held.marked_at)
        if held.quantity:
            self._worth += held.worth - before
            return []
        del self.holdings[name]
        self._named[fill.symbol] = tuple(each for each in self._named[fill.symbol] if each != name)
        self._worth = self._worth - before if self.holdings else ZERO
        self.closed += 1
        if held.realized > 0:
            self.wins += 1
            self.gains += held.realized
        else:
            self.losses -= held.realized
        return [Trade(f"t{fill.name[1:]}", held, fill)]

    def _pays_in_coins(self, fill: Fill, held: Holding) -> bool:
        return fill.fee_currency == base_of(fill.symbol) and 0 < fill.fee < held.quantity

    def _leave(self, held: Holding, signed: Decimal, paid: Decimal, fill: Fill) -> Decimal:
        """Take a part out; return what it gained before its fee."""
        share = held.basis
        if signed != -held.quantity:
            share = divided(held.basis * -signed, held.quantity)
        gained = -paid - share
        held.basis -= share
        held.quantity += signed
        held.realized += gained
        held.exit_quantity += abs(signed)
        held.exit_value += fill.price * abs(signed)
        self.cash += gained if held.contract else -paid
        return gained

    def _change(self, held: Holding, price: Decimal, at: datetime) -> None:
        before = held.worth
        held.mark, held.marked_at = price, max(at, held.marked_at)
        self._worth += held.worth - before

    def _look(self) -> None:
        """Keep peak and deepest fall of the equity."""
        equity = self.equity
        if equity > self.peak:
            self.peak = equity
        elif self.peak > 0 and (
            not self.deepest_peak
            or (self.peak - equity) * self.deepest_peak > (self.deepest_peak - self.trough) * self.peak
        ):
            self.deepest_peak, self.trough = self.peak, equity

    def state(self) -> dict[str, Any]:
        """Return everything as JSON types with all digits."""
        found: dict[str, Any] = {each: plain(getattr(self, each)) for each in _SUMS}
        found.update({each: getattr(self, each) for each in _COUNTS})
        found["marks"] = {symbol: plain(price) for symbol, price in self.marks.items()}
        found["unvalued"] = {coin: plain(fee) for coin, fee in self.unvalued.items()}
        found["holdings"] = [held.state() for held in self.holdings.values()]
        return found

    @classmethod
    def of_state(cls, currency: str, state: dict[str, Any], moment: Any) -> Account:
        """Return the account that `state` described; `moment` reads a time.

        Raises:
            KeyError, ValueError, TypeError, ArithmeticError: it is not what `state()` returns.
        """
        found = cls(currency, ZERO)
        for each in _SUMS:
            setattr(found, each, Decimal(state[each]))
        for each in _COUNTS:
            setattr(found, each, int(state[each]))
        found.marks = {symbol: Decimal(price) for symbol, price in state["marks"].items()}
        found.unvalued = {coin: Decimal(fee) for coin, fee in state["unvalued"].items()}
        for each in state["holdings"]:
            held = Holding.of_state(each, moment)
            name = cls.key(held.symbol, held.position)
            found.holdings[name] = held
            found._named[held.symbol] = (*found._named.get(held.symbol, ()), name)
            found._worth += held.worth
        return found
