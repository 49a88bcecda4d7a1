"""Many made-up bots that write their state files again and again: the load of `bench/many.py`.

    python -m bench.fleet FOLDER --bots N [--hz 1] [--seconds S] [--form foreign|own]

Each state has `positions` positions, some of whose prices have moved, a curve and a result. `foreign` bots are
programs of others, each by itself: half of them write a day file (JSON), half a rolling file (gzip). `own` bots are
those of one day-trading job, which writes all of them once a cycle and then its summary.
"""

import argparse
import math
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from aion.clock import iso
from aion.store.file import gzip_bytes, write_bytes
from aion.store.layout import Layout

START = datetime(2022, 5, 19, 13, 30, tzinfo=UTC)
DAY = "2022-05-19"
CURVE = 300  # points
MOVED = 5  # positions whose price moves with each write
HUGE = (16 << 20) - 100  # bytes of a file that is just within what is read
TORN, FLAPPING = 3, 7
"""Last digits of those bots that are so with `--is-bad`."""
HASTY = 10  # the first bots write far too much then
PACKING = 1  # zlib level: what the writer costs is not what is measured


class Fleet:
    """Writes the states of made-up bots below one folder."""

    def __init__(self, root: Path, bots: int, positions: int = 50, *, form: str = "foreign", seed: int = 7) -> None:
        """Args: root: data folder; bots: how many; positions: of each; form: `foreign` or `own`."""
        self.layout = Layout(root)
        self.bots = bots
        self.form = form
        self.cycles = 0
        self._rng = random.Random(seed)
        self._prices = [[20.0 + held for held in range(positions)] for _ in range(bots)]
        self._counts = [0] * bots
        self._curves = [_curve(number) for number in range(bots)]

    def name(self, number: int) -> str:
        return f"synthetic_{number:04}"

    def kind(self, number: int) -> str:
        return "swing" if self.form == "foreign" and number % 2 else "intraday"

    def path(self, number: int) -> Path:
        """Return the state file of a bot."""
        name = self.name(number)
        return self.layout.swing_rolling(name) if self.kind(number) == "swing" else self.layout.sim_log(DAY, name)

    def write(self, number: int) -> float:
        """Write the next state of a bot; return its equity, which is another one each time."""
        state = self.state(number)
        data = orjson.dumps(state)
        path = self.path(number)
        write_bytes(path, gzip_bytes(data, PACKING) if path.suffix == ".gz" else data)
        return float(state["equity"])

    def state(self, number: int) -> dict[str, Any]:
        """Return the next state of a bot: a few of its prices have moved."""
        self._counts[number] += 1
        count, prices = self._counts[number], self._prices[number]
        for _ in range(min(MOVED, len(prices))):
            held = self._rng.randrange(len(prices))
            prices[held] = round(max(1.0, prices[held] * (1 + self._rng.uniform(-0.001, 0.001))), 2)
        positions = {
            f"SYN{held:03}": {
                "quantity": 10, "average_price": 20.0 + held, "last_price": price,
                "market_value": round(10 * price, 2), "unrealized_pnl": round(10 * (price - 20 - held), 2),
            }
            for held, price in enumerate(prices)
        }  # fmt: skip
        value = sum(each["market_value"] for each in positions.values())
        now = START + timedelta(seconds=self.cycles if self.form == "own" else count)
        wall = datetime.now(UTC)
        kind = "swing_rolling" if self.kind(number) == "swing" else "sim_log"
        net = round(value / 100 + count / 100, 2)
        return {
            "schema": f"aion/{kind}/1", "bot": self.name(number), "mode": "paper", "run": "1", "seq": count,
            "cycle_id": self._cycle(count), "as_of": iso(now), "written_at": iso(wall),
            "due_at": iso(wall + timedelta(seconds=30)), "currency": "USD", "exchange": "XNYS",
            "strategy": "synthetic", "day": DAY, "note": "Synthetic load.", "cash": round(50_000.0 + count / 100, 2),
            "equity": round(50_000 + value + count / 100, 2), "start_equity": 100_000.0, "positions": positions,
            "equity_curve": self._curves[number], "day_pnl": {"gross": net, "fees": 0, "slippage": 0, "net": net},
            "total_pnl": {"gross": net, "fees": 0, "slippage": 0, "net": net},
        }  # fmt: skip

    def _cycle(self, count: int) -> str:
        return f"synthetic-{self.cycles if self.form == 'own' else count}"

    def write_all(self) -> None:
        """Write all bots; of the form `own`, that is one whole cycle."""
        self.cycles += 1
        lines: dict[str, Any] = {}
        for number in range(self.bots):
            equity = self.write(number)
            lines[self.name(number)] = {"currency": "USD", "day": DAY, "equity": equity, "trades": 0, "fills": 0}
        if self.form == "own":
            self._commit(lines)

    def _commit(self, lines: dict[str, Any]) -> None:
        now = iso(START + timedelta(seconds=self.cycles))
        cycle = self._cycle(0)
        summary = {
            "schema": "aion/sim_summary/1", "mode": "paper", "run": "1", "seq": self.cycles, "cycle_id": cycle,
            "as_of": now, "files": {f"sim_logs/{DAY}_{name}.json": cycle for name in lines}, "bots": lines,
        }  # fmt: skip
        write_bytes(self.layout.sim_summary, orjson.dumps(summary))

    def write_day(self, number: int) -> None:
        """Write an earlier day of all bots that write day files, all of it the same."""
        day = str((START - timedelta(days=number + 1)).date())
        for each in range(self.bots):
            if self.kind(each) == "intraday":
                state = self.state(each) | {"day": day, "as_of": f"{day}T20:00Z"}
                write_bytes(self.layout.sim_log(day, self.name(each)), orjson.dumps(state))

    def spoil(self, done: int) -> None:
        """Do what bad bots do beside write number `done`: be torn, flap between two names, write far too much."""
        number = done % self.bots
        path = self.path(number)
        if number % 10 == TORN:
            write_bytes(path, b'{"torn')
        elif number % 10 == FLAPPING:
            other = path.with_name(path.name.replace("synthetic_", "flapping_"))
            if path.exists():
                path.replace(other)
            else:
                other.unlink(missing_ok=True)
        if done % max(1, self.bots // 100) == 0:
            for each in range(min(HASTY, self.bots)):  # a hundred times a second
                self.write(each)
        if number == 0:
            write_bytes(self.layout.swing_rolling("enormous"), b'{"schema": "' + b"x" * HUGE)

    def run(self, hz: float, seconds: float, *, is_bad: bool = False) -> int:
        """Write each bot `hz` times a second, evenly or, of the form `own`, a cycle at a time; return the writes."""
        started, done = time.monotonic(), 0
        while (passed := time.monotonic() - started) < seconds:
            if self.form == "own":
                due = done / self.bots / hz
                if due <= passed:
                    self.write_all()
                    done += self.bots
            else:
                due = done / (self.bots * hz)
                if due <= passed:
                    self.write(done % self.bots)
                    if is_bad:
                        self.spoil(done)
                    done += 1
            time.sleep(max(0.0, min(0.05, due - passed)))
        return done


def is_spoilt(name: str) -> bool:
    """Tell whether a bot, given what ends in its name, is one that `Fleet.spoil` makes bad."""
    number = int(name.rpartition("_")[2])
    return number < HASTY or number % 10 in (TORN, FLAPPING)


def _curve(number: int) -> dict[str, float]:
    return {
        iso(START - timedelta(minutes=CURVE - each)): round(100_000 + 500 * math.sin(each / 20 + number), 2)
        for each in range(CURVE)
    }


def main() -> None:
    """Write until the time is over."""
    parser = argparse.ArgumentParser(prog="python -m bench.fleet", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bots", type=int, default=1000)
    parser.add_argument("--positions", type=int, default=50)
    parser.add_argument("--hz", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--is-bad", action="store_true", help="some of the bots do what they should not")
    parser.add_argument("--form", choices=("foreign", "own"), default="foreign")
    options = parser.parse_args()
    fleet = Fleet(options.folder, options.bots, options.positions, form=options.form)
    fleet.write_all()
    print("ready", flush=True)
    print(fleet.run(options.hz, options.seconds, is_bad=options.is_bad), flush=True)


if __name__ == "__main__":
    main()
