"""Intraday momentum: the first half-hour of a session predicts its last."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar, Literal

from pydantic import Field

from aion.model import Bar, Signal
from aion.scalar import BotKind
from aion.strategy.base import Moment, Parameters, read_parameters, unit
from aion.strategy.builtin.session import SessionFigures

FULL_STRENGTH = 2.0  # multiples of what chance would give at which the strength is 1


class IntradayMomentumParameters(Parameters):
    """Parameters of `intraday_momentum`."""

    first_minutes: int = Field(30, ge=5, le=120)
    """Length of the first part of the session, whose return decides."""
    last_minutes: int = Field(30, ge=7, le=120)
    """Minutes before the close at which the position is opened."""
    threshold: float = Field(0.1, ge=0, le=1)
    """Strength from which the rule enters."""


@dataclass(slots=True)
class _First:
    figures: SessionFigures
    change: float | None = None
    strength: float = 0.0
    entries: int = 0
    was_held: bool = False


class IntradayMomentum:
    """In the last half-hour, trades in the direction of the first, counted from the close of the day before.

    Strength = min(1, |r| / (2 s)), where r is the return from the previous close (the session's open if there is
    none) to the end of the first half-hour, and s = standard deviation of its minute returns x sqrt(minutes), what
    chance alone would give. Threshold 0.1.

    Source: L. Gao, Y. Han, S. Li, G. Zhou, Market intraday momentum, Journal of Financial Economics 129 (2018).
    """

    name: ClassVar[str] = "intraday_momentum"
    kind: ClassVar[BotKind] = "intraday"
    total_return: ClassVar[bool] = True

    def __init__(self, symbols: tuple[str, ...], parameters: Mapping[str, Any]) -> None:
        self._parameters = read_parameters(IntradayMomentumParameters, self.name, parameters)
        self._states = {symbol: _First(SessionFigures()) for symbol in symbols}
        self.look_back = 0
        self.rule = (
            f"{self._parameters.last_minutes} minutes before the close, trades in the direction of the first "
            f"{self._parameters.first_minutes} minutes, counted from the close of the day before."
        )

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        """Take closed minute bars; see `Strategy.on_bars`."""
        return {symbol: self._on_bar(self._states[symbol], bar, moment) for symbol, bar in bars.items()}

    def _on_bar(self, state: _First, bar: Bar, moment: Moment) -> Signal:
        if moment.day != state.figures.day:
            state.change, state.strength, state.entries, state.was_held = None, 0.0, 0, False
        state.figures.update(bar, moment.day, moment.bar_minutes)
        held = moment.positions.get(bar.symbol, Decimal(0))
        if held and not state.was_held:
            state.entries += 1
        state.was_held = bool(held)
        first_ends = moment.opens_at + timedelta(minutes=max(self._parameters.first_minutes, moment.bar_minutes))
        if bar.ts <= first_ends:
            self._measure(state, bar)
        features = state.figures.features()
        if state.change is not None:
            features["first_return"] = state.change
        action, reason = self._decide(state, bar, moment, held)
        return Signal(
            bar.symbol, bar.ts, action, state.strength, self._parameters.threshold, reason, self.name, features
        )

    def _measure(self, state: _First, bar: Bar) -> None:
        figures = state.figures
        base = figures.previous_close if figures.previous_close is not None else figures.open
        state.change = float(bar.close) / base - 1 if base > 0 else 0.0  # no return from 0 or below
        chance = figures.minute_volatility * math.sqrt(self._parameters.first_minutes)
        state.strength = unit(abs(state.change) / (FULL_STRENGTH * chance)) if chance > 0 else 0.0

    def _decide(
        self, state: _First, bar: Bar, moment: Moment, held: Decimal
    ) -> tuple[Literal["buy", "sell", "exit", "hold"], str]:
        minutes = max(self._parameters.first_minutes, moment.bar_minutes)
        if state.change is None:
            return "hold", f"No bar in the first {minutes} minutes: no view today"
        first = f"first {minutes} minutes {state.change:+.2%}"
        if bar.ts < moment.opens_at + timedelta(minutes=minutes):
            return "hold", f"Measuring: {first} so far"
        if held:
            return "hold", f"{'Long' if held > 0 else 'Short'} into the close: {first}"
        last_starts = moment.closes_at - timedelta(minutes=self._parameters.last_minutes)
        if bar.ts < last_starts:
            return "hold", f"Waits for {last_starts:%H:%M} UTC: {first}"
        if state.entries:
            return "hold", f"Already traded today: {first}"
        if state.strength < self._parameters.threshold or state.change == 0:
            return "hold", f"Too weak: {first}"
        return ("buy" if state.change > 0 else "sell"), f"Last half-hour follows the first: {first}"
