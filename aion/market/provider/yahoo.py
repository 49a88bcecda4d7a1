"""Bars of shares and crypto from Yahoo, with `yfinance`: no key, unofficial, delayed, adjusted for past splits.

Yahoo divides all earlier prices by a split's ratio once it has happened, but not for dividends (`auto_adjust` off).
So bars are raw from the moment a desk is live: splits from then on are corporate actions, earlier ones are not.
"""

import logging
import math
import threading
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from aion.clock import Clock, SystemClock
from aion.errors import FeedError
from aion.extras import need
from aion.market.action import CorporateAction
from aion.market.exchange import ALWAYS
from aion.market.instrument import instrument
from aion.market.provider.protocol import Answer, GoneError, LimitError
from aion.market.provider.sessions import session_answer, session_rows
from aion.market.series import Kind
from aion.model import Instrument

TIMEOUT_S = 10
NOT_FOUND = 404
EXCHANGES = {
    "NMS": "XNAS", "NGM": "XNAS", "NCM": "XNAS", "NYQ": "XNYS", "PCX": "XNYS", "ASE": "XNYS", "BTS": "XNYS",
    "LSE": "XLON", "HKG": "XHKG", "CCC": ALWAYS,
}  # fmt: skip
"""MIC by Yahoo's name of an exchange; US listings elsewhere keep the sessions of New York."""
_PENCE = {"GBp": ("GBP", Decimal("0.01"))}
_COLUMNS = {"Open": "open", "High": "high", "Low": "low", "Close": "close", "Volume": "volume"}
_calls = count()
_DELISTED = "symbol may be delisted"  # Yahoo's words; those of yfinance for any empty answer are "possibly delisted"
_COIN_STEP = Decimal("0.00000001")
_SHARE_STEP = Decimal("0.0001")  # single precision has noise beyond it
_SINGLE_DIGITS = 7  # that the single precision of Yahoo's prices holds


class YahooProvider:
    """Yahoo's chart endpoint."""

    name = "yahoo"
    delay_s = 1200.0
    """What Yahoo says of its slowest exchange (London, 20 minutes); it promises nothing for any."""
    timezone = "America/New_York"
    provenance = "Bars by Yahoo, 20 minutes late: unofficial, for personal use only, by Yahoo's terms."
    chunk: Mapping[Kind, timedelta] = {"minute": timedelta(days=5), "day": timedelta(days=1000)}
    parallel = 1
    """yfinance has one session, which is no place for two threads."""
    pace_s = 0.5
    """Yahoo states no limit; one request waits for the other, and half a second is a slow answer."""
    asks_each = True
    is_history_adjusted = True

    def __init__(self, session: Any = None, clock: Clock | None = None) -> None:
        """Prepare; sends no request yet.

        Args:
            session: curl_cffi session for yfinance; None for its own.
            clock: wall time.

        Raises:
            ConfigError: yfinance is missing.
        """
        self._yfinance = need("yfinance", "yahoo")
        self._errors = need("yfinance.exceptions", "yahoo")
        self._yfinance.config.debug.hide_exceptions = False
        logging.getLogger("yfinance").setLevel(logging.CRITICAL)  # what fails is raised too, and said in one sentence
        self._session = session
        self._clock = clock or SystemClock()
        self._zones: dict[str, str] = {}
        self._exchanges: dict[str, str] = {}
        self._units: dict[str, Decimal] = {}
        self._steps: dict[str, Decimal] = {}
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Do nothing: yfinance has one session, in which each call has its own connection."""

    def instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        """Return the instruments of `symbols`, in Yahoo's spelling: `MSFT`, `AZN.L`, `9988.HK`, `BTC-USD`."""
        return {symbol: self._instrument(symbol) for symbol in symbols}

    def _instrument(self, symbol: str) -> Instrument:
        ticker = self._ticker(symbol)
        self._history(symbol, period="5d", interval="1d")
        about = self._ask(symbol, ticker.get_history_metadata)
        exchange = EXCHANGES.get(str(about.get("exchangeName")))
        currency = str(about.get("currency") or "")
        if exchange is None or not currency:
            raise GoneError(f"{symbol} trades on {about.get('exchangeName')}, whose sessions are not known here")
        currency, unit = _PENCE.get(currency, (currency, Decimal(1)))
        self._exchanges[symbol], self._units[symbol] = exchange, unit
        self._zones[symbol] = str(about.get("exchangeTimezoneName") or "UTC")
        self._steps[symbol] = _SHARE_STEP
        if exchange == ALWAYS:
            tick = self._steps[symbol] = _coin_tick(about.get("regularMarketPrice"))
            return Instrument(symbol, exchange, currency, tick, _COIN_STEP, _COIN_STEP, kind="coin")
        known = instrument(symbol, exchange, currency, "raw")
        return known if known.exchange == exchange else Instrument(symbol, exchange, currency)

    def bars(self, kind: Kind, symbol: str, after: datetime, until: datetime) -> Answer:
        """Return the complete bars that close after `after` and not after `until`."""
        back = timedelta(days=3) if kind == "day" else timedelta(minutes=1)
        # yfinance keeps answers of the past by their span, broken ones too: no two spans are the same
        end = until + timedelta(seconds=next(_calls) % 600)
        frame = self._history(
            symbol, start=after - back, end=end, interval="1m" if kind == "minute" else "1d", is_needed=False
        )
        rows = [] if frame is None else [_row(at, values) for at, values in frame.iterrows()]
        complete = session_rows(rows, kind, self._exchanges[symbol], self._zones[symbol], after, until)
        unit, step = self._units[symbol], self._steps[symbol]
        return session_answer(symbol, complete, unit=unit, step=step, is_repaired=True)

    def actions(self, symbols: Sequence[str], since: datetime) -> Sequence[CorporateAction]:
        """Return splits and dividends with an ex-date after the day of `since`."""
        found = []
        end = self._clock.now() + timedelta(seconds=next(_calls) % 600)  # as in `bars`
        for symbol in symbols:
            try:
                frame = self._history(
                    symbol, start=since - timedelta(days=5), end=end, interval="1d", is_needed=False
                )
            except GoneError:  # it has none to come, and the bars of the others do not wait for it
                continue
            if frame is None:
                continue
            unit = self._units[symbol]
            for at, values in frame.iterrows():
                if at.date() <= since.date():
                    continue
                if values.get("Stock Splits"):
                    ratio = Decimal(str(values["Stock Splits"]))
                    found.append(CorporateAction(symbol, at.date(), "split", ratio))
                if values.get("Dividends"):
                    money = Decimal(str(values["Dividends"])) * unit
                    found.append(CorporateAction(symbol, at.date(), "dividend", money))
        return sorted(found, key=lambda each: (each.ex_date, each.symbol))

    def _ticker(self, symbol: str) -> Any:
        return self._yfinance.Ticker(symbol, session=self._session)

    def _history(self, symbol: str, *, is_needed: bool = True, **span: Any) -> Any:
        """Return a frame of unadjusted bars; None if there is none in that period and none is required."""
        ticker = self._ticker(symbol)
        call = lambda: ticker.history(  # noqa: E731
            auto_adjust=False, actions=True, prepost=False, timeout=TIMEOUT_S, **span
        )
        try:
            return self._ask(symbol, call)
        except (GoneError, _NothingError):
            if is_needed:
                raise
        # Yahoo may answer an empty span as it answers an unknown symbol: the newest days tell
        self._ask(symbol, lambda: self._ticker(symbol).history(period="5d", interval="1d", timeout=TIMEOUT_S))
        return None

    def _ask(self, symbol: str, call: Any) -> Any:
        try:
            with self._lock, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of pandas, about how yfinance calls it
                return call()
        except self._errors.YFRateLimitError:
            raise LimitError("yahoo asks for fewer requests") from None
        except self._errors.YFTickerMissingError as error:
            if _DELISTED in str(error):
                raise GoneError(f"yahoo has no bars of {symbol}") from None
            raise _NothingError(f"yahoo gave no bars of {symbol}") from None
        except self._errors.YFException as error:
            raise FeedError(f"yahoo refused: {str(error)[:160]}") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            if getattr(getattr(error, "response", None), "status_code", 0) == NOT_FOUND:
                raise GoneError(f"yahoo has no bars of {symbol}") from None
            said = str(error).split(". See http")[0][:160]  # curl adds where its errors are explained
            raise FeedError(f"yahoo cannot be reached or read: {type(error).__name__}: {said}") from None


class _NothingError(FeedError):
    """An answer without bars: an empty period or a problem at Yahoo, not a missing symbol."""


def _coin_tick(price: Any) -> Decimal:
    """Return the step of a coin's prices: four decimals, and for a small price as many as Yahoo knows of it."""
    known = Decimal(repr(float(price))) if isinstance(price, int | float) and 0 < price < math.inf else Decimal(1)
    return Decimal(1).scaleb(min(-4, known.adjusted() + 1 - _SINGLE_DIGITS))


def _row(at: Any, values: Any) -> dict[str, str]:
    """Return a row of a frame with the field names of `clean`; `ts` is its open."""
    named = {name: repr(float(values[column])) for column, name in _COLUMNS.items() if column in values}
    return named | {"ts": at.to_pydatetime().astimezone(UTC).isoformat()}
