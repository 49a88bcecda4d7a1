"""Public bars of a crypto exchange, with `ccxt`: no key, always open, fractional quantities."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aion.clock import Clock, SystemClock
from aion.currency import COIN_DECIMALS
from aion.errors import ConfigError, FeedError
from aion.extras import need
from aion.market.action import CorporateAction
from aion.market.bar_check import Report, clean
from aion.market.exchange import ALWAYS
from aion.market.provider.pool import ClientPool, Pacer
from aion.market.provider.protocol import Answer, GoneError, LimitError, retry_after_s
from aion.market.series import Kind
from aion.model import Instrument

TIMEOUT_MS = 10_000
PAGE = 1000  # bars a request; exchanges that give fewer are asked more often
MOST_PAGES = 400  # of one call: more than a year of days or a quarter of minutes
UNKNOWN_STEP = Decimal(1).scaleb(-COIN_DECIMALS)  # where an exchange does not say how it counts
SKEW_S = 2.0  # beyond it this machine's clock is corrected by the exchange's, or a bar would be taken before its end
_STEP = {"minute": timedelta(minutes=1), "day": timedelta(days=1)}
_FRAME = {"minute": "1m", "day": "1d"}


class CcxtProvider:
    """One exchange."""

    name = "ccxt"
    delay_s = 0.0
    timezone = "UTC"
    chunk: Mapping[Kind, timedelta] = {"minute": timedelta(minutes=PAGE), "day": timedelta(days=PAGE)}
    parallel = 6
    asks_each = False
    is_history_adjusted = False

    def __init__(self, venue: str, config: Mapping[str, Any] | None = None, clock: Clock | None = None) -> None:
        """Prepare an exchange; sends no request yet.

        Args:
            venue: its name in ccxt, e.g. `binance`.
            config: further ccxt settings of the exchange; tests set `urls` to a server of their own.
            clock: wall clock, to compare with the exchange's.

        Raises:
            ConfigError: ccxt is missing, or knows no such exchange.
        """
        self._ccxt = need("ccxt", "ccxt")
        if venue not in self._ccxt.exchanges:
            raise ConfigError(f"--venue {venue!r} is not an exchange that ccxt knows, such as binance, kraken or okx")
        self.venue = venue
        self.provenance = f"Public bars of {venue} by ccxt {self._ccxt.__version__}, as they come."
        self._config = dict(config or {})
        self._clock = clock or SystemClock()
        self._types = ["spot"]
        self._skew = timedelta(0)
        first = self._connect()
        self.pace_s = float(first.rateLimit) / 1000
        self._pacer = Pacer(self.pace_s)
        self._markets: Any = None
        self._decimals = first.precisionMode != self._ccxt.TICK_SIZE
        self._pool = ClientPool(self._make)

    def _make(self) -> Any:
        """Return a client with the known markets; all clients share the exchange's rate limit."""
        client = self._connect()
        client.throttle = self._pacer.wait
        if self._markets:
            client.set_markets(self._markets)
        return client

    def _connect(self) -> Any:
        settings = {
            "enableRateLimit": True,
            "timeout": TIMEOUT_MS,
            "options": {"defaultType": "spot", "fetchMarkets": {"types": self._types}},
        }
        return getattr(self._ccxt, self.venue)(settings | self._config)

    def reset(self) -> None:
        """Use new clients from now on."""
        self._pool.clear()

    def instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        """Return the instruments of `symbols`: `BTC/USDT` is a spot market, `BTC/USDT:USDT` a linear perpetual."""
        types = ["spot", "linear"] if any(":" in symbol for symbol in symbols) else ["spot"]
        if types != self._types:
            self._types = types
            self._pool.clear()  # clients that were made without them
        markets = self._ask(lambda client: client.load_markets(), "")
        self._markets = markets
        has = self._ask(lambda client: client.has, "")
        if not has.get("fetchOHLCV"):
            raise GoneError(f"{self.venue} gives no bars: choose another --venue")
        if has.get("fetchTime"):
            server = datetime.fromtimestamp(self._ask(lambda client: client.fetch_time(), "") / 1000, UTC)
            skew = server - self._clock.now()
            self._skew = skew if abs(skew.total_seconds()) > SKEW_S else timedelta(0)
        return {symbol: self._instrument(symbol, markets) for symbol in symbols}

    def _instrument(self, symbol: str, markets: Mapping[str, Any]) -> Instrument:
        market = markets.get(symbol)
        if market is not None and not market.get("spot", True) and not _is_linear_perpetual(market):
            raise GoneError(
                f"{symbol} of {self.venue} is neither a spot market nor a linear perpetual, as BTC/USDT:USDT"
            )
        if market is None or market.get("active") is False:
            what = "linear perpetual" if ":" in symbol else "spot market"
            near = sorted(name for name in markets if name.startswith(symbol.split("/")[0] + "/"))[:5]
            raise GoneError(
                f"{self.venue} has no {what} {symbol!r}" + (f"; it has {', '.join(near)}" if near else "")
            )
        tick, step = self._step(market["precision"]["price"]), self._step(market["precision"]["amount"])
        if _is_linear_perpetual(market):
            step *= Decimal(
                str(market.get("contractSize") or 1)
            )  # some count in contracts; quantities here are coins
        is_perpetual = _is_linear_perpetual(market)
        return Instrument(
            symbol,
            ALWAYS,
            market["quote"],
            tick,
            step,
            step,
            "raw",
            f"{market['base']}{' perpetual' if is_perpetual else ''}, {self.venue}",
            kind="perpetual" if is_perpetual else "coin",
            settlement=str(market.get("settle") or "") if is_perpetual else "",
        )

    def _step(self, value: Any) -> Decimal:
        """Return a precision as a step: ccxt gives a step, or for some exchanges the number of decimals."""
        if value is None:
            return UNKNOWN_STEP
        return Decimal(1).scaleb(-int(value)) if self._decimals else Decimal(str(value)).normalize()

    def bars(self, kind: Kind, symbol: str, after: datetime, until: datetime) -> Answer:
        """Return the complete bars that close after `after` and not after `until`."""
        step = _STEP[kind]
        until += self._skew
        report = Report(symbol)
        rows: list[Sequence[Any]] = []
        since = after - step + timedelta(milliseconds=1)  # a bar is named by its open
        for _ in range(MOST_PAGES):
            wanted = min(PAGE, math.ceil((until - since) / step))
            page = self._page(kind, symbol, since, max(2, wanted))
            rows += page
            opens = [row[0] for row in page if row and isinstance(row[0], int | float)]
            newest = datetime.fromtimestamp(max(opens) / 1000, UTC) if opens else until
            if newest + step <= since or newest + 2 * step > until:
                break
            since = newest + step
        closes = [_moment(row, step) for row in rows]
        complete = [
            _text(row, close) for row, close in zip(rows, closes, strict=True) if close is None or close <= until
        ]
        found = [bar for bar in clean(symbol, complete, report, step=None) if after < bar.ts]
        silent = [ts for ts in report.silent if after < ts]
        return Answer(found, silent, report.refused, report.examples)

    def _page(self, kind: Kind, symbol: str, since: datetime, limit: int) -> list[Sequence[Any]]:
        at_ms = int(since.timestamp() * 1000)
        answer = self._ask(lambda client: client.fetch_ohlcv(symbol, _FRAME[kind], since=at_ms, limit=limit), symbol)
        if not isinstance(answer, list):
            raise FeedError(f"{self.venue} answered {type(answer).__name__} where bars of {symbol} belong")
        return answer

    def actions(self, symbols: Sequence[str], since: datetime) -> Sequence[CorporateAction]:
        """Return none: crypto has no splits and no dividends."""
        return ()

    def _ask(self, call: Callable[[Any], Any], symbol: str) -> Any:
        with self._pool.lend() as client:
            return self._ask_by(client, call, symbol)

    def _ask_by(self, client: Any, call: Callable[[Any], Any], symbol: str) -> Any:
        try:
            return call(client)
        except self._ccxt.BadSymbol:
            raise GoneError(f"{self.venue} does not list {symbol} any more") from None
        except (self._ccxt.RateLimitExceeded, self._ccxt.DDoSProtection) as error:
            asked_s = retry_after_s(client.last_response_headers)
            raise LimitError(f"{self.venue} asks for fewer requests: {_short(error)}", asked_s) from None
        except self._ccxt.NetworkError as error:
            raise FeedError(f"{self.venue} cannot be reached: {_short(error)}") from None
        except self._ccxt.BaseError as error:
            raise FeedError(f"{self.venue} refused: {_short(error)}") from None


def _is_linear_perpetual(market: Mapping[str, Any]) -> bool:
    return bool(market.get("swap")) and bool(market.get("linear"))


def _short(error: Exception) -> str:
    plain = re.sub(r"(https?://[^\s?]*)\?\S*", r"\1", " ".join(str(error).split()))
    return f"{type(error).__name__}: {plain[:160]}"


def _moment(row: Sequence[Any], step: timedelta) -> datetime | None:
    """Return the close of a ccxt row, which has its open in ms; None if that is invalid."""
    try:
        return datetime.fromtimestamp(row[0] / 1000, UTC) + step
    except (TypeError, IndexError, ValueError, OverflowError, OSError):
        return None


def _text(row: Sequence[Any], close: datetime | None) -> dict[str, str]:
    """Return a ccxt row with the field names of `clean`."""
    names = ("open", "high", "low", "close", "volume")
    text = {name: str(value) for name, value in zip(names, row[1:6], strict=False)}
    return text | {"ts": close.isoformat() if close is not None else ""}
