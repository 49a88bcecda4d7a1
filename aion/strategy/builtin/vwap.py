"""The two VWAP rules: trade back towards the session's VWAP, or follow the side that the price is on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Literal

from pydantic import Field

from aion.model import ZERO, Bar, Signal
from aion.scalar import BotKind
from aion.strategy.base import Moment, Parameters, read_parameters, unit
from aion.strategy.builtin.session import SessionFigures, minutes_between

ENTRY = 0.5  # strength at the entry distance
BASIS_POINT = 1e-4


class ReversionParameters(Parameters):
    """Parameters of `vwap_reversion`."""

    deviations: float = Field(2.0, gt=0, le=10)
    """Distance from the VWAP, in deviations, at which the rule enters."""
    warm_minutes: int = Field(30, ge=2, le=240)
    """Minutes of the session before the first entry: bands made of a few bars mean nothing."""
    last_entry_minutes: int = Field(30, ge=0, le=240)
    """Minutes before the close from which nothing is opened, because the move back needs time."""
    min_distance_bps: float = Field(10.0, ge=0, le=1000)
    """Smallest distance from the VWAP, basis points of price; below it costs exceed the gain."""


class TrendParameters(Parameters):
    """Parameters of `vwap_trend`."""

    deviations: float = Field(0.5, gt=0, le=10)
    """Distance from the VWAP, in deviations, at which the rule enters."""
    warm_minutes: int = Field(30, ge=2, le=240)
    """Minutes of the session before the first entry."""
    last_entry_minutes: int = Field(30, ge=0, le=240)
    """Minutes before the close from which nothing is opened."""
    max_entries: int = Field(3, ge=1, le=100)
    """Most positions opened in a session, because crossings cluster."""


@dataclass(slots=True)
class _Reading:
    """One symbol after one bar."""

    bar: Bar
    held: Decimal
    distance: float
    """Signed distance from the VWAP in deviations; 0 while the deviation is 0."""
    vwap: float
    features: dict[str, float]
    wait: str
    """Why nothing may be opened now; empty when it may."""


class _VwapRule:
    def __init__(self, symbols: tuple[str, ...], warm_minutes: int, last_entry_minutes: int) -> None:
        self._figures = {symbol: SessionFigures() for symbol in symbols}
        self.look_back = 0
        self._warm = warm_minutes
        self._last = last_entry_minutes
        self._too_early = f"the first {warm_minutes} minutes only set the VWAP"
        self._too_late = f"nothing is opened in the last {last_entry_minutes} minutes"

    def _early_or_late(self, moment: Moment) -> str:
        """Return why nothing may be opened at this time of the session; `""` if it may."""
        if minutes_between(moment.opens_at, moment.ts) <= self._warm:
            return self._too_early
        return self._too_late if minutes_between(moment.ts, moment.closes_at) <= self._last else ""

    def _read(self, bar: Bar, moment: Moment, wait: str) -> _Reading:
        figures = self._figures[bar.symbol]
        figures.update(bar, moment.day, moment.bar_minutes)
        deviation = figures.deviation
        distance = (figures.close - figures.vwap) / deviation if deviation > 0 else 0.0
        features = figures.features()
        features["vwap_distance"] = distance
        if deviation <= 0:
            wait = self._too_early
        held = moment.positions.get(bar.symbol, ZERO)
        return _Reading(bar, held, distance, figures.vwap, features, wait)


def _where(reading: _Reading) -> str:
    side = "above" if reading.distance > 0 else "below"
    return f"{abs(reading.distance):.1f} deviations {side} VWAP {reading.vwap:.2f}"


class VwapReversion(_VwapRule):
    """Buys far below the session's VWAP, sells far above it, and exits when the price is back at the VWAP.

    Strength = min(1, |d| / (2 x deviations)), where d is the distance of the close from the VWAP in volume-weighted
    standard deviations: 0.5 at the entry distance, 1 at twice that. Threshold 0.5.

    Source: B. Lehmann, Fads, Martingales, and Market Efficiency, Quarterly Journal of Economics 105 (1990) and
    S. Nagel, Evaporating Liquidity, Review of Financial Studies 25 (2012) for short-lived moves that revert as pay
    for giving liquidity; S. Berkowitz, D. Logue, E. Noser, The Total Cost of Transactions on the NYSE, Journal of
    Finance 43 (1988) for the VWAP as the price that the day's traders agree on.
    """

    name: ClassVar[str] = "vwap_reversion"
    kind: ClassVar[BotKind] = "intraday"

    def __init__(self, symbols: tuple[str, ...], parameters: Mapping[str, Any]) -> None:
        self._parameters = read_parameters(ReversionParameters, self.name, parameters)
        super().__init__(symbols, self._parameters.warm_minutes, self._parameters.last_entry_minutes)
        self.rule = (
            f"Buys {self._parameters.deviations:g} deviations below the session's VWAP, sells "
            f"{self._parameters.deviations:g} above it; exits at the VWAP."
        )

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        """Take closed minute bars; see `Strategy.on_bars`."""
        wait = self._early_or_late(moment)
        return {symbol: self._decide(self._read(bar, moment, wait)) for symbol, bar in bars.items()}

    def _decide(self, reading: _Reading) -> Signal:
        strength = unit(abs(reading.distance) / (2 * self._parameters.deviations))
        action: Literal["buy", "sell", "exit", "hold"] = "hold"
        reason = _where(reading)
        if reading.held:
            is_back = reading.distance >= 0 if reading.held > 0 else reading.distance <= 0
            if is_back:
                action, reason = "exit", f"Back at VWAP {reading.vwap:.2f}: the stretch is over"
            else:
                reason = f"{'Long' if reading.held > 0 else 'Short'} until the VWAP is reached; {reason}"
        elif reading.wait:
            reason = f"{reason}; {reading.wait}"
        elif abs(reading.distance) >= self._parameters.deviations:
            # at 0 there are no basis points, and any distance is more than enough
            gap_bps = abs(float(reading.bar.close) / reading.vwap - 1) / BASIS_POINT if reading.vwap else math.inf
            if gap_bps < self._parameters.min_distance_bps:
                reason = f"{reason}, but only {gap_bps:.1f} bp away: costs would exceed the gain"
            else:
                action = "buy" if reading.distance < 0 else "sell"
                reason = f"Stretched: {reason} ({gap_bps:.0f} bp)"
        bar = reading.bar
        return Signal(bar.symbol, bar.ts, action, strength, ENTRY, reason, self.name, reading.features)


class VwapTrend(_VwapRule):
    """Follows the side of the session's VWAP that the price is on, and exits when it crosses back.

    Strength = min(1, |d| / (2 x deviations)), where d is the distance of the close from the VWAP in volume-weighted
    standard deviations: 0.5 at the entry distance. Threshold 0.5.

    Source: C. Zarattini, A. Aziz, Volume Weighted Average Price (VWAP): The Holy Grail for Day Trading Systems
    (2023).
    """

    name: ClassVar[str] = "vwap_trend"
    kind: ClassVar[BotKind] = "intraday"

    def __init__(self, symbols: tuple[str, ...], parameters: Mapping[str, Any]) -> None:
        self._parameters = read_parameters(TrendParameters, self.name, parameters)
        super().__init__(symbols, self._parameters.warm_minutes, self._parameters.last_entry_minutes)
        self._entries = dict.fromkeys(symbols, 0)
        self._was_held = dict.fromkeys(symbols, False)
        self._day = ""
        self.rule = (
            f"Buys {self._parameters.deviations:g} deviations above the session's VWAP, sells "
            f"{self._parameters.deviations:g} below it; exits when the price crosses back."
        )

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        """Take closed minute bars; see `Strategy.on_bars`."""
        if moment.day != self._day:
            self._day = moment.day
            self._entries = dict.fromkeys(self._entries, 0)
            self._was_held = dict.fromkeys(self._was_held, False)
        wait = self._early_or_late(moment)
        return {symbol: self._decide(self._read(bar, moment, wait)) for symbol, bar in bars.items()}

    def _decide(self, reading: _Reading) -> Signal:
        bar = reading.bar
        if reading.held and not self._was_held[bar.symbol]:
            self._entries[bar.symbol] += 1
        self._was_held[bar.symbol] = bool(reading.held)
        strength = unit(abs(reading.distance) / (2 * self._parameters.deviations))
        action: Literal["buy", "sell", "exit", "hold"] = "hold"
        reason = _where(reading)
        if reading.held:
            has_crossed = reading.distance < 0 if reading.held > 0 else reading.distance > 0
            if has_crossed:
                action, reason = "exit", f"Crossed VWAP {reading.vwap:.2f}: the trend is over"
            else:
                reason = f"{'Long' if reading.held > 0 else 'Short'} on its side of the VWAP; {reason}"
        elif reading.wait:
            reason = f"{reason}; {reading.wait}"
        elif abs(reading.distance) >= self._parameters.deviations:
            if self._entries[bar.symbol] >= self._parameters.max_entries:
                reason = f"{reason}; {self._parameters.max_entries} positions today are enough"
            else:
                action = "buy" if reading.distance > 0 else "sell"
                reason = f"On its way: {reason}"
        return Signal(bar.symbol, bar.ts, action, strength, ENTRY, reason, self.name, reading.features)
