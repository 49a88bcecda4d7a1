"""How long the bots' process takes to answer the desk: a real `aion run`, real files, the wall's clock.

python -m tests.engine.latency --requests 50
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from aion.clock import SystemClock, iso
from aion.errors import StateError
from aion.store.control_id import make_id
from aion.store.file import read_json, write_json
from aion.store.layout import DESK, Layout

BOT = "vwap_ldn"  # its session is open at the default start
LONGEST_S = 30.0


class Desk:
    """Asks, and waits for the answer in the state files."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._asked = 0

    def clock(self) -> dict:
        return read_json(self._layout.sim_summary)[0]["clock"]

    def ask(self, target: str, action: str, value: object = None) -> float:
        """Return the milliseconds from the request's file to the answer in a state file."""
        self._asked += 1
        control_id = make_id(SystemClock().now(), None, f"{self._asked}")
        made = {"schema": "aion/control/1", "id": control_id, "bot": target, "action": action}
        made |= {"requested_at": iso(SystemClock().now())} | ({} if value is None else {"value": value})
        write_json(self._layout.control(target, control_id), made, durable=True)
        began = time.monotonic()
        wait_for(lambda: self._answered(target) == control_id)
        return (time.monotonic() - began) * 1000

    def _answered(self, target: str) -> str | None:
        if target == DESK:
            return self.clock().get("control_id")
        newest = max(self._layout.sim_logs.glob(f"*_{target}.json"))
        return read_json(newest)[0].get("control_id")


def wait_for(is_there: Callable[[], bool]) -> None:
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        try:
            if is_there():
                return
        except (FileNotFoundError, StateError, KeyError, ValueError):
            pass
        time.sleep(0.002)
    raise SystemExit("no answer")


def measure(desk: Desk, requests: int) -> list[float]:
    found = []
    for number in range(requests):
        found.append(desk.ask(BOT, ("pause", "flatten", "resume")[number % 3]))
        time.sleep(0.137)  # not in step with the bots' looks
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aion-latency-") as folder:
        command = [sys.executable, "-m", "aion", "run", "--data", folder, "--speed", "60"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            desk = Desk(Layout(Path(folder)))
            wait_for(lambda: desk.clock()["state"] == "running")
            running = measure(desk, options.requests)
            desk.ask(DESK, "speed", 0)
            held = measure(desk, options.requests)
            desk.ask(DESK, "jump", "2022-05-20")
            began = time.monotonic()
            wait_for(lambda: desk.clock()["market_time"] >= "2022-05-19T20")
            jumped = time.monotonic() - began
        finally:
            process.terminate()
            process.wait(LONGEST_S)
    for name, found in (("running at 60x", running), ("held still", held)):
        print(f"{name}: {len(found)} requests, median {median(found):.0f} ms, most {max(found):.0f} ms")
    print(f"jump over a trading day of three exchanges: {jumped:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
