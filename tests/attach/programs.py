"""The real freqtrade in dry run and a desk that it is attached to, each a process of its own.

freqtrade is of the environment that `make adapters PROGRAMS=freqtrade` makes; its exchange is a file of prices.
"""

import json
import os
import re
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from aion.store.layout import Layout
from aion.web.security.password import hash_password
from aion.web.security.store import DeskStore
from tools.adapters import ROOT, install, programs
from tools.screenshots import free_port

USER, PASSWORD = "aion", "secret"  # of tools/freqtrade_dry_run.py
ADMIN, VIEWER = "a sentence that nobody guesses", "another sentence that nobody guesses"
READY_S = 120.0
TURN_S = 30.0  # in which a program that is asked for something shows it


def wait_for(what: Callable[[], Any], why: str, seconds: float = TURN_S) -> Any:
    """Return what `what` returns once it is true.

    Raises:
        AssertionError: it did not get true in time.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(httpx.HTTPError, KeyError):
            if found := what():
                return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds:g} s: {why}")


def python_of(program: str) -> Path:
    """Return the Python of a program's environment, which is made where it is not there."""
    home = ROOT / ".venv" / f"adapter-{program}" / "bin" / "python"
    return home if home.exists() else install(program, programs()[program])


@contextmanager
def process(
    command: Sequence[str | Path], console: Path, cwd: Path, **more: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program; end it at the end. What it prints goes to `console`."""
    with console.open("wb") as printed:
        running = subprocess.Popen(
            [str(each) for each in command], cwd=cwd, stdout=printed, stderr=subprocess.STDOUT,
            env={**os.environ, **more},
        )  # fmt: skip
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


class Freqtrade:
    """A running freqtrade."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.url = folder, f"http://127.0.0.1:{port}"
        said = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        self._client = httpx.Client(headers={"Authorization": f"Basic {said}"}, trust_env=False, timeout=30)

    def ask(self, path: str, body: Any = None) -> Any:
        """Return what its API answers to a GET, or to a POST of `body`."""
        url = f"{self.url}/api/v1{path}"
        answer = self._client.get(url) if body is None else self._client.post(url, json=body)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def enter(self, pair: str, **more: Any) -> int:
        """Open a trade; return its id."""
        return int(self.ask("/forceenter", {"pair": pair, **more})["trade_id"])

    def open_ids(self) -> set[int]:
        """Return the ids of open trades."""
        return {int(each["trade_id"]) for each in self.ask("/status")}

    def state(self) -> str:
        """Return running, paused or stopped."""
        return str(self.ask("/show_config")["state"])

    def move(self, by: Mapping[str, float]) -> None:
        """Multiply the prices of coins."""
        file = self.folder / "prices.json"
        prices = json.loads(file.read_text())
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(prices | {coin: prices[coin] * factor for coin, factor in by.items()}))
        partial.replace(file)


@contextmanager
def freqtrade(folder: Path, situation: str = "empty") -> Iterator[Freqtrade]:
    """Run freqtrade in dry run in a new folder; yield it once it trades."""
    port = free_port()
    command = (python_of("freqtrade"), ROOT / "tools/freqtrade_dry_run.py", folder, situation, str(port))
    console = folder.with_suffix(".console")
    with process(command, console, folder.parent) as running:
        found = Freqtrade(folder, port)

        def is_running() -> bool:
            assert running.poll() is None, console.read_text()[-3000:]
            return found.state() == "running"

        wait_for(is_running, "freqtrade runs", READY_S)
        yield found


class Desk:
    """A running desk with a login, seen by one of its users."""

    def __init__(self, url: str, password: str) -> None:
        self.url = url
        self.client = httpx.Client(base_url=url, trust_env=False, timeout=30, headers={"Origin": url})
        self.client.post("/api/session", json={"password": password}).raise_for_status()

    def bots(self) -> dict[str, Any]:
        """Return what the Bots page shows of each bot."""
        bundle = self.client.get("/api/bots/page").raise_for_status().json()
        return {**bundle["intraday"]["bots"], **bundle["swing"]["bots"]}

    def request(self, bot: str, action: str, value: str | None = None, reason: str = "") -> httpx.Response:
        """Ask for a control, and return the answer, whatever it is."""
        body = {"action": action, "reason": reason} | ({} if value is None else {"value": value})
        return self.client.post(f"/api/bots/{bot}/control", json=body)

    def ask(self, bot: str, action: str, value: str | None = None, reason: str = "") -> tuple[str, str]:
        """Ask for a control; return its state and detail once it is done or refused."""
        asked = self.request(bot, action, value, reason).raise_for_status().json()["id"]

        def answered() -> tuple[str, str] | None:
            line = self.client.get(f"/api/bots/{bot}/control").raise_for_status().json()["requests"][asked]
            return (line["state"], line.get("detail", "")) if line["state"] in ("done", "refused") else None

        found: tuple[str, str] = wait_for(answered, f"{action} of {bot} is done or refused")
        return found

    def audit(self) -> list[dict[str, Any]]:
        """Return the newest lines of the desk's audit, the newest first."""
        found: list[dict[str, Any]] = self.client.get("/api/audit").raise_for_status().json()["lines"]
        return found


@contextmanager
def desk(folder: Path, attached: Mapping[str, str]) -> Iterator[str]:
    """Run `aion serve` with a login and `aion attach run` in a new folder; yield the desk's address.

    Args:
        folder: of the settings and the data.
        attached: address of the API of each freqtrade, by the name of its bot.
    """
    folder.mkdir()
    tables = (
        f'[attach.{name}]\nkind = "freqtrade"\nurl = "{url}"\nuser = "{USER}"\n' for name, url in attached.items()
    )
    (folder / "aion.toml").write_text('data = "data"\n' + "\n".join(tables))
    DeskStore(Layout(folder / "data").desk).set_password("viewer", hash_password(VIEWER), "command", "")
    secrets = {f"AION_ATTACH_{re.sub('[^A-Z0-9]', '_', name.upper())}_PASSWORD": PASSWORD for name in attached}
    aion, port = (sys.executable, "-m", "aion"), free_port()
    path = {"PYTHONPATH": str(ROOT)}
    with (
        process((*aion, "serve", "--port", str(port)), folder / "serve", folder, AION_PASSWORD=ADMIN, **path),
        process((*aion, "attach", "run"), folder / "attach", folder, **secrets, **path),
    ):
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: httpx.get(f"{url}/healthz", trust_env=False).status_code == 200, "the desk runs", READY_S)
        yield url
