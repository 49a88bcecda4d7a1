"""The one policy for a price that cannot follow from the one before: an undeclared split, or a feed that is wrong.

`is_doubtful` and `wrong_unit` say what is not believed, to all who meet bars: an import asks a person about it, and
bots leave the symbol out, in a replay, a backtest and live alike. `Screen` lets it in again, so that one wrong price
does not keep it out for good:

* at once, when the price is back in line with the close before the jump, or the split is declared;
* at once, when the last price stood alone: the new one is in line with the median of the newest `REMEMBERED` closes;
* at once, when somebody says that the price is real: of a day (`aion declare --jump`), or from now on (`aion admit`);
* after `CONFIRMED` further bars in a row that each open in line with the close before, when nothing of it is held.
  What is held stays out: its quantity may be that of before the split.

In line is narrower than doubtful, so that a price at the edge is not refused and believed in turn.
"""

from collections import deque
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from statistics import median_low

from aion.market.action import CorporateAction
from aion.market.level import Level
from aion.market.series import Kind
from aion.model import Bar, Instrument, why_no_bar

JUMP = Decimal(3)
"""Ratio between a close and the next open that is never believed: no share of the sample moved by more than 1.3
overnight."""
USUAL = tuple(Decimal(each) for each in ("2", "3", "1.5", "4", "5", "10"))
"""Usual splits, which nobody takes for a move overnight; their inverses are usual consolidations."""
NEAR_USUAL = Decimal("1.05")
"""Factor within which an open counts as one after a usual split: few shares move further on that day."""
IN_LINE = Decimal("1.3")
"""Factor within which a price follows from the one before, and bears out a declared split."""
NEAR = (Decimal("0.9"), Decimal("1.1"))
"""Parts of a close between which prices are in line with each other, whichever two are compared."""
OFF = (Decimal(70), Decimal(140))
"""Factors around 100 by which one price of a bar is taken as written in another unit, as pence among pounds."""
LONGEST_HOLE = 30  # days without any bar, after which a price may be anything
REMEMBERED = 5  # closes; two wrong ones in a row do not move their median
CONFIRMED: Mapping[Kind, int] = {"minute": 30, "day": 3}
"""Further bars in a row that make a price after a jump believable: a wrong print is put right sooner."""


def is_doubtful(
    close: Decimal, opened: Decimal, *, is_new_session: bool = False, split: Decimal | None = None
) -> bool:
    """Tell whether an open cannot follow on the close before it, both above 0.

    Args:
        close: of the bar before.
        opened: of the bar after it.
        is_new_session: True when a session began between them: a split takes effect there.
        split: new units for an old one that are declared to come between them.
    """
    if split is not None:
        return not _within(opened * split, close, IN_LINE)
    return not is_near(opened, close) or (is_new_session and usual_split(close / opened) is not None)


def usual_split(ratio: Decimal) -> Decimal | None:
    """Return the usual split, above 1, that the ratio of a close to the next open or its inverse is near."""
    return next((each for each in USUAL if _within(max(ratio, 1 / ratio), each, NEAR_USUAL)), None)


def is_near(price: Decimal, other: Decimal) -> bool:
    """Tell whether one price may follow on the other, neither `JUMP` times as high as the other; both above 0."""
    return _within(price, other, JUMP)


def is_in_line(price: Decimal, other: Decimal) -> bool:
    """Tell whether one price plainly follows on the other; both above 0."""
    return _within(price, other, IN_LINE)


def _within(price: Decimal, other: Decimal, factor: Decimal) -> bool:
    """Tell whether two prices differ by less than a factor; at 0 and below there is none."""
    return price > 0 < other and price < other * factor and other < price * factor


def wrong_unit(opened: Decimal, high: Decimal, low: Decimal, closed: Decimal) -> str:
    """Return which price of a bar is about 100 times off the others and how far, or an empty text; all above 0."""
    least, most = OFF
    if high < low * least:
        return ""
    for name, factor, value in (
        ("high", high / max(opened, closed), high),
        ("low", min(opened, closed) / low, low),
    ):
        if least < factor < most:
            return f"{name} {value:f} beside {closed:f}"
    # sources that make high and low of the others take a wrong open or close into them
    return f"close {closed:f} beside open {opened:f}" if least < max(opened / closed, closed / opened) < most else ""


_NOTHING: Mapping[str, str] = {}


@dataclass(slots=True)
class Screened:
    """What a screen made of the bars of one moment."""

    bars: Mapping[str, Bar]
    """Those that may be traded on."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Why the others may not, by symbol."""
    admitted: Mapping[str, str] = field(default_factory=dict)
    """Why a bar that jumps, or the first after it, may be traded on, by symbol."""
    begun: frozenset[str] = frozenset()
    """Symbols at a new level: their prices of before say nothing of those from now on."""


@dataclass(slots=True)
class _Out:
    """A symbol that is kept out."""

    why: str
    """What was said at its newest bar."""
    price: Decimal
    """Its newest close."""
    count: int = 0
    """How many bars in a row opened in line with the close before."""


class Screen:
    """Compares the open of each bar with the closes before; see the module for how a symbol comes back."""

    def __init__(
        self,
        actions: Iterable[CorporateAction],
        kind: Kind = "day",
        instruments: Mapping[str, Instrument] | None = None,
    ) -> None:
        """Make a screen.

        Args:
            actions: declared splits, after which the price of before counts in new units, and real jumps.
            kind: of the bars.
            instruments: by symbol; what is not among them has prices above 0.
        """
        self._instruments = instruments or {}
        self._levels = {symbol: Level(each.tick) for symbol, each in self._instruments.items() if each.is_signed}
        """Of what may be priced at 0 and below."""
        self._confirmed = CONFIRMED[kind]
        self._splits: dict[str, list[CorporateAction]] = {}
        self._renames: dict[str, CorporateAction] = {}
        """By the new symbol."""
        self._jumps: set[tuple[str, date]] = set()
        self._let_in: dict[str, list[datetime]] = {}
        self.learn(actions)
        self._closes: dict[str, deque[Decimal]] = {}
        """The newest that were believed, by symbol."""
        self._closed_on: dict[str, date] = {}
        """Session day of the last of them."""
        self._out: dict[str, _Out] = {}
        self._near: dict[str, tuple[Decimal, Decimal, deque[Decimal]]] = {}
        """Prices between which a bar follows on the last close, and the closes, while nothing else is to be asked."""

    def learn(self, actions: Iterable[CorporateAction]) -> None:
        """Take declared splits and jumps that were not known before."""
        for action in actions:
            if action.kind == "jump":
                self._jumps.add((action.symbol, action.ex_date))
            elif action.kind == "rename":
                self._renames[action.into] = action
            elif action.is_unit_change or action.kind == "spin_off":
                waiting = self._splits.setdefault(action.symbol, [])
                waiting.append(action)
                waiting.sort(key=lambda each: each.ex_date)

    def let_in(self, symbol: str, at: datetime) -> None:
        """Take the first bar of `symbol` that closes after market time `at`, whatever its price."""
        self._let_in.setdefault(symbol, []).append(at)

    def know(self, symbol: str, price: Decimal) -> None:
        """Take `price` as the last one of a symbol, e.g. the mark at which it is held."""
        self._near.clear()
        closes = self._closes.setdefault(symbol, deque(maxlen=REMEMBERED))
        if not closes or closes[-1] != price:
            closes.append(price)

    def settle(self, symbol: str, price: Decimal, day: date) -> None:
        """Take `price` for the last one of a symbol whose action was booked late: that what came before is over."""
        self._near.clear()
        self._closes[symbol] = deque((price,), maxlen=REMEMBERED)
        self._closed_on[symbol] = day
        self._out.pop(symbol, None)

    def why_out(self, symbol: str) -> str:
        """Return why the bars of `symbol` are not traded on, with what has confirmed its price, or an empty text."""
        out = self._out.get(symbol)
        if out is None:
            return ""
        return (
            f"{out.why} until a bar is in line with the price before, {self._confirmed} in a row confirm it "
            f"({out.count} so far) and nothing of it is held, or somebody says that it is real: aion admit {symbol}"
        )

    def admit(self, bars: Mapping[str, Bar], day: date, held: Container[str] = ()) -> Screened:
        """Return which bars may be traded on.

        Args:
            bars: of one moment.
            day: session day.
            held: symbols of which something is held.
        """
        found, near = Screened(bars, _NOTHING, _NOTHING), self._near
        if self._out or self._splits or self._renames or self._let_in:
            near.clear()
        elif self._are_near(bars, day):
            return found
        for symbol, bar in bars.items():
            opened, low = bar.open, bar.low
            # the first is true of each bar that reaches 0 too
            is_odd = bar.high >= low * OFF[0] if bar.volume else low <= 0
            if is_odd and (why := self._why_wrong(bar)):
                found.refused = {**found.refused, symbol: why}
                continue
            if not bar.volume:
                continue
            if symbol in self._renames:
                self._take_over(symbol, day)
            is_split = symbol in self._splits and self._split(bar, day, bars)
            is_let_in = symbol in self._let_in and self._is_let_in(bar)
            closes = self._closes.get(symbol)
            if closes is None:
                closes = self._closes[symbol] = deque(maxlen=REMEMBERED)
            else:
                last = closes[-1]
                # as `is_in_line`, without a call: every bar of every bot passes here
                is_plain = opened < last * IN_LINE and last < opened * IN_LINE
                if (not is_plain or symbol in self._out) and not self._is_good(
                    bar, day, found, is_split=is_split, is_let_in=is_let_in, is_held=symbol in held
                ):
                    continue
            self._believe(bar, day, closes)
        if found.refused:
            found.bars = {symbol: bar for symbol, bar in bars.items() if symbol not in found.refused}
        return found

    def _are_near(self, bars: Mapping[str, Bar], day: date) -> bool:
        """Tell whether all bars plainly follow on the last closes, and take them then."""
        near = self._near
        for symbol, bar in bars.items():
            if symbol not in near or not bar.volume:
                return False
            least, most, _ = near[symbol]
            if bar.low < least or bar.high > most:
                return False
        for symbol, bar in bars.items():
            near[symbol][2].append(bar.close)
            self._closed_on[symbol] = day
        return True

    def _believe(self, bar: Bar, day: date, closes: deque[Decimal]) -> None:
        symbol, close = bar.symbol, bar.close
        closes.append(close)
        self._closed_on[symbol] = day
        if self._out:
            self._out.pop(symbol, None)
        if symbol in self._levels:
            self._levels[symbol].see(close)
        elif close > 0:
            self._near[symbol] = (close * NEAR[0], close * NEAR[1], closes)

    def _why_wrong(self, bar: Bar) -> str:
        """Return why the prices of one bar cannot be, or an empty text."""
        if bar.low > 0:
            what = wrong_unit(bar.open, bar.high, bar.low, bar.close)
            return f"{bar.symbol}: {what} is about 100 times off the others" if what else ""
        instrument = self._instruments.get(bar.symbol)
        return why_no_bar(instrument.kind if instrument is not None else "share", bar)

    def _follows(self, symbol: str, price: Decimal, other: Decimal) -> bool:
        """Tell whether one price plainly follows on the other: by ratio or, at 0 and below, by distance."""
        level = self._levels.get(symbol)
        return is_in_line(price, other) or (level is not None and level.follows(price, other))

    def _is_good(
        self, bar: Bar, day: date, found: Screened, *, is_split: bool, is_let_in: bool, is_held: bool
    ) -> bool:
        """Tell whether a bar of a symbol that jumps or is out may be traded on, and say why in `found`."""
        symbol, closes = bar.symbol, self._closes[bar.symbol]
        last, out, closed_on = closes[-1], self._out.get(symbol), self._closed_on.get(symbol)
        split = Decimal(1) if is_split else None  # what is remembered is in new units already
        is_new = closed_on != day
        if out is None and not self._doubts(symbol, last, bar.open, is_new_session=is_new, split=split):
            return True
        jump = _jump(symbol, bar.open, last)
        why = ""
        if out is not None and self._follows(symbol, bar.open, last):
            why = f"{symbol} opens at {bar.open.normalize():f}, in line with {last.normalize():f} before it jumped"
        elif is_let_in or (symbol, day) in self._jumps:
            how = "somebody says that it is real" if is_let_in else "it is declared as a real one"
            why = f"{jump}: {how}"
        elif out is None and closed_on is not None and (day - closed_on).days > LONGEST_HOLE:
            return True
        elif self._follows(symbol, bar.open, median_low(closes)):
            why = f"{jump}, back to the prices before the last one, which stood alone"
        elif out is not None:
            out.count = out.count + 1 if self._follows(symbol, bar.open, out.price) else 0
            out.price = bar.close
            if out.count >= self._confirmed and not is_held:
                why = (
                    f"{jump} and {out.count + 1} bars in a row opened at that level; nothing is held of it: it is "
                    "traded on again, as from its first price"
                )
                found.begun |= {symbol}
                closes.clear()
        if why:
            found.admitted = {**found.admitted, symbol: why}
            return True
        why = _why_not(symbol, bar.open, last, is_split=is_split)
        if out is None:
            out = self._out[symbol] = _Out(why, bar.close)
        elif is_split:
            out.why = why
        found.refused = {**found.refused, symbol: out.why}
        return False

    def _doubts(
        self, symbol: str, close: Decimal, opened: Decimal, *, is_new_session: bool, split: Decimal | None
    ) -> bool:
        if min(close, opened) <= 0 and self._follows(symbol, opened, close):
            return False
        return is_doubtful(close, opened, is_new_session=is_new_session, split=split)

    def _is_let_in(self, bar: Bar) -> bool:
        """Tell whether `bar` is the first one after somebody let its symbol in."""
        times = self._let_in[bar.symbol]
        left = [at for at in times if at >= bar.ts]
        if left:
            self._let_in[bar.symbol] = left
        else:
            del self._let_in[bar.symbol]
        return len(left) < len(times)

    def _take_over(self, symbol: str, day: date) -> None:
        """Go on from the prices that a symbol had under its name of before, once it is renamed."""
        action = self._renames[symbol]
        if action.ex_date > day:
            return
        del self._renames[symbol]
        if action.symbol in self._closes:
            self._closes[symbol] = self._closes.pop(action.symbol)
            if action.symbol in self._closed_on:
                self._closed_on[symbol] = self._closed_on.pop(action.symbol)
        self._out.pop(action.symbol, None)

    def _split(self, bar: Bar, day: date, bars: Mapping[str, Bar]) -> bool:
        """Take what is remembered into the units of `day`; tell whether a split came since the last close."""
        symbol = bar.symbol
        waiting, closed_on, is_split = self._splits[symbol], self._closed_on.get(symbol), False
        while waiting and waiting[0].ex_date <= day:
            action = waiting.pop(0)
            if closed_on is None or closed_on >= action.ex_date:
                continue
            closes = self._closes[symbol]
            if action.is_unit_change:
                ratio = action.ratio
            elif spun_off := worth_of(action, bars, closes[-1]):
                ratio = closes[-1] / (closes[-1] - spun_off)
            else:  # nobody knows yet what was spun off is worth: a fall is that, a rise is not
                if bar.open < closes[-1]:
                    self._jumps.add((symbol, day))
                continue
            self._closes[symbol] = deque((each / ratio for each in closes), maxlen=REMEMBERED)
            is_split = True
        if not waiting:
            del self._splits[symbol]
        return is_split


def worth_of(action: CorporateAction, bars: Mapping[str, Bar], last: Decimal) -> Decimal | None:
    """Return what a spin-off takes out of a unit at the first prices of what is spun off, None where that is unknown.

    Args:
        action: the spin-off.
        bars: of one moment.
        last: price of a unit before: nothing that is worth as much is spun off.
    """
    bar = bars.get(action.into)
    if bar is None or not action.amount or not bar.volume:
        return None
    worth = action.units(bar.open)
    return worth if worth < last else None


def _jump(symbol: str, opened: Decimal, last: Decimal) -> str:
    return f"{symbol} jumps from {last.normalize():f} to {opened.normalize():f}"


def _why_not(symbol: str, opened: Decimal, last: Decimal, *, is_split: bool) -> str:
    """Return why an open after the close `last` is not believed."""
    out = "its bars are not traded on"
    if is_split:
        return (
            f"{symbol} opens at {opened.normalize():f}, and its split that was declared makes {last.normalize():f} "
            f"of the close before: {out}"
        )
    if min(opened, last) <= 0:
        return f"{_jump(symbol, opened, last)}, further than its prices moved before: {out}"
    times = float(max(opened / last, last / opened))
    return f"{_jump(symbol, opened, last)}, like a split of {times:.3g} that nobody declared: {out}"
