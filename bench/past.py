"""What the past costs: bytes a bot and day, the time to answer a moment, and the recorder's processor.

python -m bench.past [--bots N] [--of FOLDER]

Made-up bots of 1, 4 and 10 symbols trade a session of 390 minutes, about a dozen fills each. Each minute every state
file is written and the recorder takes it in, with a wall clock that the benchmark moves. With --of, a data folder:
what a recorder wrote there is measured instead, with the size of 390 states of each bot.
"""

import argparse
import random
import resource
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from aion.clock import iso
from aion.config import Settings
from aion.live.disk.watcher import Changes
from aion.past.day import RecordedDay
from aion.past.folder import DayFile, PastFolder
from aion.past.recorder import Recorder
from aion.store.document.piece import encode
from aion.store.file import write_json
from aion.store.layout import Layout
from aion.store.machine import OWN
from aion.web.control.folder import Folder
from aion.web.past import Past

BARS = 390
BOTS = 20
YEAR = 365
START = datetime(2026, 11, 30, 14, 30, tzinfo=UTC)
ASKED = 300


def grown(rng: random.Random, bot: str, symbols: list[str], minute: int, held: dict[str, Any]) -> dict[str, Any]:
    """Return the state of a bot after one more minute; `held` is what it was and becomes."""
    now = START + timedelta(minutes=minute)
    prices = held.setdefault("prices", {symbol: 100 + rng.random() * 300 for symbol in symbols})
    for symbol in symbols:
        prices[symbol] = round(prices[symbol] * (1 + rng.gauss(0, 0.0006)), 2)
    fills, trades, positions = (held.setdefault(name, {}) for name in ("fills", "trades", "positions"))
    orders, decisions = held.setdefault("orders", {}), held.setdefault("decisions", {})
    for symbol in symbols:
        if rng.random() > 12 / BARS / max(1, len(symbols) / 4):
            continue
        key, price = f"{bot}-{minute}-{symbol}", prices[symbol]
        side = "sell" if symbol in positions else "buy"
        order = {"ts": iso(now), "symbol": symbol, "side": side, "quantity": 40, "status": "filled",
                 "filled_quantity": 40, "reason": f"close {price:.2f} outside the range"}  # fmt: skip
        orders[f"o-{key}"] = order
        decisions[f"d-{key}"] = {"ts": iso(now), "symbol": symbol, "action": side, "confidence": 0.25,
                                 "reason": order["reason"], "order_id": f"o-{key}"}  # fmt: skip
        fills[f"f-{key}"] = {"ts": iso(now), "symbol": symbol, "side": side, "quantity": 40, "price": price,
                             "fee": 1.12, "fees": {"commission": 1.12}, "slippage": 0.8, "order_id": f"o-{key}",
                             "reason": order["reason"], "bar": {"ts": iso(now), "open": price, "high": price + 0.2,
                             "low": price - 0.3, "close": price, "volume": rng.randrange(9000)}}  # fmt: skip
        if side == "sell":
            entry = positions.pop(symbol)
            trades[f"t-{key}"] = {"symbol": symbol, "side": "buy", "quantity": 40,
                                  "entry_price": entry["average_price"],
                                  "exit_price": price, "opened_at": entry["opened_at"], "ts": iso(now), "fees": 2.24,
                                  "slippage": 1.6, "reason": order["reason"],
                                  "realized_pnl": round(40 * (price - entry["average_price"]), 2)}  # fmt: skip
        else:
            positions[symbol] = {"quantity": 40, "average_price": price, "opened_at": iso(now)}
    held["seen"] = held.get("seen", 0) + len(symbols)
    shown = {name: {**position, "last_price": prices[name], "market_value": round(40 * prices[name], 2),
                    "unrealized_pnl": round(40 * (prices[name] - position["average_price"]), 2)}
             for name, position in positions.items()}  # fmt: skip
    result = sum(trade["realized_pnl"] for trade in trades.values()) + sum(
        each["unrealized_pnl"] for each in shown.values()
    )
    equity = round(100_000 + result, 2)
    curve = held.setdefault("curve", {})
    curve[iso(now)] = equity
    hold = held.setdefault("hold", {})
    hold[iso(now)] = round(100_000 * (1 + rng.gauss(0, 0.002)), 2)
    signals = {name: {"ts": iso(now), "action": "hold", "confidence": round(rng.random(), 4), "threshold": 0.5,
                      "reason": f"{prices[name]:.2f} is inside the range"} for name in symbols}  # fmt: skip
    return {
        "schema": "aion/sim_log/1", "mode": "live", "run": "7", "cycle_id": f"7-{minute}", "seq": minute,
        "as_of": iso(now), "written_at": iso(now + timedelta(seconds=1.2)), "bot": bot, "currency": "USD",
        "exchange": "XNAS", "symbols": symbols, "day": "2026-11-30", "strategy": "opening_range_breakout",
        "equity": equity, "cash": round(equity - sum(each["market_value"] for each in shown.values()), 2),
        "start_equity": 100_000.0, "hold_equity": hold[iso(now)], "due_at": iso(now + timedelta(minutes=1)),
        "day_pnl": {"gross": round(result + 9, 2), "fees": 6.0, "slippage": 3.0, "net": round(result, 2)},
        "total_pnl": {"gross": round(result + 9, 2), "fees": 6.0, "slippage": 3.0, "net": round(result, 2)},
        "rules": {"max_positions": 5, "max_alloc": 0.5, "stop_loss": 0.05}, "bars_seen": held["seen"],
        "positions": shown, "orders": dict(orders), "decisions": dict(decisions), "fills": dict(fills),
        "trades": dict(trades), "signals": signals, "equity_curve": dict(curve), "hold_curve": dict(hold),
        "bars": {name: {iso(now): [1, 2, 3, 4, 5]} for name in symbols},
    }  # fmt: skip


class Wall:
    """The wall clock of the recorder, which the benchmark moves."""

    def __init__(self) -> None:
        self.now, self.mono = START, 0.0

    def move(self, moment: datetime) -> None:
        self.mono += (moment - self.now).total_seconds()
        self.now = moment


def main() -> None:
    """Record a day of 20 bots, then ask for moments of it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--bots", type=int, default=BOTS)
    options.add_argument("--of", type=Path)
    given = options.parse_args()
    if given.of is not None:
        print(orjson.dumps(recorded(PastFolder(given.of)), option=orjson.OPT_INDENT_2).decode())
        return
    root = Path(tempfile.mkdtemp(prefix="aion-past-"))
    layout, folder = Layout(root), PastFolder(root)
    folder.folder.mkdir(parents=True, exist_ok=True)
    rng, held = random.Random(7), {f"bot_{n:02}": dict[str, Any]() for n in range(given.bots)}
    traded = {bot: [f"S{(number * 5 + each) % 60:02}" for each in range((1, 4, 10)[number % 3])]
              for number, bot in enumerate(held)}  # fmt: skip
    wall = Wall()
    settings = Settings(data=root)
    recorder = Recorder(settings, lambda *said: print(*said, file=sys.stderr), lambda: wall.now, lambda: wall.mono)
    recorder.begin()
    spent = 0.0
    whole = 0
    for minute in range(BARS):
        changes = Changes()
        for bot, state in held.items():
            path = layout.sim_log("2026-11-30", bot)
            document = grown(rng, bot, traded[bot], minute, state)
            write_json(path, document)
            whole += path.stat().st_size
            changes.paths.add(layout.relative(path))
        wall.move(START + timedelta(minutes=minute, seconds=1))
        before = time.process_time()
        recorder.take(changes)
        recorder.rest()
        spent += time.process_time() - before
    answers = sorted(_answers(Past(Folder.of(OWN, layout, settings)), list(held), rng))
    sizes = [folder.path(file).stat().st_size for file in folder.files()]
    took = [each for file in folder.files() for each in _moments(folder, file, rng)]
    took.sort()
    print(orjson.dumps({
        "bots": given.bots, "states_a_bot": BARS,
        "kb_a_bot_and_day": {"median": round(statistics.median(sizes) / 1e3, 1), "most": round(max(sizes) / 1e3, 1)},
        "kb_of_the_states_themselves": round(whole / given.bots / 1e3),
        "mb_20_bots_365_days": round(statistics.mean(sizes) * 20 * 365 / 1e6),
        "mb_20_bots_252_days": round(statistics.mean(sizes) * 20 * 252 / 1e6),
        "recorder_ms_a_state": round(1e3 * spent / BARS / given.bots, 3),
        "recorder_part_of_a_core": round(spent / BARS / 60, 5),
        "ms_a_moment": {"median": round(1e3 * statistics.median(took), 2),
                        "p99": round(1e3 * took[-len(took) // 100], 2), "most": round(1e3 * took[-1], 2)},
        "ms_an_answer": {"median": round(1e3 * statistics.median(answers), 2),
                         "p99": round(1e3 * answers[-len(answers) // 100], 2), "most": round(1e3 * answers[-1], 2)},
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }, option=orjson.OPT_INDENT_2).decode())  # fmt: skip
    shutil.rmtree(root)


def recorded(folder: PastFolder) -> dict[str, Any]:
    """Return what a recorder's files come to, by bot."""
    found: dict[str, Any] = {}
    for file in folder.files():
        size = folder.path(file).stat().st_size
        day = RecordedDay.read(folder.path(file), file.day, file.relative)
        took = []
        for index in range(0, len(day.states), max(1, len(day.states) // 50)):
            before = time.perf_counter()
            RecordedDay.read(folder.path(file), file.day, file.relative).document(index)
            took.append(time.perf_counter() - before)
        found[f"{file.bot} {file.day}"] = {
            "kb": round(size / 1e3, 1),
            "states": len(day.states),
            "kb_of_390_states": round(size / len(day.states) * BARS / 1e3, 1),
            "ms_a_moment": round(1e3 * statistics.median(took), 2),
            "most_ms": round(1e3 * max(took), 2),
        }
    return found


def _answers(past: Past, bots: list[str], rng: random.Random) -> list[float]:
    """Return how long the desk took to make the answer of some moments, seconds."""
    took = []
    for bot in bots:
        for _ in range(ASKED // len(bots)):
            at = START + timedelta(seconds=1 + int(rng.uniform(0, 389 * 60)))
            before = time.perf_counter()
            encode(past.state(bot, None, "2026-11-30", at, foreign=False))
            took.append(time.perf_counter() - before)
    return took


def _moments(folder: PastFolder, file: DayFile, rng: random.Random) -> list[float]:
    """Return how long it took to read the day's file and unpack the document of some moments, seconds."""
    took = []
    for _ in range(ASKED // BOTS):
        at_ms = int(rng.uniform(0, 389) * 60_000) + int((START.hour * 60 + START.minute) * 60_000) + 1000
        before = time.perf_counter()
        day = RecordedDay.read(folder.path(file), file.day, file.relative)
        day.document(day.index_at(at_ms))
        took.append(time.perf_counter() - before)
    return took


if __name__ == "__main__":
    main()
