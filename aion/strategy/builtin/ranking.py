"""The two cross-sectional rules: hold what rose most, or what fell most, among the bot's symbols."""

from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from aion.model import Bar, Signal
from aion.scalar import BotKind
from aion.strategy.base import Moment, Parameters, read_parameters, unit

UPPER_HALF = 0.5


class MomentumParameters(Parameters):
    """Parameters of `cross_sectional_momentum`."""

    look_back: int = Field(126, ge=2, le=1000)
    """Trading days over which the return is measured."""
    skip: int = Field(5, ge=0, le=60)
    """Newest trading days left out, because they tend to revert."""
    short: bool = False
    """Sell the lower half short too, where the bot's `allow_short` is on."""


class ReversalParameters(Parameters):
    """Parameters of `short_term_reversal`."""

    look_back: int = Field(5, ge=1, le=60)
    """Trading days over which the return is measured."""


class _Ranking:
    """Keeps the closes that are needed and ranks the symbols by return."""

    name: ClassVar[str]
    sign: ClassVar[int]
    """+1 if the highest return ranks first, -1 if the lowest does."""

    def __init__(
        self, symbols: tuple[str, ...], look_back: int, skip: int, order: str, *, is_short: bool = False
    ) -> None:
        self.look_back = look_back + skip
        self._is_short = is_short
        self._look_back = look_back
        self._order = order
        self._skip = skip
        self._closes: dict[str, deque[float]] = {
            symbol: deque(maxlen=look_back + skip + 1) for symbol in sorted(symbols)
        }

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        """Take closed daily bars; see `Strategy.on_bars`."""
        for symbol, bar in bars.items():
            if bar.close > 0:
                self._closes[symbol].append(float(bar.close))
            else:  # there is no return to or from it: no view until it has a past again
                self._closes[symbol].clear()
        scores = {
            symbol: closes[-1 - self._skip] / closes[0] - 1
            for symbol, closes in self._closes.items()
            if symbol in bars and len(closes) == closes.maxlen
        }
        # symbols in order of name break a tie, so that two runs agree
        ranked = sorted(scores, key=lambda symbol: (-self.sign * scores[symbol], symbol))
        signals = {
            symbol: self._signal(symbol, rank, scores[symbol], len(ranked), moment)
            for rank, symbol in enumerate(ranked, start=1)
        }
        for symbol in bars:
            if symbol not in signals:
                have = len(self._closes[symbol])
                reason = f"{have} of {self._look_back + self._skip + 1} days of history: no view yet"
                signals[symbol] = Signal(symbol, moment.ts, "hold", 0.0, UPPER_HALF, reason, self.name)
        return signals

    def _signal(self, symbol: str, rank: int, score: float, candidates: int, moment: Moment) -> Signal:
        strength = unit((candidates - rank) / (candidates - 1)) if candidates > 1 else 1.0
        is_wanted = strength >= UPPER_HALF
        is_sold = self._is_short and not is_wanted
        features = {"rank": float(rank), "candidates": float(candidates), "score": round(score, 6)}
        return Signal(
            symbol,
            moment.ts,
            "buy" if is_wanted else "sell" if is_sold else "exit",
            unit(1 - strength) if is_sold else strength,
            UPPER_HALF,
            f"Rank {rank} of {candidates}: {score:+.1%} in {self._look_back} days{self._order}",
            self.name,
            features,
        )


class CrossSectionalMomentum(_Ranking):
    """Holds the symbols with the highest past return, the newest week left out.

    Score = close `skip` days ago / close `look_back + skip` days ago - 1. Strength = share of the other candidates
    that it beats: 1 for the best, 0 for the worst. Threshold 0.5: the upper half. With `short` the strength of the
    lower half is 1 for the worst.

    Source: N. Jegadeesh, S. Titman, Returns to Buying Winners and Selling Losers, Journal of Finance 48 (1993), who
    leave out a week between formation and holding.
    """

    name: ClassVar[str] = "cross_sectional_momentum"
    kind: ClassVar[BotKind] = "swing"
    total_return: ClassVar[bool] = True
    sign: ClassVar[int] = 1

    def __init__(self, symbols: tuple[str, ...], parameters: Mapping[str, Any]) -> None:
        read = read_parameters(MomentumParameters, self.name, parameters)
        until = f", up to {read.skip} days ago" if read.skip else ""
        super().__init__(symbols, read.look_back, read.skip, until, is_short=read.short)
        sold = ", and sells those with the lowest short" if read.short else ""
        self.rule = f"Holds the symbols with the highest return over {read.look_back} trading days{until}{sold}."


class ShortTermReversal(_Ranking):
    """Holds the symbols that fell most in the last days.

    Score = close / close `look_back` days ago - 1, lowest first. Strength = share of the other candidates that fell
    less. Threshold 0.5: the lower half of returns.

    Source: N. Jegadeesh, Evidence of Predictable Behavior of Security Returns, Journal of Finance 45 (1990);
    B. Lehmann, Fads, Martingales, and Market Efficiency, Quarterly Journal of Economics 105 (1990).
    """

    name: ClassVar[str] = "short_term_reversal"
    kind: ClassVar[BotKind] = "swing"
    total_return: ClassVar[bool] = True
    sign: ClassVar[int] = -1

    def __init__(self, symbols: tuple[str, ...], parameters: Mapping[str, Any]) -> None:
        read = read_parameters(ReversalParameters, self.name, parameters)
        super().__init__(symbols, read.look_back, 0, ", biggest fall first")
        self.rule = f"Holds the symbols that fell most over {read.look_back} trading days."
