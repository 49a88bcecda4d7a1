"""State files as a day-trading job and swing bots write them, with figures a test can check by hand."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aion.clock import iso
from aion.store.file import write_json
from aion.store.layout import Layout

Json = dict[str, Any]
START = datetime(2022, 5, 19, 13, 30, tzinfo=UTC)


def at(minute: int) -> str:
    """Return the market time `minute` minutes after the open."""
    return iso(START + timedelta(minutes=minute))


def curve(points: int, base: float = 100_000.0) -> dict[str, float]:
    """Return an equity curve with one low at a third and one high at two thirds."""
    values = {at(i): round(base + (i % 7), 2) for i in range(points)}
    if points > 3:
        values[at(points // 3)] = base - 500
        values[at(2 * points // 3)] = base + 700
    return values


def envelope(kind: str, minute: int, **more: Any) -> Json:
    """Return the envelope of a document."""
    return {"schema": f"aion/{kind}/1", "mode": "replay", "run": "r1", "cycle_id": f"c{minute}", "seq": minute,
            "as_of": at(minute), "written_at": "2026-11-23T08:00:00Z", **more}  # fmt: skip


def fill(minute: int, symbol: str = "MSFT") -> Json:
    """Return one fill with its bar."""
    return {"ts": at(minute), "symbol": symbol, "side": "buy", "quantity": 10, "price": 250.5, "fee": 1.25,
            "fees": {"commission": 1.25}, "slippage": 0.5, "reason": "close 250.10 above the range",
            "decided_at": at(minute - 1), "known_at": at(minute), "price_source": "open",
            "bar": {"ts": at(minute), "open": 250.4, "high": 251, "low": 250, "close": 250.6, "volume": 1200},
            }  # fmt: skip


def sim_log(bot: str, minute: int, *, currency: str = "USD", day: str = "2022-05-19", **more: Any) -> Json:
    """Return a bot's trading day after the cycle of `minute`."""
    found = envelope("sim_log", minute) | {
        "bot": bot, "currency": currency, "exchange": "XNAS", "symbols": ["MSFT"], "day": day,
        "strategy": "opening_range_breakout", "equity": 100_120.0, "cash": 97_615.0, "start_equity": 100_000.0,
        "day_pnl": {"gross": 150.0, "fees": 20.0, "slippage": 10.0, "net": 120.0},
        "total_pnl": {"gross": 150.0, "fees": 20.0, "slippage": 10.0, "net": 120.0},
        "positions": {"MSFT": {"quantity": 10, "average_price": 250.0, "last_price": 250.5, "market_value": 2505.0,
                               "unrealized_pnl": 5.0}},
        "fills": {"f-a": fill(3), "f-b": fill(2)},
        "equity_curve": curve(minute + 1), "hold_curve": curve(minute + 1, 99_000.0),
        "bars": {"MSFT": {at(1): [250, 251, 249, 250.5, 1000]}},
    }  # fmt: skip
    return found | more


def swing_rolling(bot: str, minute: int = 0, **more: Any) -> Json:
    """Return a swing bot's account."""
    return envelope("swing_rolling", minute) | {
        "bot": bot, "currency": "USD", "exchange": "XNYS", "strategy": "cross_sectional_momentum", "horizon": "1w",
        "day": "2022-05-18", "equity": 101_000.0, "cash": 1_000.0, "start_equity": 100_000.0,
        "day_pnl": {"gross": -40.0, "fees": 8.0, "slippage": 2.0, "net": -50.0},
        "positions": {"AAPL": {"quantity": 100.5, "average_price": 900.0, "last_price": 995.02}},
        "targets": {"AAPL": {"weight": 0.99, "rank": 1}}, "rules": {"max_positions": 3},
        "equity_curve": {at(0): 100_000.0, at(1): 102_000.0, at(2): 101_000.0},
    } | more  # fmt: skip


def rolling(minute: int, symbols: int = 1) -> Json:
    """Return the day-trading job's view of `symbols` symbols."""
    names = ["MSFT", *(f"S{i:04d}" for i in range(1, symbols))]
    signal = {"ts": at(minute), "action": "hold", "confidence": 0.25, "threshold": 0.5, "reason": "inside the range"}
    return envelope("rolling", minute) | {
        "symbols": {name: {"exchange": "XNAS", "currency": "USD", "features": {"vwap": 250.1}, "signal": signal}
                    for name in names},
    }  # fmt: skip


def summary(minute: int, bots: list[str], *, currency: str = "USD", **more: Any) -> Json:
    """Return the commit of the cycle of `minute`."""
    files = {f"sim_logs/2022-05-19_{bot}.json": f"c{minute}" for bot in bots} | {"rolling.json.gz": f"c{minute}"}
    line = {"currency": currency, "day": "2022-05-19", "equity": 100_120.0, "cash": 97_615.0, "trades": 0, "fills": 2,
            "day_pnl": {"gross": 150.0, "fees": 20.0, "slippage": 10.0, "net": 120.0}}  # fmt: skip
    clock = {"state": "running", "market_time": at(minute), "speed": 60, "feed": "recorded"}
    return envelope("sim_summary", minute) | {
        "files": files, "bots": {bot: line for bot in bots}, "clock": clock,
        "sessions": {"XNAS": {"name": "New York", "state": "open", "timezone": "America/New_York"}},
    } | more  # fmt: skip


class Writer:
    """Writes state files below one data folder."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root)

    def cycle(self, minute: int, bots: list[str], *, symbols: int = 1, commit: bool = True) -> None:
        """Write one cycle; without `commit` its summary is left out, as after a crash."""
        for bot in bots:
            self.day(bot, minute)
        write_json(self.layout.rolling, rolling(minute, symbols))
        if commit:
            write_json(self.layout.sim_summary, summary(minute, bots))

    def day(self, bot: str, minute: int, **more: Any) -> Path:
        """Write one bot's day."""
        document = sim_log(bot, minute, **more)
        path = self.layout.sim_log(document["day"], bot)
        write_json(path, document)
        return path

    def swing(self, bot: str, minute: int = 0, **more: Any) -> Path:
        """Write a swing bot's account."""
        path = self.layout.swing_rolling(bot)
        write_json(path, swing_rolling(bot, minute, **more))
        return path

    def activity(self, horizon: str, day: str, bot: str) -> Path:
        """Write a swing bot's activity of one day."""
        path = self.layout.bot_activity(horizon, day, bot)
        found = envelope("bot_activity", 0) | {"bot": bot, "currency": "USD", "horizon": horizon, "day": day}
        write_json(path, found | {"fills": {"f-a": fill(3, "AAPL")}})
        return path
