"""What buying and holding would have given: the line beside every result."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from aion.model import ZERO, Bar, CorporateAction
from aion.money import MoneyUnit, plain_text


class BuyAndHold:
    """Equal parts of the start money in the same names, bought at their first open and never touched.

    Without costs and in fractions of a unit, which flatters holding. A name whose first bar has not come counts as
    cash; dividends of raw prices are kept as cash.
    """

    def __init__(self, cash: Decimal, symbols: tuple[str, ...], unit: MoneyUnit) -> None:
        """Args: cash: start money in the account's currency; symbols: what is held; unit: of the account."""
        self._cash = cash
        self._unit = unit
        self._symbols = symbols
        self._first: dict[str, Decimal] = {}
        self._last: dict[str, Decimal] = {}
        self._units: dict[str, Decimal] = {}
        self._paid: dict[str, Decimal] = {}

    def see(self, bar: Bar) -> None:
        """Take the next bar of a name in which somebody traded: others have no price that anyone paid."""
        self._last[bar.symbol] = bar.close
        if bar.symbol not in self._first:
            self._first[bar.symbol] = bar.open
            self._count(bar.symbol)

    def _count(self, symbol: str) -> None:
        self._units[symbol] = self._cash / len(self._symbols) / self._first[symbol]

    def apply(self, action: CorporateAction) -> None:
        """Take a split or dividend that took effect; nothing for a name that was not bought before."""
        symbol = action.symbol
        if symbol not in self._first:
            return
        if action.kind == "dividend":
            self._paid[symbol] = self._paid.get(symbol, ZERO) + self._units[symbol] * action.amount
            return
        self._rebase(symbol, action.amount)

    def begin_again(self, bar: Bar) -> None:
        """Go on at the open of `bar`, to which nobody knows the way from the price before: the worth stays."""
        if bar.symbol in self._last:
            self._rebase(bar.symbol, self._last[bar.symbol] / bar.open)

    def _rebase(self, symbol: str, ratio: Decimal) -> None:
        self._first[symbol] /= ratio
        self._last[symbol] /= ratio
        self._count(symbol)

    @property
    def equity(self) -> Decimal:
        """What it is worth at the newest closes, money."""
        unbought = len(self._symbols) - len(self._first)
        rest = self._cash * unbought / len(self._symbols) if unbought else ZERO
        if self._paid:
            rest += sum(self._paid.values(), ZERO)
        return self._unit.round(sum((units * self._last[symbol] for symbol, units in self._units.items()), rest))

    @property
    def name(self) -> str:
        """What is held, for people: `MSFT` or `10 names`."""
        return self._symbols[0] if len(self._symbols) == 1 else f"{len(self._symbols)} names"

    def state(self) -> dict[str, list[str]]:
        """Return first and last price and dividends by symbol as JSON types, for the ledger."""
        return {
            symbol: [plain_text(each[symbol]) for each in (self._first, self._last, self._paid) if symbol in each]
            for symbol in self._first
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self._first = {symbol: Decimal(prices[0]) for symbol, prices in state.items()}
        self._last = {symbol: Decimal(prices[1]) for symbol, prices in state.items()}
        self._paid = {symbol: Decimal(prices[2]) for symbol, prices in state.items() if len(prices) > 2}
        self._units = {}
        for symbol in self._first:
            self._count(symbol)
