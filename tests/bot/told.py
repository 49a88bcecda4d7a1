"""Strategies that do what they are told."""

from collections.abc import Mapping

from aion.model import Bar, Signal
from aion.strategy.base import Moment


class OneTrip:
    """Enters at its second bar and leaves at its fourth."""

    name = "one_trip"
    kind = "intraday"
    look_back = 0
    rule = "Goes in and out once."

    def __init__(self, symbols: tuple[str, ...], parameters: Mapping[str, object]) -> None:
        self._acts = {2: str(parameters["side"]), 4: "exit"}
        self._at = 0

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        self._at += 1
        act = self._acts.get(self._at, "hold")
        return {symbol: Signal(symbol, moment.ts, act, 1.0, 0.0, "told", self.name) for symbol in bars}
