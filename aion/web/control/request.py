"""Requests to the bots: the files below `control/`, which the desk alone writes, and what became of them.

A request is written once, flushed to the disk, and never changed. Nothing here waits for an answer.
"""

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import get_args

from aion.config import Settings
from aion.errors import ConfigError, ConflictError, NotFoundError, StateError, printable
from aion.store.control_id import KEPT, SUFFIX, asked_at, latest, make_id, order_of, to_remove, why_no_file
from aion.store.document.action import Action, BotAction
from aion.store.document.base import made, shown_as, to_json
from aion.store.document.clock import ClockState
from aion.store.document.kind import schema_name
from aion.store.document.request import BotConfig, Control, Kill
from aion.store.document.state import Account, SimSummary
from aion.store.document_file import write_document
from aion.store.file import flush, read_bytes, remove, write_bytes
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
from aion.store.log.process_log import request_id
from aion.web.bundle.controls import (
    Asked,
    ControlAnswer,
    ControlLine,
    ControlState,
    KillLine,
    SavedRules,
    add_outcome,
    became,
    kill_line,
    outcome,
)
from aion.web.control.change import Audited, changed, unaudited
from aion.web.reader import FileReader
from aion.web.state import BotState

LOOK_S = 0.1  # between two looks for an answer
MOST_ID_BYTES = 64  # of the newest id
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
        *,
        is_of_machine: bool = False,
    ) -> None:
        """Make it.

        Args:
            layout: of the data folder.
            files: reads it.
            settings: name Aion's own bots.
            now: the wall clock, aware UTC.
            is_of_machine: True for the folder of another machine, whose settings this desk does not have.
        """
        self._is_of_machine = is_of_machine
        self._layout = layout
        self._files = files
        self._settings = settings
        self._now = now

    def state(self, bot: str) -> BotState | None:
        """Return the newest state of `bot`; None when it has written none.

        Raises:
            NotFoundError: nobody of that name is known.
            StateError: its file cannot be trusted.
        """
        check_name("bot", bot)
        file = self._files.newest_state(bot, self._settings.kinds)
        if file is not None:
            with suppress(NotFoundError):  # gone since the listing
                return self._files.read_state(file)
            return None
        if not self.is_own(bot):
            raise NotFoundError(f"there is no bot {bot!r}: none is configured, and none has written a state file")
        return None

    def summary(self) -> SimSummary | None:
        """Return the summary of the day-trading job, which has the bots' clock; None when there is none.

        Raises:
            StateError: its file cannot be trusted.
        """
        with suppress(NotFoundError):
            return self._files.read(SUMMARY, SimSummary)
        return None

    def _answering(self, bot: str) -> Account | ClockState | None:
        """Return what answers requests to `bot`: its newest state, or the clock for all of them; as `state`."""
        if bot != DESK:
            return self.state(bot)
        summary = self.summary()
        return summary.clock if summary is not None else None

    def is_own(self, bot: str) -> bool:
        """Tell whether Aion's own process runs `bot`."""
        return bot == DESK or bot in self._settings.bots or (self._is_of_machine and self._is_in_run(bot))

    def _is_in_run(self, bot: str) -> bool:
        """Tell whether a bot is of the run of its machine's day-trading job."""
        with suppress(StateError, NotFoundError):
            summary = self.summary()
            if summary is None or bot in summary.bots:
                return summary is not None
            file = self._files.newest_state(bot, {})
            return file is not None and self._files.read_state(file).run == summary.run
        return False

    def read(self, bot: str) -> ControlState:
        """Return what was asked of `bot` and what it answered.

        Raises:
            NotFoundError: nobody of that name is known.
        """
        try:
            shown = self._answering(bot)
        except StateError:
            shown = None  # its card says what is wrong with it; what was asked of it stands in other files
        lines, aside = self._lines(bot)
        return made(ControlState)(
            bot=bot,
            answers=self._answers(bot, shown),
            state=shown.state if shown is not None else "",
            control_id=shown.control_id if shown is not None else None,
            control_error=shown.control_error if shown is not None else "",
            requests={line.id: self._became(bot, line, shown) for line in lines},
            left_aside=aside,
            kill=self.kill_of(bot),
        )

    def asked(self, bot: str) -> Asked:
        """Return what is asked of `bot`, as the bundles carry it."""
        found = Asked(kill=self.kill_of(bot))
        lines, _ = self._lines(bot, newest=1)
        if lines:
            found.request = lines[0]
            with suppress(NotFoundError, StateError):
                add_outcome(found, self._answering(bot), is_own=self.is_own(bot))
        with suppress(NotFoundError, StateError):  # unreadable rules are the rules editor's to tell
            found.saved = shown_as(SavedRules, self._files.read(config(bot), BotConfig))
        return found

    def kill_of(self, bot: str) -> KillLine | None:
        """Return the kill switch of `bot`, None when it is clear."""
        try:
            return kill_line(self._files.read(kill(bot), Kill))
        except NotFoundError:
            return None
        except StateError:
            return kill_line(None)

    def check(self, bot: str, action: Action | None = None) -> None:
        """Check that `bot` can be asked for anything, or for an action.

        Raises:
            ConflictError: it is not one of Aion's own, and has not said that it answers; or not to this action.
            NotFoundError: nobody of that name is known.
        """
        try:
            shown = self._answering(bot)
        except StateError:
            if not self.is_own(bot):
                raise
            shown = None
        if not self._answers(bot, shown):
            raise ConflictError(
                f"{bot} belongs to another program, and its state has no control_id: "
                "it does not take commands, so stop it where it runs"
            )
        if action is None:
            return
        offered = shown.actions if isinstance(shown, Account) and not self.is_own(bot) else None
        if action not in (get_args(BotAction) if offered is None else offered):
            can = ", ".join(get_args(BotAction) if offered is None else offered) or "nothing at present"
            raise ConflictError(f"{bot} cannot be asked for {action} now: it takes {can}")

    def ask(
        self,
        bot: str,
        action: Action,
        who: str,
        reason: str,
        value: float | str | None = None,
        audited: Audited = unaudited,
    ) -> ControlAnswer:
        """Write a request and return it. Call `check` first.

        One after the other, whichever worker asks, so that ids tell in which order it was asked.

        Raises:
            OSError: it cannot be written; nothing was asked.
            DeskStoreError: the audit cannot be written; nothing was asked.
        """
        with alone(self._layout.controls):
            line = self._request(bot, action, who, reason, value)
            with changed(self._layout.control(bot, line.id), audited):
                self._write(line)
            self._tidy(bot, line.id)
        return _answer(shown_as(ControlLine, line), "requested")

    def _request(self, bot: str, action: Action, who: str, reason: str, value: float | str | None) -> Control:
        now = self._now()
        return made(Control)(
            schema_=schema_name("control"),
            id=self._next_id(bot, now),
            bot=bot,
            action=action,
            requested_at=now,
            requested_by=who,
            reason=reason,
            value=value,
            due_at=self._due(bot, now),
            request_id=request_id.get(),
        )

    def _write(self, line: Control) -> None:
        write_document(self._layout.control(line.bot, line.id), to_json(line), durable=True)

    def _tidy(self, bot: str, newest: str) -> None:
        # what lies ahead of the one just written (a clock that was wrong, a file of somebody else) costs it nothing
        before = [each for each in self._ids(bot) if order_of(each) <= order_of(newest)]
        for name in to_remove(str(self._layout.controls_of(bot)), before, time.time()):
            with suppress(OSError):  # a folder of that name, or a disk that refuses: it costs nothing there
                remove(self._layout.control(bot, name))

    def throw(self, bot: str, who: str, reason: str) -> KillLine:
        """Throw the kill switch of `bot`; it is on the disk for good after `flush_kill`.

        Raises:
            OSError: it cannot be written.
        """
        now = self._now()
        thrown = made(Kill)(
            schema_=schema_name("kill"),
            bot=bot,
            killed_at=now,
            killed_by=who,
            reason=reason,
            due_at=self._due(bot, now),
        )
        write_document(self._layout.kill(bot), to_json(thrown))
        return kill_line(thrown)

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
            line = self._request(bot, "clear", who, "", "keep")
            # before the switch goes: whoever sees it gone finds the request
            with changed(self._layout.control(bot, line.id), unaudited), changed(path, audited):
                self._write(line)
                was_on = remove(path)
            self._tidy(bot, line.id)
        return was_on

    def _answers(self, bot: str, shown: Account | ClockState | None) -> bool:
        return self.is_own(bot) or (shown is not None and shown.control_id is not None)

    def _due(self, bot: str, now: datetime) -> datetime | None:
        """Return by when the bot answers: its next write may be too early for it, the one after is not."""
        if self.is_own(bot):
            return now + timedelta(seconds=OWN_ANSWER_S)
        try:
            state = self.state(bot)
        except (NotFoundError, StateError):
            return None
        if state is None or state.due_at is None or state.written_at is None:
            return None
        cycle_s = (state.due_at - state.written_at).total_seconds()
        return max(state.due_at, now) + timedelta(seconds=min(MOST_CYCLE_S, max(LEAST_CYCLE_S, cycle_s)))

    def _next_id(self, bot: str, now: datetime) -> str:
        """Return an id behind all that were given here, whoever they are to; call it with the lock of the folder.

        So ids are in the order of asking, whatever the clocks of the desks that share the folder say, and after a
        clock that went back. What lies more than a day ahead does not count: no bot would carry it out.
        """
        given = [time for each in self._given(bot) if (time := order_of(each)[0]) <= latest(now) - _ROOM]
        found = make_id(now, max(given, default=None), secrets.token_hex(2))
        write_bytes(self._layout.newest_id, found.encode())
        return found

    def _given(self, bot: str) -> list[str]:
        """Return ids among which is the newest one: what was noted, and where nothing is, all that lie there."""
        try:
            noted = read_bytes(self._layout.newest_id, cap=MOST_ID_BYTES)[0].decode("ascii", "replace")
        except (FileNotFoundError, StateError):
            noted = ""
        if asked_at(noted) is not None:
            return [noted, *self._ids(bot)]
        return [each for target in self._files.control_targets() for each in self._ids(target)]

    def _ids(self, bot: str) -> list[str]:
        """Return the ids of a bot's requests, the newest first; those far in the future are none."""
        end = latest(self._now()) + _ROOM
        names = (control_id_of(name) for name in self._files.control_names(bot))
        return sorted((each for each in names if each and order_of(each)[0] <= end), key=order_of, reverse=True)

    def _lines(self, bot: str, newest: int = KEPT) -> tuple[list[ControlLine], dict[str, str]]:
        """Return a bot's newest requests, and what beside them is none: path -> why."""
        now = self._now()
        paths = {each: control(bot, each) for each in self._ids(bot)[:KEPT]}
        docs, errors = self._files.read_all(paths, Control)
        aside = {paths[each]: problem.reason for each, problem in errors.items()}
        for name in self._files.control_names(bot):
            asked = asked_at(name.removesuffix(SUFFIX))
            is_ahead = asked is not None and asked > latest(now) + _ROOM
            if name != KILL and (asked is None or is_ahead or not name.endswith(SUFFIX)):
                aside[in_controls(bot, _shown(name))] = why_no_file(name, now)
        few = dict(list(aside.items())[:MOST_NAMED])
        return [shown_as(ControlLine, doc) for doc in docs.values()][:newest], few

    def _became(self, bot: str, line: ControlLine, shown: Account | ClockState | None) -> ControlAnswer:
        found = became(line, shown, is_own=self.is_own(bot)) if shown is not None else None
        if found is not None:
            return _answer(line, *found)
        if line.due_at is None or line.due_at >= self._now():
            return _answer(line, "requested")
        answered = asked_at(shown.control_id or "") if shown is not None else None
        is_passed_over = answered is not None and answered > order_of(line.id)[0]
        passed_over = "It answered a later request and does not say what became of this one."
        return _answer(line, "not_answered", passed_over if is_passed_over else "")


def _answer(line: ControlLine, state: str, detail: str = "") -> ControlAnswer:
    return shown_as(ControlAnswer, line).model_copy(update=outcome(state, detail))


def _shown(name: str) -> str:
    return printable(name.encode(errors="replace").decode())[:100]


COMMAND_LINE = "the command line"


def _of_command(layout: Layout, bot: str, settings: Settings, action: Action | None = None) -> Requests:
    """Return what asks for `action` on behalf of the command line.

    Raises:
        ConfigError: there are no bots in that folder, or none of that name that reads requests.
    """
    requests = Requests(layout, FileReader(layout), settings)
    if requests.is_own(bot) and requests.summary() is None:
        raise ConfigError(f"{layout.root} has no bots of Aion: say which folder with --data")
    try:
        requests.check(bot, action if bot != DESK else None)
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
    layout: Layout, action: Action, value: str | None, reason: str, bot: str = DESK, settings: Settings | None = None
) -> tuple[str, str]:
    """Ask a bot, or all of them, on behalf of the command line and wait for the answer, `OWN_ANSWER_S` at most.

    Returns:
        State of the `ControlAnswer`, `not_answered` where none came, and its detail.

    Raises:
        ConfigError: there are no bots in that folder, or the request cannot be written.
    """
    requests = _of_command(layout, bot, settings or Settings(), action)
    try:
        asked = requests.ask(bot, action, COMMAND_LINE, reason, value)
    except OSError as error:
        raise ConfigError(f"{layout.controls} cannot be written: {error.strerror}; nothing was asked") from None
    while True:
        line = requests.read(bot).requests.get(asked.id)
        if line is None or line.state != "requested":
            return (line.state, line.detail or "") if line is not None else ("not_answered", "")
        time.sleep(LOOK_S)
