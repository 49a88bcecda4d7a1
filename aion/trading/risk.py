"""Limits: what keeps an entry from being ordered, each refusal with its reason. Exits are never refused.

A bot asks its `RiskGate` and the `DeskGate` of all bots before each entry, and records what it is told.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from aion.clock import iso, parse_iso
from aion.config import Risk, Rules
from aion.model import ZERO, Side, Trade
from aion.money import plain_text
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
        """Return the limits that a bot's `rules` set."""
        return cls(
            max_positions=rules.max_positions,
            max_alloc=rules.max_alloc,
            max_exposure=rules.max_exposure,
            max_drawdown=rules.max_drawdown,
            orders_a_cycle=rules.orders_a_cycle,
            cool_down=timedelta(minutes=rules.cool_down_minutes),
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
        self._entries: list[str] = []
        self._cold_until: dict[str, datetime] = {}

    def see(self, ts: datetime, trades: Iterable[Trade], equity: Decimal) -> None:
        """Begin the cycle of market time `ts`, after its fills were booked and its marks taken.

        Args:
            ts: market time.
            trades: round trips closed since the cycle before.
            equity: of the account at the marks.
        """
        if self._entries:
            self._entries = []
        if equity > self.peak:
            self.peak = equity
        for trade in trades:
            if trade.realized_pnl < 0 and self.limits.cool_down:
                self._cold_until[trade.symbol] = trade.closed_at + self.limits.cool_down
        if self._cold_until:
            self._cold_until = {symbol: until for symbol, until in self._cold_until.items() if until > ts}

    def halted(self) -> str:
        """Return why nothing at all may be opened now, or an empty text."""
        limits, equity = self.limits, self.portfolio.equity()
        if equity <= 0:
            return f"equity {equity:f} is used up"
        if limits.daily_loss:
            start = self.portfolio.day_start
            if equity - start <= -limits.daily_loss * start:
                return f"daily_loss {limits.daily_loss:.2%} is reached: {equity - start:f} today"
        if limits.max_drawdown and self.peak - equity >= limits.max_drawdown * self.peak:
            return f"max_drawdown {limits.max_drawdown:.2%} is reached: {equity:f} after {self.peak:f}"
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
        if found := self.brake(symbol):
            return found
        occupied = {*self.portfolio.symbols, *self._entries}
        if symbol not in occupied and len(occupied) >= limits.max_positions:
            return f"max_positions {limits.max_positions} is reached"
        if self.room(symbol) <= 0:
            return f"max_alloc {limits.max_alloc:.0%} or max_exposure {limits.max_exposure:.0%} is reached"
        return ""

    def brake(self, symbol: str) -> str:
        """Return why an entry into `symbol` may not be ordered just now, whatever its size, or an empty text."""
        until = self._cold_until.get(symbol)
        if until is not None:
            return f"cool_down_minutes after a loss: until {iso(until)}"
        limit = self.limits.orders_a_cycle
        if limit and len(self._entries) >= limit:
            return f"orders_a_cycle {limit} is reached"
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
            "peak": plain_text(self.peak),
            "cold_until": {symbol: iso(until) for symbol, until in self._cold_until.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state()` described."""
        self.peak = Decimal(state["peak"])
        self._cold_until = {symbol: parse_iso(until) for symbol, until in state["cold_until"].items()}


class DeskGate:
    """Limits over all bots; money is summed by currency, and money of two currencies is never added."""

    def __init__(self, limits: Risk, portfolios: Callable[[], Iterable[Portfolio]]) -> None:
        """Args: limits: of the settings; portfolios: returns the accounts of all bots as they are now."""
        self.limits = limits
        self.peaks: dict[str, Decimal] = {}
        """Highest sum of the equity by currency, kept while `max_drawdown` is set."""
        self._portfolios = portfolios
        self._entries = 0

    def begin_cycle(self) -> None:
        """Begin the cycle of another market time."""
        self._entries = 0
        if self.limits.max_drawdown:
            self._sum_equity()

    def _sum_equity(self) -> dict[str, Decimal]:
        sums: dict[str, Decimal] = {}
        for portfolio in self._portfolios():
            sums[portfolio.currency] = sums.get(portfolio.currency, ZERO) + portfolio.equity()
        for currency, equity in sums.items():
            self.peaks[currency] = max(self.peaks.get(currency, equity), equity)
        return sums

    def refusal(self, currency: str) -> str:
        """Return why no bot of `currency` may open anything now, or an empty text."""
        limits = self.limits
        if limits == NO_RISK:
            return ""
        if limits.orders_a_cycle and self._entries >= limits.orders_a_cycle:
            return f"the desk's orders_a_cycle {limits.orders_a_cycle} is reached"
        everyone = list(self._portfolios())
        held = sum(len(portfolio.symbols) for portfolio in everyone)
        if limits.max_positions and held + self._entries >= limits.max_positions:
            return f"the desk's max_positions {limits.max_positions} is reached"
        return self._money_refusal([each for each in everyone if each.currency == currency], currency)

    def _money_refusal(self, accounts: list[Portfolio], currency: str) -> str:
        limits = self.limits
        equity = sum((each.equity() for each in accounts), ZERO)
        # a swing bot's day is that of its newest mark: only results of the same day are added
        today = max((each.day for each in accounts if each.day is not None), default=None)
        days = [each.day_result() for each in accounts if each.day == today]
        loss, start = sum((each.net for each in days), ZERO), sum((each.start_equity for each in days), ZERO)
        if limits.daily_loss and start > 0 and loss <= -limits.daily_loss * start:
            return f"the desk's daily_loss {limits.daily_loss:.2%} is reached: {loss:f} {currency} today"
        peak = self.peaks.get(currency, equity)
        if limits.max_drawdown and peak - equity >= limits.max_drawdown * peak:
            return (
                f"the desk's max_drawdown {limits.max_drawdown:.2%} is reached: {equity:f} {currency} after {peak:f}"
            )
        exposure = sum((each.exposure() for each in accounts), ZERO)
        if limits.max_exposure and exposure >= limits.max_exposure * equity:
            return f"the desk's max_exposure {limits.max_exposure:.0%} is reached: {exposure:f} {currency}"
        return ""

    def entered(self) -> None:
        """Note that an entry was ordered in this cycle."""
        self._entries += 1

    def state(self) -> dict[str, str]:
        """Return what must survive a restart, as JSON types."""
        return {currency: plain_text(peak) for currency, peak in self.peaks.items()}

    def restore(self, state: Mapping[str, str]) -> None:
        """Take back what `state()` described."""
        self.peaks = {currency: Decimal(peak) for currency, peak in state.items()}


NO_RISK = Risk()
