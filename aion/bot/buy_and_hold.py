"""What buying and holding would have given: the line beside every result."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from aion.market.action import CorporateAction
from aion.model import ZERO, Bar
from aion.money import MoneyUnit, plain_text

_GIVEN = ""  # key of what actions gave, beside those of symbols


class BuyAndHold:
    """Equal parts of the start money in the same names, bought at their first open and never touched.

    Without costs and in fractions of a unit, which flatters holding. A name whose first bar has not come counts as
    cash; dividends of raw prices and the cash of mergers are kept as cash. What corporate actions give is held too,
    and counts from its first bar.
    """

    def __init__(
        self, cash: Decimal, symbols: tuple[str, ...], unit: MoneyUnit, later: Mapping[str, str] | None = None
    ) -> None:
        """Begin without a bar.

        Args:
            cash: start money in the account's currency.
            symbols: what is held.
            unit: of the account.
            later: later names of these symbols -> their first.
        """
        self._cash = cash
        self._unit = unit
        self._symbols = symbols
        self._first_name = dict(later or {})
        self._first: dict[str, Decimal] = {}
        self._last: dict[str, Decimal] = {}
        self._units: dict[str, Decimal] = {}
        self._paid: dict[str, Decimal] = {}
        self._given: dict[str, Decimal] = {}
        """Units that actions gave, by symbol."""
        self._seen: dict[str, Decimal] = {}
        """Newest price of what is not among the symbols."""
        self._beside: dict[str, Decimal] = {}
        """Cash beside what was bought at 0 or below."""

    def see(self, bar: Bar) -> None:
        """Take the next bar of a name in which somebody traded: others have no price that anyone paid."""
        symbol = bar.symbol
        if self._first_name:
            symbol = self._first_name.get(symbol, symbol)
        if symbol in self._first:
            self._last[symbol] = bar.close
        elif symbol in self._symbols:
            self._last[symbol] = bar.close
            self._first[symbol] = bar.open
            self._count(symbol)
        else:
            self._seen[symbol] = bar.close

    def _count(self, symbol: str) -> None:
        part, first = self._cash / len(self._symbols), self._first[symbol]
        self._units[symbol] = part / abs(first) if first else ZERO
        if first <= 0:  # what is bought below 0 brings money beside the part that it may lose; at 0 the part stays
            self._beside[symbol] = 2 * part if first else part

    def apply(self, action: CorporateAction) -> None:
        """Take an action that took effect; nothing for a name that was not bought before."""
        symbol = self._first_name.get(action.symbol, action.symbol)
        own, given = self._units.get(symbol, ZERO), self._given.get(symbol, ZERO)
        units = own + given
        if not units:
            return
        if action.is_unit_change:
            if own:
                self._rebase(symbol, action.ratio)
            if given:
                self._given[symbol] = given * action.ratio
                self._seen[symbol] = self._seen.get(symbol, ZERO) / action.ratio
        elif action.kind == "dividend":
            self._pay(symbol, units * action.amount)
        elif action.kind == "rename" and given:
            self._give(action.into, self._given.pop(symbol))
            self._seen.setdefault(action.into, self._seen.pop(symbol, ZERO))
        elif action.kind in ("spin_off", "merger") and action.into and action.amount:
            self._give(self._first_name.get(action.into, action.into), action.units(units))
        if action.kind in ("merger", "delisting") and (action.amount or action.cash is not None):
            self._pay(symbol, units * (action.cash or ZERO))
            self._given.pop(symbol, None)
            if own:
                self._last[symbol] = ZERO

    def _pay(self, symbol: str, money: Decimal) -> None:
        """Keep money beside a name; what came of another symbol stands beside the first."""
        name = symbol if symbol in self._first else next(iter(self._first))
        self._paid[name] = self._paid.get(name, ZERO) + money

    def _give(self, symbol: str, units: Decimal) -> None:
        self._given[symbol] = self._given.get(symbol, ZERO) + units

    def begin_again(self, bar: Bar) -> None:
        """Go on at the open of `bar`, to which nobody knows the way from the price before: the worth stays."""
        symbol = self._first_name.get(bar.symbol, bar.symbol)
        if min(self._last.get(symbol, ZERO), bar.open) > 0:
            self._rebase(symbol, self._last[symbol] / bar.open)

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
        if self._given:
            for symbol, units in self._given.items():
                rest += units * self._last.get(symbol, self._seen.get(symbol, ZERO))
        if self._beside:
            rest += sum(self._beside.values(), ZERO)
        last = self._last
        for symbol, units in self._units.items():
            rest += units * last[symbol]
        return self._unit.round(rest)

    @property
    def name(self) -> str:
        """What is held, for people: `MSFT` or `10 names`."""
        return self._symbols[0] if len(self._symbols) == 1 else f"{len(self._symbols)} names"

    def state(self) -> dict[str, Any]:
        """Return first and last price and dividends by symbol as JSON types, for the ledger."""
        found: dict[str, Any] = {
            symbol: [plain_text(each[symbol]) for each in (self._first, self._last, self._paid) if symbol in each]
            for symbol in self._first
        }
        if self._given or self._seen:
            parts = (self._given, self._seen)
            found[_GIVEN] = [{symbol: plain_text(value) for symbol, value in part.items()} for part in parts]
        return found

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        own = {symbol: prices for symbol, prices in state.items() if symbol != _GIVEN}
        self._first = {symbol: Decimal(prices[0]) for symbol, prices in own.items()}
        self._last = {symbol: Decimal(prices[1]) for symbol, prices in own.items()}
        self._paid = {symbol: Decimal(prices[2]) for symbol, prices in own.items() if len(prices) > 2}
        self._units, self._beside = {}, {}
        for symbol in self._first:
            self._count(symbol)
        self._given, self._seen = (
            {symbol: Decimal(value) for symbol, value in part.items()} for part in state.get(_GIVEN, ({}, {}))
        )
