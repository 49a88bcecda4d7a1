"""Restarts a desk behind proxies under load, and looks at what streaming and polling clients notice of it."""

import asyncio
import json
import random
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.process.crew import workers
from tests.proxy.front import FRONTS, behind
from tests.web.sample import Writer

BOT = "swing_1w"
BASE = 100_000
WRITE_S = 0.1
PARALLEL = 20
REFRESH = """
for i in {1..20}; do
  curl -s URL/api/backend/bots/page > /dev/null &
done
wait
"""
"""The test of the caching document; `status` below makes it print what each answer was."""


@dataclass
class Published:
    """What was written, and when its rename had returned (monotonic clock)."""

    times: list[float] = field(default_factory=list)

    @property
    def newest(self) -> int:
        """Number of the newest one."""
        return len(self.times)


@dataclass
class Client:
    """What one client saw."""

    name: str
    good: int = 0
    ends: int = 0
    """Streams that ended as they should: with `bye`."""
    wrong: list[str] = field(default_factory=list)
    """Answers other than 200 and 304, cuts, and data older than what was on disk before it was asked for."""
    got: list[tuple[float, int]] = field(default_factory=list)
    """When which number arrived."""

    def take(self, number: int, least: int) -> None:
        """Note that `number` arrived; `least` was on disk when it was asked for."""
        if number < least or (self.got and number < self.got[-1][1]):
            self.wrong.append(
                f"{number} came where {max(least, self.got[-1][1] if self.got else 0)} was there already"
            )
        self.got.append((time.monotonic(), number))


def reasons(error: BaseException | None) -> str:
    """Return an error and what it came from: whether a proxy, the desk or the client itself closed a connection."""
    found = []
    while error is not None:
        found.append(repr(error))
        error = error.__cause__ or error.__context__
    return " from ".join(found)


def number_of(bundle: dict[str, Any]) -> int:
    return round(bundle["swing"]["bots"][BOT]["equity"]) - BASE


class Trial:
    """One desk with two workers behind some proxies, and their clients."""

    def __init__(self, folder: Path, streams: int, pollers: int) -> None:
        """Args: streams, pollers: clients of each proxy."""
        self.folder = folder
        self.streams = streams
        self.pollers = pollers
        self.published = Published()
        self.clients: list[Client] = []
        self.refreshes: dict[str, dict[str, int]] = {name: {} for name in FRONTS}
        self.rolls: list[float] = []
        self._is_over = False
        self._is_written = False

    def run(self, restarts: int, rounds: int) -> dict[str, Any]:
        """Restart all workers `restarts` times and refresh `rounds` times through each proxy."""
        data = self.folder / "data"
        write = Writer(data)
        self._write(write)
        began = time.monotonic()
        with ExitStack() as stack:
            process, url = stack.enter_context(workers(data, 2))
            port = int(url.rsplit(":", 1)[1])
            urls = {name: stack.enter_context(behind(name, port, self.folder / name)) for name in FRONTS}
            tasks = [threading.Thread(target=self._keep_writing, args=(write,))]
            tasks += [threading.Thread(target=self._refresh, args=(name, urls[name], rounds)) for name in FRONTS]
            tasks.append(threading.Thread(target=asyncio.run, args=(self._all_clients(urls),)))
            for task in tasks:
                task.start()
            try:
                for _ in range(restarts):
                    self._roll(process)
                for task in tasks[1:3]:
                    task.join()
                time.sleep(1.0)
            finally:
                self._is_over = True
                for task in tasks[1:]:
                    task.join(120)
                    assert not task.is_alive(), "the clients did not come to an end before the desk did"
                self._is_written = True
                tasks[0].join(60)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
            assert process.stderr is not None
            said = process.stderr.read()
        return self._result(said, time.monotonic() - began)

    def _roll(self, process: "subprocess.Popen[str]") -> None:
        parent = psutil.Process(process.pid)
        before = {child.pid for child in parent.children()}
        began = time.monotonic()
        process.send_signal(signal.SIGHUP)
        while before & {child.pid for child in parent.children()}:
            assert time.monotonic() < began + 120, "the workers were not replaced within two minutes"
            time.sleep(0.05)
        self.rolls.append(time.monotonic() - began)

    def _write(self, write: Writer) -> None:
        write.swing(BOT, equity=float(BASE + self.published.newest + 1))
        self.published.times.append(time.monotonic())

    def _keep_writing(self, write: Writer) -> None:
        while not self._is_written:  # a stream ends with the next event
            self._write(write)
            time.sleep(WRITE_S)

    def _refresh(self, name: str, url: str, rounds: int) -> None:
        script = REFRESH.replace("URL", url).replace("curl -s", "curl -s -w '%{http_code}\\n' -o /dev/null")
        script = script.replace(" > /dev/null &", " &")
        for _ in range(rounds):
            done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120, check=False)
            for status in done.stdout.split():
                self.refreshes[name][status] = self.refreshes[name].get(status, 0) + 1

    async def _all_clients(self, urls: dict[str, str]) -> None:
        secure = ssl.create_default_context()  # made once; nothing here speaks TLS
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
            for name, url in urls.items():
                kinds = [(self._stream, "stream")] * self.streams + [(self._poll, "poller")] * self.pollers
                for number, (follow, kind) in enumerate(kinds):
                    # a pool each: httpcore may close a connection of a shared one that another task just began to use
                    http = await stack.enter_async_context(
                        httpx.AsyncClient(trust_env=False, timeout=60, verify=secure)
                    )
                    group.create_task(follow(http, url, self._client(f"{name} {kind} {number}")))

    def _client(self, name: str) -> Client:
        self.clients.append(Client(name))
        return self.clients[-1]

    async def _stream(self, http: httpx.AsyncClient, url: str, client: Client) -> None:
        while not self._is_over:
            least = self.published.newest
            try:
                retry_s = await self._read(http, f"{url}/events/bots", client, least)
            except httpx.HTTPError as error:
                client.wrong.append(f"cut: {reasons(error)}")
                retry_s = None
            if retry_s is None and not self._is_over:
                client.wrong.append("the stream ended without bye")
                retry_s = 1.0
            await asyncio.sleep(retry_s or 0)

    async def _read(self, http: httpx.AsyncClient, url: str, client: Client, least: int) -> float | None:
        event, retry_s = "", None
        async with http.stream("GET", url, headers={"accept-encoding": "identity"}) as answer:
            if answer.status_code != 200:
                client.wrong.append(f"{answer.status_code}")
                return 1.0
            client.good += 1
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    event = line[7:]
                elif line.startswith("retry: "):
                    retry_s = int(line[7:]) / 1000
                elif line.startswith("data: ") and event == "bots":
                    client.take(number_of(json.loads(line[6:])), least)
                    if self._is_over:
                        return 0.0
        client.ends += event == "bye"
        return retry_s if event == "bye" else None

    async def _poll(self, http: httpx.AsyncClient, url: str, client: Client) -> None:
        tag = ""
        while not self._is_over:
            least = self.published.newest
            try:
                answer = await http.get(f"{url}/api/bots/page", headers={"if-none-match": tag} if tag else {})
            except httpx.HTTPError as error:
                client.wrong.append(reasons(error))
                continue
            if answer.status_code == 200:
                tag = answer.headers["etag"]
                client.take(number_of(answer.json()), least)
            elif answer.status_code != 304:
                client.wrong.append(f"{answer.status_code} {answer.text[:200]}")
            elif client.got[-1][1] < least:
                client.wrong.append("304 for what had changed")
            client.good += answer.status_code in (200, 304)
            await asyncio.sleep(random.uniform(0.02, 0.1))

    def _result(self, said: str, seconds: float) -> dict[str, Any]:
        found: dict[str, Any] = {
            "seconds": round(seconds, 1),
            "restarts": len(self.rolls),
            "seconds a restart of both workers": [round(min(self.rolls), 1), round(max(self.rolls), 1)],
            "writes": self.published.newest,
            "tracebacks": said.count("Traceback"),
        }
        for name in FRONTS:
            mine = [each for each in self.clients if each.name.startswith(name)]
            streams = [each for each in mine if "stream" in each.name]
            polls = [each for each in mine if "poller" in each.name]
            found[name] = {
                "streams": len(streams),
                "streams opened": sum(each.good for each in streams),
                "ended with bye": sum(each.ends for each in streams),
                "events": sum(len(each.got) for each in streams),
                "polls": sum(each.good for each in polls),
                "wrong": [f"{each.name}: {wrong}" for each in mine for wrong in each.wrong],
                "never caught up": [each.name for each in streams if self._lag_s(each) is None],
                "longest behind, s": round(max((self._lag_s(each) or 0.0) for each in streams), 2),
                "refreshes": self.refreshes[name],
            }
        return found

    def _lag_s(self, client: Client) -> float | None:
        """Return the longest time from a write to the arrival of it or something newer; None if one never came."""
        worst, at = 0.0, 0
        last = client.got[-1][1] if client.got else 0
        if last < self.published.newest - 20 / WRITE_S:
            return None
        first = client.got[0][1]
        for number in range(first, last + 1):
            while client.got[at][1] < number:
                at += 1
            worst = max(worst, client.got[at][0] - self.published.times[number - 1])
        return worst


def failures(found: dict[str, Any], rounds: int) -> list[str]:
    """Return what a run should not have shown."""
    wrong = [f"{found['tracebacks']} tracebacks"] if found["tracebacks"] else []
    for name in FRONTS:
        seen = found[name]
        wrong += seen["wrong"] + [f"{client} never caught up" for client in seen["never caught up"]]
        if seen["refreshes"] != ({"200": rounds * PARALLEL} if rounds else {}):
            wrong.append(f"{name}: refreshes were answered {seen['refreshes']}")
        if seen["ended with bye"] < found["restarts"]:
            wrong.append(
                f"{name}: only {seen['ended with bye']} streams ended with bye: nothing was restarted under them"
            )
    return wrong


def table(found: dict[str, Any]) -> Sequence[str]:
    """Return the lines of a Markdown table."""
    lines = [f"| | {' | '.join(FRONTS)} |", "|---|" + "---|" * len(FRONTS)]
    for key in found[FRONTS[0]]:
        cells = []
        for name in FRONTS:
            value = found[name][key]
            if isinstance(value, dict):
                value = ", ".join(f"{count:,} x {status}" for status, count in value.items())
            elif isinstance(value, list):
                value = "none" if not value else str(len(value))
            cells.append(f"{value:,}" if isinstance(value, int) else str(value))
        lines.append(f"| {key} | {' | '.join(cells)} |")
    return lines
