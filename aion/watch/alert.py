"""Alerts: sends alarms to people through the services that Apprise supports.

Each message is delivered by a separate process with a timeout (`aion.watch.deliver`), so that neither a service that
hangs nor Apprise's dependencies affect a process that trades, serves or watches. A failed delivery is retried a few
times, then logged and given up. The queue is limited.
"""

import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import orjson

from aion.section import AlertSettings
from aion.store.document.watch import Alarm
from aion.store.log.process_log import Say

EXTRA = "alerts need Apprise: pip install 'aion[alerts]'"
DEADLINE_S = 60.0  # for one delivery to all services, the start of a process on a busy machine included
RETRY_S = (5.0, 30.0, 120.0)  # before each further try
MOST_WAITING = 64  # messages; the oldest is dropped, with a line
MOST_LINES = 12  # alarms that one message names; the rest is counted
Done = Callable[[str], None]
_TITLES = {"failure": "needs attention", "success": "all clear"}


@dataclass(frozen=True, slots=True)
class Message:
    """One message."""

    title: str
    body: str
    kind: str
    """`failure` for what is wrong, `success` for an all-clear, `info` for a test."""


def message_of(name: str, opened: Sequence[Alarm], cleared: Sequence[Alarm]) -> Message:
    """Return one message with all changes of one check.

    Args:
        name: name of the desk, for people with several.
        opened: alarms that are new or due again.
        cleared: alarms that are over.
    """
    lines = [f"{each.level.upper()}: {each.text} (since {each.since:%Y-%m-%d %H:%M:%SZ})" for each in opened]
    lines += [f"ALL CLEAR: {each.text} (from {each.since:%Y-%m-%d %H:%M:%SZ})" for each in cleared]
    shown = lines[:MOST_LINES]
    if len(lines) > len(shown):
        shown.append(f"and {len(lines) - len(shown)} more; the System page lists them")
    kind = "failure" if opened else "success"
    return Message(f"{name} {_TITLES[kind]}", "\n".join(shown), kind)


def deliver(urls: Sequence[str], message: Message, deadline_s: float = DEADLINE_S) -> dict[str, str]:
    """Deliver `message` to all `urls`; return the reason by address for those that failed.

    Args:
        urls: Apprise addresses; they are secrets and go through a pipe, never into an argument, a log or an answer.
        message: the message.
        deadline_s: timeout of the delivery, seconds.
    """
    if find_spec("apprise") is None:
        return dict.fromkeys(urls, EXTRA)
    given = {"urls": list(urls), "title": message.title, "body": message.body, "kind": message.kind}
    command = [sys.executable, "-m", "aion.watch.deliver"]
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            command, input=orjson.dumps(given), capture_output=True, timeout=deadline_s, check=False
        )
    except subprocess.TimeoutExpired:
        return dict.fromkeys(urls, f"no answer within {deadline_s:g} s")
    except OSError as error:
        return dict.fromkeys(urls, f"the delivery could not be started: {error.strerror}")
    try:
        failed = orjson.loads(done.stdout)
        return {urls[int(place)]: f"{hidden(urls[int(place)])} {why}" for place, why in failed.items()}
    except (ValueError, LookupError, AttributeError):
        return dict.fromkeys(urls, f"the delivery ended with status {done.returncode}")


def hidden(url: str) -> str:
    """Return the redacted address of a service: `json://***`."""
    return f"{url.partition('://')[0][:20]}://***"


class Alerter:
    """Sends alarms in a thread of its own."""

    def __init__(
        self,
        settings: AlertSettings,
        say: Say,
        *,
        retry_s: Sequence[float] = RETRY_S,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """Start its thread.

        Args:
            settings: which alarms go to which services.
            say: (level, sentence) for the log.
            retry_s: seconds before each retry.
            deadline_s: as `deliver`.
        """
        self._urls = [url.get_secret_value() for url in settings.urls]
        self._events = frozenset(settings.events)
        self._name = settings.name
        self._say = say
        self._retry_s = tuple(retry_s)
        self._deadline_s = deadline_s
        self._queue: queue.Queue[tuple[Message, Done]] = queue.Queue(MOST_WAITING)
        self._failure = ""
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name="aion-alerts", daemon=True).start()

    def hand_over(self, opened: Mapping[str, Alarm], cleared: Mapping[str, Alarm]) -> None:
        """Queue alarms that are new, due again or cleared; never blocks."""
        bad = [each for each in opened.values() if each.kind in self._events]
        good = [each for each in cleared.values() if each.kind in self._events and each.alerted_at is not None]
        if not bad and not good:
            return
        self.send(message_of(self._name, bad, good))

    def send(self, message: Message, done: Done = lambda _why: None) -> None:
        """Queue a message; never blocks.

        Args:
            message: the message.
            done: called from another thread with why it was not delivered, empty when it was.
        """
        while True:
            try:
                self._queue.put_nowait((message, done))
            except queue.Full:
                try:
                    _, dropped = self._queue.get_nowait()
                except queue.Empty:
                    continue
                why = f"dropped: {MOST_WAITING} wait to be delivered"
                self._say("warning", f"an alert was {why}")
                dropped(why)
            else:
                return

    def failure(self) -> str:
        """Return why the newest alert was not delivered, `""` if it was."""
        return self._failure

    def stop(self) -> None:
        """Send nothing more."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                message, done = self._queue.get(timeout=0.5)
            except queue.Empty:
                continue
            done(self._send(message))

    def _send(self, message: Message) -> str:
        """Deliver a message; return why that failed, empty where it did not."""
        left: Sequence[str] = self._urls
        for number, wait_s in enumerate((*self._retry_s, None), 1):
            failed = deliver(left, message, self._deadline_s)
            if not failed:
                self._failure = ""
                self._say("info", f"alert delivered: {message.title}")
                return ""
            left = list(failed)
            self._failure = why = "; ".join(dict.fromkeys(failed.values()))
            if wait_s is None or why == EXTRA:
                self._say("error", f"alert given up after {number} attempts: {why}")
                return why
            self._say("warning", f"alert not delivered: {why}; next attempt in {wait_s:g} s")
            if self._stopped.wait(wait_s):
                break
        return self._failure
