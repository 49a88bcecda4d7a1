"""What buying and holding would have given: the line beside every result."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from aion.model import ZERO, Bar, cents


class BuyAndHold:
    """Equal parts of the start money in the same names, bought at their first open and never touched.

    Without costs and in fractions of a unit, which flatters holding. A name whose first bar has not come counts as
    cash.
    """

    def __init__(self, cash: Decimal, symbols: tuple[str, ...]) -> None:
        """Args: cash: start money in the account's currency; symbols: what is held."""
        self._cash = cash
        self._symbols = symbols
        self._first: dict[str, Decimal] = {}
        self._last: dict[str, Decimal] = {}
        self._units: dict[str, Decimal] = {}

    def see(self, bar: Bar) -> None:
        """Take the next bar of a name; bars without volume have no price that anyone paid and are left out."""
        if bar.volume > 0:
            self._last[bar.symbol] = bar.close
            if bar.symbol not in self._first:
                self._first[bar.symbol] = bar.open
                self._units[bar.symbol] = self._cash / len(self._symbols) / bar.open

    @property
    def equity(self) -> Decimal:
        """What it is worth at the newest closes, money in cents."""
        unbought = len(self._symbols) - len(self._first)
        rest = self._cash * unbought / len(self._symbols) if unbought else ZERO
        return cents(sum((units * self._last[symbol] for symbol, units in self._units.items()), rest))

    @property
    def name(self) -> str:
        """What is held, for people: `MSFT` or `10 names`."""
        return self._symbols[0] if len(self._symbols) == 1 else f"{len(self._symbols)} names"

    def state(self) -> dict[str, list[str]]:
        """Return first and last price by symbol as JSON types, for the ledger."""
        return {symbol: [str(first), str(self._last[symbol])] for symbol, first in self._first.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self._first = {symbol: Decimal(prices[0]) for symbol, prices in state.items()}
        self._last = {symbol: Decimal(prices[1]) for symbol, prices in state.items()}
        self._units = {symbol: self._cash / len(self._symbols) / first for symbol, first in self._first.items()}
