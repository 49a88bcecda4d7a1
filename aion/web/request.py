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
from aion.errors import ConfigError, ConflictError, NotFoundError, StateError
from aion.store.file import flush, remove, write_json
from aion.store.kind import schema_name
from aion.store.layout import DESK, Layout, check_name
from aion.store.lock import alone
from aion.web.control import KILL_FIELDS, LINE_FIELDS, SAVED_FIELDS, UNREADABLE, take
from aion.web.log import request_id
from aion.web.reader import FileReader
from aion.web.state import SUMMARY, Json, sim_log, swing_rolling

LOOK_S = 0.1  # between two looks for an answer
KEPT = 50  # requests of a bot; older ones are removed
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
        settings = self._settings.bots.get(bot)
        if settings is None or settings.kind == "swing":
            found = self._found(swing_rolling(bot))
            if found:
                return found
        if settings is None or settings.kind == "intraday":
            day = self._files.newest_day(bot)
            if day is not None:
                return self._found(sim_log(day, bot))
        if settings is None:
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
        found: Json = {
            "bot": bot,
            "answers": self._answers(bot, state),
            "state": shown.get("state", ""),
            "control_error": shown.get("control_error", ""),
            "requests": {line["id"]: line | {"state": self._became(line, shown)} for line in self._lines(bot)},
        }
        if done is not None:
            found["control_id"] = done
        kill = self.kill_of(bot)
        return found | ({"kill": kill} if kill else {})

    def asked(self, bot: str) -> Json:
        """Return `Asked` of `bot`, as the bundles carry it."""
        found: Json = {}
        lines = self._lines(bot, newest=1)
        if lines:
            found["request"] = lines[0]
        kill = self.kill_of(bot)
        if kill:
            found["kill"] = kill
        with suppress(NotFoundError, StateError):  # unreadable rules are the rules editor's to tell
            found["saved"] = take(self._files.read(f"config/{bot}.json", ""), SAVED_FIELDS)
        return found

    def kill_of(self, bot: str) -> Json | None:
        """Return `KillLine` of `bot`, None when its switch is clear."""
        try:
            return take(self._files.read(f"control/{bot}/kill.json", ""), KILL_FIELDS)
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
                f"{bot} is not one of Aion's own bots, and its state carries no control_id: "
                "it has not said that it reads requests, so stop it where it runs"
            )
        return state

    def ask(self, bot: str, action: str, who: str, reason: str, value: float | str | None = None) -> Json:
        """Write a request; return it as `ControlAnswer`. Call `check` first.

        One after the other, whichever worker asks: a bot takes an id for done once it has carried out a later one, so
        that a request must never appear after one with a later id.

        Raises:
            OSError: it cannot be written; nothing was asked.
        """
        with alone(self._layout.controls):
            return self._ask(bot, action, who, reason, value)

    def _ask(self, bot: str, action: str, who: str, reason: str, value: float | str | None) -> Json:
        now = self._now()
        line: Json = {"id": self._next_id(bot, now), "action": action, "requested_at": iso(now), "requested_by": who}
        line["reason"] = reason
        if value is not None:
            line["value"] = value
        due = self._due(bot, now)
        if due is not None:
            line["due_at"] = iso(due)
        document = {"schema": schema_name("control"), "bot": bot, **line}
        if asked_as := request_id.get():
            document["request_id"] = asked_as
        write_json(self._layout.control(bot, line["id"]), document, durable=True)
        for name in self._ids(bot)[KEPT:]:
            remove(self._layout.control(bot, name))
        return line | {"state": "requested"}

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
        write_json(self._layout.kill(bot), {"schema": schema_name("kill"), "bot": bot, **line})
        return line

    def flush_kill(self, bot: str) -> None:
        """Flush the kill switch of `bot`, which stops it already, to the disk.

        Raises:
            OSError: the disk refuses; FileNotFoundError where it was cleared.
        """
        flush(self._layout.kill(bot))

    def clear(self, bot: str) -> bool:
        """Clear the kill switch of `bot`, whatever its file holds; False when it was clear.

        Raises:
            OSError: it cannot be removed.
        """
        return remove(self._layout.kill(bot))

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
        """Return an id that sorts behind all that are there, also after a clock that went back."""
        newest = next(iter(self._ids(bot)), "")
        made = f"c{now:%Y%m%dT%H%M%S%f}"
        if newest[: len(made)] >= made:
            last = datetime.strptime(newest[1 : len(made)], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
            made = f"c{last + timedelta(microseconds=1):%Y%m%dT%H%M%S%f}"
        return f"{made}-{secrets.token_hex(2)}"

    def _ids(self, bot: str) -> list[str]:
        """Return the ids of a bot's requests, the newest first."""
        return self._files.control_ids(bot)

    def _lines(self, bot: str, newest: int = KEPT) -> list[Json]:
        docs, _ = self._files.read_all({each: f"control/{bot}/{each}.json" for each in self._ids(bot)[:newest]})
        return [take(doc, LINE_FIELDS) for doc in docs.values()]

    def _became(self, line: Json, state: Json) -> str:
        done = state.get("control_id")
        if done is not None and done >= line["id"]:
            return "refused" if done == line["id"] and state.get("control_error") else "done"
        due = line.get("due_at")
        return "not_answered" if due is not None and parse_iso(due) < self._now() else "requested"


def ask_and_wait(layout: Layout, action: str, value: str, reason: str) -> tuple[str, str]:
    """Ask all bots on behalf of the command line and wait for their answer, `OWN_ANSWER_S` at most.

    Returns:
        `done`, `refused` or `not_answered`, and why it was refused.

    Raises:
        ConfigError: there are no bots in that folder, or the request cannot be written.
    """
    requests = Requests(layout, FileReader(layout), Settings())
    if not requests.state(DESK):
        raise ConfigError(f"{layout.root} has no bots of Aion: say which folder with --data")
    try:
        asked = requests.ask(DESK, action, "the command line", reason, value)
    except OSError as error:
        raise ConfigError(f"{layout.controls} cannot be written: {error.strerror}; nothing was asked") from None
    while True:
        found = requests.read(DESK)
        became = found["requests"][asked["id"]]["state"]
        if became != "requested":
            return became, found["control_error"]
        time.sleep(LOOK_S)
