"""Runs one end of a relay for as long as it is wanted: links that fail are replaced, and why is said once."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aion.allocator import keep_less_freed
from aion.cluster.answer import Answering
from aion.cluster.ask import Asker
from aion.cluster.folder import Say
from aion.cluster.jetstream import JetStreamLink
from aion.cluster.link import Link, LinkError
from aion.cluster.pull import Node
from aion.cluster.push import Publisher
from aion.cluster.rights.accounts import machine_of
from aion.cluster.rights.member import Member
from aion.cluster.shared import Shared
from aion.cluster.together import together
from aion.errors import ConfigError
from aion.store.layout import Layout, check_name
from aion.store.log.process_log import ProcessLog

AGAIN_S = 0.5  # between two links
MAPPED_BYTES = 64 << 10  # size from which on a block is given back as soon as it is free, such as a state file

End = Callable[[Link], Coroutine[Any, Any, None]]
"""Runs over one link until that fails."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Where the engine is, and how to be let in."""

    servers: Sequence[str]
    """URLs, such as `nats://10.0.0.1:4222`; a name and a password may stand in them."""
    replicas: int = 1
    """Servers that keep each stream."""
    ca: Path | None = None
    """File with the certificate that signs those of the servers; TLS is used where it is given."""
    member: Member | None = None
    """Who this machine is in a cluster with rights; None where the engine knows none."""

    @classmethod
    def of(cls, member: Member) -> "Engine":
        """Return the engine of a member's cluster."""
        return cls(member.servers, member.replicas, member=member)

    async def _open_as(self, member: Member) -> Link:
        foreign = machine_of if member.kind == "desk" else _own
        try:
            return await JetStreamLink.open(self.servers, self.replicas, member.tls(), foreign)
        except LinkError:
            if member.is_expired(datetime.now(UTC).date()):
                raise LinkError(
                    f"the keys of {member.name} expired on {member.expires}, or the clock of this machine is wrong: "
                    f"make new ones with `aion cluster renew {member.name}` and copy them to {member.folder}"
                ) from None
            raise

    async def open(self) -> Link:
        """Open a link.

        Raises:
            LinkError: no server answers, or they refuse.
            ConfigError: a file cannot be read, or nats-py is not installed.
        """
        if self.member is not None:
            return await self._open_as(self.member)
        try:
            tls = ssl.create_default_context(cafile=str(self.ca)) if self.ca is not None else None
        except OSError as error:
            raise ConfigError(f"{self.ca} cannot be used as a certificate: {error}") from None
        return await JetStreamLink.open(self.servers, self.replicas, tls)


def _own(_: str) -> str:
    return ""


def run_source(root: Path, engine: Engine, machine: str) -> None:
    """Publish what the bots of a machine write below `root`, bring them what is asked, show its logs; until SIGINT.

    Raises:
        ConfigError: it cannot run.
    """
    layout = Layout(root)

    async def work(say: Say) -> None:
        ends = (
            Publisher(layout, machine, say),
            Shared(layout, machine, say, is_source=True),
            Answering(layout, machine),
        )
        await relay(engine, [each.run for each in ends], say)

    _run(layout, machine, work)


def run_copy(root: Path, engine: Engine, machine: str) -> None:
    """Keep a copy of a machine's state files below `root`, bring it what is asked here, fetch its logs; until SIGINT.

    Raises:
        ConfigError: it cannot run.
    """
    layout = Layout(root)

    async def work(say: Say) -> None:
        asker = Asker(layout, machine, say)
        ends = Node(layout, machine, say), Shared(layout, machine, say, is_source=False), asker
        async with asker.listening():
            await relay(engine, [each.run for each in ends], say)

    _run(layout, machine, work)


def run_desk(root: Path, engine: Engine, name: str) -> None:
    """Share logins, tokens and the audit of the desk of `root` with the other desks; until SIGINT.

    Raises:
        ConfigError: it cannot run.
        DeskStoreError: `desk.sqlite` cannot be used.
    """
    from aion.cluster.desk import DeskShare  # noqa: PLC0415 - the other ends need no database
    from aion.web.security.store import DeskStore  # noqa: PLC0415

    layout = Layout(root)

    async def work(say: Say) -> None:
        store = DeskStore(layout.desk)
        try:
            await relay(engine, [DeskShare(store, name, say).run], say)
        finally:
            store.close()

    _run(layout, name, work, "relay-desk")


def _run(
    layout: Layout, machine: str, work: Callable[[Say], Coroutine[Any, Any, None]], process: str = "relay"
) -> None:
    check_machine(machine)
    keep_less_freed(MAPPED_BYTES)
    log = ProcessLog(layout, process, "info")
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns at the end of each connection with TLS
    try:
        with asyncio.Runner() as runner:
            runner.run(work(log.info))
    except KeyboardInterrupt:
        log.info("relay stopped")
    finally:
        log.close()


def check_machine(name: str) -> str:
    """Return `name` if a machine may have it.

    Raises:
        ConfigError: it is not of letters, digits, `-` and `_`.
    """
    if "." in check_name("machine", name):
        raise ConfigError(f"machine {name!r} has a dot: use letters, digits, '-' and '_'")
    return name


async def relay(engine: Engine, ends: Sequence[End], say: Say) -> None:
    """Run `ends` over one link after the other, without end.

    Raises:
        ConfigError: of an end: it cannot go on.
    """
    was = ""
    while True:
        link: Link | None = None
        try:
            link = await engine.open()
            if was:
                say("the engine answers again")
            was = ""
            await together(*(end(link) for end in ends))
        except (LinkError, OSError) as error:
            if str(error) != was:
                say(str(error))
            was = str(error)
        finally:
            if link is not None:
                await link.close()
        await asyncio.sleep(AGAIN_S)
