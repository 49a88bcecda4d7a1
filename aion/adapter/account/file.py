"""What the readers of accounts in a file have in common: one that changed is read anew, in a thread."""

import asyncio
import time
from abc import abstractmethod
from datetime import datetime
from pathlib import Path
from typing import Any

from aion.adapter.account.book import Book
from aion.adapter.account.document import Reading
from aion.adapter.account.source import AccountSource
from aion.adapter.problem import AwayError
from aion.adapter.rest import LIMIT_S
from aion.section import AttachSettings
from aion.store.layout import BESIDE_SQLITE

Read = tuple[Book, Reading]


class FileSource(AccountSource):
    """An account that is read from a file."""

    def __init__(self, name: str, settings: AttachSettings) -> None:
        """Make it; nothing is read before `look`.

        Args:
            name: on the desk.
            settings: its table.
        """
        super().__init__(name)
        self.settings, self.path = settings, Path(settings.database).expanduser()
        self._signature: Any = None
        self._reading: asyncio.Task[Read] | None = None
        self.took_s = 0.0

    @abstractmethod
    def read(self, now: datetime) -> Read:
        """Read the file.

        Raises:
            AttachError: it cannot be read, or is not what it should be.
        """

    async def look(self, now: datetime) -> None:
        """Read it if it changed.

        Raises:
            AttachError: as `read`, or it takes too long.
        """
        signature = self._sign()
        if self.reading is not None and signature == self._signature:
            self.reading.as_of = now
            return
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(asyncio.to_thread(self._timed, now))
        done, _ = await asyncio.wait({self._reading}, timeout=LIMIT_S)
        if not done:
            raise AwayError(f"{self.path.name} was not read within {LIMIT_S:g} s")
        self.book, self.reading = self._reading.result()
        self._signature = signature

    def _timed(self, now: datetime) -> Read:
        began = time.monotonic()
        try:
            return self.read(now)
        finally:
            self.took_s = time.monotonic() - began

    def _sign(self) -> Any:
        """Return what changes when the file does, or one that a database keeps beside it."""
        found: list[object] = []
        for suffix in BESIDE_SQLITE:
            try:
                about = self.path.with_name(self.path.name + suffix).stat()
            except OSError as error:
                found.append(error.errno)
                continue
            found.append((about.st_ino, about.st_size, about.st_mtime_ns))
        return tuple(found)
