"""Requests, kill switches and rules: the same on the bots' machine and all its desks, in the order of one stream.

Each end tells what was changed in its folder and takes in what others told. Requests are only ever added, and each is
carried out once by its exact id. A kill switch that is thrown always stands; clearing one, and saving rules, counts
only if nobody has changed the same file since. Nothing is cleared because an engine is silent or has lost something.
"""

import asyncio
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from aion.cluster.folder import ASKED, ASKED_FOLDERS, Folder, Say, digest_of, key_of, kind_of
from aion.cluster.link import FencedError, Item, Link, LinkError, Message
from aion.cluster.together import together
from aion.errors import StateError
from aion.store.control_id import SUFFIX, order_of, to_remove, why_not
from aion.store.file import read_json, remove, write_bytes, write_json
from aion.store.layout import CONTROLS, Layout, control_id_of
from aion.store.lock import alone

WAIT_S = 1.0  # between two looks at the folder where the kernel tells of changes
POLL_S = 0.25  # where it does not
WHOLE_S = 5.0  # between two looks at all files
CURSOR = ".relay-asked.json"
"""In the data folder: which version of each file all have."""


def asked_stream(machine: str) -> str:
    """Return the name of the stream of what is asked of a machine's bots."""
    return f"AION_{machine}_ASKED"


class Shared:
    """One end: the folders `control/` and `config/` of one data folder. Used by one event loop."""

    def __init__(self, layout: Layout, machine: str, say: Say, *, is_source: bool) -> None:
        """Make it of what lies on the disk.

        Args:
            layout: of the data folder.
            machine: that the bots run on.
            say: tells people.
            is_source: True on that machine, where nobody else removes old requests.
        """
        self._layout = layout
        self._machine = machine
        self._stream = asked_stream(machine)
        self._folder = Folder(layout.root, ASKED_FOLDERS, ASKED)
        self._say = say
        self._is_source = is_source
        self._identity, self._after = "", 0
        self._agreed: dict[str, tuple[str, int]] = {}
        """By path: digest of what all have (empty for no file), and its number in the stream."""
        self._fenced: dict[str, str] = {}
        """By path: digest of a change that came too late."""
        self._wake = asyncio.Event()
        with suppress(FileNotFoundError, StateError, ValueError, KeyError, TypeError):
            held, _ = read_json(layout.root / CURSOR)
            if held["machine"] == machine:
                agreed = {str(path): (str(digest), int(number)) for path, (digest, number) in held["agreed"].items()}
                self._identity, self._after, self._agreed = str(held["identity"]), int(held["after"]), agreed

    async def run(self, link: Link) -> None:
        """Tell and listen until the link fails.

        Raises:
            LinkError: it did; call this again with another one.
        """
        mark = await link.mark(self._stream)
        if mark.identity != self._identity or mark.last < self._after:
            self._identity, self._after, self._agreed = mark.identity, 0, {}
        loop = asyncio.get_running_loop()
        descriptors = self._folder.open()
        for descriptor in descriptors:
            loop.add_reader(descriptor, self._wake.set)
        try:
            await together(self._listen(link), self._tell_on(link, mark.last, POLL_S if not descriptors else WAIT_S))
        finally:
            for descriptor in descriptors:
                loop.remove_reader(descriptor)
            self._folder.close()

    async def _listen(self, link: Link) -> None:
        async for message in link.watch(self._stream, self._after):
            self._take(message)
            self._after = message.number
            self._wake.set()
            self._keep()

    def _take(self, message: Message) -> None:
        path = message.headers.get("Aion-Path", "")
        if not self._folder.accepts(path):
            self._say(f"{path[:80]!r} came as a request to {self._machine}: left out")
            return
        digest, number = self._agreed.get(path, ("", 0))
        if message.number <= number:
            return
        here = self._digest(path)
        is_gone = "Aion-Gone" in message.headers
        came = "" if is_gone else digest_of(message.data)
        self._agreed[path] = came, message.number
        if is_gone:
            if here and not (kind_of(path) == "kill" and here != digest):  # thrown here meanwhile: it is told next
                remove(self._layout.root / path)
        elif here != came and not self._is_past(path):
            self._write(path, message.data)

    def _write(self, path: str, data: bytes) -> None:
        if kind_of(path) != "control":
            write_bytes(self._layout.root / path, data, durable=True)
            return
        with alone(self._layout.controls):
            write_bytes(self._layout.root / path, data, durable=True)
            with suppress(FileNotFoundError):  # what is asked here next gets an id behind this one too
                os.unlink(self._layout.newest_id)
        if self._is_source:
            self._tidy(path.split("/")[1])

    def _is_past(self, path: str) -> bool:
        """Tell whether a request is too old to be one."""
        return kind_of(path) == "control" and bool(why_not(_id_of(path), datetime.now(UTC)))

    def _tidy(self, bot: str) -> None:
        folder = self._layout.root / CONTROLS / bot
        ids = sorted((found for name in os.listdir(folder) if (found := control_id_of(name))), key=order_of)
        for each in to_remove(str(folder), ids[::-1], time.time()):
            with suppress(OSError):
                os.unlink(folder / f"{each}{SUFFIX}")

    async def _tell_on(self, link: Link, last: int, pause_s: float) -> None:
        """Tell what is changed here, once all that was told before is known."""
        loop = asyncio.get_running_loop()
        looked = -WHOLE_S
        while True:
            is_whole = loop.time() - looked >= WHOLE_S
            if is_whole and (await link.mark(self._stream)).identity != self._identity:
                raise LinkError(f"what was asked of {self._machine} was lost by the engine: all is told again")
            if self._after >= last:
                looked = loop.time() if is_whole else looked
                for path in self._in_order(self._folder.look(self._agreed, is_whole=is_whole)):
                    await self._tell(link, path)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._wake.wait()
            self._wake.clear()

    def _in_order(self, paths: Iterable[str]) -> list[str]:
        """Return `paths` as they are told: a stop first, requests as they were asked, what clears a stop last."""

        def place(path: str) -> tuple[int, str]:
            kind, is_there = kind_of(path), bool(self._digest(path))
            if kind == "kill":
                return (0 if is_there else 3), path
            if kind == "control":
                at, text = order_of(_id_of(path))
                return 1, f"{at.isoformat()} {text} {path}"
            return 2, path

        return sorted(paths, key=place)

    async def _tell(self, link: Link, path: str) -> None:
        data = self._folder.read(path)
        here = digest_of(data) if data is not None else ""
        digest, number = self._agreed.get(path, ("", 0))
        kind = kind_of(path)
        if kind == "control" and data is None:  # removed because it is old, which is nobody else's business
            if self._agreed.pop(path, None) is not None:  # no request has that path again: the note stays small
                self._keep()
            return
        if here == digest or self._fenced.get(path) == here or (kind == "control" and self._is_past(path)):
            return
        headers = {"Aion-Path": path} | ({} if data is not None else {"Aion-Gone": "1"})
        item = Item(key_of(path), data or b"", headers)
        after = None if kind == "kill" and data is not None else number
        try:
            number = await link.put_one(self._stream, item, after)
        except FencedError:
            self._fenced[path] = here
            self._say(f"{path} was changed elsewhere first: that stands")
            return
        self._fenced.pop(path, None)
        self._agreed[path] = here, number
        self._keep()

    def _digest(self, path: str) -> str:
        data = self._folder.read(path)
        return digest_of(data) if data is not None else ""

    def _keep(self) -> None:
        value = {
            "machine": self._machine, "identity": self._identity, "after": self._after,
            "agreed": {path: list(each) for path, each in self._agreed.items()},
        }  # fmt: skip
        write_json(self._layout.root / CURSOR, value)


def _id_of(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(SUFFIX)
