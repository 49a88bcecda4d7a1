"""Limits: what keeps an entry from being ordered, each refusal in a sentence. Exits are never refused.

A bot asks its `RiskGate` before each entry and records what it is told; `DeskGate` looks at all bots of one currency.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from aion.clock import iso, parse_iso
from aion.config import Rules
from aion.model import ZERO, Side, Trade
from aion.trading.portfolio import Portfolio


@dataclass(frozen=True, slots=True)
class Limits:
    """What limits an account; ratios are fractions of equity, 0 is no limit where a line says so."""

    max_positions: int = 5
    """Most symbols held or being entered at a time."""
    max_alloc: Decimal = Decimal("0.5")
    """Largest part of equity in one symbol."""
    max_exposure: Decimal = Decimal(1)
    """Largest sum of absolute market values."""
    daily_loss: Decimal = Decimal("0.03")
    """Day's net loss from which nothing new is opened that day; 0 for no limit."""
    max_drawdown: Decimal = ZERO
    """Fall from the running peak from which nothing new is opened; 0 for no limit."""
    min_confidence: float = 0.0
    """Strength below which nothing is opened, 0..1."""
    aggression: Decimal = Decimal("0.5")
    """Scales what is invested by 0.5 + aggression, 0..1."""
    allow_short: bool = False
    orders_a_cycle: int = 0
    """Most entries in one cycle; 0 for no limit."""
    cool_down: timedelta = timedelta(0)
    """Market time after a losing trade in which its symbol is left alone."""

    @classmethod
    def of(cls, rules: Rules) -> "Limits":
        """Return the limits that a bot's `rules` set; the others keep their defaults."""
        return cls(
            max_positions=rules.max_positions,
            max_alloc=rules.max_alloc,
            daily_loss=rules.daily_loss,
            min_confidence=rules.min_confidence,
            aggression=rules.aggression,
            allow_short=rules.allow_short,
        )


class RiskGate:
    """Decides for one account whether an entry may be ordered, and how much money may go into it."""

    def __init__(self, portfolio: Portfolio, limits: Limits) -> None:
        """Args: portfolio: the account; limits: may be replaced while it trades."""
        self.portfolio = portfolio
        self.limits = limits
        self.peak = portfolio.equity()
        """Highest equity seen, money."""
        self._cycle: datetime | None = None
        self._entries: list[str] = []
        self._cold_until: dict[str, datetime] = {}

    def see(self, ts: datetime, trades: Iterable[Trade]) -> None:
        """Begin the cycle of market time `ts`, after its fills were booked and its marks taken.

        Args:
            ts: market time.
            trades: round trips closed since the cycle before.
        """
        self._cycle = ts
        self._entries = []
        self.peak = max(self.peak, self.portfolio.equity())
        for trade in trades:
            if trade.realized_pnl < 0 and self.limits.cool_down:
                self._cold_until[trade.symbol] = trade.closed_at + self.limits.cool_down
        self._cold_until = {symbol: until for symbol, until in self._cold_until.items() if until > ts}

    def halted(self) -> str:
        """Return why nothing at all may be opened now, or an empty text."""
        limits, equity = self.limits, self.portfolio.equity()
        if equity <= 0:
            return f"equity {equity} is used up"
        day = self.portfolio.day_result()
        if limits.daily_loss and day.net <= -limits.daily_loss * day.start_equity:
            return f"daily_loss {limits.daily_loss:.2%} is reached: {day.net} today"
        if limits.max_drawdown and self.peak - equity >= limits.max_drawdown * self.peak:
            return f"max_drawdown {limits.max_drawdown:.2%} is reached: {equity} after {self.peak}"
        return ""

    def refusal(self, symbol: str, side: Side, confidence: float, threshold: float = 0.0) -> str:
        """Return why an entry may not be ordered, or an empty text when it may.

        Args:
            symbol: what would be entered.
            side: of the entry.
            confidence: the rule's strength, 0..1.
            threshold: strength from which the rule itself enters, 0..1.
        """
        limits = self.limits
        if found := self.halted():
            return found
        needed = max(threshold, limits.min_confidence)
        if confidence < needed:
            name = "min_confidence" if limits.min_confidence >= threshold else "the rule's threshold"
            return f"strength {confidence:g} is below {name} {needed:g}"
        if side is Side.SELL and not limits.allow_short:
            return "allow_short is off"
        until = self._cold_until.get(symbol)
        if until is not None:
            return f"cool_down after a loss until {iso(until)}"
        if limits.orders_a_cycle and len(self._entries) >= limits.orders_a_cycle:
            return f"orders_a_cycle {limits.orders_a_cycle} is reached"
        occupied = {*self.portfolio.symbols, *self._entries}
        if symbol not in occupied and len(occupied) >= limits.max_positions:
            return f"max_positions {limits.max_positions} is reached"
        if self.room(symbol) <= 0:
            return f"max_alloc {limits.max_alloc:.0%} or max_exposure {limits.max_exposure:.0%} is reached"
        return ""

    def room(self, symbol: str) -> Decimal:
        """Return the money that may still go into `symbol`, >= 0.

        It is (0.5 + aggression) x equity / max_positions, at most `max_alloc` of equity, less what is held, and no
        more than `max_exposure` leaves.
        """
        limits, equity = self.limits, self.portfolio.equity()
        if equity <= 0:
            return ZERO
        part = equity * (Decimal("0.5") + limits.aggression) / limits.max_positions
        part = min(part, equity * limits.max_alloc) - abs(self.portfolio.market_value(symbol))
        left = equity * limits.max_exposure - self.portfolio.exposure()
        return max(ZERO, min(part, left))

    def entered(self, symbol: str) -> None:
        """Note that an entry into `symbol` was ordered in this cycle."""
        self._entries.append(symbol)

    def state(self) -> dict[str, Any]:
        """Return what must survive a restart, as JSON types."""
        return {
            "peak": str(self.peak),
            "cold_until": {symbol: iso(until) for symbol, until in self._cold_until.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state()` described."""
        self.peak = Decimal(state["peak"])
        self._cold_until = {symbol: parse_iso(until) for symbol, until in state["cold_until"].items()}


class DeskGate:
    """Limits over all bots of one currency; money of two currencies is never added."""

    def __init__(self, currency: str, daily_loss: Decimal = ZERO, max_exposure: Decimal = ZERO) -> None:
        """Args: daily_loss, max_exposure: fractions of the summed equity; 0 for no limit."""
        self.currency = currency
        self.daily_loss = daily_loss
        self.max_exposure = max_exposure

    def halted(self, portfolios: Iterable[Portfolio]) -> str:
        """Return why no bot of the currency may open anything now, or an empty text.

        Raises:
            ValueError: an account of another currency.
        """
        loss = start = exposure = equity = ZERO
        for portfolio in portfolios:
            if portfolio.currency != self.currency:
                raise ValueError(f"an account in {portfolio.currency} on the desk of {self.currency}")
            day = portfolio.day_result()
            loss += day.net
            start += day.start_equity
            exposure += portfolio.exposure()
            equity += portfolio.equity()
        if self.daily_loss and start > 0 and loss <= -self.daily_loss * start:
            return f"the desk's daily_loss {self.daily_loss:.2%} is reached: {loss} {self.currency} today"
        if self.max_exposure and exposure >= self.max_exposure * equity:
            return f"the desk's max_exposure {self.max_exposure:.0%} is reached: {exposure} {self.currency}"
        return ""
