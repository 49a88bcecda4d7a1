"""Firefox as its users have it, driven by WebDriver BiDi: the other tests' driver needs a Firefox of its own."""

import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

PATIENCE_S = 60
PREFERENCES = {
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "services.settings.server": "data:,#no-network",
    "toolkit.telemetry.server": "data:,",
}
"""What keeps Firefox from calling out, and from asking whoever is not there."""


@dataclass
class Firefox:
    """A running Firefox; its commands are those of https://w3c.github.io/webdriver-bidi/."""

    socket: ClientConnection
    lines: list[str] = field(default_factory=list)
    """What pages wrote to the console, newest last."""
    refused: str | None = None
    """Requests whose address has this in it are refused."""
    _id: int = 0

    def say(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; what comes meanwhile is taken in."""
        self._id += 1
        mine = self._id
        self.socket.send(json.dumps({"id": mine, "method": method, "params": parameters}))
        while True:
            got = json.loads(self.socket.recv(PATIENCE_S))
            if got.get("id") == mine:
                assert got["type"] == "success", got
                result: dict[str, Any] = got["result"]
                return result
            self._take(got)

    def _take(self, got: dict[str, Any]) -> None:
        parameters = got.get("params", {})
        if got.get("method") == "log.entryAdded":
            self.lines.append(f"{parameters['level']}: {parameters['text']}")
        elif got.get("method") == "network.beforeRequestSent" and parameters["isBlocked"]:
            request = parameters["request"]
            is_refused = self.refused is not None and self.refused in request["url"]
            command = "network.failRequest" if is_refused else "network.continueRequest"
            self._id += 1
            message = {"id": self._id, "method": command, "params": {"request": request["request"]}}
            self.socket.send(json.dumps(message))

    def open(self, url: str) -> "Tab":
        """Open a tab and wait until its page has loaded."""
        tab = Tab(self, self.say("browsingContext.create", type="tab")["context"])
        tab.goto(url)
        return tab

    def refuse(self, part: str | None) -> None:
        """Refuse requests whose address has `part` in it from now on; None refuses none."""
        self.refused = part


@dataclass
class Tab:
    """A tab."""

    firefox: Firefox
    context: str

    def goto(self, url: str) -> None:
        self.firefox.say("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """The value of JavaScript `expression`, of a promise what it comes to."""
        result = self.firefox.say(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})) ?? 'null')()",
            target={"context": self.context},
            awaitPromise=True,
        )
        assert result["type"] == "success", result
        return json.loads(result["result"]["value"])

    def until(self, expression: str, seconds: float = PATIENCE_S) -> None:
        """Wait until `expression` is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.evaluate(expression):
                return
            time.sleep(0.05)
        shown = self.evaluate("document.body.innerText")
        raise AssertionError(f"not within {seconds} s: {expression}; the page says:\n{shown[:1500]}")

    def back(self) -> None:
        self.firefox.say("browsingContext.traverseHistory", context=self.context, delta=-1)

    def press(self, *keys: str) -> None:
        """Press and release `keys` one after the other."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        actions = [{"type": "key", "id": "keys", "actions": strokes}]
        self.firefox.say("input.performActions", context=self.context, actions=actions)

    def show(self) -> None:
        self.firefox.say("browsingContext.activate", context=self.context)

    def close(self) -> None:
        self.firefox.say("browsingContext.close", context=self.context)


@contextmanager
def run_firefox(path: str, **preferences: object) -> Iterator[Firefox]:
    """Run Firefox without a window and with a fresh profile; names of `preferences` have `__` for a dot."""
    profile = Path(tempfile.mkdtemp(prefix="aion-firefox-"))
    chosen = PREFERENCES | {name.replace("__", "."): value for name, value in preferences.items()}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in chosen.items()]
    (profile / "user.js").write_text("\n".join(lines))
    said = profile / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [path, "--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", str(profile)],
            stdout=out, stderr=out,
        )  # fmt: skip
    try:
        end = time.monotonic() + PATIENCE_S
        while not (address := re.search(r"WebDriver BiDi listening on (ws://\S+)", said.read_text())):
            assert process.poll() is None and time.monotonic() < end, f"Firefox did not start:\n{said.read_text()}"
            time.sleep(0.05)
        with connect(f"{address[1]}/session", max_size=None, proxy=None) as socket:
            firefox = Firefox(socket)
            firefox.say("session.new", capabilities={})
            firefox.say("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
            streams = [{"type": "pattern", "pathname": "/api/events"}]
            firefox.say("network.addIntercept", phases=["beforeRequestSent"], urlPatterns=streams)
            yield firefox
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        shutil.rmtree(profile, ignore_errors=True)
