"""Publishers and nodes in the process of a test, over one server."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aion.cluster.link import Link
from aion.cluster.pull import Node
from aion.cluster.push import Publisher
from aion.cluster.relay import End, Engine, relay
from aion.cluster.shared import Shared
from aion.store.layout import Layout
from tests.cluster.machine import files, proof


class Machines:
    """A bots' machine and a desk's, and what runs on them."""

    def __init__(self, url: str, root: Path, machine: str) -> None:
        self.engine = Engine([url])
        self.machine = machine
        self.bots, self.desk = root / "bots", root / "desk"
        self.said: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []

    def end(self, run: End) -> "asyncio.Task[None]":
        task = asyncio.create_task(relay(self.engine, [run], self.said.append))
        self.tasks.append(task)
        return task

    def push(self, data: Path | None = None) -> "asyncio.Task[None]":
        return self.end(Publisher(Layout(data or self.bots), self.machine, self.said.append).run)

    def pull(self, data: Path | None = None) -> "asyncio.Task[None]":
        return self.end(Node(Layout(data or self.desk), self.machine, self.said.append).run)

    def share(self, data: Path, *, is_source: bool = False) -> "asyncio.Task[None]":
        return self.end(Shared(Layout(data), self.machine, self.said.append, is_source=is_source).run)

    async def stop(self, task: "asyncio.Task[None]") -> None:
        task.cancel()
        await asyncio.wait({task})

    async def until(self, what: Callable[[], Any], seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for task in self.tasks:
                if task.done() and not task.cancelled():
                    task.result()
            try:
                if what():
                    return
            except (OSError, ValueError, KeyError):
                pass
            await asyncio.sleep(0.01)
        raise AssertionError(f"not within {seconds} s: {self.said}")

    async def proved(self, data: Path | None = None) -> None:
        """Wait for two proofs that were asked for from now on."""
        folder = data or self.desk
        await self.until(lambda: (folder / "watch" / "proof.json").exists())
        before = proof(folder)
        await self.until(lambda: proof(folder)[0] == before[0] and proof(folder)[1] >= before[1] + 2)

    def is_same(self, data: Path | None = None) -> bool:
        return files(data or self.desk) == files(self.bots)

    @asynccontextmanager
    async def link(self) -> AsyncIterator[Link]:
        link = await self.engine.open()
        try:
            yield link
        finally:
            await link.close()


Scenario = Callable[[Machines], Awaitable[None]]
Play = Callable[[Scenario], None]
