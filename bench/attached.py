"""Measure a hundred attached freqtrade bots, each with a new price at each look: `python -m bench.attached`.

Prints the processor time that the process that shows them takes for a look, and its memory. The bots are one server
on loopback with the recorded answers of the tests; its own time is not counted.
"""

import asyncio
import json
import multiprocessing
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from aiohttp import web

ROOT = Path(__file__).parents[1]
ANSWERS = ROOT / "tests/adapter/freqtrade_answers.json"
BOTS, CLOSED, SECONDS = 100, 60, 20


def answers() -> dict[str, Any]:
    """Return what a bot with `CLOSED` closed trades answers, by path."""
    said = json.loads(ANSWERS.read_text())["spot"]["answers"]
    trades = []
    for number in range(CLOSED):
        trade = json.loads(json.dumps(said["/trades"]["trades"][number % 3])) | {"trade_id": 100 + number}
        for order in trade["orders"]:
            order["order_id"] += f"-{number}"
        trades.append(trade)
    said["/trades"] = {"trades": trades, "total_trades": CLOSED}
    said["/profit"]["closed_trade_count"] = CLOSED
    said["/profit"]["profit_closed_coin"] = round(sum(each["close_profit_abs"] for each in trades), 8)
    return said


def serve(port: Any, looks: Any) -> None:
    """Answer as all of the bots, on a free port that is sent to `port`; count in `looks`."""
    said = answers()

    async def answer(request: web.Request) -> web.Response:
        value = said[request.path.removeprefix("/api/v1")]
        if request.path.endswith("/status"):
            looks.value += 1
            moved = {"current_rate": random.random(), "profit_abs": random.random()}
            value = [each | moved for each in value]
        if request.path.endswith("/balance"):
            value = value | {"total": value["total"] + random.random()}
        return web.json_response(value)

    async def tell(_: web.AppRunner) -> None:
        port.put(runner.addresses[0][1])

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application)

    async def run() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await tell(runner)
        await asyncio.sleep(10 * SECONDS)

    asyncio.run(run())


def main() -> None:
    """Run it and print the figures."""
    port: Any = multiprocessing.Queue()
    looks = multiprocessing.Value("q", 0)
    server = multiprocessing.Process(target=serve, args=(port, looks), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{port.get(timeout=30)}"
    with tempfile.TemporaryDirectory() as folder:
        tables = (f'[attach.b{number}]\nkind = "freqtrade"\nurl = "{url}"\n' for number in range(BOTS))
        (Path(folder) / "aion.toml").write_text('data = "data"\n' + "".join(tables))
        process = subprocess.Popen([sys.executable, "-m", "aion", "attach", "run"], cwd=folder)
        try:
            time.sleep(SECONDS / 2)
            seen = psutil.Process(process.pid)
            before, first = sum(seen.cpu_times()[:2]), looks.value
            time.sleep(SECONDS)
            used, done = sum(seen.cpu_times()[:2]) - before, looks.value - first
            rate, cost = done / BOTS / SECONDS, used / done
            print(f"{BOTS} bots, {rate:.2f} looks a second each: {1000 * cost:.2f} ms of processor a look, "
                  f"{cost * BOTS:.2f} of a core at 1 Hz, {seen.memory_info().rss / 1e6:.0f} MB")  # fmt: skip
        finally:
            process.terminate()
            process.wait(10)
            server.terminate()


if __name__ == "__main__":
    main()
