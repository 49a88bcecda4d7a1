"""What a bot knows of corporate actions: which concern it, what its symbols become, which bars no longer count."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from aion.config import BotSettings
from aion.market.action import CorporateAction
from aion.market.calendar import MarketSession
from aion.market.exchange import exchange_of
from aion.market.feed import Feed, Kind
from aion.model import Bar, Instrument
from aion.store.log.process_log import ProcessLog
from aion.trading.broker import PaperBroker

ENDS = ("merger", "delisting", "rename")
"""Kinds after which a symbol has no bars that may be traded on."""


def inherited(
    settings: BotSettings, feed: Feed, kind: Kind, own: Mapping[str, Instrument]
) -> tuple[dict[str, Instrument], dict[str, str]]:
    """Return the instruments that actions of a bot's symbols give, and of those it cannot hold why.

    Args:
        settings: of the bot.
        feed: knows the actions.
        kind: of the bars.
        own: instruments that the bot names.
    """
    offered = feed.instruments(kind)
    found: dict[str, Instrument] = {}
    strange: dict[str, str] = {}
    waiting = set(own)
    while waiting:
        given = {each.into for each in feed.actions(frozenset(waiting)) if each.into}
        waiting = set()
        for symbol in sorted(given - found.keys() - strange.keys() - own.keys()):
            instrument = offered.get(symbol)
            if why := _stranger(symbol, instrument, settings, feed.name):
                strange[symbol] = why
            elif instrument is not None:
                found[symbol] = instrument
                waiting.add(symbol)
    return found, strange


def _stranger(symbol: str, instrument: Instrument | None, settings: BotSettings, feed: str) -> str:
    if instrument is None:
        return f"the {feed} feed has no bars of {symbol} here; add them and start again"
    if instrument.currency != settings.currency:
        return f"{symbol} trades in {instrument.currency} and the account is in {settings.currency}"
    if exchange_of(instrument.exchange).hours != exchange_of(settings.exchange).hours:
        return f"{symbol} trades on {instrument.exchange}, whose sessions are not those of {settings.exchange}"
    return ""


def first_names(symbols: Iterable[str], actions: Iterable[CorporateAction]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the symbols without those that are later names of others, and later names by the first of each.

    Args:
        symbols: of a bot, those that it names.
        actions: that are known.
    """
    renamed = {each.into: each.symbol for each in actions if each.kind == "rename"}
    first: dict[str, str] = {}
    for into in renamed:
        name, seen = into, {into}
        while name in renamed and renamed[name] not in seen:
            name = renamed[name]
            seen.add(name)
        first[into] = name
    named = list(symbols)
    kept = tuple(symbol for symbol in named if first.get(symbol, symbol) == symbol or first[symbol] not in named)
    return kept, {later: name for later, name in first.items() if name in kept}


class ActionWatch:
    """The corporate actions of a bot's symbols."""

    def __init__(self, settings: BotSettings, feed: Feed, kind: Kind, own: Mapping[str, Instrument]) -> None:
        """Args: settings: of the bot; feed: knows the actions; kind: of its bars; own: instruments that it names."""
        given, self._strangers = inherited(settings, feed, kind, own)
        self.instruments: dict[str, Instrument] = {**own, **given}
        """By symbol, also of what actions may make of its own."""
        self.symbols: tuple[str, ...] = (*settings.symbols, *given)
        """What the bot is handed bars of."""
        self.known = tuple[CorporateAction, ...]()
        """By day, those that count for the bot, and declared jumps."""
        self.ended: set[str] = set()
        """Symbols of which it was said that their bars are not traded on any more."""
        self._begins: dict[str, date] = {}
        self._ends: dict[str, CorporateAction] = {}
        self._first: dict[str, date] = {}
        """First session day of the bars of each symbol that ends."""
        self.learn(feed)
        self.names, self.later = first_names(settings.symbols, self.known)

    def learn(self, feed: Feed) -> list[CorporateAction]:
        """Take what `feed` knows now; return what was not known before."""
        found = [each for each in feed.actions(frozenset(self.instruments)) if self._counts(each)]
        fresh = [each for each in found if each not in self.known]
        self.known = tuple(found)
        self._ends = {each.symbol: each for each in found if each.kind in ENDS}
        self._begins = {each.into: each.ex_date for each in found if each.kind == "rename"}
        for each in found:
            if each.into and each.into not in self.instruments:
                why = f"the bot gets no bars of {each.into}: see that the feed has them, and start again"
                self._strangers.setdefault(each.into, why)
        return fresh

    def _counts(self, action: CorporateAction) -> bool:
        """Tell whether an action is one of this bot's: adjusted prices have splits and dividends in them."""
        return not action.is_of_raw_prices or self.instruments[action.symbol].price_basis == "raw"

    def serve(self, broker: PaperBroker) -> PaperBroker:
        """Tell a broker what it cannot hold, and return it."""
        broker.corporate.strangers = self._strangers
        return broker

    def begin(
        self, broker: PaperBroker, session: MarketSession, bars: Mapping[str, Bar], log: ProcessLog
    ) -> list[CorporateAction]:
        """Begin `session` and book what is due at the prices of `bars`; return what took effect, held or not."""
        corporate = broker.corporate
        if not self.known and not corporate.is_open:
            return []
        before = corporate.unmarked
        took = broker.apply_actions(self.known, session, bars)
        for symbol in sorted(corporate.unmarked - before):
            log.warning(corporate.why(symbol), bot=broker.bot, market_time=session.open)
        return took

    def of_day(self, bars: Mapping[str, Bar], day: date) -> Mapping[str, Bar]:
        """Return the bars without those of before a symbol's first day, and from its last one on."""
        begins = self._begins
        if not begins and not self._ends:
            return bars
        for symbol in self._ends.keys() & bars.keys():
            self._first.setdefault(symbol, day)
        return {
            symbol: bar
            for symbol, bar in bars.items()
            if not (symbol in begins and day < begins[symbol]) and not self._end_of(symbol, day)
        }

    def _end_of(self, symbol: str, day: date) -> str:
        """Return what ended a symbol by `day`, for people; an empty text when nothing did."""
        end = self._ends.get(symbol)
        if end is None or day < end.ex_date or end.ex_date <= self._first.get(symbol, end.ex_date):
            return ""  # a symbol that was never seen before that day is another company's since
        return end.text

    def say_ended(self, broker: PaperBroker, bars: Mapping[str, Bar], day: date, ts: datetime) -> None:
        """Record once that bars come of a symbol that is no more."""
        for symbol in bars.keys() - self.ended if self._ends else ():
            if end := self._end_of(symbol, day):
                self.ended.add(symbol)
                broker.note(ts, "refused", f"bars of {symbol} after the {end} are not traded on", symbol)


def tradable(broker: PaperBroker, bars: Mapping[str, Bar]) -> Mapping[str, Bar]:
    """Return the bars without those of what is held and not booked: their prices are not those of what is held."""
    unmarked = broker.corporate.unmarked if broker.corporate.is_open else ()
    return {symbol: bar for symbol, bar in bars.items() if symbol not in unmarked} if unmarked else bars
