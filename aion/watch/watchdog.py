"""The watchdog: checks periodically, writes problems to a file and the log, and passes them to the alerts.

It runs in a thread of `aion up` and shares only the disk with bots and desk; neither waits for it.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from aion.clock import iso
from aion.config import Settings
from aion.errors import StateError
from aion.store.document.base import to_json
from aion.store.document.kind import schema_name
from aion.store.document.watch import Alarm, Watch, WatchedProcess
from aion.store.document_file import read_document, write_document
from aion.store.layout import Layout
from aion.store.log.process_log import Say
from aion.watch.bots import BotWatch
from aion.watch.check import CHECKS, Place, run
from aion.watch.finding import Finding
from aion.watch.machine import Clocks

CHECK_S = 2.0  # between two rounds; a process that ends is looked at at once
START_S = 60.0  # what the bots get after a start to write again before they are called late
BOTS = "bots"  # name of their process
KEPT_CLEARED = 20
State = Literal["running", "stopped"]


class Alerts(Protocol):
    """Receiver of alarms for people."""

    def hand_over(self, opened: Mapping[str, Alarm], cleared: Mapping[str, Alarm]) -> None:
        """Queue alarms that are new, due again or cleared; never blocks."""

    def failure(self) -> str:
        """Return why the newest alert was not delivered, `""` if it was."""


class Watchdog:
    """Watches over one data folder."""

    def __init__(
        self,
        settings: Settings,
        layout: Layout,
        processes: Callable[[], Mapping[str, WatchedProcess]],
        say: Say,
        alerts: Alerts | None = None,
        *,
        clocks: Clocks | None = None,
    ) -> None:
        """Create it with the open alarms of the previous watchdog.

        Args:
            settings: of `aion up`.
            layout: of the data folder.
            processes: returns the supervised processes; empty if there are none.
            say: the log.
            alerts: receives alarms; None to send none.
            clocks: for tests.
        """
        watch = settings.watch
        self._layout = layout
        self._processes = processes
        self._say = say
        self._alerts = alerts
        self._clocks = clocks or Clocks()
        self._steady_s = watch.steady_s
        self._repeat_s = settings.alerts.repeat_minutes * 60
        self._bots = BotWatch(layout, settings.kinds, watch.grace_s)
        place = Place(settings, layout, self._clocks)
        self._checks = {make.__name__: make(place) for make in CHECKS}
        self._written: Any = None
        self._write_failed = False
        self._failed = ""
        self._wake = threading.Event()
        self._is_over = False
        self.alarms: dict[str, Alarm] = {}
        """What is wrong, by key."""
        self.cleared: dict[str, Alarm] = {}
        """What was wrong, the newest last."""
        self._take_over()

    # life

    def start(self) -> threading.Thread:
        """Check every `CHECK_S` in a thread of its own until `stop`."""
        thread = threading.Thread(target=self._run, name="aion-watchdog", daemon=True)
        thread.start()
        return thread

    def wake(self) -> None:
        """Check at once."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread; call `close` afterwards."""
        self._is_over = True
        self._wake.set()

    def close(self) -> None:
        """Write that everything ended normally."""
        self._write(datetime.fromtimestamp(self._clocks.wall(), UTC), "stopped")

    def _run(self) -> None:
        while not self._is_over:
            self._try_to_look()
            self._wake.wait(CHECK_S)
            self._wake.clear()

    def _try_to_look(self) -> None:
        """Check once; an error is logged and does not stop later checks."""
        try:
            self.look()
        except Exception as error:  # noqa: BLE001 - nobody would watch any more
            failed = f"{type(error).__name__}: {error}"
            if failed != self._failed:
                self._say("error", f"the watchdog check failed: {failed[:500]}")
            self._failed = failed
        else:
            self._failed = ""

    # one round

    def look(self) -> None:
        """Check once: store, write, log and pass on what changed."""
        now_s = self._clocks.wall()
        now = datetime.fromtimestamp(now_s, UTC)
        processes = self._processes()
        found = {each.key: each for each in self._findings(processes, now_s)}
        opened: dict[str, Alarm] = {}
        cleared: dict[str, Alarm] = {}
        for key, finding in found.items():
            before = self.alarms.get(key)
            is_same = before is not None and before.kind == finding.kind
            alarm = Alarm(
                kind=finding.kind, level=finding.level, subject=finding.subject, bot=finding.bot,
                text=finding.text[:2000], since=before.since if before else now,
                alerted_at=before.alerted_at if before and is_same else None,
            )  # fmt: skip
            if alarm.kind != "process" and (not is_same or (before and before.level != alarm.level)):
                self._say(alarm.level, alarm.text)
            if self._is_due(alarm, now):
                alarm.alerted_at = now
                opened[key] = alarm
            self.alarms[key] = alarm
        for key in self.alarms.keys() - found.keys():
            alarm = self.alarms.pop(key).model_copy(update={"cleared_at": now})
            self.cleared.pop(key, None)
            self.cleared[key] = cleared[key] = alarm
            self._say("info", f"all clear: {alarm.text}")
        for key in list(self.cleared)[:-KEPT_CLEARED]:
            del self.cleared[key]
        self._write(now, "running", processes)
        with suppress(OSError):  # says that it looked; no page is built again for it
            os.utime(self._layout.up_lock)
        if self._alerts is not None and (opened or cleared):
            self._alerts.hand_over(opened, cleared)

    def _is_due(self, alarm: Alarm, now: datetime) -> bool:
        if alarm.alerted_at is None:
            return True
        waited_s = (now - alarm.alerted_at).total_seconds()
        # a clock that went back must not silence an alarm
        return bool(self._repeat_s) and not 0 <= waited_s < self._repeat_s

    def _findings(self, processes: Mapping[str, WatchedProcess], now_s: float) -> Iterator[Finding]:
        own_since_s: float | None = 0.0
        for name, process in processes.items():
            yield from self._judge(name, process, now_s)
            if name == BOTS:
                is_up = process.state == "running" and process.started_at is not None
                own_since_s = process.started_at.timestamp() + START_S if is_up and process.started_at else None
        yield from self._bots.look(now_s, own_since_s)
        for name, check in self._checks.items():
            yield from run(name, check, now_s)
        if self._alerts is not None and (why := self._alerts.failure()):
            yield Finding("alerts", "alerts", "warning", "alerts", f"an alert was not delivered: {why}")

    def _judge(self, name: str, process: WatchedProcess, now_s: float) -> Iterator[Finding]:
        """Yield an alarm for each process that ended, until it has run for `steady_s` again."""
        if not process.ended or process.ended_at is None:
            return
        is_up = process.state == "running" and process.started_at is not None
        if is_up and process.started_at and now_s - process.started_at.timestamp() >= self._steady_s:
            return
        if is_up:
            then = "it runs again"
        elif process.starts_at:
            then = f"it is started again at {process.starts_at:%H:%M:%SZ}"
        else:
            then = "it is not started again"
        times = f", {process.restarts} restarts so far" if process.restarts > 1 else ""
        what = f"the process {name} {process.ended} at {process.ended_at:%H:%M:%SZ}; {then}{times}"
        yield Finding(f"process.{name}", "process", "error", name, what)

    # the file

    def _take_over(self) -> None:
        try:
            before, _ = read_document(self._layout.watch, "watch")
        except (FileNotFoundError, StateError):
            return  # nothing to go on with: what is wrong is found again
        assert isinstance(before, Watch)
        self.alarms = dict(before.alarms)
        self.cleared = dict(before.cleared)
        if before.state == "running":
            self._say("warning", "`aion up` did not shut down cleanly (killed, or the machine crashed); continuing")

    def _write(self, now: datetime, state: State, processes: Mapping[str, WatchedProcess] | None = None) -> None:
        """Write the file if its content differs from the previous one."""
        document = Watch(
            schema_=schema_name("watch"), written_at=now, state=state,
            processes=dict(processes or {}), alarms=self.alarms, cleared=self.cleared,
        )  # fmt: skip
        value = to_json(document)
        del value["written_at"]
        if value == self._written:
            return
        try:
            write_document(self._layout.watch, {**value, "written_at": iso(now)})
        except OSError as error:
            if not self._write_failed:
                self._say("error", f"{self._layout.watch.name} cannot be written: {error.strerror}")
            self._write_failed = True
            return
        self._write_failed = False
        self._written = value
