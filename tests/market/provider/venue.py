"""A server that speaks the public REST API of Binance spot, as ccxt asks it, with faults on demand.

Shapes are those of the exchange's documentation (exchangeInfo, klines, time). Prices are made up: a slow wave.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.market.provider.server import ApiServer, Call

MINUTE_MS, DAY_MS = 60_000, 86_400_000
MOST = 1000


def market(base: str, quote: str, tick: str = "0.01000000", step: str = "0.00001000") -> dict[str, Any]:
    return {
        "symbol": base + quote, "status": "TRADING", "baseAsset": base, "baseAssetPrecision": 8, "quoteAsset": quote,
        "quotePrecision": 8, "quoteAssetPrecision": 8, "orderTypes": ["LIMIT", "MARKET"], "icebergAllowed": True,
        "ocoAllowed": True, "isSpotTradingAllowed": True, "isMarginTradingAllowed": False,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00000000", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "9000.00000000", "stepSize": step},
        ],
        "permissions": ["SPOT"],
    }  # fmt: skip


@dataclass
class Venue(ApiServer):
    """The exchange: what it lists, what it says, and which faults wait for the next calls."""

    markets: list[dict[str, Any]] = field(
        default_factory=lambda: [market("BTC", "USDT"), market("ETH", "USDT", step="0.00010000")]
    )
    now_ms: Callable[[], int] = field(default=lambda: int(time.time() * 1000))
    change: Callable[[str, list[list[Any]]], list[list[Any]]] = field(default=lambda symbol, rows: rows)
    """Sees the klines of a symbol before they are sent."""
    timeout_ms: int = 10_000
    """How long the client waits between two bytes."""

    def config(self, url: str) -> dict[str, Any]:
        """What makes ccxt talk to this server."""
        return {"urls": {"api": {"public": f"{url}/api/v3"}}, "timeout": self.timeout_ms, "rateLimit": 1}

    def is_faulty(self, call: Call) -> bool:
        return call.path == "/api/v3/klines"

    def answer(self, call: Call) -> None:
        answers = {"exchangeInfo": self.exchange_info, "time": self.time, "klines": self.klines}
        make = answers.get(call.path.removeprefix("/api/v3/"))
        if make is None:
            call.answer(404, {"code": -1, "msg": f"no such path {call.path}"})
        else:
            make(call)

    def exchange_info(self, call: Call) -> None:
        call.answer(200, {"timezone": "UTC", "serverTime": self.now_ms(), "rateLimits": [], "symbols": self.markets})

    def time(self, call: Call) -> None:
        call.answer(200, {"serverTime": self.now_ms()})

    def klines(self, call: Call) -> None:
        symbol = call.query["symbol"]
        if symbol not in {each["symbol"] for each in self.markets}:
            call.answer(400, {"code": -1121, "msg": "Invalid symbol."})
            return
        step = MINUTE_MS if call.query["interval"] == "1m" else DAY_MS
        limit = min(MOST, int(call.query.get("limit", "500")))
        first = -(-int(call.query.get("startTime", "0")) // step) * step
        end = min(self.now_ms(), int(call.query.get("endTime", str(self.now_ms()))))
        opens = range(first, end + 1, step)[:limit]  # the one that is not over yet comes too, as at the exchange
        call.answer(200, self.change(symbol, [kline(symbol, at, step) for at in opens]))


def price(symbol: str, at_ms: int) -> float:
    base = 60_000.0 if symbol.startswith("BTC") else 3_000.0
    return round(base * (1 + 0.02 * math.sin(at_ms / MINUTE_MS / 90) + 0.1 * math.sin(at_ms / DAY_MS / 30)), 2)


def kline(symbol: str, at_ms: int, step: int) -> list[Any]:
    """open time, open, high, low, close, volume, close time, quote volume, trades, taker base, taker quote, unused"""
    opened, closed = price(symbol, at_ms), price(symbol, at_ms + step)
    high, low = max(opened, closed) * 1.0005, min(opened, closed) * 0.9995
    volume = 40.0 if step == MINUTE_MS else 50_000.0
    texts = [f"{each:.2f}" for each in (opened, high, low, closed)]
    return [at_ms, *texts, f"{volume:.8f}", at_ms + step - 1, "1", 10, "1", "1", "0"]
