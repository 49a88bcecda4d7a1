"""Funding of perpetuals in one account: booked at its time on what is held, and named where it is not known."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median_low
from typing import Any

from aion.clock import iso, parse_iso
from aion.market.funding import FundingRate
from aion.model import Instrument
from aion.money import value_of
from aion.trading.book import OrderBook
from aion.trading.portfolio import Portfolio

USUAL_SPAN = timedelta(hours=8)
"""Between two payments of an exchange of which no two are known."""
_NAMED = 5  # symbols in a sentence


class Funding:
    """Books what the perpetuals of an account pay and receive.

    What counts at a time is what is held at the close of the bar that the time lies in.
    """

    def __init__(self, instruments: Mapping[str, Instrument], rates: Iterable[FundingRate] = ()) -> None:
        """Args: instruments: of the account; rates: of any symbols."""
        self.symbols = frozenset(symbol for symbol, each in instruments.items() if each.kind == "perpetual")
        """Perpetuals; an account without any needs nothing from here."""
        self._instruments = instruments
        self._rates: dict[str, list[FundingRate]] = {symbol: [] for symbol in self.symbols}
        for each in sorted(rates, key=lambda rate: rate.at):
            if each.symbol in self.symbols:
                self._rates[each.symbol].append(each)
        self._times = {symbol: [each.at for each in found] for symbol, found in self._rates.items()}
        self._steps = {symbol: _step(times) for symbol, times in self._times.items()}
        self._through: datetime | None = None
        """Market time up to which all is booked."""
        self.unknown: dict[str, datetime] = {}
        """From when on the funding of a symbol was not known while it was held, the first time."""
        self._noted: dict[str, datetime] = {}
        """Where the newest gap that was noted began."""

    def book(self, portfolio: Portfolio, book: OrderBook, until: datetime, ts: datetime) -> None:
        """Book what is due after the call before, up to `until`, at market time `ts`, on what is held now."""
        since, self._through = self._through, until
        for symbol in portfolio.symbols:
            if symbol in self.symbols:
                times = self._times[symbol]
                # what was paid before it was bought is not its own
                first = bisect_right(times, since) if since is not None else len(times)
                for rate in self._rates[symbol][first : bisect_right(times, until)]:
                    self._pay(rate, portfolio, book, ts)
                self._look_for_gap(symbol, portfolio, book, until, ts)

    def _pay(self, rate: FundingRate, portfolio: Portfolio, book: OrderBook, ts: datetime) -> None:
        symbol = rate.symbol
        price = rate.price if rate.price is not None else portfolio.marks[symbol]
        units = value_of(portfolio.quantity(symbol), self._instruments[symbol].multiplier)
        due = value_of(value_of(price, units), -rate.rate)
        if due:
            detail = f"{rate.rate:f} of the value at {price.normalize():f}, {iso(rate.at)}"
            book.changes.movements.append(portfolio.fund(book.ids.next("m", ts), symbol, due, ts, detail))

    def _look_for_gap(
        self, symbol: str, portfolio: Portfolio, book: OrderBook, until: datetime, ts: datetime
    ) -> None:
        """Note that a rate that was due while `symbol` was held is not known."""
        times, step, held = self._times[symbol], self._steps[symbol], portfolio.position(symbol)
        if held is None:
            return
        index = bisect_right(times, until)
        newest = times[index - 1] if index else None
        begun = held.opened_at if newest is None or newest < held.opened_at else newest
        if not times or (newest is None and times[0] - held.opened_at > step * 1.5):
            gap = held.opened_at
        elif newest is not None and max(newest, begun) + step * 1.5 <= until:
            gap = begun
        else:
            return
        if self._noted.get(symbol) == gap:
            return
        self._noted[symbol] = gap
        self.unknown.setdefault(symbol, gap)
        why = f"the funding rates of {symbol} are not known from {iso(gap)} on: its result leaves them out"
        book.note(ts, "funding", why, symbol)

    def caveat(self) -> str:
        """Return what a reader of the results has to know, or an empty text."""
        if not self.unknown:
            return ""
        symbols = sorted(self.unknown)
        more = f" and {len(symbols) - _NAMED} more" if len(symbols) > _NAMED else ""
        named = f"{', '.join(symbols[:_NAMED])}{more}"
        return f"Funding of {named} is not known from {iso(min(self.unknown.values()))} on; results leave it out."

    def state(self) -> dict[str, Any]:
        """Return where it stands as JSON types."""
        return {
            "through": iso(self._through) if self._through else "",
            "unknown": {symbol: iso(at) for symbol, at in self.unknown.items()},
            "noted": {symbol: iso(at) for symbol, at in self._noted.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state()` described."""
        self._through = parse_iso(state["through"]) if state["through"] else None
        self.unknown = {symbol: parse_iso(at) for symbol, at in state["unknown"].items()}
        self._noted = {symbol: parse_iso(at) for symbol, at in state["noted"].items()}


def _step(times: list[datetime]) -> timedelta:
    """Return the usual time between two payments."""
    spans = [later - at for at, later in pairwise(times)]
    return median_low(spans) if spans else USUAL_SPAN
