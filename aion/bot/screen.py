"""Keeps bars out whose price cannot follow from the one before: an undeclared split, or a feed that is wrong."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from aion.model import Bar, CorporateAction

JUMP = Decimal(3)  # times; listed names do not triple between two bars, splits of 3:1 and more look like that
LONGEST_HOLE = 30  # days without any bar, after which a price may be anything


class Screen:
    """Compares the open of each session with the price before; a refused symbol comes back with a price near that."""

    def __init__(self, actions: Iterable[CorporateAction]) -> None:
        """Args: actions: declared splits, after which the price of before counts in new units."""
        self._splits: dict[str, list[CorporateAction]] = {}
        self.learn(actions)
        self._last: dict[str, Decimal] = {}
        self._seen_on: dict[str, date] = {}
        self._out: set[str] = set()

    def learn(self, actions: Iterable[CorporateAction]) -> None:
        """Take declared splits that were not known before."""
        for action in actions:
            if action.kind == "split":
                waiting = self._splits.setdefault(action.symbol, [])
                waiting.append(action)
                waiting.sort(key=lambda each: each.ex_date)

    def know(self, symbol: str, price: Decimal) -> None:
        """Take `price` as the last one of a symbol, e.g. the mark at which it is held."""
        self._last[symbol] = price

    def admit(self, bars: Mapping[str, Bar], day: date) -> tuple[Mapping[str, Bar], dict[str, str]]:
        """Return the bars that may be traded on, and why the others may not, by symbol.

        Args:
            bars: of one moment.
            day: session day.
        """
        refused: dict[str, str] = {}
        for symbol, bar in bars.items():
            if not bar.volume:
                continue
            if symbol in self._splits:
                self._split(symbol, day)
            last, seen_on = self._last.get(symbol), self._seen_on.get(symbol)
            self._seen_on[symbol] = day
            # inside a session prices may do what they like: a split takes effect between two of them
            is_looked_at = seen_on != day or symbol in self._out
            is_jump = is_looked_at and last is not None and not last < bar.open * JUMP < last * JUMP * JUMP
            if last is not None and is_jump and (seen_on is None or (day - seen_on).days <= LONGEST_HOLE):
                times = max(bar.open / last, last / bar.open)
                refused[symbol] = (
                    f"{symbol} jumps from {last.normalize():f} to {bar.open.normalize():f}, like a split of "
                    f"{float(times):.3g} that nobody declared: its bars are not traded on"
                )
                self._out.add(symbol)
                continue
            self._last[symbol] = bar.close
            self._out.discard(symbol)
        if not refused:
            return bars, refused
        return {symbol: bar for symbol, bar in bars.items() if symbol not in refused}, refused

    def _split(self, symbol: str, day: date) -> None:
        waiting = self._splits[symbol]
        while waiting and waiting[0].ex_date <= day:
            action = waiting.pop(0)
            seen_on = self._seen_on.get(symbol)
            if symbol in self._last and seen_on is not None and seen_on < action.ex_date:
                self._last[symbol] /= action.amount
        if not waiting:
            del self._splits[symbol]
