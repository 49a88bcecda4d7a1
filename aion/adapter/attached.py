"""One bot of another program on the desk: looks at it, writes its state file, hands it what the desk asks.

What was read last stays on the desk with its age while the bot cannot be read, and the reason beside it.
"""

import asyncio
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from aion.adapter.problem import AttachError, AwayError, RefusedError
from aion.bot.answer import ACCEPTED, DONE, REFUSED, error_of, newest
from aion.clock import iso, parse_iso
from aion.control.inbox import Request
from aion.errors import AionError, StateError
from aion.output.encode import Json
from aion.store.control_id import asked_at, order_of
from aion.store.document.kind import schema_name
from aion.store.document_file import PROBLEM, check_document
from aion.store.file import read_json, write_json
from aion.store.layout import Layout
from aion.store.log.process_log import Say

BEAT_S = 10.0  # a file at least that often, so that the desk sees that the reader is alive
GRACE_S = 15.0  # past the next write, until the desk calls it late
BACK_OFF_S = (1.0, 2.0, 5.0, 10.0, 30.0)
WRONG_DATA = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading another program's data raises where it is not what it should be."""
_GROWING = ("trades", "fills", "equity_curve")
"""Parts of a state file of which most stays as it was from one look to the next."""
_TIMES = ("written_at", "due_at", "as_of", "seq", "cycle_id")


class Source(Protocol):
    """A program's bot, as its adapter reads and asks it."""

    rule: str
    """The word in its state files that tells whose they are."""
    takes_requests: bool
    """False for one that is only read."""

    async def look(self, now: datetime) -> None:
        """Read it; raise `AttachError` where that fails."""

    def document(self, now: datetime, due_at: datetime, more: Mapping[str, Any]) -> Json:
        """Return the state file of the newest look."""

    @property
    def state(self) -> tuple[str, str]:
        """State of the bot and why: active, or paused."""

    @property
    def actions(self) -> tuple[str, ...]:
        """Requests that it can carry out now."""

    async def carry_out(self, action: str, value: str) -> str:
        """Do something; return what it said, or raise `AttachError`."""

    def left(self, action: str, value: str) -> str:
        """Return what is missing before the newest look shows that an action is done; empty for nothing."""

    async def close(self) -> None:
        """Let go of connections."""


class AttachedBot:
    """One bot and its state file."""

    def __init__(self, name: str, source: Source, layout: Layout, every_s: float, say: Say) -> None:
        """Make it; nothing is read before `follow`.

        Args:
            name: on the desk.
            source: reads and asks it.
            layout: of the data folder.
            every_s: seconds between two looks.
            say: to the log.
        """
        self.name, self._source, self._every_s, self._say = name, source, every_s, say
        self._path, self._file = layout.swing_rolling(name), layout.relative(layout.swing_rolling(name))
        self._wake = asyncio.Event()
        self._asked: list[Request] = []
        self._begun: dict[str, Request] = {}
        self.answers: dict[str, str] = {}
        """What became of the newest requests, by id."""
        self.seen: set[str] = set()
        """Ids that were taken: none is sent twice, whatever the files say."""
        self._floor = datetime.now(UTC), ""  # without a state of before, older requests are not for this bot
        self._killed, self._is_stopped, self._was_active = "", False, True
        self._fault, self._failures = "", 0
        self._good: Json | None = None
        self._written: Json | None = None
        self._written_s = -1e9
        self._signature: tuple[int, int] | None = None
        self._is_taken_over = False
        self._take_up()

    def _take_up(self) -> None:
        """Go on from the state file of before."""
        try:
            before, _ = read_json(self._path, name=self._file)
        except (FileNotFoundError, StateError):
            return
        if before.get(PROBLEM):
            return
        if before.get("rule") != self._source.rule:
            raise RefusedError(
                f"{self._file} was written by another program ({str(before.get('rule') or 'unknown')[:60]}): "
                "choose another name for this bot, or delete the file"
            )
        self._good = before
        answers = before.get("control_answers")
        self.answers = dict(answers) if isinstance(answers, dict) else {}
        with suppress(ValueError):  # what was sent before the last write is not sent again, answered or not
            self._floor = parse_iso(str(before.get("written_at"))), ""
        answered = [order_of(each) for each in self.answers if asked_at(each) is not None]
        self._floor = max(self._floor, *answered) if answered else self._floor
        self._is_stopped = before.get("state") == "stopped"
        self._was_active = not before.get("paused")

    def take(self, request: Request) -> None:
        """Carry out a request at once, and once: one that is not newer than the last answered is left."""
        if request.id in self.seen:
            return
        self.seen.add(request.id)
        if order_of(request.id) > self._floor:
            self._asked.append(request)
            self._wake.set()

    def kill(self, why: str) -> None:
        """Stop the bot; an empty text ends that."""
        if bool(why) != bool(self._killed):
            self._wake.set()
        self._killed = why

    async def follow(self) -> None:
        """Look, write and carry out until cancelled."""
        while True:
            began = time.monotonic()
            try:
                await self.step(datetime.now(UTC))
            except OSError as error:
                self._say("error", f"{self.name}: {self._file} cannot be written: {error.strerror}")
            except Exception as error:  # noqa: BLE001 - the edge of a bot's cycle: its card says it, the others go on
                self._fail(f"it cannot be shown: {type(error).__name__}: {error}")
                self._say("error", f"{self.name}: {traceback.format_exc()}")
                with suppress(OSError):
                    self._write(datetime.now(UTC))
            wait_s = self._every_s
            if self._failures:
                wait_s = max(wait_s, BACK_OFF_S[min(self._failures, len(BACK_OFF_S)) - 1])
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(0.05, began + wait_s - time.monotonic()))
            self._wake.clear()

    async def step(self, now: datetime) -> None:
        """Look at the bot once, do what is asked of it, and write its state file.

        Raises:
            OSError: the file cannot be written.
        """
        if await self._look(now):
            if self._asked or self._killed or self._is_stopped:
                await self._do(now)
            self._check_begun()
        else:
            self._refuse_asked()
        self._write(datetime.now(UTC))

    async def _look(self, now: datetime) -> bool:
        try:
            await self._source.look(now)
        except AionError as error:
            self._fail(str(error))
            return False
        except WRONG_DATA as error:
            self._fail(f"it cannot be read: {type(error).__name__}: {error}")
            return False
        if self._fault:
            self._say("info", f"{self.name}: answers again")
        self._fault, self._failures = "", 0
        return True

    def _fail(self, why: str) -> None:
        if why != self._fault:
            self._say("warning", f"{self.name}: {why}")
        self._fault = why
        self._failures += 1

    def _refuse_asked(self) -> None:
        for request in self._asked:
            self.answers[request.id] = f"{REFUSED}it cannot be reached now ({self._fault}); nothing was sent"
        self._asked.clear()

    async def _do(self, now: datetime) -> None:
        """Carry out what is asked, the kill switch first."""
        if self._killed:
            await self._stop()
        elif self._is_stopped:
            await self._go_on()
        asked, self._asked = self._asked, []
        for request in asked:
            if self._killed and request.action in ("resume", "reload"):
                self.answers[request.id] = f"{REFUSED}the kill switch is on: clear it first"
                continue
            try:
                await self._carry_out(request.action, request.value)
            except AwayError as error:
                self.answers[request.id] = f"{REFUSED}{error}; look in the program whether it was carried out"
            except AttachError as error:
                self.answers[request.id] = f"{REFUSED}{error}"
            else:
                self._begun[request.id] = request
                self._say("info", f"{self.name}: {_named(request)} sent ({request.text})")
            if not await self._look(now):  # what may be asked next depends on what this one did
                self._asked[:0] = asked[asked.index(request) + 1 :]
                self._refuse_asked()
                return
        await self._look(now)

    async def _carry_out(self, action: str, value: str) -> None:
        if action not in self._source.actions:
            raise RefusedError(f"{action} is not possible now: {self._source.state[1] or 'it does not know it'}")
        if action == "flatten":
            await self._source.carry_out("pause", "")
            await self._source.carry_out("force_exit", "")
            return
        await self._source.carry_out(action, value)

    async def _stop(self) -> None:
        """Let the kill switch stop it: no entries, and every position out."""
        try:
            state = self._source.state[0]
            if not self._is_stopped:
                self._was_active = state == "active"
            if state == "active" and "pause" in self._source.actions:
                await self._source.carry_out("pause", "")
            if "force_exit" in self._source.actions and self._source.left("exits", ""):
                await self._source.carry_out("force_exit", "")
            self._is_stopped = True
        except AttachError as error:
            self._say("error", f"{self.name}: the kill switch could not be carried out: {error}")

    async def _go_on(self) -> None:
        try:
            if self._was_active and "resume" in self._source.actions:
                await self._source.carry_out("resume", "")
            self._is_stopped = False
        except AttachError as error:
            self._say("error", f"{self.name}: could not go on after the kill switch: {error}")

    def _check_begun(self) -> None:
        for control_id, request in list(self._begun.items()):
            left = self._source.left(request.action, request.value)
            if not left:
                self.answers[control_id] = DONE
                del self._begun[control_id]
            elif left != "-":  # the program shows that it began
                self.answers[control_id] = f"{ACCEPTED}: {left}"

    def _more(self) -> Json:
        """Return the fields of the state file that say how the bot stands."""
        state, reason = self._source.state
        if self._killed and self._is_stopped and state != "active":
            held = self._source.left("flatten", "")
            state, reason = "stopped", self._killed + (f"; {held}" if held else "")
        more: Json = {"state": state, "state_reason": reason[:2000]}
        if self._is_stopped and not self._was_active:
            more["paused"] = "it was paused before the kill switch"
        return more | self._control()

    def _control(self) -> Json:
        if not self._source.takes_requests:
            return {}
        actions = list(self._source.actions)
        self.answers = newest(self.answers)
        last = next(reversed(self.answers), "")
        return {
            "actions": actions if not self._fault else [],
            "control_id": last,
            "control_error": error_of(self.answers.get(last, ""))[:2000],
            "control_answers": {each: text[:2000] for each, text in self.answers.items()},
        }

    def _write(self, now: datetime) -> None:
        due_at = now + timedelta(seconds=max(BEAT_S, self._every_s, BACK_OFF_S[-1] * bool(self._fault)) + GRACE_S)
        value = self._with_fault(now, due_at) if self._fault else self._source.document(now, due_at, self._more())
        is_same = self._written is not None and _content(value) == _content(self._written)
        if is_same and time.monotonic() - self._written_s < BEAT_S:
            return
        self._look_for_others()
        if self._is_taken_over:
            value = value | {"note": f"{value.get('note', '')} Another program writes {self._file} too.".strip()}
        if not is_same and PROBLEM not in value:
            try:
                check_document(_unlike(value, self._good or {}), "swing_rolling", self._file)
            except StateError as error:
                self._fail(f"what it says cannot be shown: {error.reason}")
                value = self._with_fault(now, due_at)
        if not self._fault:
            self._good = value
        write_json(self._path, value)
        about = self._path.stat()
        self._signature = about.st_ino, about.st_mtime_ns
        self._written, self._written_s = value, time.monotonic()

    def _with_fault(self, now: datetime, due_at: datetime) -> Json:
        """Return the last good state with why it is not newer; a document without a state where there is none."""
        times = {"written_at": iso(now), "due_at": iso(due_at)}
        if self._good is None:
            return {"schema": schema_name("swing_rolling"), "bot": self.name, PROBLEM: self._fault[:500], **times}
        kept = {"state": "error", "state_reason": self._fault[:2000], "seq": int(now.timestamp() * 1000)}
        value = self._good | kept | times
        return value | self._control()

    def _look_for_others(self) -> None:
        """Notice another program that writes the same file."""
        if self._signature is None:
            return
        with suppress(FileNotFoundError):
            about = Path(self._path).stat()
            if (about.st_ino, about.st_mtime_ns) != self._signature and not self._is_taken_over:
                self._is_taken_over = True
                self._say("error", f"{self.name}: another program writes {self._file} too: end one of them")

    async def close(self) -> None:
        """Let go of connections."""
        await self._source.close()


def _named(request: Request) -> str:
    return f"{request.action} {request.value}".strip()


def _unlike(value: Json, good: Json) -> Json:
    """Return a state file without the rows that a good one has too: those are valid."""
    found = dict(value)
    for part in _GROWING:
        before = good.get(part) or {}
        found[part] = {key: row for key, row in (value.get(part) or {}).items() if before.get(key) != row}
    return found


def _content(value: Json) -> Json:
    """Return a state file without what each look changes."""
    found = {name: each for name, each in value.items() if name not in _TIMES}
    if positions := found.get("positions"):
        found["positions"] = [{**each, "marked_at": ""} for each in positions.values()]
        found["equity_curve"] = list(found.get("equity_curve", {}).items())[:-1]  # the newest is of the same moment
    return found
