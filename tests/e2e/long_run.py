"""Look at the Bots page for minutes in Chromium: requests an hour, heap, listeners, frames.

    python -m tests.e2e.long_run --minutes 5      a replay at x300: GETs, heap and listeners over time
    python -m tests.e2e.long_run --updates 50     50 writes a second to 20 bots of 50 positions each: frames

Prints a line each half minute and the figures of docs/measured.md; exits with 1 when heap or listeners grow.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from aion.store.file import write_json
from aion.store.layout import Layout
from tests.web.sample import sim_log
from tools.browser import find_browser

from .conftest import FLAGS, ROOT, free_port, until

STEP_S = 30
POLLS_AN_HOUR = 720  # of a page that polls every 5 s
MAY_GROW = 1.25
BOTS, POSITIONS = 20, 50
FRAMES = """() => {
  window.frames_ms = [];
  let last = performance.now();
  const step = (now) => { frames_ms.push(now - last); last = now; requestAnimationFrame(step); };
  requestAnimationFrame(step);
}"""


@contextmanager
def running(data: Path, command: str, *flags: str) -> Iterator[str]:
    """Run `aion COMMAND` and yield its address."""
    port = free_port()
    line = [sys.executable, "-m", "aion", command, "--data", str(data), "--port", str(port), *flags]
    process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                if httpx.get(f"{url}/api/bots/page", trust_env=False).status_code == 200:
                    break
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(15)


def deliveries(url: str) -> int:
    """Events sent to streams so far."""
    live = httpx.get(f"{url}/api/metrics", trust_env=False).json()["live"]
    return int(live["deliveries"])


def figures(page: Page) -> dict[str, int]:
    """What the page holds after a garbage collection."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("HeapProfiler.collectGarbage")
    found = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return {name: int(found[name]) for name in ("JSHeapUsedSize", "JSEventListeners", "Nodes")}


def busy_s(page: Page) -> dict[str, float]:
    """Seconds that the page's process has computed, and of which its main thread for what."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    found = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    names = ("ProcessTime", "TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
    return {name: found[name] for name in names}


def open_page(browser: Browser, url: str, requests: Counter[str]) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(60_000)
    page.on("request", lambda request: requests.update([request.url.removeprefix(url).split("?")[0]]))
    page.goto(f"{url}/bots")
    page.get_by_text("STREAMING").wait_for()
    return page


def look(browser: Browser, minutes: float, data: Path) -> bool:
    """Follow a replay; return whether heap and listeners stayed flat."""
    with running(data, "up", "--speed", "300") as url:
        requests: Counter[str] = Counter()
        page = open_page(browser, url, requests)
        time.sleep(STEP_S)  # caches of the engine fill, curves reach their bound
        first, sent, started = figures(page), deliveries(url), time.monotonic()
        asked = Counter(requests)
        history = [first]
        while time.monotonic() - started < minutes * 60:
            time.sleep(STEP_S)
            history.append(figures(page))
            print(f"{time.monotonic() - started:5.0f} s  {history[-1]}", flush=True)
        hours = (time.monotonic() - started) / 3600
        pushed = deliveries(url) - sent
        print(f"pushes: {pushed} in {hours * 60:.1f} min, {pushed / hours:.0f} an hour")
        print(f"requests after the load: {dict(requests - asked)}; on the load: {dict(asked)}")
        an_hour = sum((requests - asked).values()) / hours
        fewer = 1 - an_hour / POLLS_AN_HOUR
        print(f"requests an hour of looking: {an_hour:.0f}, {fewer:.0%} fewer than a poll every 5 s")
        half = len(history) // 2
        early = min(each["JSHeapUsedSize"] for each in history[: half + 1])
        late = min(each["JSHeapUsedSize"] for each in history[half:])
        listeners = [each["JSEventListeners"] for each in history]
        print(f"heap: {early / 1e6:.1f} MB in the first half, {late / 1e6:.1f} MB in the second (least of each)")
        print(f"listeners: {listeners[0]} at first, {listeners[-1]} at last")
        page.context.close()
        return late < early * MAY_GROW and listeners[-1] < listeners[0] * MAY_GROW


def position(number: int, last: float) -> dict[str, Any]:
    return {"quantity": 10, "average_price": 250.0 + number, "last_price": last, "market_value": 10 * last}


def hurry(browser: Browser, updates: int, seconds: float, data: Path) -> bool:
    """Write `updates` times a second; return whether the page showed the last of them within a second."""
    layout = Layout(data)
    states = []
    for number in range(BOTS):
        positions = {f"S{each:02d}": position(each, 250.0) for each in range(POSITIONS)}
        states.append(sim_log(f"bot_{number:02d}", 120, positions=positions))

    def write(number: int) -> float:
        state = states[number % BOTS]
        equity = round(100_000 + number * 0.01, 2)
        state |= {"equity": equity, "seq": number}
        name = f"S{number % POSITIONS:02d}"
        state["positions"][name] = position(number % POSITIONS, 250 + number % 97 / 10)
        write_json(layout.sim_log(state["day"], state["bot"]), state)
        return equity

    for number in range(BOTS):
        write(number)
    with running(data, "serve") as url:
        page = open_page(browser, url, Counter())
        page.wait_for_timeout(3000)
        sent = deliveries(url)
        page.evaluate(FRAMES)
        busy = busy_s(page)
        started = time.monotonic()
        number, equity = BOTS, 0.0
        while (now := time.monotonic() - started) < seconds:
            due = BOTS + int(now * updates)
            while number < due:
                equity = write(number)
                number += 1
            time.sleep(0.002)
        busy = {name: round(value - busy[name], 2) for name, value in busy_s(page).items()}
        frames = sorted(page.evaluate("window.frames_ms"))
        pushed = deliveries(url) - sent
        stopped = time.monotonic()
        until(page, f"document.body.innerText.includes('{equity:,.2f}')", 30)
        late = time.monotonic() - stopped
        size = len(httpx.get(f"{url}/api/bots/page", trust_env=False).content)
        count = len(frames)
        print(f"{number - BOTS} writes and {pushed} pushes of {size / 1024:.0f} KB in {seconds:.0f} s")
        p50, p95, p99 = (frames[int(count * part)] for part in (0.5, 0.95, 0.99))
        print(
            f"frames: {count / seconds:.0f} a second; between two: median {p50:.0f} ms, p95 {p95:.0f}, p99 {p99:.0f}"
        )
        print(f"seconds of computing: {busy}; {busy['ProcessTime'] / pushed * 1000:.1f} ms a push")
        print(f"the last write is on the page {late:.2f} s after it")
        page.context.close()
        return late < 1


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--updates", type=int, default=0, help="writes a second; 0 for a replay")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to write")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        if chosen.updates:
            fine = hurry(browser, chosen.updates, chosen.seconds, Path(folder))
        else:
            fine = look(browser, chosen.minutes, Path(folder))
        browser.close()
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
