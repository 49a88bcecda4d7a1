"""Keeps bars out whose price cannot follow from the one before: an undeclared split, or a feed that is wrong.

It lets a symbol in again by these rules, so that one wrong price does not keep it out for good:

* at once, when the last price stood alone: the new one is in line with the median of the newest `REMEMBERED` closes;
* at once, when the price is back in line with the one before the jump, or the split is declared;
* at once, when somebody says that the price is real: of a day (`aion declare --jump`), or from now on (`aion admit`);
* after `CONFIRMED` further sessions that began at the new level, when nothing of it is held. What is held stays out:
  its quantity may be that of before the split.
"""

from collections import deque
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from statistics import median

from aion.model import Bar, CorporateAction

JUMP = Decimal(3)
"""Ratio between a close and the next open from which a split that nobody declared is suspected: no share of the
sample moved by more than 1.3 overnight, and the smallest usual split beyond 3:2 is 2:1 with 3:1 next."""
LONGEST_HOLE = 30  # days without any bar, after which a price may be anything
REMEMBERED = 5  # closes; two wrong ones in a row do not move their median
CONFIRMED = 3  # sessions that begin where the one before ended: a wrong price is put right sooner


@dataclass(slots=True)
class Screened:
    """What a screen made of the bars of one moment."""

    bars: Mapping[str, Bar]
    """Those that may be traded on."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Why the others may not, by symbol."""
    admitted: Mapping[str, str] = field(default_factory=dict)
    """Why a bar that jumps may be traded on all the same, by symbol."""
    begun: frozenset[str] = frozenset()
    """Symbols at a new level: their prices of before say nothing of those from now on."""


@dataclass(slots=True)
class _Out:
    """A symbol that is kept out."""

    price: Decimal
    """Its newest close."""
    sessions: int = 0
    """How many in a row began in line with the close before."""


class Screen:
    """Compares the open of each session with the prices before; see the module for how a symbol comes back."""

    def __init__(self, actions: Iterable[CorporateAction]) -> None:
        """Args: actions: declared splits, after which the price of before counts in new units, and real jumps."""
        self._splits: dict[str, list[CorporateAction]] = {}
        self._jumps: set[tuple[str, date]] = set()
        self._let_in: dict[str, list[datetime]] = {}
        self.learn(actions)
        self._closes: dict[str, deque[Decimal]] = {}
        self._seen_on: dict[str, date] = {}
        self._out: dict[str, _Out] = {}

    def learn(self, actions: Iterable[CorporateAction]) -> None:
        """Take declared splits and jumps that were not known before."""
        for action in actions:
            if action.kind == "jump":
                self._jumps.add((action.symbol, action.ex_date))
            elif action.kind == "split":
                waiting = self._splits.setdefault(action.symbol, [])
                waiting.append(action)
                waiting.sort(key=lambda each: each.ex_date)

    def let_in(self, symbol: str, at: datetime) -> None:
        """Take the first bar of `symbol` that closes after market time `at`, whatever its price."""
        self._let_in.setdefault(symbol, []).append(at)

    def know(self, symbol: str, price: Decimal) -> None:
        """Take `price` as the last one of a symbol, e.g. the mark at which it is held."""
        closes = self._closes.setdefault(symbol, deque(maxlen=REMEMBERED))
        if not closes or closes[-1] != price:
            closes.append(price)

    def admit(self, bars: Mapping[str, Bar], day: date, held: Container[str] = ()) -> Screened:
        """Return which bars may be traded on.

        Args:
            bars: of one moment.
            day: session day.
            held: symbols of which something is held.
        """
        found = Screened(bars)
        for symbol, bar in bars.items():
            if not bar.volume:
                continue
            if symbol in self._splits:
                self._split(symbol, day)
            seen_on = self._seen_on.get(symbol)
            self._seen_on[symbol] = day
            is_let_in = symbol in self._let_in and self._is_let_in(bar)
            closes = self._closes.get(symbol)
            if closes is None:
                closes = self._closes[symbol] = deque(maxlen=REMEMBERED)
            # inside a session prices may do what they like: a split takes effect between two of them
            elif (seen_on != day or symbol in self._out) and not is_near(bar.open, closes[-1]):
                is_known = seen_on is None or (day - seen_on).days <= LONGEST_HOLE
                if is_let_in or (symbol, day) in self._jumps:
                    how = "somebody says that it is real" if is_let_in else "it is declared as a real one"
                    found.admitted = {**found.admitted, symbol: f"{_jump(bar, closes[-1])}: {how}"}
                elif is_known and not self._is_good(
                    bar, closes, found, is_first=seen_on != day, is_held=symbol in held
                ):
                    continue
            closes.append(bar.close)
            if self._out:
                self._out.pop(symbol, None)
        if found.refused:
            found.bars = {symbol: bar for symbol, bar in bars.items() if symbol not in found.refused}
        return found

    def _is_good(self, bar: Bar, closes: deque[Decimal], found: Screened, *, is_first: bool, is_held: bool) -> bool:
        """Tell whether a bar that opens far from the last close may be traded on, and say why in `found`."""
        symbol, last = bar.symbol, closes[-1]
        jump = _jump(bar, last)
        if is_near(bar.open, median(closes)):
            why = f"{jump}, back to the prices before the last one, which stood alone"
            found.admitted = {**found.admitted, symbol: why}
            return True
        out = self._out.get(symbol)
        if out is None:
            out = self._out[symbol] = _Out(bar.close)
        elif is_first:
            out.sessions = out.sessions + 1 if is_near(bar.open, out.price) else 0
        out.price = bar.close
        if out.sessions >= CONFIRMED and not is_held:
            why = (
                f"{jump} and has begun {CONFIRMED + 1} sessions at that level; nothing is held of it: it is traded "
                "on again, as from its first price"
            )
            found.admitted = {**found.admitted, symbol: why}
            found.begun |= {symbol}
            closes.clear()
            return True
        times = float(max(bar.open / last, last / bar.open))
        why = f"{jump}, like a split of {times:.3g} that nobody declared: its bars are not traded on"
        found.refused = {**found.refused, symbol: why}
        return False

    def _is_let_in(self, bar: Bar) -> bool:
        """Tell whether `bar` is the first one after somebody let its symbol in."""
        times = self._let_in[bar.symbol]
        left = [at for at in times if at >= bar.ts]
        if left:
            self._let_in[bar.symbol] = left
        else:
            del self._let_in[bar.symbol]
        return len(left) < len(times)

    def _split(self, symbol: str, day: date) -> None:
        waiting = self._splits[symbol]
        while waiting and waiting[0].ex_date <= day:
            action = waiting.pop(0)
            seen_on = self._seen_on.get(symbol)
            if symbol in self._closes and seen_on is not None and seen_on < action.ex_date:
                closes = self._closes[symbol]
                self._closes[symbol] = deque((each / action.amount for each in closes), maxlen=REMEMBERED)
        if not waiting:
            del self._splits[symbol]


def _jump(bar: Bar, last: Decimal) -> str:
    return f"{bar.symbol} jumps from {last.normalize():f} to {bar.open.normalize():f}"


def is_near(price: Decimal, other: Decimal) -> bool:
    """Tell whether one price may follow on the other, neither `JUMP` times as high as the other; both above 0."""
    return other < price * JUMP < other * JUMP * JUMP
