"""A server that speaks the public REST API of Binance spot, as ccxt asks it, with faults on demand.

Shapes are those of the exchange's documentation (exchangeInfo, klines, time). Prices are made up: a slow wave.
"""

import json
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

MINUTE_MS, DAY_MS = 60_000, 86_400_000
MOST = 1000
Fault = Callable[["Call"], bool]
"""Told of each call; True when it has answered in the server's place."""


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
class Call:
    """One request on its way to an answer."""

    handler: BaseHTTPRequestHandler
    path: str
    query: dict[str, str]

    def answer(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.handler.send_response(status)
        for name, text in {"Content-Type": "application/json", **(headers or {})}.items():
            self.handler.send_header(name, text)
        self.handler.send_header("Content-Length", str(len(data)))
        self.handler.end_headers()
        self.handler.wfile.write(data)


@dataclass
class Venue:
    """The exchange: what it lists, what it says, and which faults wait for the next calls."""

    markets: list[dict[str, Any]] = field(
        default_factory=lambda: [market("BTC", "USDT"), market("ETH", "USDT", step="0.00010000")]
    )
    now_ms: Callable[[], int] = field(default=lambda: int(time.time() * 1000))
    change: Callable[[str, list[list[Any]]], list[list[Any]]] = field(default=lambda symbol, rows: rows)
    """Sees the klines of a symbol before they are sent."""
    timeout_ms: int = 10_000
    """How long the client waits between two bytes."""
    faults: list[Fault] = field(default_factory=list)
    """The first one that is left answers the next call of klines; it stays while it returns True."""
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def start(self) -> str:
        venue = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parsed = urlparse(self.path)
                query = {name: values[0] for name, values in parse_qs(parsed.query).items()}
                venue.calls.append((parsed.path, query))
                venue.serve(Call(self, parsed.path, query))

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass  # a client that gave up on a hanging answer

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def config(self, url: str) -> dict[str, Any]:
        """What makes ccxt talk to this server."""
        return {"urls": {"api": {"public": f"{url}/api/v3"}}, "timeout": self.timeout_ms, "rateLimit": 1}

    def serve(self, call: Call) -> None:
        if call.path == "/api/v3/klines" and self.faults:
            if self.faults[0](call):
                return
            self.faults.pop(0)
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


# faults


def times(count: int, fault: Fault) -> Fault:
    """`fault` for `count` calls."""
    left = [count]

    def limited(call: Call) -> bool:
        left[0] -= 1
        return left[0] >= 0 and fault(call)

    return limited


def status(code: int, value: object, **headers: str) -> Fault:
    def answer(call: Call) -> bool:
        call.answer(code, value, {name.replace("_", "-"): text for name, text in headers.items()})
        return True

    return answer


def hang(seconds: float) -> Fault:
    """Say nothing for so long."""

    def wait(call: Call) -> bool:
        time.sleep(seconds)
        call.handler.close_connection = True
        return True

    return wait


def drip(seconds: float) -> Fault:
    """Send a byte now and then, so that no socket times out."""

    def wait(call: Call) -> bool:
        call.handler.send_response(200)
        call.handler.send_header("Content-Length", "100000")
        call.handler.end_headers()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            call.handler.wfile.write(b" ")
            call.handler.wfile.flush()
            time.sleep(0.05)
        call.handler.close_connection = True
        return True

    return wait


def cut(call: Call) -> bool:
    """Close in the middle of an answer."""
    call.handler.send_response(200)
    call.handler.send_header("Content-Length", "5000")
    call.handler.end_headers()
    call.handler.wfile.write(b'[[1,"2"')
    call.handler.close_connection = True
    return True
