"""Who gets a connection, and for how long: limits in all and by address, and a time for each part of a request.

What is over a limit is turned away with 503 and a `Retry-After` that differs from one to the next; nobody who is in
is put out for somebody who comes. One gate a worker, belonging to its event loop.
"""

import asyncio
import resource
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from ipaddress import ip_address, ip_network
from random import randrange
from typing import TYPE_CHECKING, Any

from starlette.types import Scope

from aion.config import Settings
from aion.live.push.connection import EXTENSION
from aion.web.http.limit import Buckets, network_of

if TYPE_CHECKING:
    from aion.web.http.connection import DeskProtocol

SWEEP_S = 1.0
KEEP_ALIVE_S = 75.0  # longer than a proxy's, so that the proxy closes first and no request meets a closed connection
PRUNE_SWEEPS = 5  # sweeps between two in which closed connections of all addresses are forgotten
SPARE_FILES = 128  # descriptors that are not connections: logs, databases, state files being read
BURST_S = 2.0  # of a rate: connections that may come at once after a quiet time
RETRY_AFTER_S = (2, 10)


class Gate:
    """Counts connections and lets in, or not."""

    def __init__(self, settings: Settings, now_s: Callable[[], float] = time.monotonic) -> None:
        """Args: settings: of the desk, with its limits; now_s: a clock in seconds that never goes back."""
        self.head_timeout_s = settings.head_timeout_s
        self.body_timeout_s = settings.body_timeout_s
        self.answer_timeout_s = settings.answer_timeout_s
        self.keep_alive_s = KEEP_ALIVE_S
        self.max_head_bytes = settings.max_head_bytes
        self.max_connections = settings.max_connections
        self.address_connections = settings.address_connections
        self.connections: set[Any] = set()
        """All that are open, streams too: the server's own set."""
        self.watched: set[DeskProtocol] = set()
        """Those that speak HTTP: each part of a request has its time."""
        self.turned_away: dict[str, int] = {}
        """Connections that were refused, by reason."""
        self.lingering = 0
        """Connections that were refused and still hear it."""
        self.is_draining = False
        """True once this worker leaves: an answer is the last of its connection."""
        own, everyone = settings.address_accept_rate, settings.accept_rate
        self._rate = Buckets(own * BURST_S, 1 / own, everyone * BURST_S, 1 / everyone, now_s)
        self._peers: dict[str, set[asyncio.BaseTransport]] = {}
        self._proxies = Proxies(settings.proxies)
        self._sweeps = 0

    def refusal(self, address: str, transport: asyncio.BaseTransport) -> str:
        """Count a new connection of `address`; return why it cannot be let in, empty if it can."""
        is_proxy = address in self._proxies
        key = None if is_proxy else network_of(address)
        if self._rate.take(key) > 0:
            return "too many new connections a second"
        if len(self.connections) > self.max_connections:
            return "all connections are taken"
        if key is None:
            return ""
        own = self._peers.setdefault(key, set())
        if len(own) >= self.address_connections:
            self._forget_closed(own)
        if len(own) >= self.address_connections:
            return "too many connections from this address"
        own.add(transport)
        return ""

    def count(self, why: str) -> None:
        """Count somebody who was turned away."""
        self.turned_away[why] = self.turned_away.get(why, 0) + 1

    def forget(self, scope: Scope) -> None:
        """Let go of the HTTP of a connection that became a stream: until the next sweep it would cost memory."""
        extension = scope.get("extensions", {}).get(EXTENSION)
        if extension is not None:
            self.watched.discard(extension["protocol"])

    async def watch(self) -> None:
        """End what takes too long, again and again, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_S)
            self.sweep(asyncio.get_running_loop().time())

    def sweep(self, now: float) -> None:
        """End the connections whose time is over at `now` of the event loop's clock; forget those that are closed."""
        for protocol in list(self.watched):
            if protocol.parser is None:  # closed, or a stream by now
                self.watched.discard(protocol)
            else:
                protocol.check(now)
        self._sweeps += 1
        if self._sweeps % PRUNE_SWEEPS == 0:
            for key, own in list(self._peers.items()):
                self._forget_closed(own)
                if not own:
                    del self._peers[key]

    @staticmethod
    def _forget_closed(transports: set[asyncio.BaseTransport]) -> None:
        transports.difference_update([each for each in transports if each.is_closing()])


class Proxies:
    """Addresses and networks whose `X-Forwarded-For` is believed."""

    def __init__(self, names: Iterable[str]) -> None:
        """Args: names: addresses, and networks such as 10.0.0.0/8."""
        self._networks = tuple(ip_network(name, strict=False) for name in names)
        self._known: dict[str, bool] = {}

    def __contains__(self, address: str) -> bool:
        found = self._known.get(address)
        if found is None:
            try:
                real = ip_address(address)
            except ValueError:
                return False
            real = getattr(real, "ipv4_mapped", None) or real
            found = any(real in network for network in self._networks)
            if len(self._known) >= 1024:
                self._known.clear()
            self._known[address] = found
        return found


def retry_after() -> int:
    """Return the seconds after which somebody who was turned away may come back; not the same for all."""
    return randrange(*RETRY_AFTER_S)  # noqa: S311 - jitter


def allow_files(wanted: int) -> int:
    """Allow this process as many open files as the system lets it; return the connections that leaves of `wanted`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted + SPARE_FILES:
        most = wanted + SPARE_FILES if hard == resource.RLIM_INFINITY else min(hard, wanted + SPARE_FILES)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - SPARE_FILES))
