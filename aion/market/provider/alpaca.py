"""Bars of US shares from Alpaca, with `alpaca-py`: needs a free key; live raw bars of IEX."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from aion.errors import ConfigError, FeedError
from aion.extras import need
from aion.market.action import CorporateAction
from aion.market.provider.alpaca_action import actions_of
from aion.market.provider.pool import ClientPool, Pacer
from aion.market.provider.protocol import Answer, GoneError, LimitError
from aion.market.provider.sessions import session_answer, session_rows
from aion.market.series import Kind
from aion.model import Instrument

EXCHANGE = "XNYS"
"""All US listings: the sessions of Nasdaq are the same."""
_PRICE_STEP = Decimal("0.0001")  # of the finest prices that Regulation NMS lets shares have
TIMEOUT_S = 10.0  # alpaca-py itself waits for ever


class AlpacaProvider:
    """Alpaca's data API."""

    name = "alpaca"
    delay_s = 0.0
    timezone = "America/New_York"
    provenance = "IEX bars by Alpaca, raw, as they come: a few per cent of the US volume, so prices are IEX's own."
    chunk: Mapping[Kind, timedelta] = {"minute": timedelta(days=10), "day": timedelta(days=1000)}
    parallel = 4
    pace_s = 0.3
    asks_each = False
    """Free keys have 200 requests a minute (Alpaca, market data FAQ)."""
    is_history_adjusted = False

    def __init__(self, key: str, secret: str, url: str | None = None) -> None:
        """Prepare the clients; sends no request yet.

        Args:
            key: API key.
            secret: secret of the key.
            url: data API; None for Alpaca's.

        Raises:
            ConfigError: alpaca-py or the key is missing.
        """
        need("alpaca", "alpaca")
        if not key or not secret:
            raise ConfigError(
                "the alpaca feed needs a key, which is free: set AION_ALPACA_KEY and AION_ALPACA_SECRET"
            )
        self._key, self._secret, self._url = key, secret, url
        self._requests = need("alpaca.data.requests", "alpaca")
        self._errors = need("alpaca.common.exceptions", "alpaca")
        self._pacer = Pacer(self.pace_s)
        self._pool = ClientPool(self._make)

    def reset(self) -> None:
        """Use new clients from now on."""
        self._pool.clear()

    def _make(self) -> tuple[Any, Any]:
        """Return a client for bars and one for corporate actions."""
        stock = need("alpaca.data.historical.stock", "alpaca").StockHistoricalDataClient
        corporate = need("alpaca.data.historical.corporate_actions", "alpaca").CorporateActionsClient
        clients = [
            each(self._key, self._secret, raw_data=True, url_override=self._url) for each in (stock, corporate)
        ]
        for client in clients:
            session = client._session  # noqa: SLF001 - its client has no other place for a session
            session.request = partial(session.request, timeout=TIMEOUT_S)
        return clients[0], clients[1]

    def instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        """Return the instruments of those `symbols` that have a newest bar."""
        request = self._requests.StockLatestBarRequest(symbol_or_symbols=list(symbols), feed="iex")
        found = self._ask(lambda stock, _: stock.get_stock_latest_bar(request))
        missing = [symbol for symbol in symbols if symbol not in (found or {})]
        if missing:
            raise GoneError(f"alpaca has no IEX bars of {', '.join(missing)}")
        return {symbol: Instrument(symbol, EXCHANGE, "USD") for symbol in symbols}

    def bars(self, kind: Kind, symbol: str, after: datetime, until: datetime) -> Answer:
        """Return the complete bars that close after `after` and not after `until`."""
        frames = need("alpaca.data.timeframe", "alpaca").TimeFrame
        request = self._requests.StockBarsRequest(
            symbol_or_symbols=symbol,
            timeframe=frames.Minute if kind == "minute" else frames.Day,
            start=after - timedelta(days=3 if kind == "day" else 0, minutes=1),
            end=until,
            adjustment="raw",
            feed="iex",
        )
        answer = self._ask(lambda stock, _: stock.get_stock_bars(request))
        rows = answer.get(symbol) or [] if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            raise FeedError(f"alpaca answered {type(answer).__name__} where bars of {symbol} belong")
        complete = session_rows(map(_row, rows), kind, EXCHANGE, self.timezone, after, until)
        return session_answer(symbol, complete, step=_PRICE_STEP)

    def actions(self, symbols: Sequence[str], since: datetime) -> Sequence[CorporateAction]:
        """Return corporate actions with an ex-date after the day of `since`, a week ahead."""
        day = since.date()
        request = self._requests.CorporateActionsRequest(
            symbols=list(symbols), start=day, end=datetime.now(UTC).date() + timedelta(days=7)
        )
        answer = self._ask(lambda _, corporate: corporate.get_corporate_actions(request)) or {}
        return [each for each in actions_of(answer) if each.ex_date > day]

    def _ask(self, call: Callable[[Any, Any], Any]) -> Any:
        network = need("requests", "alpaca").RequestException
        self._pacer.wait()
        try:
            with self._pool.lend() as (stock, corporate):
                return call(stock, corporate)
        except self._errors.APIError as error:
            status = error.status_code
            said = " ".join(str(error).split())[:160]
            if status in (401, 403):
                raise GoneError(f"alpaca refuses the key or the request ({status}): {said}") from None
            if status in (400, 422):
                raise GoneError(f"alpaca refuses a symbol or the request ({status}): {said}") from None
            kind = LimitError if status == 429 else FeedError
            raise kind(f"alpaca answers with status {status}: {said}") from None
        except network as error:
            raise FeedError(f"alpaca cannot be reached: {type(error).__name__}: {str(error)[:160]}") from None


def _row(row: Any) -> dict[str, str]:
    """Return a raw bar with the field names of `clean`; `ts` is its open."""
    if not isinstance(row, dict):
        return {"ts": ""}
    names = {"t": "ts", "o": "open", "h": "high", "l": "low", "c": "close", "v": "volume"}
    return {name: str(row[key]) for key, name in names.items() if key in row}
