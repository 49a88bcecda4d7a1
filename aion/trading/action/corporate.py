"""Which corporate actions of an account are believed, and what becomes of those that are not.

An action is booked when it takes effect and the prices bear it out. One that cannot be booked exactly, or that the
prices contradict, leaves its position as it was and marks it `not booked: ...`: nothing of that symbol is traded or
marked until the action can be booked, or is not declared any more. What comes after it for the same symbol waits.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from aion.market.action import CorporateAction
from aion.market.calendar import MarketSession
from aion.market.jump import is_in_line
from aion.model import ZERO, Bar, Instrument, OrderStatus
from aion.trading.action.booking import Booking, Owner

LARGE = Decimal("0.1")
"""Part of a price from which a dividend has to show in the price of its ex-date."""
REPAIR = "put its declaration right and start again"
_ENDS = ("merger", "delisting")

Bars = Mapping[str, Bar]


@dataclass(slots=True)
class _Open:
    """A symbol that is held and of which an action is not booked."""

    since: str
    """First ex-date of what is not booked."""
    done: list[str] = field(default_factory=list)
    """What was booked from that day on, by day and kind."""
    text: str = ""
    """`not booked: ...` for people; empty while only its first price of the day is waited for."""
    judged: str = ""
    """Action that the prices contradict: later prices say nothing of it."""


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Why an action is not booked now."""

    why: str
    """Empty while only the first price of the symbol itself is waited for."""
    is_final: bool = False
    """True when no later price changes it."""


class CorporateActions:
    """The corporate actions of one account."""

    def __init__(self, owner: Owner) -> None:
        """Args: owner: broker of the account."""
        self._owner = owner
        self._booking = Booking(owner)
        self._open: dict[str, _Open] = {}
        self.strangers: dict[str, str] = {}
        """Symbols that an action gives and the account cannot hold, and why."""

    @property
    def is_open(self) -> bool:
        """True when something waits to be booked."""
        return bool(self._open)

    def why(self, symbol: str) -> str:
        """Return `not booked: ...` for a symbol that is held and may not be traded, or an empty text."""
        found = self._open.get(symbol)
        return found.text if found is not None else ""

    @property
    def unmarked(self) -> frozenset[str]:
        """Symbols whose prices are not those of what is held."""
        return frozenset(symbol for symbol, each in self._open.items() if each.text)

    def doubt(self, symbol: str, day: date, known: Iterable[CorporateAction]) -> None:
        """Note that the price of a symbol that is held jumped: what is declared of it later is booked then.

        Args:
            symbol: whose price jumped.
            day: of the session.
            known: actions; those of that day are booked.
        """
        if self._owner.portfolio.quantity(symbol) and symbol not in self._open:
            done = [_key(each) for each in known if each.symbol == symbol and each.ex_date == day]
            self._open[symbol] = _Open(day.isoformat(), done)

    def believe(self, symbol: str) -> None:
        """Take the price of a symbol for real: no action is missing."""
        found = self._open.get(symbol)
        if found is not None and not found.text:
            del self._open[symbol]

    def take(
        self, actions: Iterable[CorporateAction], last: date | None, session: MarketSession, bars: Bars | None
    ) -> list[CorporateAction]:
        """Book what is due.

        Args:
            actions: all that are known, by day.
            last: session day up to which they were dealt with; None for an account that begins.
            session: that has begun.
            bars: of the moment; None compares no price.

        Returns:
            Those that took effect, held or not.
        """
        day = session.day
        if last is None or (last == day and not self._open):
            return []
        known = list(actions)
        due = self._due(known, last, day)
        took: list[CorporateAction] = []
        stuck: set[str] = set()
        real = {(each.symbol, each.ex_date) for each in known if each.kind == "jump"}
        for action in due:
            symbol = action.symbol
            if symbol in stuck:
                continue
            held = self._owner.portfolio.quantity(symbol)
            price = self._price_of(action, bars)
            doubt = self._doubt(action, bars, price, is_real=(symbol, action.ex_date) in real) if held else None
            if doubt is not None:
                stuck.add(symbol)
                self._keep_out(action, doubt, session, took)
                continue
            self._booking.book(action, session.open, price)
            took.append(action)
            self._tick_off(action)
        for symbol in [each for each in self._open if each not in stuck]:
            self._close(symbol, took, due, session)
        return took

    def _due(self, known: Iterable[CorporateAction], last: date, day: date) -> list[CorporateAction]:
        """Return what took effect and is not booked, by day; names change before anything else of the day."""
        done = {symbol: Counter(each.done) for symbol, each in self._open.items()}
        found = []
        for action in known:
            if action.kind == "jump" or action.ex_date > day:
                continue
            record = self._open.get(action.symbol)
            if record is not None and action.ex_date >= date.fromisoformat(record.since):
                key = _key(action)
                if done[action.symbol][key]:
                    done[action.symbol][key] -= 1
                    continue
                found.append(action)
            elif last < action.ex_date:
                found.append(action)
        return sorted(found, key=lambda each: (each.ex_date, each.kind != "rename"))

    def _price_of(self, action: CorporateAction, bars: Bars | None) -> Decimal | None:
        """Return the price of what an action gives; of a merger the mark, as that of what it takes."""
        marks, into = self._owner.portfolio.marks, action.into
        bar = bars.get(into) if bars is not None else None
        opened = bar.open if bar is not None and bar.volume else None
        if not into:
            return None
        return marks.get(into, opened) if action.kind == "merger" else opened or marks.get(into)

    def _tick_off(self, action: CorporateAction) -> None:
        record = self._open.get(action.symbol)
        if record is not None:
            record.done.append(_key(action))

    def _keep_out(
        self, action: CorporateAction, doubt: _Doubt, session: MarketSession, took: list[CorporateAction]
    ) -> None:
        """Leave a position as it is, and say why once."""
        symbol = action.symbol
        record = self._open.get(symbol)
        if record is None:
            done = [_key(each) for each in took if each.symbol == symbol and each.ex_date == action.ex_date]
            record = self._open[symbol] = _Open(action.ex_date.isoformat(), done)
        text = f"not booked: {action.text}: {doubt.why}" if doubt.why else ""
        if doubt.is_final:
            record.judged = _judged(action)
        if not text or text == record.text:
            return
        record.text = text
        book = self._owner.book
        book.end_all(book.orders(symbol), OrderStatus.CANCELLED, session.open, text)
        book.note(session.open, "refused", text, symbol)

    def _close(
        self, symbol: str, took: list[CorporateAction], due: list[CorporateAction], session: MarketSession
    ) -> None:
        """Forget a symbol of which nothing waits any more."""
        record = self._open[symbol]
        mine = [each for each in due if each.symbol == symbol]
        if not record.text and not mine and self._owner.portfolio.quantity(symbol):
            return  # its price jumped, and nobody has said yet why
        del self._open[symbol]
        if record.text and not mine:
            gone = f"it is not declared any more: {record.text.removeprefix('not booked: ')}"
            self._owner.book.note(session.open, "admitted", gone, symbol)

    # what is believed

    def _doubt(
        self, action: CorporateAction, bars: Bars | None, price: Decimal | None, *, is_real: bool
    ) -> _Doubt | None:
        """Return why an action of what is held cannot be booked now, None when it can."""
        if why := self._flaw(action):
            return _Doubt(why)
        record = self._open.get(action.symbol)
        if record is not None and record.judged == _judged(action) and not is_real:
            return _Doubt(record.text.partition(f"{action.text}: ")[2] or REPAIR, is_final=True)
        if action.into and action.kind != "rename" and price is None:
            return _Doubt(f"{action.into} has no price yet")
        contradiction = self._contradiction(action, bars, price)
        if contradiction is None or (is_real and contradiction.why):
            return None
        return contradiction

    def _flaw(self, action: CorporateAction) -> str:
        """Return what makes it impossible to book an action exactly, whatever the prices are; else an empty text."""
        portfolio, instruments = self._owner.portfolio, self._owner.terms.instruments
        instrument: Instrument = instruments[action.symbol]
        if action.problem:
            return f"{action.problem}; {REPAIR}"
        if action.kind == "other":
            return f"Aion does not reckon this kind; say what it comes to as another one, and start again ({_KINDS})"
        if (
            action.kind not in ("dividend", "rename")
            and not action.is_unit_change
            and (instrument.is_settled or instrument.multiplier != 1)
        ):
            return (
                f"{action.symbol} is a {instrument.kind} of {instrument.multiplier:f} units, which has no such thing"
            )
        pays = action.kind == "dividend" or action.cash is not None
        if pays and action.currency and action.currency != portfolio.currency:
            return f"it pays in {action.currency} and the account is in {portfolio.currency}; {REPAIR}"
        if action.into:
            return self._flaw_of_into(action)
        if action.kind == "stock_dividend" and not action.amount:
            return f"nobody says how many units there are for one; {REPAIR}"
        if action.kind in _ENDS and action.cash is None:
            return f"nobody says what a unit is worth, so it counts at its last price; {REPAIR}"
        return ""

    def _flaw_of_into(self, action: CorporateAction) -> str:
        into = action.into
        if into not in self._owner.terms.instruments:
            return self.strangers.get(into, f"there are no bars of {into} here; add them and start again")
        if action.kind != "rename" and not action.amount:
            return f"nobody says how many {into} there are for one {action.symbol}; {REPAIR}"
        other, held = self._owner.portfolio.quantity(into), self._owner.portfolio.quantity(action.symbol)
        if other * held < 0:
            side = "long" if other > 0 else "short"
            return f"{into} is held {side} beside it ({other:f}): close that first"
        return ""

    def _contradiction(self, action: CorporateAction, bars: Bars | None, price: Decimal | None) -> _Doubt | None:
        """Return what in the prices contradicts an action, or that there is no price yet; None for nothing."""
        symbol, kind = action.symbol, action.kind
        mark = self._owner.portfolio.marks[symbol]
        if kind in _ENDS:
            worth = (action.cash or ZERO) + (action.ratio * price if action.into and price is not None else ZERO)
            return None if not worth or is_in_line(worth, mark) else _contradicted(worth, "a unit", mark)
        if kind == "spin_off" and price is not None and action.units(price) >= mark:
            return _contradicted(action.units(price), f"of {action.into} to a unit", mark)
        if kind == "dividend" and action.amount >= mark:
            return _contradicted(action.amount, "a unit", mark)
        if bars is None or kind == "rename" or (kind == "dividend" and action.amount < LARGE * mark):
            return None
        bar = bars.get(symbol)
        if bar is None or not bar.volume:
            return _Doubt("")
        opened = bar.open
        if kind == "dividend":
            if abs(opened - mark) >= abs(opened - (mark - action.amount)):
                return None
            return _contradicted(action.amount, f"a unit and opens at {opened.normalize():f}", mark)
        if kind == "spin_off" and price is not None:
            worth = opened + action.units(price)
            what = f"with {action.into} ({opened.normalize():f} without)"
            return None if is_in_line(worth, mark) else _contradicted(worth, what, mark)
        if is_in_line(opened * action.ratio, mark):
            return None
        made = f"it opens at {opened.normalize():f} and a price of {mark.normalize():f} before makes"
        return _Doubt(f"the prices contradict it: {made} {mark / action.ratio:.6g}; {_ASK}")

    # to and from the ledger

    def state(self) -> dict[str, Any]:
        """Return what waits as JSON types; nothing for nothing."""
        return {"not_booked": {symbol: asdict(each) for symbol, each in self._open.items()}} if self._open else {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self._open = {symbol: _Open(**each) for symbol, each in state.get("not_booked", {}).items()}


_ASK = (
    "is its day, ratio or amount wrong, or in another unit? Put it right and start again; "
    "if it is right, declare the price of that day as a real jump too"
)
_KINDS = "split, dividend, stock_dividend, spin_off, merger, rename, delisting"


def _contradicted(worth: Decimal, what: str, mark: Decimal) -> _Doubt:
    why = f"the prices contradict it: it is {worth.normalize():f} {what} and the price before is {mark.normalize():f}"
    return _Doubt(f"{why}; {_ASK}", is_final=True)


def _key(action: CorporateAction) -> str:
    return f"{action.ex_date} {action.kind}"


def _judged(action: CorporateAction) -> str:
    return f"{action.text} {action.amount:f} {action.cash}"
