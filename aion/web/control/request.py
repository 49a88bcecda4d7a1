"""Requests to the bots: the files below `control/`, which the desk alone writes, and what became of them.

A request is written once, flushed to the disk, and never changed. Nothing here waits for an answer.
"""

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from aion.clock import iso, parse_iso
from aion.config import Settings
from aion.errors import ConfigError, ConflictError, NotFoundError, StateError, printable
from aion.store.control_id import SUFFIX, asked_at, latest, make_id, order_of, why_no_file
from aion.store.document.kind import schema_name
from aion.store.document_file import write_document
from aion.store.file import flush, remove
from aion.store.layout import (
    DESK,
    KILL,
    SUMMARY,
    Layout,
    check_name,
    config,
    control,
    control_id_of,
    in_controls,
    kill,
)
from aion.store.lock import alone
from aion.web.bundle.controls import KILL_FIELDS, LINE_FIELDS, SAVED_FIELDS, UNREADABLE, add_outcome, became, take
from aion.web.control.change import Audited, changed, unaudited
from aion.web.log.writer import request_id
from aion.web.reader import FileReader
from aion.web.state import Json

LOOK_S = 0.1  # between two looks for an answer
KEPT = 50  # requests of a bot; older ones are removed
MOST_NAMED = 5  # files in its folder that are no requests
_ROOM = timedelta(hours=1)  # an id may be made behind one that is nearly too far in the future
OWN_ANSWER_S = 10.0  # Aion's process looks several times a second, whatever its bots wait for
LEAST_CYCLE_S = 1.0
MOST_CYCLE_S = 10.0  # the next write of a foreign bot may be hours away: it is not given as long again


class Requests:
    """Writes requests and kill switches, and tells what was answered."""

    def __init__(
        self,
        layout: Layout,
        files: FileReader,
        settings: Settings,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Make it.

        Args:
            layout: of the data folder.
            files: reads it.
            settings: name Aion's own bots.
            now: the wall clock, aware UTC.
        """
        self._layout = layout
        self._files = files
        self._settings = settings
        self._now = now

    def state(self, bot: str) -> Json:
        """Return the newest state document of `bot`, of `desk` that of the bots' clock; empty when there is none.

        Raises:
            NotFoundError: nobody of that name is known.
            StateError: its file cannot be trusted.
        """
        check_name("bot", bot)
        if bot == DESK:
            return self._found(SUMMARY)
        file = self._files.newest_state(bot, self._settings.kinds)
        if file is not None:
            return self._found(file)
        if not self.is_own(bot):
            raise NotFoundError(f"there is no bot {bot!r}: none is configured, and none has written a state file")
        return {}

    def is_own(self, bot: str) -> bool:
        """Tell whether Aion's own process runs `bot`."""
        return bot == DESK or bot in self._settings.bots

    def read(self, bot: str) -> Json:
        """Return `ControlState` of `bot`.

        Raises:
            NotFoundError: nobody of that name is known.
        """
        try:
            state = self.state(bot)
        except StateError:
            state = {}  # its card says what is wrong with it; what was asked of it stands in other files
        shown = state.get("clock", {}) if bot == DESK else state
        done = shown.get("control_id")
        lines, aside = self._lines(bot)
        found: Json = {
            "bot": bot,
            "answers": self._answers(bot, state),
            "state": shown.get("state", ""),
            "control_error": shown.get("control_error", ""),
            "requests": {line["id"]: line | self._became(bot, line, shown) for line in lines},
            "left_aside": aside,
        }
        if done is not None:
            found["control_id"] = done
        kill = self.kill_of(bot)
        return found | ({"kill": kill} if kill else {})

    def asked(self, bot: str) -> Json:
        """Return `Asked` of `bot`, as the bundles carry it."""
        found: Json = {}
        lines, _ = self._lines(bot, newest=1)
        if lines:
            found["request"] = lines[0]
            with suppress(NotFoundError, StateError):
                add_outcome(found, self.state(bot), is_own=self.is_own(bot))
        kill = self.kill_of(bot)
        if kill:
            found["kill"] = kill
        with suppress(NotFoundError, StateError):  # unreadable rules are the rules editor's to tell
            found["saved"] = take(self._files.read(config(bot), ""), SAVED_FIELDS)
        return found

    def kill_of(self, bot: str) -> Json | None:
        """Return `KillLine` of `bot`, None when its switch is clear."""
        try:
            return take(self._files.read(kill(bot), ""), KILL_FIELDS)
        except NotFoundError:
            return None
        except StateError:
            return {"reason": UNREADABLE}

    def check(self, bot: str) -> Json:
        """Return the state of `bot` if it can be asked for anything.

        Raises:
            ConflictError: it is not one of Aion's own, and has not said that it answers.
            NotFoundError: nobody of that name is known.
        """
        try:
            state = self.state(bot)
        except StateError:
            if not self.is_own(bot):
                raise
            state = {}
        if not self._answers(bot, state):
            raise ConflictError(
                f"{bot} belongs to another program, and its state has no control_id: "
                "it does not take commands, so stop it where it runs"
            )
        return state

    def ask(
        self,
        bot: str,
        action: str,
        who: str,
        reason: str,
        value: float | str | None = None,
        audited: Audited = unaudited,
    ) -> Json:
        """Write a request; return it as `ControlAnswer`. Call `check` first.

        One after the other, whichever worker asks, so that ids tell in which order it was asked.

        Raises:
            OSError: it cannot be written; nothing was asked.
            DeskStoreError: the audit cannot be written; nothing was asked.
        """
        with alone(self._layout.controls):
            line = self._line(bot, action, who, reason, value)
            with changed(self._layout.control(bot, line["id"]), audited):
                self._write(bot, line)
            self._tidy(bot, line["id"])
        return line | {"state": "requested"}

    def _line(self, bot: str, action: str, who: str, reason: str, value: float | str | None) -> Json:
        now = self._now()
        line: Json = {"id": self._next_id(bot, now), "action": action, "requested_at": iso(now), "requested_by": who}
        line["reason"] = reason
        if value is not None:
            line["value"] = value
        due = self._due(bot, now)
        if due is not None:
            line["due_at"] = iso(due)
        return line

    def _write(self, bot: str, line: Json) -> None:
        document = {"schema": schema_name("control"), "bot": bot, **line}
        if asked_as := request_id.get():
            document["request_id"] = asked_as
        write_document(self._layout.control(bot, line["id"]), document, durable=True)

    def _tidy(self, bot: str, newest: str) -> None:
        # what lies ahead of the one just written (a clock that was wrong, a file of somebody else) costs it nothing
        before = [each for each in self._ids(bot) if order_of(each) <= order_of(newest)]
        for name in before[KEPT:]:
            with suppress(OSError):  # a folder of that name, or a disk that refuses: it costs nothing there
                remove(self._layout.control(bot, name))

    def throw(self, bot: str, who: str, reason: str) -> Json:
        """Throw the kill switch of `bot`; return `KillLine`. It is on the disk for good after `flush_kill`.

        Raises:
            OSError: it cannot be written.
        """
        now = self._now()
        line: Json = {"killed_at": iso(now), "killed_by": who, "reason": reason}
        due = self._due(bot, now)
        if due is not None:
            line["due_at"] = iso(due)
        write_document(self._layout.kill(bot), {"schema": schema_name("kill"), "bot": bot, **line})
        return line

    def flush_kill(self, bot: str) -> None:
        """Flush the kill switch of `bot`, which stops it already, to the disk.

        Raises:
            OSError: the disk refuses; FileNotFoundError where it was cleared.
        """
        flush(self._layout.kill(bot))

    def clear(self, bot: str, who: str = "", *, is_kept: bool = False, audited: Audited = unaudited) -> bool:
        """Clear the kill switch of `bot`, whatever its file holds; False when it was clear.

        Args:
            bot: name, or `DESK` for the switch of all.
            who: clears it.
            is_kept: True to let the exits that it ordered fill; the bots cancel them otherwise.
            audited: writes the audit's line.

        Raises:
            OSError: it cannot be removed; it stands as before.
            DeskStoreError: the audit cannot be written; the switch stands as before.
        """
        path = self._layout.kill(bot)
        if not is_kept:
            with changed(path, audited):
                return remove(path)
        with alone(self._layout.controls):
            line = self._line(bot, "clear", who, "", "keep")
            # before the switch goes: whoever sees it gone finds the request
            with changed(self._layout.control(bot, line["id"]), unaudited), changed(path, audited):
                self._write(bot, line)
                was_on = remove(path)
            self._tidy(bot, line["id"])
        return was_on

    def _answers(self, bot: str, state: Json) -> bool:
        return self.is_own(bot) or "control_id" in state

    def _found(self, file: str) -> Json:
        try:
            return self._files.read(file, "")
        except NotFoundError:
            return {}

    def _due(self, bot: str, now: datetime) -> datetime | None:
        """Return by when the bot answers: its next write may be too early for it, the one after is not."""
        if self.is_own(bot):
            return now + timedelta(seconds=OWN_ANSWER_S)
        try:
            state = self.state(bot)
        except (NotFoundError, StateError):
            return None
        if "due_at" not in state or "written_at" not in state:
            return None
        due = parse_iso(state["due_at"])
        cycle_s = (due - parse_iso(state["written_at"])).total_seconds()
        return max(due, now) + timedelta(seconds=min(MOST_CYCLE_S, max(LEAST_CYCLE_S, cycle_s)))

    def _next_id(self, bot: str, now: datetime) -> str:
        """Return an id behind all that are there, also after a clock that went back; those far ahead do not count."""
        newest = next((at for each in self._ids(bot) if (at := order_of(each)[0]) <= latest(now) - _ROOM), None)
        return make_id(now, newest, secrets.token_hex(2))

    def _ids(self, bot: str) -> list[str]:
        """Return the ids of a bot's requests, the newest first; those far in the future are none."""
        end = latest(self._now()) + _ROOM
        names = (control_id_of(name) for name in self._files.control_names(bot))
        return sorted((each for each in names if each and order_of(each)[0] <= end), key=order_of, reverse=True)

    def _lines(self, bot: str, newest: int = KEPT) -> tuple[list[Json], Json]:
        """Return a bot's newest requests, and what beside them is none: path -> why."""
        now = self._now()
        paths = {each: control(bot, each) for each in self._ids(bot)[:KEPT]}
        docs, errors = self._files.read_all(paths)
        aside = {paths[each]: problem["reason"] for each, problem in errors.items()}
        for name in self._files.control_names(bot):
            asked = asked_at(name.removesuffix(SUFFIX))
            is_ahead = asked is not None and asked > latest(now) + _ROOM
            if name != KILL and (asked is None or is_ahead or not name.endswith(SUFFIX)):
                aside[in_controls(bot, _shown(name))] = why_no_file(name, now)
        few = dict(list(aside.items())[:MOST_NAMED])
        return [take(doc, LINE_FIELDS) for doc in docs.values()][:newest], few

    def _became(self, bot: str, line: Json, shown: Json) -> Json:
        found = became(line, shown, is_own=self.is_own(bot))
        if found:
            return found
        due = line.get("due_at")
        if due is None or parse_iso(due) >= self._now():
            return {"state": "requested"}
        answered = asked_at(shown.get("control_id") or "")
        is_passed_over = answered is not None and answered > order_of(line["id"])[0]
        more = {"detail": "It answered a later request and does not say what became of this one."}
        return {"state": "not_answered"} | (more if is_passed_over else {})


def _shown(name: str) -> str:
    return printable(name.encode(errors="replace").decode())[:100]


COMMAND_LINE = "the command line"


def _of_command(layout: Layout, bot: str, settings: Settings) -> Requests:
    """Return what asks on behalf of the command line.

    Raises:
        ConfigError: there are no bots in that folder, or none of that name that reads requests.
    """
    requests = Requests(layout, FileReader(layout), settings)
    if not requests.state(DESK):
        raise ConfigError(f"{layout.root} has no bots of Aion: say which folder with --data")
    try:
        requests.check(bot)
    except (ConflictError, NotFoundError) as error:
        raise ConfigError(str(error)) from None
    return requests


def throw_switch(layout: Layout, bot: str, reason: str, settings: Settings) -> None:
    """Throw the kill switch of a bot, or of all with `DESK`, on behalf of the command line.

    Raises:
        ConfigError: as `ask_and_wait`.
    """
    try:
        _of_command(layout, bot, settings).throw(bot, COMMAND_LINE, reason)
    except OSError as error:
        raise ConfigError(f"{layout.kill(bot)} cannot be written: {error.strerror}; it is not on") from None


def clear_switch(layout: Layout, bot: str, *, is_kept: bool, settings: Settings) -> bool:
    """Clear the kill switch of a bot, or of all with `DESK`; False when it was clear.

    Raises:
        ConfigError: as `ask_and_wait`.
    """
    requests = _of_command(layout, bot, settings)
    if requests.kill_of(bot) is None:
        return False
    try:
        return requests.clear(bot, COMMAND_LINE, is_kept=is_kept)
    except OSError as error:
        raise ConfigError(f"{layout.kill(bot)} cannot be removed: {error.strerror}; it is still on") from None


def ask_and_wait(
    layout: Layout, action: str, value: str | None, reason: str, bot: str = DESK, settings: Settings | None = None
) -> tuple[str, str]:
    """Ask a bot, or all of them, on behalf of the command line and wait for the answer, `OWN_ANSWER_S` at most.

    Returns:
        State of the `ControlAnswer`, `not_answered` where none came, and its detail.

    Raises:
        ConfigError: there are no bots in that folder, or the request cannot be written.
    """
    requests = _of_command(layout, bot, settings or Settings())
    try:
        asked = requests.ask(bot, action, COMMAND_LINE, reason, value)
    except OSError as error:
        raise ConfigError(f"{layout.controls} cannot be written: {error.strerror}; nothing was asked") from None
    while True:
        line = requests.read(bot)["requests"].get(asked["id"], {})
        state = line.get("state", "not_answered")
        if state != "requested":
            return state, line.get("detail", "")
        time.sleep(LOOK_S)
