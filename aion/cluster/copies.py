"""The relay of a desk that shows several machines: a copy of each below `machines/`, in one process.

Each machine has a link of its own, so that one that is silent, or whose copy is fetched anew, delays no other.
"""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from aion.cluster.ask import Asker
from aion.cluster.folder import Say
from aion.cluster.link import Link
from aion.cluster.pull import Node
from aion.cluster.push import HERE, machine_of_stream
from aion.cluster.relay import End, Engine, relay
from aion.cluster.shared import Shared
from aion.cluster.together import together
from aion.errors import ConfigError
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.store.machine import RELAY_REPORT, RULE, check_machine_of_desk, folder_of, is_machine, machines_below

LOOK_S = 5.0  # between two looks for machines that publish


def run_copies(root: Path, engine: Engine, machines: Sequence[str]) -> None:
    """Keep copies of several machines below `root`, and bring their bots what is asked here; until SIGINT.

    Args:
        root: the desk's data folder.
        engine: that carries them.
        machines: their names; none for all that publish, also those that begin to later.

    Raises:
        ConfigError: it cannot run.
    """
    for machine in machines:
        check_machine_of_desk(machine)
    if len(set(machines)) < len(machines):
        raise ConfigError(f"a machine is named twice: {', '.join(machines)}")
    log = ProcessLog(Layout(root), "relay", "info")
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns at the end of each connection with TLS
    try:
        with asyncio.Runner() as runner:
            runner.run(Copies(root, engine, log.info).run(machines))
    except KeyboardInterrupt:
        log.info("relay stopped")
    finally:
        log.close()


class Copies:
    """Runs the copies of all machines. Used by one event loop."""

    def __init__(self, root: Path, engine: Engine, say: Say) -> None:
        """Args: root: the desk's data folder; engine: that carries them; say: tells people."""
        self._root = root
        self._engine = engine
        self._say = say
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._left_out: set[str] = set()

    async def run(self, machines: Sequence[str]) -> None:
        """Run copies of `machines`, of all that publish where that names none; without end.

        Raises:
            ConfigError: a copy cannot go on.
        """
        try:
            await self._follow(machines)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _follow(self, machines: Sequence[str]) -> None:
        here = (each for each in machines_below(self._root)[0] if (self._folder(each) / RELAY_REPORT).exists())
        for machine in machines or here:  # from their own disk, while the engine is down too
            self._begin(machine)
        if not machines:
            self._tasks[""] = asyncio.create_task(relay(self._engine, [self._find], self._say_unknown))
        while True:
            waiting = asyncio.create_task(asyncio.sleep(LOOK_S))
            done, _ = await asyncio.wait({waiting, *self._tasks.values()}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            for task in done - {waiting}:
                task.result()

    def _say_unknown(self, why: str) -> None:
        self._say(f"which machines publish: {why}")

    async def _find(self, link: Link) -> None:
        """Begin a copy of each machine that is found, until the link fails.

        Streams are found of machines that are off, too, but in the own account alone; those of others say that they
        are there.
        """

        async def hear() -> None:
            async for machine in link.hear(HERE):
                self._found(machine)

        async def look() -> None:
            while True:
                for machine in filter(None, map(machine_of_stream, await link.streams())):
                    self._found(machine)
                await asyncio.sleep(LOOK_S)

        await together(hear(), look())

    def _found(self, machine: str) -> None:
        if is_machine(machine):
            self._begin(machine)
        elif machine not in self._left_out:
            self._left_out.add(machine)
            self._say(f"machine {machine} is left out: {RULE}")

    def _begin(self, machine: str) -> None:
        if machine not in self._tasks:
            self._say(f"copies machine {machine} to {folder_of(machine)}")
            self._tasks[machine] = asyncio.create_task(self._copy(machine), name=f"copy-{machine}")

    def _folder(self, machine: str) -> Path:
        return self._root / folder_of(machine)

    async def _node(self, layout: Layout, machine: str) -> Node:
        """Return what keeps the copy, once its folder can be written."""
        was = ""
        while True:
            try:
                return await asyncio.to_thread(self._begun, layout, machine)
            except (OSError, ConfigError) as error:
                if str(error) != was:
                    self._say(f"{folder_of(machine)} cannot be written: {error}")
                was = str(error)
                await asyncio.sleep(LOOK_S)

    def _begun(self, layout: Layout, machine: str) -> Node:
        if layout.root.is_symlink():
            raise ConfigError("it is a link, and none is followed there: put the folder itself in its place")
        return Node(layout, machine, self._say)

    async def _copy(self, machine: str) -> None:
        layout = Layout(self._folder(machine))
        node = await self._node(layout, machine)

        def say(why: str) -> None:
            node.report.say(why)
            self._say(f"{machine}: {why}")

        asker = Asker(layout, machine, say)
        ends: list[End] = [node.run, Shared(layout, machine, self._say, is_source=False).run, asker.run]
        async with asker.listening():
            await relay(self._engine, ends, say)
