"""Rules that look at each symbol alone: time-series momentum scaled by volatility, and the equal-weight baseline."""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from aion.model import Bar, Signal
from aion.scalar import BotKind
from aion.strategy.base import Moment, Parameters, read_parameters, unit

TRADING_DAYS = 252  # a year of US sessions, to annualize daily volatility
FULL_STRENGTH = 2.0  # multiples of what chance would give at which the strength is 1


class TimeSeriesParameters(Parameters):
    """Parameters of `time_series_momentum`."""

    look_back: int = Field(252, ge=2, le=1000)
    """Trading days over which the return is measured."""
    volatility_days: int = Field(60, ge=5, le=500)
    """Trading days over which the volatility is measured."""
    target_volatility: float = Field(0.4, gt=0, le=2)
    """Yearly volatility that a full position is scaled to, fraction."""


class EqualWeightParameters(Parameters):
    """Parameters of `equal_weight`: none."""


@dataclass(slots=True)
class _History:
    closes: deque[float]
    steps: deque[float]
    total: float = 0.0
    squares: float = 0.0

    def append(self, close: float) -> None:
        if close <= 0:  # there is no return to or from it: the rule has no view until it has a past again
            self.closes.clear()
            self.steps.clear()
            self.total = self.squares = 0.0
            return
        if self.closes:
            step = math.log(close / self.closes[-1])
            if len(self.steps) == self.steps.maxlen:
                old = self.steps[0]
                self.total -= old
                self.squares -= old * old
            self.steps.append(step)
            self.total += step
            self.squares += step * step
        self.closes.append(close)

    @property
    def volatility(self) -> float:
        """Standard deviation of daily log returns, fraction a day."""
        mean = self.total / len(self.steps)
        return math.sqrt(max(0.0, self.squares / len(self.steps) - mean * mean))


class TimeSeriesMomentum:
    """Holds each symbol whose own past return is positive, sized so that all carry the same risk.

    Score = close / close `look_back` days ago - 1. Weight = target volatility / (yearly volatility x number of
    symbols). Strength = min(1, |log return| / (2 s)) with s = daily volatility x sqrt(look_back), what chance alone
    would give. Threshold 0: the sign decides.

    Source: T. Moskowitz, Y. H. Ooi, L. H. Pedersen, Time series momentum, Journal of Financial Economics 104 (2012);
    the 40 % target for one instrument is theirs. Long only here.
    """

    name: ClassVar[str] = "time_series_momentum"
    kind: ClassVar[BotKind] = "swing"
    total_return: ClassVar[bool] = True

    def __init__(self, symbols: tuple[str, ...], parameters: Mapping[str, Any]) -> None:
        read = read_parameters(TimeSeriesParameters, self.name, parameters)
        self._parameters = read
        self.look_back = max(read.look_back, read.volatility_days)
        self._histories = {
            symbol: _History(deque(maxlen=read.look_back + 1), deque(maxlen=read.volatility_days))
            for symbol in sorted(symbols)
        }
        self.rule = (
            f"Holds each symbol that rose over {read.look_back} trading days, scaled to {read.target_volatility:.0%} "
            "yearly volatility."
        )

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        """Take closed daily bars; see `Strategy.on_bars`."""
        signals: dict[str, Signal] = {}
        for symbol, bar in bars.items():
            history = self._histories[symbol]
            history.append(float(bar.close))
            signals[symbol] = self._signal(symbol, history, moment)
        return signals

    def _signal(self, symbol: str, history: _History, moment: Moment) -> Signal:
        full = len(history.closes) == history.closes.maxlen and len(history.steps) == history.steps.maxlen
        if not full or history.volatility <= 0:
            needed = max(self._parameters.look_back, self._parameters.volatility_days) + 1
            reason = f"{len(history.closes)} of {needed} days of history: no view yet"
            return Signal(symbol, moment.ts, "hold", 0.0, 0.0, reason, self.name)
        change = history.closes[-1] / history.closes[0]
        volatility = history.volatility
        yearly = volatility * math.sqrt(TRADING_DAYS)
        chance = volatility * math.sqrt(self._parameters.look_back)
        weight = self._parameters.target_volatility / (yearly * len(self._histories))
        features = {
            "score": round(change - 1, 6),
            "yearly_volatility": round(yearly, 6),
            "weight": round(weight, 6),
        }
        reason = f"{change - 1:+.1%} in {self._parameters.look_back} days at {yearly:.0%} yearly volatility"
        return Signal(
            symbol,
            moment.ts,
            "buy" if change > 1 else "exit",
            unit(abs(math.log(change)) / (FULL_STRENGTH * chance)),
            0.0,
            reason,
            self.name,
            features,
        )


class EqualWeight:
    """Holds every symbol at the same weight: the baseline to compare other rules with.

    Strength = 1, threshold 0. Weight = 1 / number of symbols.

    Source: V. DeMiguel, L. Garlappi, R. Uppal, Optimal Versus Naive Diversification, Review of Financial Studies 22
    (2009).
    """

    name: ClassVar[str] = "equal_weight"
    kind: ClassVar[BotKind] = "swing"

    def __init__(self, symbols: tuple[str, ...], parameters: Mapping[str, Any]) -> None:
        read_parameters(EqualWeightParameters, self.name, parameters)
        self._count = len(symbols)
        self.look_back = 0
        self.rule = f"Holds all {self._count} symbols at the same weight."

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        """Take closed daily bars; see `Strategy.on_bars`."""
        reason = f"One of {self._count} symbols, 1/{self._count} each"
        features = {"weight": round(1 / self._count, 6)}
        return {symbol: Signal(symbol, moment.ts, "buy", 1.0, 0.0, reason, self.name, features) for symbol in bars}
