"""Keeps a bot's account on disk: books events, writes in the background, goes on after a restart.

An event is checked, put into the journal with one write, and booked; the state file follows within the time of a
batch, and holds the number of the last event that is in it. After a kill -9, the state and the lines of the journal
with higher numbers are the account. Threads share one lock; a forked child reports nothing.
"""

from __future__ import annotations

import atexit
import functools
import json
import logging
import os
import threading
import time
import weakref
from datetime import datetime, timedelta, timezone
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any, Callable, TypeVar, cast

from aion_client.account import ONE, Account, Fill, plain
from aion_client.activity import Activity, entries_of
from aion_client.argument import EXACT, iso, moment, number, text
from aion_client.control import Ask, Controls
from aion_client.errors import ClientError
from aion_client.inbox import Inbox
from aion_client.record import Json, Record
from aion_client.store import (
    LOCK_WAIT_S,
    Journal,
    Lock,
    read_json,
    remove_temporaries,
    state_path,
    write_json,
)

logger = logging.getLogger("aion_client")
Call = TypeVar("Call", bound=Callable[..., Any])

MOST_IDS = 1000
"""Newest ids of executions that are known as booked."""
AGAIN_S = 60.0
"""The same complaint is logged once in this time."""
_FIRST_RETRY_S, _LAST_RETRY_S = 0.5, 30.0
_AHEAD = timedelta(days=1)
_open: weakref.WeakSet[Keeper] = weakref.WeakSet()


def guarded(method: Call) -> Call:
    """Let `method` return False, and say why, where it would raise into a trading loop."""

    @functools.wraps(method)
    def call(self: Keeper, *args: Any, **named: Any) -> Any:
        try:
            return method(self, *args, **named)
        except ClientError as error:
            if self.is_strict:
                raise
            self.refuse(method.__name__, str(error))
        except Exception:
            if self.is_strict:
                raise
            logger.exception("%s: %s failed; this is a mistake of the client", self.name, method.__name__)
        return False

    return cast(Call, call)


class Keeper:
    """An account with its files; `Bot` gives it the methods that people call."""

    def __init__(
        self, root: Path, about: Json, *, start: Decimal, every_s: float | None, batch_s: float, strict: bool
    ) -> None:
        """Take the name, read what is there, and write the first state; see `Bot`."""
        self.name: str = about["bot"]
        self.lock = threading.RLock()
        self.is_strict = strict
        self.problem = ""
        """Why the newest write failed; empty while all is well."""
        self.refused = 0
        """Calls, or values of calls, that were not booked since the program started."""
        self.signals: dict[str, Json] = {}
        self.open_orders: dict[str, Json] = {}
        self.caveat = ""
        self.finished_at: datetime | None = None
        self._root, self._about, self._every_s, self._batch_s = root, about, every_s, batch_s
        self._path = state_path(root, self.name)
        self._complaint = ""
        self._known: dict[str, None] = {}
        self._said_at: dict[str, float] = {}
        self._number = self._seq = 0
        self._called_at = datetime.now(timezone.utc)
        self._is_closed = self._is_fork = self._is_dirty = False
        self._wake = threading.Condition(self.lock)
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._lock_file = Lock(self._path.parent, self.name)
        self._lock_file.take(LOCK_WAIT_S)
        try:
            remove_temporaries(root, self.name)
            self._journal = Journal(self._path.parent, self.name)
            self._activity = Activity(root, self.name, self.say)
            self._begin(start)
            self.write(is_last=True)
        except BaseException:
            self._lock_file.close()
            raise
        _open.add(self)

    # what callers use

    def take(self, event: Json) -> bool:
        """Book an event; return False if its id was booked before."""
        with self.lock:
            self.check_owner()
            self._check_time(event["at"])
            if event.get("id") in self._known:
                return False
            event = {**event, "n": self._number + 1, "run": self._run_id}
            try:
                self._journal.add(event)
            except OSError as error:
                self._fail(error)
            self._number += 1
            self._apply(event)
            self.touch()
        return True

    def touch(self) -> None:
        """Note that the bot is alive and something may be new; the caller holds the lock."""
        self._called_at = datetime.now(timezone.utc)
        self._is_dirty = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"aion-client {self.name}", daemon=True)
            self._thread.start()
        else:
            self._wake.notify()

    def number_or_none(self, what: str, name: str, value: Any) -> Decimal | None:
        """Return a number, or None with a line in the log for NaN, None and what is no number."""
        if value is None and not name.startswith("prices"):
            return None
        try:
            return number(name, value)
        except ClientError as error:
            if self.is_strict:
                raise
            self.refuse(what, f"{error}: left out")
            return None

    def check_owner(self) -> None:
        """Check that this process may report.

        Raises:
            ClientError: the bot is closed, or this is a fork of the process that opened it.
        """
        if self._is_fork:
            raise ClientError(
                f"name={self.name!r}: process {os.getpid()} is a fork of the one that opened this bot: report there, "
                f"or open a Bot of another name here"
            )
        if self._is_closed:
            raise ClientError(f"name={self.name!r}: the bot was closed")

    def refuse(self, what: str, why: str) -> None:
        """Count and say what was not booked; the card says it too."""
        with self.lock:
            self.refused += 1
            self._complaint = (
                f"{self.refused} {'value' if self.refused == 1 else 'values'} not booked, the last: {why}"
            )
            self._is_dirty = True
        self.say(what, why)

    def say(self, what: str, why: str) -> None:
        """Log a complaint, the same once a minute."""
        now = time.monotonic()
        if now - self._said_at.get(what, -AGAIN_S) >= AGAIN_S:
            if len(self._said_at) > MOST_IDS:
                self._said_at.clear()
            self._said_at[what] = now
            logger.warning("%s: %s", self.name, why)

    @guarded
    def open_asks(self) -> list[Ask]:
        """Return what the desk asks and nobody has answered for good."""
        with self.lock:
            self.check_owner()
            return self.controls.open_asks()

    # the account

    def _begin(self, start: Decimal) -> None:
        found = read_json(self._path)
        if found is not None and found.get("memo") and found.get("run") == self._about["run"]:
            self._restore(found)
            return
        if found is not None and not found.get("memo"):
            raise ClientError(f"name={self.name!r}: {self._path} was written by another program: choose another name")
        now = datetime.now(timezone.utc)
        self._run_id = f"{time.time_ns():x}"
        self._started_at = now
        self.controls = self._new_controls()
        self.account = Account(self._about["currency"], start)
        self.record = Record(self.account)
        self._journal.set_aside()
        self._journal.forget()

    def _restore(self, found: Json) -> None:
        for name in ("currency", "mode"):
            if found.get(name) != self._about[name]:
                raise ClientError(
                    f"{name}={self._about[name]!r}: {self._path} says {found.get(name)!r}; begin anew with another "
                    f"run= or name="
                )
        try:
            memo = json.loads(found["memo"])
            self._run_id, self._number = str(memo["id"]), int(memo["n"])
            self._started_at = moment("started_at", memo["started_at"])
            with localcontext(EXACT):
                self.account = Account.of_state(self._about["currency"], memo["account"], moment)
            self.record = Record(self.account)
            if memo["has_begun"]:
                self.record.restore(found, memo["day"])
            self._known = dict.fromkeys(memo["ids"])
            self._seq = int(found.get("seq", 0))
            self.controls = self._new_controls()
            self.controls.restore(found)
            for event in self._journal.read():
                if event.get("run") == self._run_id and event["n"] > self._number:
                    self._apply(event)
                    self._number = event["n"]
        except (KeyError, ValueError, TypeError, ArithmeticError, AttributeError) as error:
            raise ClientError(
                f"name={self.name!r}: {self._path} cannot be resumed from ({error!r}): move it away to begin anew"
            ) from None

    def _new_controls(self) -> Controls:
        return Controls(Inbox(self._root, self.name, self._started_at, self.say), self.lock, self.touch)

    def _check_time(self, at: str) -> None:
        if self._about["mode"] in ("paper", "live") and moment("at", at) > datetime.now(timezone.utc) + _AHEAD:
            raise ClientError(f"at={at} is more than a day in the future")

    def _apply(self, event: Json) -> None:
        at = moment("at", event["at"])
        name = f"{event['n']}"
        with localcontext(EXACT):
            self.record.advance(at)
            if event["do"] == "fill":
                parts, trades = self.account.apply(_fill(event, at, event.get("id", f"f{name}")))
                self.record.add(parts, trades)
            elif event["do"] == "funding":
                self.account.fund(event["symbol"], event.get("position", ""), Decimal(event["amount"]))
                self.record.fund()
            else:
                self.account.flow(Decimal(event["amount"]))
                self.record.flow(f"w{name}", at, Decimal(event["amount"]))
            self.record.point()
        if "id" in event:
            self._known[event["id"]] = None
            while len(self._known) > MOST_IDS:
                del self._known[next(iter(self._known))]

    # writing

    def write(self, *, is_last: bool = False) -> None:
        """Write what is new.

        Raises:
            OSError: it cannot be written; everything is kept and tried again later.
            NameTakenError: the folder was removed, and another program has the name now.
        """
        with self._writing:
            with self.lock:
                if self._lock_file.is_lost():
                    self._lock_file.take(0)
                self._is_dirty = False
                self._seq += 1
                self.record.shorten()
                with localcontext(EXACT):
                    document = self._document()
                entries = entries_of(self.record)
                days = {**self.record.days, document["day"]: document["day_pnl"]} if "day" in document else {}
                number = self._number
                self._journal.set_aside()
            try:
                if self._activity.is_due(len(entries), is_last=is_last):
                    envelope = {**document, "schema": "aion/bot_activity/2", "horizon": "1d"}
                    self._activity.write(
                        entries, {name: envelope[name] for name in _ENVELOPE if name in envelope}, days
                    )
                    entries = []
                write_json(self._path, document)
            except BaseException:
                with self.lock:
                    self._is_dirty = True
                raise
            finally:
                with self.lock:
                    self.record.unfiled[:0] = entries
            with self.lock:
                self._journal.forget()
                self.problem = ""
                if number == self._number and self.record.unfiled and not is_last:
                    self._is_dirty = True  # the files of the days are still to come

    def _document(self) -> Json:
        now = datetime.now(timezone.utc)
        found: Json = {
            "schema": "aion/swing_rolling/2",
            **{name: value for name, value in self._about.items() if value != ""},
            "seq": self._seq,
            **self.record.document(now),
            "written_at": iso(now),
            **self.controls.document(),
            "signals": dict(self.signals),
            "open_orders": dict(self.open_orders),
        }
        if self.finished_at is not None:
            found.update(kind="finished", finished_at=iso(self.finished_at))
        elif self._every_s is not None:
            found["due_at"] = iso(self._called_at + timedelta(seconds=1.5 * self._every_s + self._batch_s))
        if note := self._note():
            found["note"] = note
        memo = {
            "id": self._run_id,
            "n": self._number,
            "started_at": iso(self._started_at),
            "has_begun": self.record.as_of is not None,
            "account": self.account.state(),
            "day": self.record.state(),
            "ids": list(self._known),
        }
        found["memo"] = json.dumps(memo, separators=(",", ":"), ensure_ascii=False)
        return found

    def _note(self) -> str:
        said = [self.caveat, self._complaint]
        for coin, fee in self.account.unvalued.items():
            said.append(
                f"Fees of {plain(fee)} {coin} are in no sum: their value in {self.account.currency} is not known."
            )
        return text(" ".join(each for each in said if each))

    def _run(self) -> None:
        pause_s = _FIRST_RETRY_S
        while True:
            with self.lock:
                while not self._is_dirty and not self._is_closed:
                    self._wake.wait()
                if self._is_closed:
                    return
            try:
                self.write()
                pause_s = _FIRST_RETRY_S
                wait_s = self._batch_s
            except (OSError, ClientError) as error:  # the disk may be full for hours, and all is kept meanwhile
                self._fail(error)
                wait_s, pause_s = pause_s, min(2 * pause_s, _LAST_RETRY_S)
            except Exception:
                logger.exception("%s: writing failed; this is a mistake of the client", self.name)
                wait_s = _LAST_RETRY_S
            with self.lock:
                self._wake.wait_for(lambda: self._is_closed, wait_s)

    def _fail(self, error: OSError | ClientError) -> None:
        self.problem = f"{self._path.name} cannot be written: {error}"
        self.say("write", f"{self.problem}; nothing is lost while this program runs, it is tried again")

    def flush(self) -> bool:
        """Write what is new now; return False if it cannot be written."""
        try:
            with self.lock:
                self.check_owner()
            self.write(is_last=True)
        except (OSError, ClientError) as error:
            if self.is_strict:
                raise
            self._fail(error)
            return False
        return True

    def close(self) -> None:
        """Write the last change and give the name up; nothing if it is closed."""
        with self.lock:
            if self._is_closed or self._is_fork:
                return
        self.flush()
        with self.lock:
            self._is_closed = True
            self._wake.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(5)
        self._journal.close()
        self._lock_file.close()
        _open.discard(self)

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def leave_to_parent(self) -> None:
        """Report nothing: this process is a fork of the one that opened the bot."""
        self._is_fork = True
        self.lock = self.controls.lock = threading.RLock()
        self._wake = threading.Condition(self.lock)
        self._writing = threading.Lock()
        self._thread = None
        self._journal.close()
        self._lock_file.leave()


Self = TypeVar("Self", bound=Keeper)
_ENVELOPE = (
    "schema", "mode", "run", "seq", "as_of", "written_at", "bot", "currency", "decimals", "horizon",
)  # fmt: skip


def _fill(event: Json, at: datetime, name: str) -> Fill:
    fee = Decimal(event.get("fee", 0))
    return Fill(
        name=name,
        at=at,
        symbol=event["symbol"],
        position=event.get("position", ""),
        side=event["side"],
        quantity=Decimal(event["quantity"]),
        price=Decimal(event["price"]),
        fee=fee,
        fee_currency=event.get("fee_currency", ""),
        fee_value=Decimal(event["fee_value"]) if "fee_value" in event else None,
        slippage=Decimal(event.get("slippage", 0)),
        multiplier=Decimal(event["multiplier"]) if "multiplier" in event else ONE,
        leverage=Decimal(event["leverage"]) if "leverage" in event else None,
        contract=event.get("contract", False),
        reason=event.get("reason", ""),
        order_id=event.get("order_id", ""),
    )


@atexit.register
def _close_all() -> None:
    for each in list(_open):
        each.close()


def _after_fork() -> None:
    for each in list(_open):
        each.leave_to_parent()
    _open.clear()


os.register_at_fork(after_in_child=_after_fork)
