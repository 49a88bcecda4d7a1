"""On the bots' machine: answers what desks ask of its logs, from its own disk, through the readers that a desk uses.

An answer is read in pieces, each asked for by itself: a slow link is never sent more than one, what nobody fetches
any more is forgotten, and nothing but logs below the data folder can be asked for.
"""

import asyncio
import json
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from aion.cluster.link import Link
from aion.errors import AionError, ConfigError, StateError
from aion.store.document.base import Document
from aion.store.document.piece import encode
from aion.store.layout import Layout

PIECE_BYTES = 256 << 10
MOST_BYTES = 32 << 20  # of one answer that is made as a whole; a log file may be larger
AT_ONCE = 4  # answers that are made at a time
WAITING = 16  # questions that may wait for that, or for lines to come
KEPT = 16  # answers that are kept for those who fetch their pieces
KEPT_S = 30.0  # since a piece was fetched


def ask_subject(machine: str) -> str:
    """Return the subject to which a machine's relay answers what is asked of its logs."""
    return f"AION_{machine}_ASK"


@dataclass(slots=True)
class _Answer:
    """What is fetched piece by piece: bytes, or a file that is open."""

    size: int
    data: bytes = b""
    descriptor: int = -1
    fetched_s: float = field(default_factory=time.monotonic)

    def piece(self, number: int) -> bytes:
        start = number * PIECE_BYTES
        stop = min(start + PIECE_BYTES, self.size)
        if self.descriptor < 0:
            return self.data[start:stop]
        return os.pread(self.descriptor, max(0, stop - start), start)

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class Answering:
    """Answers for one machine. Used by one event loop."""

    def __init__(self, layout: Layout, machine: str) -> None:
        """Args: layout: of the bots' data folder; machine: its name."""
        self._layout = layout
        self._machine = machine
        self._made: OrderedDict[str, _Answer] = OrderedDict()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._asked = 0

    async def run(self, link: Link) -> None:
        """Answer until the link fails, which others notice."""
        end = await link.answer_each(ask_subject(self._machine), self._reply)
        try:
            while True:
                await asyncio.sleep(KEPT_S / 2)
                self._forget()
        finally:
            await end()
            for each in self._made.values():
                each.close()
            self._made.clear()

    async def _reply(self, asked: bytes) -> bytes:
        self._asked += 1
        try:
            if self._asked > WAITING:
                return _refused(503, f"machine {self._machine} answers {WAITING} questions already: ask again")
            return await self._piece(asked)
        except (AionError, OSError) as error:
            status = 409 if isinstance(error, StateError) else error.status if isinstance(error, AionError) else 503
            return _refused(status, str(error))
        finally:
            self._asked -= 1

    async def _piece(self, asked: bytes) -> bytes:
        try:
            found = json.loads(asked)
            name, number, what, values = found["id"], found["piece"], found["what"], found["query"]
            is_sound = isinstance(name, str) and type(number) is int and number >= 0 and isinstance(values, dict)
        except (ValueError, TypeError, KeyError):
            is_sound = False
        if not is_sound:
            raise ConfigError(f"what was asked of machine {self._machine} cannot be read")
        made = self._made.get(name)
        if made is None:
            if number:
                raise ConfigError(f"machine {self._machine} no longer keeps this answer: ask again")
            made = await self._make(what, values)
            self._keep(name, made)
        made.fetched_s = time.monotonic()
        self._made.move_to_end(name)
        data = made.piece(number)
        if (number + 1) * PIECE_BYTES >= made.size:
            self._made.pop(name).close()
        return orjson.dumps({"size": made.size}) + b"\n" + data

    async def _make(self, what: str, values: dict[str, Any]) -> _Answer:
        from aion.web.log import read  # noqa: PLC0415 - a relay that is never asked does without

        layout = self._layout
        is_waiting = bool(values.pop("wait", False))
        query = read.LogQuery.of(values)
        kinds: dict[str, Callable[[], Document]] = {
            "tail": lambda: read.read_tail(layout, query),
            "search": lambda: read.search_logs(layout, query),
            "files": lambda: read.list_logs(layout),
        }
        if what == "file":
            descriptor, size = await asyncio.to_thread(read.open_whole, layout, query.process)
            return _Answer(size, descriptor=descriptor)
        make = kinds.get(what)
        if make is None:
            raise ConfigError(f"machine {self._machine} cannot be asked for {what[:40]!r}")
        if what == "tail" and is_waiting:
            data = encode(await read.follow(layout, query))
        else:
            async with self._turns:
                data = await asyncio.to_thread(lambda: encode(make()))
        if len(data) > MOST_BYTES:
            raise ConfigError(f"the answer of machine {self._machine} is over {MOST_BYTES >> 20} MB: ask for less")
        return _Answer(len(data), data)

    def _keep(self, name: str, made: _Answer) -> None:
        self._made[name] = made
        while len(self._made) > KEPT:
            self._made.popitem(last=False)[1].close()

    def _forget(self) -> None:
        before = time.monotonic() - KEPT_S
        for name in [name for name, each in self._made.items() if each.fetched_s < before]:
            self._made.pop(name).close()


def _refused(status: int, why: str) -> bytes:
    return orjson.dumps({"status": status, "error": why}) + b"\n"
