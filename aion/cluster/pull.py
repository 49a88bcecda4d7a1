"""The node on a desk's machine: keeps a copy of what a machine's bots wrote, and proves how fresh it is.

It starts from its own disk, with the engine down too: all that is there is held until the publisher has answered.
"""

import asyncio
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress

from aion.cluster.folder import STATE, STATE_FOLDERS, Folder, Say, digest_of
from aion.cluster.link import Link, LinkError, Message, NobodyError
from aion.cluster.prove import Prover
from aion.cluster.push import list_subject, proof_subject, state_stream
from aion.cluster.report import Report
from aion.cluster.together import together
from aion.errors import StateError
from aion.live.proof import steady_s
from aion.store.file import read_json, write_bytes, write_json
from aion.store.layout import RELAY_MARK, Layout

ASK_S = 1.0  # between two questions
AGAIN_S = 0.25  # after one that nobody answered
ANSWER_S = 2.5  # that the publisher has for an answer, and its files to come
SILENT_S = 3.0  # without an answer, after which the link is given up for another one
MISMATCHES = 2  # proofs in a row of another content, after which all is fetched again


class Node:
    """Keeps the copy of one machine's state files. Used by one event loop."""

    def __init__(self, layout: Layout, machine: str, say: Say, now_s: Callable[[], float] = steady_s) -> None:
        """Make it of what lies on the disk.

        Args:
            layout: of the desk's data folder.
            machine: whose files it holds.
            say: tells people.
            now_s: a steady clock.
        """
        self._layout = layout
        self._machine = machine
        self._stream = state_stream(machine)
        self._folder = Folder(layout.root, STATE_FOLDERS, STATE)
        self._say = say
        self._now_s = now_s
        self._prover = Prover(layout.proof, ASK_S, now_s)
        self.report = Report(layout, machine)
        self._manifest = self._folder.manifest()
        self._identity, self._after, self._epoch, self._n = "", 0, "", 0
        with suppress(FileNotFoundError, StateError, ValueError, KeyError, TypeError):
            held, _ = read_json(layout.root / RELAY_MARK)
            if held["machine"] == machine:
                self._identity, self._after = str(held["identity"]), int(held["after"])
                self._epoch, self._n = str(held["epoch"]), int(held["n"])
        self._pieces: dict[str, dict[int, bytes]] = {}
        self._moved = asyncio.Event()
        self._mismatches = 0
        self._has_left_out = False
        """True when something of a stream was not taken in since the copy was the same as its source."""
        self._why = ""
        self._keep()  # from now on a desk knows whose files these are
        self._prover.write(now_s())  # what lies here is fed from now on, and held until it is proved

    async def run(self, link: Link) -> None:
        """Follow and ask until the link fails.

        Raises:
            LinkError: it did, or is useless; call this again with another one.
        """
        mark = await link.mark(self._stream)
        if mark.identity != self._identity or mark.last < self._after:
            self._identity, self._after = mark.identity, 0
        await together(self._follow(link), self._ask(link))

    async def _follow(self, link: Link) -> None:
        async for message in link.watch(self._stream, self._after):
            try:
                self._apply(message)
            except (KeyError, ValueError) as error:
                self._leave_out(f"{self._machine} sent something that cannot be read: {error}")
            self._after = message.number
            self._moved.set()

    def _apply(self, message: Message) -> None:
        """Take one message in; what cannot be read is left to the proof, which does not fit then."""
        headers = message.headers
        if "Aion-Piece" in headers:
            number = int(headers["Aion-Piece"])
            self._pieces.setdefault(headers["Aion-Digest"], {})[number] = message.data
            return
        path, digest = headers.get("Aion-Path", ""), headers.get("Aion-Digest", "")
        self._epoch, self._n = headers.get("Aion-Epoch", ""), int(headers.get("Aion-N", "0"))
        if not self._folder.accepts(path):
            self._leave_out(f"{self._machine} sent {path[:80]!r}, which is no state file: left out")
            return
        if headers.get("Aion-Gone"):
            self._remove(path)
            return
        count = int(headers.get("Aion-Pieces", "1"))
        rest = self._pieces.pop(digest, {})
        if self._manifest.get(path) == digest:
            return
        if count > 1 and rest.keys() < set(range(1, count)):
            self._leave_out(f"{path} of {self._machine} came in part")
            return
        data = message.data + b"".join(rest[number] for number in range(1, count))
        if digest_of(data) != digest:
            self._leave_out(f"{path} of {self._machine} is not what its digest says: left out")
            return
        modified_ns = int(headers.get("Aion-Modified", "0"))
        write_bytes(self._layout.root / path, data, modified_ns=modified_ns or None)
        self._manifest[path] = digest
        self.report.applied(modified_ns)

    def _leave_out(self, why: str) -> None:
        self._has_left_out = True
        self._tell(why)

    def _remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self._layout.root / path)
        self._manifest.pop(path, None)

    async def _ask(self, link: Link) -> None:
        """Ask the publisher every second what it has, and prove as of when it was asked."""
        answered_s = self._now_s()
        while True:
            sent_s, sent_wall_s = self._now_s(), time.time()
            answer: bytes | None = None
            try:
                answer = await link.ask(proof_subject(self._machine), ANSWER_S)
                answered_s = self._now_s()
            except NobodyError:
                answered_s = self._now_s()  # the engine itself answers
                self._tell(f"nobody publishes as {self._machine}: what is here is held")
            except LinkError as error:
                if self._now_s() - answered_s >= SILENT_S:
                    raise
                self._tell(str(error))
            if answer is not None:
                received_wall_s, found = time.time(), json.loads(answer)
                await self._compare(link, found, sent_s)
                if not self._why:
                    self.report.proved(sent_wall_s, received_wall_s, found.get("at"))
            pause_s = ASK_S if answer is not None else AGAIN_S
            await asyncio.sleep(max(0.0, sent_s + pause_s - self._now_s()))

    async def _compare(self, link: Link, answer: dict[str, object], sent_s: float) -> None:
        if "error" in answer:
            self._tell(f"{self._machine} cannot publish: {answer['error']}")
            return
        if answer.get("stream", self._identity) != self._identity:
            raise LinkError(f"the store of {self._machine} was lost and made anew: all is fetched again")
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                while not self._has(answer) and not self._is_up_to(answer):
                    self._moved.clear()
                    await self._moved.wait()
        if self._has(answer):
            self._mismatches = 0
            self._tell("")
            self._prover.write(sent_s)
            self._keep()
            return
        self._mismatches += 1
        self._tell(f"the copy of {self._machine} is not what its publisher has: held")
        if self._mismatches >= MISMATCHES:
            self._mismatches = 0
            names = set((await link.ask(list_subject(self._machine), ANSWER_S)).decode().split("\n"))
            for path in self._manifest.keys() - names:
                self._remove(path)
            self._manifest = self._folder.manifest()
            self._after = 0
            raise LinkError(f"all of {self._machine} is fetched again")

    def _has(self, answer: dict[str, object]) -> bool:
        """Tell whether the copy is what the publisher had, or newer."""
        if self._manifest.digest() == answer.get("digest"):
            self._has_left_out = False
            return True
        return self._is_up_to(answer) and self._n != answer.get("n") and not self._has_left_out

    def _is_up_to(self, answer: dict[str, object]) -> bool:
        """Tell whether all that the publisher had put was taken in."""
        n = answer.get("n")
        return answer.get("epoch") == self._epoch and isinstance(n, int) and self._n >= n

    def _keep(self) -> None:
        value = {
            "machine": self._machine, "identity": self._identity, "after": self._after,
            "epoch": self._epoch, "n": self._n,
        }  # fmt: skip
        write_json(self._layout.root / RELAY_MARK, value)

    def _tell(self, why: str) -> None:
        """Say what is wrong, once; an empty text says that nothing is any more."""
        if why:
            self.report.say(why)
        if why != self._why:
            self._say(why or f"the copy of {self._machine} is proved")
        self._why = why
