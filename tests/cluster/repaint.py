"""How long from a write on one machine to the figure in a browser that looks at a desk on another one."""

import random
import sys
import time

from playwright.sync_api import sync_playwright

from aion.store.file import write_json
from aion.store.layout import Layout
from bench.fresh import WATCH
from tests.cluster.machine import Cluster, until
from tests.cluster.streams import answers, free_port
from tests.e2e.conftest import FLAGS, chromium
from tests.web.sample import swing_rolling

BOTS, PADDING = 10, 40_000
START = 100_000.5


def measure(cluster: Cluster, writes: int) -> dict[str, float]:
    """Let ten bots write in turn, ten times a second; return milliseconds of p50, p99 and the worst."""
    source, copy = Layout(cluster.root / "source"), Layout(cluster.root / "target")
    for each in (source, copy):
        each.root.mkdir()

    def write(number: int) -> None:
        bot = f"bot{number % BOTS}"
        memo = {"padding": "x" * PADDING}
        write_json(source.swing_rolling(bot), swing_rolling(bot) | {"equity": START + number, "memo": memo})

    for number in range(BOTS):
        write(number)
    cluster.relay("push", source.root, "repaint")
    cluster.relay("pull", copy.root, "repaint")
    until(lambda: all(copy.swing_rolling(f"bot{number}").exists() for number in range(BOTS)), 60)
    port = free_port()
    cluster.part("serve", [sys.executable, "-m", "aion", "serve", "--data", str(copy.root), "--port", str(port)])
    until(lambda: answers(port), 60)
    began: dict[str, float] = {}
    dice = random.Random(4)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(WATCH)
        page.goto(f"http://127.0.0.1:{port}/bots")
        page.get_by_text("bot0").first.wait_for(timeout=30_000)
        page.wait_for_timeout(2000)
        for number in range(BOTS, BOTS + writes):
            began[f"{START + number:,.2f}"] = time.time()
            write(number)
            page.wait_for_timeout(60 + dice.random() * 80)
        page.wait_for_timeout(1000)
        seen: dict[str, float] = page.evaluate("window.seenFigures")
        browser.close()
    took = sorted(seen[text] - at * 1000 for text, at in began.items() if text in seen)
    return {
        "writes": len(began), "seen": len(took), "p50": took[len(took) // 2], "p99": took[int(len(took) * 0.99)],
        "worst": took[-1],
    }  # fmt: skip
