"""How smooth the pages are: 20 synthetic bots of 50 positions each, 50 writes a second, frames counted in Chromium.

python -m bench.smooth [--page /bots] [--writes 50] [--seconds 15] [--bots 20] [--positions 50]
                       [--scroll] [--slow 4]

The state files are made up and labelled so (`synthetic_00` ...); the desk, its files, its stream and the browser are
real. Printed as JSON: writes done, pushes that the page drew, frames and their longest times, long tasks, the
processor time of the page's main thread (which, unlike the others, a busy machine hardly changes), heap.
"""

import argparse
import json
import math
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

from aion.clock import iso
from aion.store.file import write_json
from aion.store.layout import Layout

ROOT = Path(__file__).parents[1]
START = datetime(2022, 5, 19, 13, 30, tzinfo=UTC)
CURVE = 300  # points
SCREENS = 10  # that a page is scrolled to
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run"]  # fmt: skip

WATCH = """() => {
  const seen = { frames: [], tasks: [], changes: 0, at: performance.now() };
  window.__smooth = seen;
  new PerformanceObserver((list) => seen.tasks.push(...list.getEntries().map((entry) => entry.duration)))
    .observe({ type: "longtask", buffered: false });
  let last = performance.now();
  const tick = (now) => { seen.frames.push(now - last); last = now; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  new MutationObserver(() => { seen.changes += 1; })
    .observe(document.body, { childList: true, characterData: true, subtree: true });
}"""
COLLECT = """() => {
  const { frames, tasks, changes, at } = window.__smooth;
  return { frames: [...frames].sort((a, b) => a - b), tasks, changes, ms: performance.now() - at,
           heap: performance.memory ? performance.memory.usedJSHeapSize : 0 };
}"""


@dataclass
class Load:
    """Writes the state files of made-up bots."""

    layout: Layout
    bots: int
    positions: int
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    done: int = 0

    def write(self, number: int) -> None:
        """Write the next state of one bot: a few of its prices have moved."""
        self.done += 1
        name = f"synthetic_{number:02}"
        now = START + timedelta(seconds=self.done)
        moved = {f"SYN{i:03}": self._position(i) for i in range(self.positions)}
        value = sum(each["market_value"] for each in moved.values())
        curve = {iso(START - timedelta(minutes=CURVE - i)): 100_000 + 500 * math.sin(i / 20 + number)
                 for i in range(CURVE)}  # fmt: skip
        write_json(
            self.layout.swing_rolling(name),
            {
                "schema": "aion/swing_rolling/1", "bot": name, "mode": "paper", "run": "1", "seq": self.done,
                "cycle_id": f"synthetic-{self.done}", "as_of": iso(now),
                "written_at": iso(datetime.now(UTC)), "due_at": iso(datetime.now(UTC) + timedelta(seconds=30)),
                "currency": "USD", "exchange": "XNYS", "strategy": "synthetic", "day": "2022-05-19",
                "note": "Synthetic load of bench/smooth.py.", "cash": 50_000.0, "equity": round(50_000 + value, 2),
                "start_equity": 100_000.0, "positions": moved, "equity_curve": curve,
                "day_pnl": {"gross": round(value / 100, 2), "fees": 0, "slippage": 0, "net": round(value / 100, 2)},
            },
        )  # fmt: skip

    def _position(self, number: int) -> dict[str, float]:
        price = round(20 + number + (self.rng.random() if number % 5 == self.done % 5 else 0.5), 2)
        return {
            "quantity": 10, "average_price": 20.0 + number, "last_price": price,
            "market_value": round(10 * price, 2), "unrealized_pnl": round(10 * (price - 20 - number), 2),
        }  # fmt: skip


def _processor_s(tools: CDPSession) -> float:
    """Return the processor time that the page's main thread has used, in seconds."""
    metrics = tools.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


def _scroll(page: Page, seconds: float) -> None:
    """Scroll through the comparison within `seconds`, a tenth of it at a time."""
    box = page.locator(".compare")
    for step in range(1, SCREENS + 1):
        box.evaluate("(box, at) => { box.scrollTop = at * box.scrollHeight }", step / SCREENS)
        time.sleep(seconds / SCREENS)


def measure(
    page: Page, tools: CDPSession, load: Load, writes: float, seconds: float, *, is_scrolled: bool = False
) -> dict[str, Any]:
    """Write at the rate given for `seconds` and return what the page's frames were like."""
    stop = threading.Event()

    def write_on() -> None:
        started, before = time.monotonic(), load.done
        while not stop.is_set() and time.monotonic() - started < seconds + 5:
            due = started + (load.done - before) / writes
            if stop.wait(max(0.0, due - time.monotonic())):
                return
            load.write(load.done % load.bots)

    page.evaluate(WATCH)
    before, used = load.done, _processor_s(tools)
    thread = threading.Thread(target=write_on)
    thread.start()
    if is_scrolled:
        _scroll(page, seconds)
    else:
        time.sleep(seconds)
    found: dict[str, Any] = page.evaluate(COLLECT)
    used = _processor_s(tools) - used
    stop.set()
    thread.join()
    frames: list[float] = found["frames"]
    return {
        "seconds": round(found["ms"] / 1000, 1),
        "writes_per_s": round((load.done - before) / (found["ms"] / 1000), 1),
        "draws_per_s": round(found["changes"] / (found["ms"] / 1000), 1),
        "frames_per_s": round(len(frames) / (found["ms"] / 1000), 1),
        "frame_p50_ms": round(_at(frames, 0.5), 1),
        "frame_p99_ms": round(_at(frames, 0.99), 1),
        "frame_max_ms": round(_at(frames, 1), 1),
        "frames_over_50_ms": sum(1 for each in frames if each > 50),
        "long_tasks": len(found["tasks"]),
        "longest_task_ms": round(max(found["tasks"], default=0), 1),
        "processor_ms_per_s": round(1000 * used / (found["ms"] / 1000), 1),
        "heap_mb": round(found["heap"] / 2**20, 1),
    }


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Start a desk and a browser, measure, stop both."""
    browser = subprocess.run(
        [sys.executable, "tools/browser.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    path = re.findall(r"browser (.+)", browser.stdout)[0]
    with tempfile.TemporaryDirectory() as folder:
        load = Load(Layout(Path(folder)), options.bots, options.positions)
        for number in range(options.bots):
            load.write(number)
        command = [sys.executable, "-m", "aion", "serve", "--data", folder, "--port", str(options.port)]
        desk = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with sync_playwright() as playwright:
                chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
                page = chromium.new_page(viewport={"width": 1440, "height": 900})
                _open(page, f"http://127.0.0.1:{options.port}{options.page}")
                tools = page.context.new_cdp_session(page)
                tools.send("Performance.enable", {"timeDomain": "threadTicks"})
                tools.send("Emulation.setCPUThrottlingRate", {"rate": options.slow})
                if options.scroll:
                    page.locator(".compare").evaluate("(box) => box.scrollIntoView()")
                quiet = measure(page, tools, load, 0.001, 3)
                if options.profile:
                    tools.send("Profiler.enable")
                    tools.send("Profiler.start")
                busy = measure(page, tools, load, options.writes, options.seconds, is_scrolled=options.scroll)
                if options.profile:
                    options.profile.write_text(json.dumps(tools.send("Profiler.stop")["profile"]), "utf-8")
                chromium.close()
        finally:
            desk.terminate()
            desk.wait(10)
    return {"page": options.page, "bots": options.bots, "positions": options.positions, "quiet": quiet, "busy": busy}


def _open(page: Page, url: str) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            page.goto(url)
            page.get_by_text("STREAMING", exact=True).wait_for(timeout=20_000)
            return
        except Exception as error:  # noqa: BLE001 - whatever keeps a desk that has just been started from answering
            if time.monotonic() > until:
                raise SystemExit(f"the page did not open: {error}") from None
            time.sleep(0.2)


def _at(ordered: list[float], fraction: float) -> float:
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))] if ordered else 0.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Frames of a page under a synthetic load.")
    parser.add_argument("--page", default="/bots")
    parser.add_argument("--writes", type=float, default=50, help="a second")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--bots", type=int, default=20)
    parser.add_argument("--positions", type=int, default=50)
    parser.add_argument("--scroll", action="store_true", help="scroll through the comparison of the bots meanwhile")
    parser.add_argument("--slow", type=float, default=1, help="times that the browser is to be slower")
    parser.add_argument("--profile", type=Path, help="file for a CPU profile of the busy time (Chromium's DevTools)")
    parser.add_argument("--port", type=int, default=4719)
    sys.stdout.write(json.dumps(run(parser.parse_args()), indent=1) + "\n")


if __name__ == "__main__":
    main()
