"""The kill switch's own way to the disk: behind no lock, no other request's thread and no audit.

A throw gets a thread of its own, whatever fills the pool that answers other requests. Its file stands under its name,
and stops the bots, before anything is flushed: a file that a power cut leaves torn stops them too. The audit is told
right after. While it cannot be written it is tried again, and the next start looks after it once more: the file
itself says who threw the switch, when and why.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from aion.errors import AionError
from aion.store.document.base import made, to_json
from aion.store.layout import DESK, check_name, kill
from aion.store.log.process_log import ProcessLog
from aion.store.machine import bot_id, folder_of
from aion.web.bundle.controls import ControlState, KillLine
from aion.web.control.folder import Folder, Folders
from aion.web.security.store import DeskStore, DeskStoreError

Done = TypeVar("Done")

WRITE_S = 5.0
"""Most seconds that a throw waits for the disk before it says that it does not know."""
AFTER_S = 1.0
"""Most seconds that its answer waits for each of flush, log, audit and the bot's state, which come all the same."""
RETRY_S = 0.5  # between two tries to write the audit
MOST_THREADS = 64  # a disk that stands still keeps those that wait for it
FOUND_BY = "desk"
"""Who writes a switch into the audit that is found thrown at the start."""


class UnwrittenError(AionError):
    """The disk did not take a change; nothing was changed unless the message says otherwise."""

    status = 503


class KillSwitch:
    """Throws kill switches, and sees to it that the audit hears of each."""

    def __init__(self, folders: Folders, store: DeskStore | None, log: ProcessLog) -> None:
        """Make it.

        Args:
            folders: of the desk and its machines: what is asked of bots.
            store: has the audit; None where there is none.
            log: of this process.
        """
        self._folders = folders
        self._store = store
        self._log = log
        self._lines: queue.SimpleQueue[tuple[Callable[[DeskStore], object], Future[None]]] = queue.SimpleQueue()
        self._unrecorded: set[Future[None]] = set()
        self._is_closed = threading.Event()
        self._threads = 0

    def start(self) -> None:
        """Begin to write the audit, first of switches that stand thrown without a line in it."""
        if self._store is None:
            return
        self._lines.put((self._look_after, Future()))
        threading.Thread(target=self._keep_record, args=(self._store,), name="aion-kill-audit", daemon=True).start()

    def close(self) -> None:
        """Stop, after one more try at what the audit was not told yet."""
        self._is_closed.set()
        self._lines.put((lambda _store: None, Future()))

    async def throw(self, bot: str, who: str, address: str, reason: str) -> ControlState:
        """Throw the switch of `bot`, or of all with `desk`; return what is asked of it then.

        Args:
            bot: whose.
            who: throws it.
            address: from where.
            reason: why.

        Raises:
            ConfigError: no bot can have that name.
            ConflictError: it has not said that it reads requests.
            NotFoundError: nobody of that name is known.
            UnwrittenError: the disk did not take it, or has not answered.
        """
        folders = self._folders.all() if bot == DESK else []
        if len(folders) < 2:
            return await self._throw_at(*self._folders.of(bot), who, address, reason)
        # all at once: a disk that does not answer keeps no other machine's bots from being stopped
        thrown = [self._throw_at(each, bot, who, address, reason) for each in folders]
        found = await asyncio.gather(*thrown, return_exceptions=True)
        failed = {
            each.machine or "this desk": error
            for each, error in zip(folders, found, strict=True)
            if isinstance(error, BaseException)
        }
        if failed:
            said = "; ".join(f"{machine}: {error}" for machine, error in failed.items())
            raise UnwrittenError(f"the kill switch of all bots is not on everywhere: {said}")
        first = found[0]
        assert isinstance(first, ControlState)
        return first

    async def _throw_at(self, folder: Folder, bot: str, who: str, address: str, reason: str) -> ControlState:
        check_name("bot", bot)
        shown = bot_id(folder.machine, bot)
        try:
            before, after = await self._apart(lambda: self._throw(folder, bot, who, reason), WRITE_S)
        except TimeoutError:
            file = folder_of(folder.machine) + kill(bot)
            raise UnwrittenError(
                f"the disk did not respond for {WRITE_S:g} s, so the state of the kill switch of {shown} "
                f"is unknown: check whether {file} exists; create it by hand, or stop the bots"
            ) from None
        except OSError as error:
            self._tell(who, address, f"kill switch of {shown}: could not be set: {error.strerror}", None, None)
            raise UnwrittenError(f"the kill switch of {shown} could not be set: {error.strerror}") from None
        told = self._tell(who, address, f"kill switch of {shown} thrown", before, after)
        await asyncio.gather(
            self._say(lambda: self._log.warning(f"kill switch of {shown} thrown by {who}", reason=reason)),
            self._flush(folder, bot),
            self._wait_for(told, shown),
        )
        with suppress(TimeoutError, AionError, OSError):
            return await self._apart(lambda: folder.requests.read(bot), AFTER_S)
        return made(ControlState)(bot=bot, answers=True, kill=after)

    def wait_for_record(self) -> None:
        """Wait until the audit has all that this desk has thrown: that comes before what is cleared.

        Raises:
            DeskStoreError: it has not soon enough.
        """
        for told in list(self._unrecorded):
            try:
                told.result(AFTER_S)
            except TimeoutError:
                raise DeskStoreError(
                    "the audit has not taken yet who threw the kill switch: try again soon"
                ) from None

    @staticmethod
    def _throw(folder: Folder, bot: str, who: str, reason: str) -> tuple[KillLine | None, KillLine]:
        requests = folder.requests
        if not requests.is_own(bot):
            requests.check(bot)
        before = requests.kill_of(bot)
        return before, requests.throw(bot, who, reason)

    async def _flush(self, folder: Folder, bot: str) -> None:
        try:
            await self._apart(lambda: folder.requests.flush_kill(bot), AFTER_S)
        except FileNotFoundError:
            return  # cleared meanwhile
        except (OSError, TimeoutError) as error:
            why = str(error) or "it does not answer"
            text = f"kill switch of {bot} is on, but the disk has not flushed it: {why}"
            await self._say(lambda: self._log.error(text))

    async def _wait_for(self, told: Future[None] | None, bot: str) -> None:
        if told is None:
            what = "this desk has no audit"
        elif (await asyncio.wait({asyncio.wrap_future(told)}, timeout=AFTER_S))[0]:
            return
        else:
            what = "the audit could not be written yet; it is tried until it is"
        await self._say(lambda: self._log.error(f"kill switch of {bot} is on, but {what}"))

    async def _say(self, write: Callable[[], object]) -> None:
        """Write a line of the log, which may be on a disk that does not answer."""
        with suppress(TimeoutError):
            await self._apart(write, AFTER_S)

    async def _apart(self, work: Callable[[], Done], limit_s: float) -> Done:
        """Return what `work` does in a thread of its own; TimeoutError when that takes too long, and goes on."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Done] = loop.create_future()

        def settle(tell: Callable[[], None]) -> None:
            self._threads -= 1
            if not done.cancelled():
                tell()

        def run() -> None:
            try:
                tell = partial(done.set_result, work())
            except (AionError, OSError) as error:
                tell = partial(done.set_exception, error)
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(settle, tell)

        if self._threads >= MOST_THREADS:
            raise TimeoutError
        self._threads += 1
        try:
            threading.Thread(target=copy_context().run, args=(run,), name="aion-kill", daemon=True).start()
        except RuntimeError:  # the system gives no more threads: this once the event loop waits
            run()
        return await asyncio.wait_for(done, limit_s)

    def _tell(
        self, who: str, address: str, what: str, before: KillLine | None, after: KillLine | None
    ) -> Future[None] | None:
        """Have the audit told; return what ends once it is."""
        if self._store is None:
            return None
        told: Future[None] = Future()
        self._unrecorded.add(told)
        told.add_done_callback(self._unrecorded.discard)
        was = to_json(before) if before is not None else None
        now = to_json(after) if after is not None else {}
        self._lines.put((lambda store: store.record(who, address, what, was, now), told))
        return told

    def _keep_record(self, store: DeskStore) -> None:
        while True:
            write, told = self._lines.get()
            while not told.done():
                with suppress(DeskStoreError):
                    write(store)
                    told.set_result(None)
                if not told.done() and self._is_closed.wait(RETRY_S):
                    return  # the next start finds the file
            if self._is_closed.is_set() and self._lines.empty():
                return

    def _look_after(self, store: DeskStore) -> None:
        """Put switches into the audit that stand thrown without a line: the desk ended before it was told."""
        with suppress(AionError, OSError):
            for folder in self._folders.all():
                for bot in folder.files.killed():
                    found = folder.requests.kill_of(bot)
                    if found is not None and found.killed_at is not None:
                        what = f"kill switch of {bot_id(folder.machine, bot)} found thrown"
                        store.record_once(FOUND_BY, what, to_json(found), "killed_at")
