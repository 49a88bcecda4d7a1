"""Opening-range breakout: trade the first close outside the session's first minutes."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Literal

from pydantic import Field

from aion.model import Bar, Signal
from aion.scalar import BotKind
from aion.strategy.base import Moment, Parameters, read_parameters, unit
from aion.strategy.builtin.session import SessionFigures, minutes_between

DIGITS = 12  # of a price: more than any has, and fewer than a float keeps of a sum
EDGE = 0.5  # strength at the edge of the range, from which the rule enters


class OpeningRangeParameters(Parameters):
    """Parameters of `opening_range_breakout`."""

    minutes: int = Field(5, ge=1, le=120)
    """Length of the opening range."""
    target_ranges: float = Field(0.0, ge=0, le=20)
    """Distance of the target from the edge, in range heights; 0 for no target (hold to the close)."""
    max_entries: int = Field(1, ge=1, le=20)
    """Most positions opened in a session."""


@dataclass(slots=True)
class _Range:
    figures: SessionFigures
    high: float = 0.0
    low: float = 0.0
    entries: int = 0
    was_held: bool = False
    text: str = ""
    """What signals say of it once it is complete."""


class OpeningRangeBreakout:
    """Buys the first close above the opening range, sells the first below it; the other edge is the stop.

    Strength = min(1, x / 2), where x = |close - middle of the range| / half its height: 0 in the middle, 0.5 at an
    edge, 1 at half a height beyond it. Threshold 0.5.

    Source: T. Crabel, Day Trading with Short Term Price Patterns and Opening Range Breakout (1990); U. Holmberg,
    C. Lonnbark, C. Lundstrom, Assessing the profitability of intraday opening range breakout strategies, Finance
    Research Letters 10 (2013); C. Zarattini, A. Aziz, Can Day Trading Really Be Profitable? (2023) for the five
    minutes and the stop at the other edge.
    """

    name: ClassVar[str] = "opening_range_breakout"
    kind: ClassVar[BotKind] = "intraday"

    def __init__(self, symbols: tuple[str, ...], parameters: Mapping[str, Any]) -> None:
        self._parameters = read_parameters(OpeningRangeParameters, self.name, parameters)
        self._ranges = {symbol: _Range(SessionFigures()) for symbol in symbols}
        self.look_back = 0
        self.rule = (
            f"Buys the first close above the high of the first {self._parameters.minutes} minutes, "
            "sells the first below their low; stop at the other edge."
        )

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        """Take closed minute bars; see `Strategy.on_bars`."""
        return {symbol: self._on_bar(self._ranges[symbol], bar, moment) for symbol, bar in bars.items()}

    def _on_bar(self, state: _Range, bar: Bar, moment: Moment) -> Signal:
        figures = state.figures
        if moment.day != figures.day:
            state.high = state.low = 0.0
            state.entries = 0
            state.was_held = False
            state.text = ""
        figures.update(bar, moment.day, moment.bar_minutes)
        held = moment.positions.get(bar.symbol, Decimal(0))
        if held and not state.was_held:
            state.entries += 1
        state.was_held = bool(held)
        features = figures.features()
        past = minutes_between(moment.opens_at, bar.ts)
        minutes = max(self._parameters.minutes, moment.bar_minutes)  # a longer bar is the range alone
        if past <= minutes:
            state.high = max(state.high, float(bar.high))
            state.low = min(state.low or float(bar.low), float(bar.low))
            left = minutes - past
            reason = f"Opening range so far {state.low:.2f} to {state.high:.2f}" + (
                f", {left} min to go" if left else ", complete"
            )
            return self._signal(bar, "hold", 0.0, reason, features)
        height = state.high - state.low
        if height <= 0:
            return self._signal(bar, "hold", 0.0, "No opening range: no bar in the opening minutes", features)
        features["range_high"], features["range_low"] = state.high, state.low
        return self._decide(state, bar, held, features, minutes)

    def _decide(self, state: _Range, bar: Bar, held: Decimal, features: dict[str, float], minutes: int) -> Signal:
        close, height = float(bar.close), state.high - state.low
        strength = unit(abs(close - (state.high + state.low) / 2) / height)
        span = state.text = state.text or f"{minutes}-minute opening range {state.low:.2f} to {state.high:.2f}"
        if held:
            way, edge = ("Long", state.low) if held > 0 else ("Short", state.high)
            return self._signal(
                bar, "hold", strength, f"{way}; stop at {edge:.2f}, the far edge of the {span}", features
            )
        if state.low <= close <= state.high:
            return self._signal(bar, "hold", strength, f"{close:.2f} is inside the {span}", features)
        above = close > state.high
        edge = state.high if above else state.low
        beyond = abs(close - edge) / height
        text = f"{'Above' if above else 'Below'} the {span} by {beyond:.0%} of its height"
        if state.entries >= self._parameters.max_entries:
            return self._signal(bar, "hold", strength, f"{text}; already traded today", features)
        target = self._parameters.target_ranges * height * (1 if above else -1)
        return Signal(
            bar.symbol,
            bar.ts,
            "buy" if above else "sell",
            strength,
            EDGE,
            text,
            self.name,
            features,
            stop_loss=_price(state.low if above else state.high),
            take_profit=_price(edge + target) if target and edge + target > 0 else None,
        )

    def _signal(
        self, bar: Bar, action: Literal["hold", "exit"], strength: float, reason: str, features: dict[str, float]
    ) -> Signal:
        return Signal(bar.symbol, bar.ts, action, strength, EDGE, reason, self.name, features)


def _price(value: float) -> Decimal:
    """Return a price without what floats add; the broker puts it on the tick."""
    return Decimal(f"{value:.{DIGITS}g}")
