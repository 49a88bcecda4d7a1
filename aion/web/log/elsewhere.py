"""Logs of other machines: asked of the relay beside the copy of a machine's files, which knows the engine.

The desk knows a machine by the folder that holds its copy: the data folder itself, or one below `machines/`. Each is
asked by itself, and a bounded number of questions at a time, so that a machine that is silent delays no other.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aion.errors import AionError, NotFoundError, StateError
from aion.store.file import read_json
from aion.store.layout import MACHINES, RELAY_MARK, RELAY_SOCKET, Layout, check_name, listed
from aion.store.local_socket import connect

PATIENCE_S = 6.0  # for each part of an answer: the relay gives the machine 5 s and says so itself
AT_ONCE = 8  # questions to one machine
PART_BYTES = 256 << 10
LINE_BYTES = 16 << 10


class SilentMachineError(AionError):
    """A machine, or its relay, does not answer; the message names it."""

    status = 504


class BusyMachineError(AionError):
    """A machine is asked too much at once."""

    status = 503


class RefusedError(AionError):
    """A machine refused what was asked."""

    def __init__(self, status: int, why: str) -> None:
        """Args: status: as of an answer; why: a sentence."""
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class Coming:
    """An answer of which the first part has come."""

    size: int
    """Bytes of all parts."""
    parts: AsyncGenerator[bytes, None]
    """Raises `SilentMachineError` where the machine falls silent before the end."""


class Elsewhere:
    """Asks the machines whose files a desk shows. Used by one event loop."""

    def __init__(self, layout: Layout) -> None:
        """Args: layout: of the desk's data folder."""
        self._root = layout.root
        self._asking: Counter[str] = Counter()

    def machines(self) -> dict[str, Path]:
        """Return the folder of each machine's copy by its name; none on a desk of its own bots. Reads the disk."""
        folders = [self._root, *(self._root / MACHINES / name for name in sorted(listed(self._root / MACHINES)))]
        found: dict[str, Path] = {}
        for folder in folders:
            with suppress(FileNotFoundError, NotADirectoryError, StateError, KeyError, TypeError, AionError):
                held, _ = read_json(folder / RELAY_MARK, name=RELAY_MARK)
                found.setdefault(check_name("machine", held["machine"]), folder)
        return found

    def bots(self, folder: Path) -> list[str]:
        """Return the bots whose state files lie below the folder of a machine, by name. Reads the disk."""
        return sorted({place.bot for place in Layout(folder).states()})

    async def ask(self, machine: str, what: str, query: Mapping[str, object]) -> Coming:
        """Ask a machine and return its answer once the first of it is there.

        Args:
            machine: name.
            what: `tail`, `search`, `files` or `file`.
            query: fields of a `LogQuery`.

        Raises:
            NotFoundError: no copy of such a machine is here.
            SilentMachineError: it does not answer.
            BusyMachineError: it is asked too much already.
            RefusedError: it refuses.
        """
        folder = (await asyncio.to_thread(self.machines)).get(machine)
        if folder is None:
            raise NotFoundError(f"this desk shows no machine {machine[:80]!r}")
        if self._asking[machine] >= AT_ONCE:
            raise BusyMachineError(f"machine {machine} has {AT_ONCE} questions of this desk to answer: ask again")
        self._asking[machine] += 1
        parts = self._parts(machine, folder, what, query)
        try:
            size = int(await anext(parts))
        except BaseException:
            await parts.aclose()
            raise
        return Coming(size, parts)

    async def _parts(
        self, machine: str, folder: Path, what: str, query: Mapping[str, object]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the size as text, then the parts."""
        writer: asyncio.StreamWriter | None = None
        try:
            try:
                own = await asyncio.to_thread(connect, folder / RELAY_SOCKET, 1.0)
                reader, writer = await asyncio.open_unix_connection(sock=own, limit=LINE_BYTES)
            except OSError:
                raise SilentMachineError(
                    f"machine {machine} cannot be asked: `aion relay pull` does not run on this desk's machine"
                ) from None
            writer.write(json.dumps({"what": what, "query": dict(query)}).encode() + b"\n")
            head = await _in_time(machine, reader.readline())
            try:
                told = json.loads(head)
                if "error" in told:
                    _refuse(machine, int(told["status"]), str(told["error"]))
                left = int(told["size"])
            except (ValueError, KeyError, TypeError):
                raise SilentMachineError(f"machine {machine} is silent: its relay ended the answer") from None
            yield str(left).encode()
            while left > 0:
                part = await _in_time(machine, reader.read(min(left, PART_BYTES)))
                if not part:
                    raise SilentMachineError(f"machine {machine} fell silent with {left} bytes of its answer to come")
                left -= len(part)
                yield part
        finally:
            self._asking[machine] -= 1
            if writer is not None:
                writer.close()


def _refuse(machine: str, status: int, why: str) -> None:
    if status == 504:
        raise SilentMachineError(why)
    raise RefusedError(status if status in (400, 404, 409, 503) else 502, why)


async def _in_time(machine: str, reading: Awaitable[bytes]) -> bytes:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await reading
    except (TimeoutError, ValueError, OSError):
        raise SilentMachineError(f"machine {machine} is silent: no answer within {PATIENCE_S:g} s") from None
