"""The publisher on the bots' machine: puts what they write into the engine, and answers for it.

The bots' disk is the truth and the engine may lose what it has: whenever it is not known to hold all that was put, a
new *epoch* begins and everything is put again.
"""

import asyncio
import json
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from aion.cluster.folder import (
    STATE,
    STATE_FOLDERS,
    Folder,
    Manifest,
    Say,
    digest_of,
    in_order,
    key_of,
    modified_ns,
    path_of,
    pieces,
)
from aion.cluster.link import FencedError, Item, Link, LinkError, Mark, NobodyError
from aion.errors import ConfigError
from aion.store.layout import Layout

CHECK_S = 1.0  # between two looks at how far the stream is
WHOLE_S = 5.0  # between two looks at all files, for changes that no event told of
POLL_S = 0.25  # between two looks where nothing tells of changes
OTHER_S = 1.0  # that another publisher has to answer
MOST_BYTES = 32 << 20  # that are put at a time
HERE = "AION_HERE"
"""What the subjects begin with by which machines name themselves."""


def state_stream(machine: str) -> str:
    """Return the name of the stream of what a machine's bots wrote."""
    return f"AION_{machine}_STATE"


def machine_of_stream(stream: str) -> str:
    """Return the machine whose bots' files a stream has, an empty text for another stream."""
    name = stream.removeprefix("AION_").removesuffix("_STATE")
    return name if stream == state_stream(name) else ""


def proof_subject(machine: str) -> str:
    """Return the subject to which a machine's publisher answers how far it is."""
    return f"AION_{machine}_PROVE"


def list_subject(machine: str) -> str:
    """Return the subject to which it answers what files there are."""
    return f"AION_{machine}_LIST"


def here_subject(machine: str) -> str:
    """Return the subject to which a machine says once a second that it publishes."""
    return f"{HERE}.{machine}"


@dataclass(slots=True)
class _Changes:
    """What is put at a time."""

    items: list[Item] = field(default_factory=list)
    told: Manifest = field(default_factory=Manifest)
    gone: set[str] = field(default_factory=set)

    def size(self) -> int:
        """Return the bytes of all items."""
        return sum(len(each.data) for each in self.items)


class Publisher:
    """Puts the state files of one machine. Used by one event loop."""

    def __init__(self, layout: Layout, machine: str, say: Say) -> None:
        """Args: layout: of the bots' data folder; machine: its name; say: tells people."""
        self._machine = machine
        self._stream = state_stream(machine)
        self._folder = Folder(layout.root, STATE_FOLDERS, STATE)
        self._say = say
        self._who = f"{socket.gethostname()}:{layout.root}"
        self._manifest = Manifest()
        """What was put, and the engine took."""
        self._mark: Mark | None = None
        """How far the stream was then; None to put everything again."""
        self._epoch = ""
        self._n = 0
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()

    async def run(self, link: Link) -> None:
        """Put and answer until the link fails.

        Raises:
            LinkError: it did; call this again with another one.
            ConfigError: another program publishes as this machine.
        """
        await self._refuse_two(link)
        loop = asyncio.get_running_loop()
        descriptors = self._folder.open()
        for descriptor in descriptors:
            loop.add_reader(descriptor, self._wake.set)
        ends: list[Callable[[], object]] = []
        try:
            await self._put(link, is_whole=True)
            prove = await link.answer(proof_subject(self._machine), lambda: self._prove(link))
            names = await link.answer(list_subject(self._machine), self._list)
            ends += [prove, names]
            try:
                await self._follow(link, has_events=bool(descriptors))
            except FencedError:
                await prove()
                await names()
                await self._refuse_two(link)
                self._mark = None
                raise
        finally:
            for descriptor in descriptors:
                loop.remove_reader(descriptor)
            self._folder.close()

    async def _refuse_two(self, link: Link) -> None:
        with suppress(NobodyError, LinkError):
            other = json.loads(await link.ask(proof_subject(self._machine), OTHER_S))
            raise ConfigError(
                f"machine {self._machine} is published by {other.get('who', 'another program')} already: "
                "stop that one, or choose another --machine"
            )

    async def _follow(self, link: Link, *, has_events: bool) -> None:
        loop = asyncio.get_running_loop()
        checked = looked = loop.time()
        await link.tell(here_subject(self._machine))
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECK_S if has_events else POLL_S):
                    await self._wake.wait()
            self._wake.clear()
            now = loop.time()
            is_whole = now - looked >= WHOLE_S
            looked = now if is_whole else looked
            await self._put(link, is_whole=is_whole)
            if now - checked >= CHECK_S:
                checked = now
                async with self._lock:
                    if await link.mark(self._stream) != self._mark:
                        raise FencedError(f"{self._stream} is not what it was: another publisher, or it was lost")
                await link.tell(here_subject(self._machine))

    async def _put(self, link: Link, *, is_whole: bool) -> None:
        """Put what has changed on the disk; one at a time."""
        async with self._lock:
            stale: set[str] = set()
            if self._mark is None or (is_whole and await link.mark(self._stream) != self._mark):
                stale = await self._begin_epoch(link)
                is_whole = True
            paths = self._folder.look(self._manifest, is_whole=is_whole)
            changes = _Changes()
            for path in in_order(paths | stale):
                data = self._folder.read(path)
                if data is not None:
                    digest = digest_of(data)
                    if self._manifest.get(path) != digest:
                        changes.told[path] = digest
                        changes.items += self._items(path, data, digest, link.most_bytes)
                elif path in self._manifest or path in stale:
                    changes.gone.add(path)
                    changes.items.append(self._item(path, b"", {"Aion-Gone": "1"}))
                if changes.size() > MOST_BYTES:
                    await self._store(link, changes)
                    changes = _Changes()
            await self._store(link, changes)

    async def _begin_epoch(self, link: Link) -> set[str]:
        """Begin anew; return the paths that the engine has from before."""
        self._mark = await link.mark(self._stream)
        self._epoch, self._n = secrets.token_hex(8), 0
        self._manifest = Manifest()
        self._say(f"{self._machine}: everything is put again, as epoch {self._epoch}")
        keys = await link.keys(self._stream)
        return {path_of(key.removesuffix(".0")) for key in keys if key.endswith(".0")}

    def _items(self, path: str, data: bytes, digest: str, most: int) -> list[Item]:
        """Return what is put for a file; of several pieces, the first comes last and completes it."""
        found = list(pieces(data, most))
        first = self._item(
            path, found[0],
            {"Aion-Digest": digest, "Aion-Pieces": str(len(found)),
             "Aion-Modified": str(modified_ns(self._folder.root / path))},
        )  # fmt: skip
        rest = [
            Item(f"{key_of(path)}.{number}", piece, {"Aion-Piece": str(number), "Aion-Digest": digest})
            for number, piece in enumerate(found[1:], 1)
        ]
        return [*rest, first]

    def _item(self, path: str, data: bytes, headers: dict[str, str]) -> Item:
        self._n += 1
        return Item(
            f"{key_of(path)}.0", data,
            {"Aion-Path": path, "Aion-Epoch": self._epoch, "Aion-N": str(self._n), **headers},
        )  # fmt: skip

    async def _store(self, link: Link, changes: "_Changes") -> None:
        if self._mark is None or not changes.items:
            return
        mark, self._mark = self._mark, None  # in doubt until the engine has answered
        last = await link.put(self._stream, changes.items, mark.last)
        self._mark = Mark(mark.identity, last)
        self._manifest.update(changes.told)
        for path in changes.gone:
            self._manifest.pop(path, None)

    async def _prove(self, link: Link) -> bytes:
        """Look at the disk, put what is new, and say how far that is."""
        try:
            await self._put(link, is_whole=False)
        except (LinkError, OSError) as error:
            self._wake.set()  # who follows finds the same and begins anew
            return json.dumps({"error": str(error), "who": self._who}).encode()
        found = {
            "epoch": self._epoch, "n": self._n, "digest": self._manifest.digest(), "who": self._who,
            "stream": self._mark.identity if self._mark is not None else "", "at": time.time(),
        }  # fmt: skip
        return json.dumps(found).encode()

    async def _list(self) -> bytes:
        """Return the paths of all files, so that who has more can remove it."""
        return "\n".join(sorted(self._manifest)).encode()
