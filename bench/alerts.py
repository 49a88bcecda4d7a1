"""What alert rules cost: 1,000 rules over 200 bots that write again and again.

    python -m bench.alerts [--bots 200] [--rules 1000] [--seconds 20] [--hz 1]

The bots are written by a process of their own. Each fifth state has a new fill that a rule tells; from its write to
the message that leaves is what is timed, delivery by a service left out.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aion.clock import iso
from aion.config import Settings
from aion.store.file import write_json
from aion.store.layout import Layout
from aion.watch.alert import Message
from aion.watch.rule.watch import LOOK_S, RuleWatch
from bench.fleet import Fleet
from bench.tool import OUT, ROOT, python, quantile

KINDS: tuple[dict[str, Any], ...] = (
    {"kind": "fill"}, {"kind": "stop_hit"}, {"kind": "drawdown", "limit": 50},
    {"kind": "day_loss", "limit": 50, "unit": "percent"}, {"kind": "missed_cycle"},
)  # fmt: skip
EACH = 5
"""A state in so many has a new fill."""


class Seen:
    """Takes messages, and notes how late the newest fill in each is."""

    def __init__(self) -> None:
        self.late_s: list[float] = []
        self.messages = 0

    def send(self, message: Message, done: Callable[[str], None]) -> None:
        """As `Sender.send`."""
        now, self.messages = time.time(), self.messages + 1
        for line in message.body.splitlines():
            _, found, at = line.rpartition("written ")
            if found:
                self.late_s.append(now - float(at))
        done("")


def write(folder: Path, bots: int, seconds: float, hz: float) -> int:
    """Write each bot `hz` times a second, evenly; return how many states were written."""
    fleet = Fleet(folder, bots)
    fills: dict[int, dict[str, Any]] = {}
    began, done = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        if (due := done / bots / hz) > passed:
            time.sleep(min(0.01, due - passed))
            continue
        number = done % bots
        state = fleet.state(number)
        if done // bots % EACH == number % EACH:
            mine = fills.setdefault(number, {})
            at = f"2022-05-19T{14 + len(mine) // 60:02}:{len(mine) % 60:02}Z"
            mine[f"f{len(mine)}"] = {
                "ts": at, "symbol": "SYN", "side": "buy", "quantity": 1, "price": 2,
                "reason": f"written {time.time()}",
            }  # fmt: skip
        write_json(fleet.path(number), state | {"fills": fills.get(number, {})})
        done += 1
    return done


def measure(bots: int, rules: int, seconds: float, hz: float) -> dict[str, Any]:
    """Return what it cost."""
    folder = (Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else OUT) / f"aion-bench-alerts-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        fleet = Fleet(folder, bots)
        fleet.write_all()
        layout = Layout(folder)
        saved = {
            f"r{number}": {**KINDS[number // bots % len(KINDS)], "bot": fleet.name(number % bots)}
            for number in range(rules)
        }
        value = {"schema": "aion/alert_rules/1", "version": 1, "saved_at": iso(datetime.now(UTC)), "rules": saved}
        write_json(layout.alert_rules, value | {"plan": {"most_an_hour": 1000}})
        seen = Seen()
        settings = Settings(data=folder, alerts={"urls": ("json://127.0.0.1",)})  # type: ignore[arg-type]
        watch = RuleWatch(settings, layout, lambda _level, _text: None, seen)
        watch.look()
        command = [python(), "-m", "bench.alerts", "--write", str(folder)]
        command += ["--bots", str(bots), "--seconds", str(seconds), "--hz", str(hz)]
        writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        used, began = time.process_time(), time.monotonic()
        thread = watch.start()
        written = int(writer.communicate(timeout=seconds + 60)[0])
        time.sleep(LOOK_S * 2)
        watch.stop()
        thread.join(10)
        core = (time.process_time() - used) / (time.monotonic() - began)
        return {
            "bots": bots, "rules": rules, "writes_s": written / seconds, "core": core, "messages": seen.messages,
            "told": len(seen.late_s), "p50_s": quantile(seen.late_s, 0.5), "p99_s": quantile(seen.late_s, 0.99),
            "load": os.getloadavg()[0],
        }  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Measure, and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.alerts", description=__doc__)
    parser.add_argument("--bots", type=int, default=200)
    parser.add_argument("--rules", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--hz", type=float, default=1.0, help="writes of each bot a second")
    parser.add_argument("--write", type=Path, help="folder to write the bots in: what the measurement itself starts")
    options = parser.parse_args()
    if options.write is not None:
        sys.stdout.write(f"{write(options.write, options.bots, options.seconds, options.hz)}\n")
        return
    sys.stdout.write(json.dumps(measure(options.bots, options.rules, options.seconds, options.hz), indent=1) + "\n")


if __name__ == "__main__":
    main()
