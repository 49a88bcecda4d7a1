"""Keeps the bars that a strategy has seen, in present units, so that a corporate action does not look like a move.

When one takes effect, the strategy is created anew and gets its past again: prices before the ex-date are divided by
the ratio of a split and, for a rule with `total_return`, scaled by 1 - dividend / last close before it (the factor of
CRSP and Yahoo); what was spun off counts as a dividend of its first price. A symbol that is renamed goes on under its
new name. Only actions whose ex-date has come are used, so there is no look-ahead. Orders, fills, positions and marks
use raw prices only.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from aion.market.action import CorporateAction
from aion.market.jump import worth_of
from aion.model import Bar
from aion.strategy.base import Moment

SPARE = 10  # moments beyond one and a half times the look-back: symbols miss bars, and each counts its own
SESSIONS = 2  # kept at least: a rule of one session may look at the close before it

Handed = tuple[Mapping[str, Bar], Moment]


class Past:
    """The bars of the newest sessions, as many as the look-back of a strategy."""

    __slots__ = ("_count", "_days", "_least", "_today", "day", "with_dividends")

    def __init__(self, look_back: int, *, with_dividends: bool) -> None:
        """Args: look_back: of the strategy, bars of each symbol; with_dividends: True for a rule of total returns."""
        self.day = ""
        """Session day of the newest bars, empty before the first."""
        self.with_dividends = with_dividends
        self._least = look_back * 3 // 2 + SPARE
        self._today: list[Handed] = []
        self._days: deque[list[Handed]] = deque()
        self._count = 0

    def take(self, bars: Mapping[str, Bar], moment: Moment) -> None:
        """Store the bars that the strategy gets now."""
        if moment.day != self.day:
            self._begin(moment.day)
        self._today.append((bars, moment))

    def _begin(self, day: str) -> None:
        self.day = day
        self._count += len(self._today)
        days = self._days
        while len(days) > SESSIONS and self._count - len(days[0]) >= self._least:
            self._count -= len(days.popleft())
        self._today = []
        days.append(self._today)

    def __iter__(self) -> Iterator[Handed]:
        """Return the stored bars in present units, oldest first."""
        for handed in self._days:
            yield from handed

    def apply(self, action: CorporateAction, bars: Mapping[str, Bar] | None = None) -> bool:
        """Convert the bars before `action`; return False if there are none or it does not affect the rule.

        Call it in the order in which actions take effect, before the first bars of the ex-date are taken.

        Args:
            action: that took effect.
            bars: first ones of the ex-date, which say what is worth what was spun off.
        """
        symbol = action.symbol
        if action.is_unit_change:
            return self._scale(symbol, 1 / action.ratio, action.ratio)
        if action.kind == "rename":
            return self._rename(symbol, action.into)
        if action.kind not in ("dividend", "spin_off"):
            return False
        last = next((bars[symbol].close for bars, _ in self._newest_first() if symbol in bars), None)
        if not self.with_dividends or last is None:
            return False
        lost = action.amount if action.kind == "dividend" else worth_of(action, bars or {}, last)
        if lost is None or lost >= last:
            return False
        return self._scale(symbol, 1 - lost / last, None)

    def forget(self, symbol: str) -> bool:
        """Drop the bars of a symbol whose earlier prices no longer apply; return False if there are none."""

        def dropped(bars: Mapping[str, Bar], moment: Moment) -> Handed:
            return {each: bar for each, bar in bars.items() if each != symbol}, moment

        return self._rewrite(symbol, dropped)

    def _rename(self, old: str, new: str) -> bool:
        """Let the past of a symbol be that of its new name."""

        def renamed(bars: Mapping[str, Bar], moment: Moment) -> Handed:
            held = dict(moment.positions)
            if old in held:
                held[new] = held.pop(old)
            others = {symbol: bar for symbol, bar in bars.items() if symbol not in (old, new)}
            return {**others, new: replace(bars[old], symbol=new)}, replace(moment, positions=held)

        return self._rewrite(old, renamed)

    def _scale(self, symbol: str, factor: Decimal, ratio: Decimal | None) -> bool:
        """Multiply prices by `factor`; a split of `ratio` changes volumes and holdings too."""

        def scaled(bars: Mapping[str, Bar], moment: Moment) -> Handed:
            bar = bars[symbol]
            prices = {name: getattr(bar, name) * factor for name in ("open", "high", "low", "close")}
            changed = replace(bar, **prices, volume=bar.volume * (ratio or 1))
            held = moment.positions
            if ratio is not None and symbol in held:
                moment = replace(moment, positions={**held, symbol: held[symbol] * ratio})
            return {**bars, symbol: changed}, moment

        return self._rewrite(symbol, scaled)

    def _rewrite(self, symbol: str, change: Callable[[Mapping[str, Bar], Moment], Handed]) -> bool:
        is_changed = False
        for handed in self._days:
            for number, (bars, moment) in enumerate(handed):
                if symbol in bars:
                    handed[number] = change(bars, moment)
                    is_changed = True
        return is_changed

    def _newest_first(self) -> Iterator[Handed]:
        for handed in reversed(self._days):
            yield from reversed(handed)


def is_due(action: CorporateAction, since: str, day: str) -> bool:
    """Tell whether `action` took effect after the session day `since` (empty: none) and by the day `day`."""
    return bool(since) and date.fromisoformat(since) < action.ex_date <= date.fromisoformat(day)
