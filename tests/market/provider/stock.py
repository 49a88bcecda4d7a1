"""A server that speaks Alpaca's data API and Yahoo's chart endpoint, over the recorded bars of MSFT, with faults."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aion.market import calendar
from aion.market.feed import RecordedFeed
from aion.model import Bar
from tests.market.provider.server import ApiServer, Call

NEW_YORK = ZoneInfo("America/New_York")
END = datetime(2022, 6, 16, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
_feed = RecordedFeed()
MINUTES = _feed.history("minute", "MSFT", END, 100_000)
DAYS = _feed.history("day", "MSFT", END, 60)


def opens_at(bar: Bar, kind: str) -> datetime:
    """The time that both providers name a bar by."""
    if kind == "minute":
        return bar.ts - MINUTE
    return datetime.combine(bar.ts.astimezone(NEW_YORK).date(), datetime.min.time(), NEW_YORK)


@dataclass
class StockServer(ApiServer):
    """What it knows, and how it changes it."""

    symbols: set[str] = field(default_factory=lambda: {"MSFT"})
    change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = field(default=lambda rows: rows)
    actions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    events: dict[str, Any] = field(default_factory=dict)
    page: int = 10_000
    now: datetime = END
    meta: dict[str, Any] = field(
        default_factory=lambda: {
            "currency": "USD", "symbol": "MSFT", "exchangeName": "NMS", "instrumentType": "EQUITY",
            "exchangeTimezoneName": "America/New_York", "timezone": "EDT", "gmtoffset": -14400, "priceHint": 2,
            "dataGranularity": "1d", "range": "", "validRanges": ["1d", "5d", "1mo"], "firstTradeDate": 511108200,
        }
    )  # fmt: skip

    def is_faulty(self, call: Call) -> bool:
        return "getcrumb" not in call.path and call.path != "/"

    def answer(self, call: Call) -> None:
        if call.path == "/v2/stocks/bars/latest":
            wanted = call.query["symbols"].split(",")
            newest = self.row(MINUTES[-1], "minute")
            call.answer(200, {"bars": {symbol: newest for symbol in wanted if symbol in self.symbols}})
        elif call.path == "/v2/stocks/bars":
            self.alpaca_bars(call)
        elif call.path == "/v1/corporate-actions":
            call.answer(200, {"corporate_actions": self.actions, "next_page_token": None})
        elif call.path.startswith("/v8/finance/chart/"):
            self.chart(call, call.path.rsplit("/", 1)[1])
        elif call.path == "/v1/test/getcrumb":
            call.answer(200, b"crumb")
        else:
            call.answer(404, {"code": 40410000, "message": "endpoint not found"})

    def select(self, kind: str, start: datetime, end: datetime) -> list[Bar]:
        bars = MINUTES if kind == "minute" else DAYS
        return [bar for bar in bars if start <= opens_at(bar, kind) <= min(end, self.now)]

    def row(self, bar: Bar, kind: str) -> dict[str, Any]:
        at = opens_at(bar, kind).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        prices = {name: float(getattr(bar, long)) for name, long in zip("ohlc", LONG, strict=True)}
        return {"t": at, **prices, "v": int(bar.volume), "n": 1, "vw": prices["c"]}

    def alpaca_bars(self, call: Call) -> None:
        kind = "minute" if call.query["timeframe"] == "1Min" else "day"
        start, end = (datetime.fromisoformat(call.query[name]).astimezone(UTC) for name in ("start", "end"))
        symbol = call.query["symbols"]
        rows = [self.row(bar, kind) for bar in self.select(kind, start, end)] if symbol in self.symbols else []
        rows = self.change(rows)
        at = int(call.query.get("page_token", "0"))
        page, rest = rows[at : at + self.page], rows[at + self.page :]
        call.answer(200, {"bars": {symbol: page}, "next_page_token": str(at + self.page) if rest else None})

    def chart(self, call: Call, symbol: str) -> None:
        if symbol not in self.symbols:
            error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            call.answer(404, {"chart": {"result": None, "error": error}})
            return
        kind = "minute" if call.query["interval"] == "1m" else "day"
        if "period1" in call.query:
            start, end = (datetime.fromtimestamp(int(call.query[name]), UTC) for name in ("period1", "period2"))
        else:
            start, end = self.now - timedelta(days=7), self.now
        rows = self.change([self.row(bar, kind) for bar in self.select(kind, start, end)])
        meta = self.meta | {"symbol": symbol, "dataGranularity": call.query["interval"]}
        if kind == "minute":
            first, last = (each.date() for each in (start, end))
            meta["tradingPeriods"] = [
                [{"timezone": "EDT", "start": int(each.open.timestamp()), "end": int(each.close.timestamp()),
                  "gmtoffset": -14400}]
                for each in calendar.sessions("XNYS", first, last)
            ]  # fmt: skip
        result: dict[str, Any] = {"meta": meta, "indicators": {"quote": [{}]}}
        if rows:
            stamps = [int(datetime.fromisoformat(row["t"]).timestamp()) for row in rows]
            if kind == "day":  # Yahoo names a day by the open of its session
                stamps = [stamp + 34_200 for stamp in stamps]
            result["timestamp"] = stamps
            names = zip(("open", "high", "low", "close", "volume"), "ohlcv", strict=True)
            result["indicators"]["quote"] = [{name: [row[key] for row in rows] for name, key in names}]
            if kind == "day":
                result["indicators"]["adjclose"] = [{"adjclose": [row["c"] for row in rows]}]
                if self.events:
                    result["events"] = self.events
        call.answer(200, {"chart": {"result": [result], "error": None}})


LONG = ("open", "high", "low", "close")
