"""The other workers of one desk: each tells its figures to the one that is asked, so that any can answer for all.

A change of a stream goes to the worker that has the stream.

Workers that inherited one socket meet in a folder named after it, below the system's folder of temporary files: each
listens there on a Unix socket of its own. Nothing is kept between two questions, so that a worker that has died or
hangs is missing from the next answer and from nothing else.
"""

import asyncio
import logging
import os
import socket
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import orjson

from aion.web.state import Json

PATIENCE_S = 1.0  # of one worker for another: longer than any of its pauses, shorter than people wait for a page
CHANGE_PATIENCE_S = 5.0  # for a change of a stream, which may have to wait for a build
MAX_NAME = 10  # digits of a process id

log = logging.getLogger(__name__)


class Peers:
    """Asks the other workers, and answers them."""

    def __init__(
        self,
        listener: socket.socket,
        tell: Callable[[], Json],
        change: Callable[[Json, str], Awaitable[tuple[int, Json] | None]],
    ) -> None:
        """Make it; nobody can ask before `start`.

        Args:
            listener: the socket that all workers of the desk have inherited.
            tell: returns the figures of this worker; called in a thread.
            change: makes a change of a stream of this worker for its owner, as `StreamApp.change`.
        """
        inode = os.fstat(listener.fileno()).st_ino
        self._folder = Path(tempfile.gettempdir()) / f"aion-{os.getuid()}-{inode}"
        self.name = str(os.getpid())
        """Of this worker among the others."""
        self._own = self._folder / f"{self.name}.sock"
        self._tell = tell
        self._change = change
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Answer from now on; where that cannot be, say so in the log and go on alone."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            status = self._folder.lstat()
            if status.st_uid != os.getuid() or status.st_mode & 0o077:
                raise PermissionError(f"{self._folder} belongs to somebody else or is open to others")
            self._own.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._answer, self._own)
        except OSError as error:
            log.warning("the other workers cannot ask this one for its figures: %s", error)

    async def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        with suppress(OSError):  # the folder goes with the last worker
            self._own.unlink(missing_ok=True)
            self._folder.rmdir()

    def ask(self) -> tuple[list[Json], int]:
        """Return the figures of all other workers that answer, and how many do not in time. Blocks."""
        found: list[Json] = []
        silent = 0
        for path in sorted(self._folder.glob("*.sock")):
            if path == self._own:
                continue
            try:
                found.append(_ask(path))
            except (FileNotFoundError, ConnectionError):  # it has gone, or is going
                _forget(path)
            except (OSError, orjson.JSONDecodeError):
                silent += 1
        return found, silent

    async def pass_on(self, name: str, asked: Json) -> tuple[int, Json] | None:
        """Have the worker `name` change a stream of its own.

        Args:
            name: as somebody outside says it.
            asked: the change, with its `owner`.

        Returns:
            Status and body of the answer; None if no such worker answers, or it has no such stream.
        """
        if not name.isascii() or not name.isdecimal() or len(name) > MAX_NAME or name == self.name:
            return None
        try:
            async with asyncio.timeout(CHANGE_PATIENCE_S):
                reader, writer = await asyncio.open_unix_connection(self._folder / f"{name}.sock")
                try:
                    writer.write(orjson.dumps(asked))
                    writer.write_eof()
                    found = orjson.loads(await reader.read())
                finally:
                    writer.close()
        except (OSError, TimeoutError, orjson.JSONDecodeError):
            return None
        return (found[0], found[1]) if found is not None else None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a change with its result, and nothing with the figures."""
        with suppress(ConnectionError):
            asked = await reader.read()
            if asked:
                change = orjson.loads(asked)
                answer: object = await self._change(change, change["owner"])
            else:
                answer = await asyncio.to_thread(self._tell)
            writer.write(orjson.dumps(answer))
            await writer.drain()
        writer.close()


def _ask(path: Path) -> Json:
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(PATIENCE_S)
        link.connect(str(path))
        link.shutdown(socket.SHUT_WR)
        parts = []
        while part := link.recv(65_536):
            parts.append(part)
    found: Json = orjson.loads(b"".join(parts))
    return found


def _forget(path: Path) -> None:
    """Remove the socket of a process that is gone: one that was killed could not."""
    try:
        os.kill(int(path.stem), 0)
    except (ProcessLookupError, ValueError):
        with suppress(OSError):
            path.unlink()
    except OSError:
        return
