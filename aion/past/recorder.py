"""`aion record`: watches the bots' state files in a process of its own and records what they say."""

import os
import select
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from aion.config import Settings
from aion.errors import ConfigError, StateError, unwritable
from aion.live.disk.source import Scan, scan
from aion.live.disk.watcher import Changes, Watcher, open_watcher
from aion.past.day import ms_of
from aion.past.folder import PastFolder, tidy
from aion.past.writer import BotWriter
from aion.scalar import BotKind
from aion.store.document_file import check_schema
from aion.store.file import read_json
from aion.store.layout import INTRADAY, SWING, Layout, Place
from aion.store.lock import take_lock
from aion.store.log.process_log import ProcessLog, Say
from aion.store.private import keep_private

FOLDERS = (INTRADAY, SWING)
SEEN_EVERY_S = 5.0
TIDY_EVERY_S = 3600.0
AWAY = "no recorder was running"
UNREADABLE = "the bot's file could not be read"
_OF_KIND: dict[str, BotKind] = {"sim_log": "intraday", "swing_rolling": "swing"}

Key = tuple[BotKind, str]


@dataclass(slots=True)
class Watched:
    """One bot as the recorder knows it."""

    writer: BotWriter
    days: set[str] = field(default_factory=set)
    """Of an intraday bot: days of which there are files."""
    is_changed: bool = False
    due_s: float = 0.0
    """Monotonic time before which no other state is recorded."""
    lost_at: datetime | None = None
    """Since when its file cannot be read."""


def is_state(relative: str) -> bool:
    """Return True for the path of a file that is a bot's state."""
    place = Layout.place(relative)
    return place is not None and place.kind in _OF_KIND


class Recorder:
    """Records the states of the bots of one data folder."""

    def __init__(
        self,
        settings: Settings,
        say: Say,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make it; nothing is read before `begin`.

        Args:
            settings: of the data folder, the interval and what is kept.
            say: (level, sentence) for the log.
            now: wall time.
            now_s: a clock in seconds that never goes back.
        """
        self._settings, self._say, self._now, self._now_s = settings, say, now, now_s
        self._layout = Layout(settings.data)
        self.folder = PastFolder(settings.data)
        self.bots: dict[Key, Watched] = {}
        self._scan: Scan = {}
        self._seen_s = self._tidied_s = float("-inf")
        self._refused = ""
        self.states = 0
        """Recorded so far."""

    def begin(self) -> None:
        """Record where each bot stands, and the hole since the recorder was last at work."""
        try:
            seen = datetime.fromtimestamp(self.folder.seen.stat().st_mtime, UTC)
        except OSError:
            seen = None
        for key in self._rescan():
            bot = self.bots[key]
            bot.is_changed = False
            self._trying(key, partial(bot.writer.resume, self._read(key, bot), seen, self._now(), AWAY))
            bot.due_s = self._now_s() + self._settings.past_interval_s
        self.rest()

    def take(self, changes: Changes) -> None:
        """Note what changed; `rest` records it."""
        if changes.rescan:
            self._rescan()
        for path in changes.paths:
            self._note(path, is_there=(self._layout.root / path).exists())

    def compare(self) -> None:
        """Note what changed where no events tell of it."""
        self._rescan()

    def rest(self) -> float:
        """Record what is due, and tidy up now and then; return the seconds until something is due."""
        now_s = self._now_s()
        wait_s = SEEN_EVERY_S
        for key, bot in self.bots.items():
            if not bot.is_changed:
                continue
            if bot.due_s > now_s:
                wait_s = min(wait_s, bot.due_s - now_s)
                continue
            self._record(key, bot)
            bot.due_s = now_s + self._settings.past_interval_s
        if now_s - self._seen_s >= SEEN_EVERY_S:
            self._seen_s = now_s
            self._touch()
        if now_s - self._tidied_s >= TIDY_EVERY_S:
            self._tidied_s = now_s
            self._tidy()
        return max(0.0, wait_s)

    def end(self) -> None:
        """Record what waits for its interval."""
        for key, bot in self.bots.items():
            if bot.is_changed:
                self._record(key, bot)
            if bot.lost_at is not None:
                self._end_hole(key, bot, bot.lost_at)
        self._touch()

    def _rescan(self) -> Iterable[Key]:
        """Look at all files; return the bots of which one changed."""
        found = scan(self._layout.root, FOLDERS, is_state)
        changed = {path for path, signature in found.items() if self._scan.get(path) != signature}
        gone = self._scan.keys() - found.keys()
        self._scan = found
        keys = {self._note(path, is_there=True) for path in changed if not path.endswith("/")}
        keys |= {self._note(path, is_there=False) for path in gone if not path.endswith("/")}
        return sorted(key for key in keys if key is not None)

    def _note(self, path: str, *, is_there: bool) -> Key | None:
        place = Layout.place(path)
        kind = _OF_KIND.get(place.kind) if place is not None else None
        if place is None or kind is None:
            return None
        key: Key = (kind, place.bot)
        bot = self.bots.get(key)
        if bot is None:
            bot = self.bots[key] = Watched(BotWriter(self.folder, kind, place.bot))
        if kind == "intraday":
            newest = max(bot.days, default="")
            (bot.days.add if is_there else bot.days.discard)(place.day)
            bot.is_changed |= place.day >= newest or max(bot.days, default="") != newest
        else:
            bot.is_changed = True
        return key

    def _record(self, key: Key, bot: Watched) -> None:
        bot.is_changed = False
        state = self._read(key, bot)
        if state is None:
            return
        if bot.lost_at is not None:
            self._end_hole(key, bot, bot.lost_at)
        self._trying(key, lambda: self._write(bot, state))

    def _write(self, bot: Watched, state: dict[str, Any]) -> None:
        self.states += bot.writer.write(state, self._now())

    def _end_hole(self, key: Key, bot: Watched, lost_at: datetime) -> None:
        bot.lost_at = None
        now = self._now()
        from_ms = ms_of(now.date().isoformat(), lost_at)
        self._trying(key, lambda: bot.writer.hole(from_ms, now, UNREADABLE))

    def _read(self, key: Key, bot: Watched) -> dict[str, Any] | None:
        """Return the newest state of a bot, None where there is none or it cannot be read."""
        kind, name = key
        if kind == "intraday" and not bot.days:
            return None
        place = Place("sim_log", name, max(bot.days)) if kind == "intraday" else Place("swing_rolling", name)
        try:
            value, _ = read_json(self._layout.root / place.file, name=place.file, is_mended=True)
            check_schema(value, place.kind, place.file)
        except FileNotFoundError:
            return None
        except StateError as error:
            if bot.lost_at is None:
                bot.lost_at = self._now()
                self._say("warning", f"not recorded until it can be read: {error}")
            return None
        return value

    def _trying(self, key: Key, write: Callable[[], object]) -> None:
        """Write; what fails is said once and costs that state alone."""
        try:
            write()
        except (OSError, ValueError) as error:
            self._refuse(f"{key[1]} cannot be recorded: {getattr(error, 'strerror', None) or error}")
            return
        self._refused = ""

    def _refuse(self, why: str) -> None:
        if why != self._refused:
            self._say("error", why)
        self._refused = why

    def _touch(self) -> None:
        try:
            with suppress(FileExistsError):
                os.close(os.open(self.folder.seen, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            moment = self._now().timestamp()
            os.utime(self.folder.seen, (moment, moment), follow_symlinks=False)
        except OSError as error:
            self._refuse(f"{self.folder.seen.name} cannot be written: {error.strerror}")

    def _tidy(self) -> None:
        settings = self._settings
        removed = tidy(self.folder, self._now().date(), settings.keep_past_days, settings.past_mb << 20)
        if removed.days:
            self._say("info", f"{removed.days} recorded days removed, {removed.bytes / 1e6:.1f} MB")
        if removed.refused:
            self._say("warning", f"cannot be removed: {removed.refused}")


def run(settings: Settings) -> int:
    """Record until stopped by a signal; return the exit status.

    Raises:
        ConfigError: another recorder is at work there, or the folder cannot be written.
    """
    keep_private(settings.data)
    folder = PastFolder(settings.data)
    try:
        folder.folder.mkdir(parents=True, exist_ok=True)
        lock = take_lock(folder.lock)
    except OSError as error:
        raise unwritable(error, f"{folder.folder} cannot be written: {error.strerror}") from None
    if lock is None:
        raise ConfigError(f"another recorder is at work in {folder.folder}: one is enough")
    log = ProcessLog(Layout(settings.data), "record", settings.log_level, console_format=settings.log_format)
    recorder = Recorder(settings, log.write)
    waker, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: stopped.append(number))
    log.info(f"recording the states of the bots in {settings.data}")
    events = _Events(settings, log.write)
    events.open()
    recorder.begin()
    while not stopped:
        wait_s = recorder.rest()
        ready = events.wait(waker, wait_s)
        if stopped:
            break
        if ready is None:
            recorder.compare()
        else:
            recorder.take(ready)
    recorder.end()
    os.close(lock)
    log.info(f"stopped; {recorder.states} states recorded")
    return 0


class _Events:
    """What changed, from the kernel's events; where there are none, the time to look again."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self._settings, self._say = settings, say
        self._watcher: Watcher | None = None

    def open(self) -> None:
        """Begin to watch; say once where that cannot be."""
        try:
            self._watcher = open_watcher(self._settings.data, FOLDERS, is_state)
        except OSError as error:
            every_s = self._settings.rescan_interval_s
            self._say("warning", f"no file events ({error.strerror}): files are compared every {every_s:g} s")

    def wait(self, waker: int, wait_s: float) -> Changes | None:
        """Return what changed within `wait_s` seconds or until a signal; None for "compare the files"."""
        if self._watcher is None:
            select.select([waker], [], [], min(wait_s, self._settings.rescan_interval_s))
            return None
        select.select([waker, *self._watcher.descriptors()], [], [], wait_s)
        try:
            return self._watcher.look() or Changes()
        except OSError as error:
            self._say("warning", f"file events ended ({error.strerror}): files are compared")
            self._watcher.close()
            self._watcher = None
            return None
