"""Faults of real processes, and for each how long until the desk holds what it has, and until it is verified again.

Meanwhile a bot stamps a counter ten times a second, and whoever asks the desk checks the invariant: an answer that is
not held never shows a counter that its source left over three seconds ago.
"""

import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from aion.cluster.push import state_stream
from aion.cluster.rights.accounts import MONITOR
from tests.cluster.machine import Part, counted, counter, until
from tests.cluster.servers import Servers
from tests.cluster.wire import Wire
from tests.e2e.conftest import free_port

STAMP_S = 0.1
LIMIT_S = 3.0  # of a proof
SLACK_S = 0.2  # between the reading of an answer and that of the file
HELD_S, BACK_S = 3.2, 2.0
LEADER_S = 10.0  # that the servers take to agree on a leader
START_S = 2.5  # that a process of Python takes on a busy machine until it does anything


class Bot(threading.Thread):
    """Stamps a counter, and remembers when."""

    def __init__(self, data: Path) -> None:
        super().__init__(daemon=True)
        self.data = data
        self.stamps: deque[tuple[float, int]] = deque(maxlen=1000)
        self.is_ended = False

    def run(self) -> None:
        n = 0
        while not self.is_ended:
            n += 1
            counted(self.data, n, padding=20_000)
            self.stamps.append((time.monotonic(), n))
            time.sleep(STAMP_S)

    def at(self, moment: float) -> int:
        """The counter of that moment."""
        return max((n for at, n in list(self.stamps) if at <= moment), default=0)


@dataclass
class Seen:
    """What somebody who asks the desk sees."""

    url: str
    copy: Path
    bot: Bot
    lies: list[str] = field(default_factory=list)
    asked: int = 0
    client: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=10))

    def is_held(self) -> bool:
        """Ask; an answer that is not held must not be over three seconds old."""
        asked = time.monotonic()
        self.asked += 1
        told = self.client.get(f"{self.url}/api/bots/page").headers.get("aion-proved-age", "")
        age = told.partition("data=")[2].partition(";")[0]
        is_held = age in ("", "?0") or float(age) > LIMIT_S
        shown, wanted = counter(self.copy), self.bot.at(asked - LIMIT_S - SLACK_S)
        if not is_held and shown < wanted:
            self.lies.append(f"verified ({told}) with counter {shown}, the bot was at {wanted}")
        return is_held

    def time_until(self, is_held: bool, limit_s: float = 40) -> float:
        started = time.monotonic()
        while self.is_held() is not is_held:
            assert time.monotonic() - started < limit_s, f"not {'held' if is_held else 'verified'} in {limit_s} s"
            time.sleep(0.02)
        return time.monotonic() - started


@dataclass
class Node:
    """A bots' machine and the desk that shows it, each with its relay."""

    bots: Path
    copy: Path
    push: Part
    pull: Part
    seen: Seen

    def end(self) -> None:
        self.seen.bot.is_ended = True
        self.seen.bot.join(10)
        self.seen.client.close()


@dataclass
class Site:
    """Three servers, and bots' machines with their desks; the first machine reaches the servers over wires."""

    servers: Servers
    wires: list[Wire]
    nodes: list[Node]
    down: list[str] = field(default_factory=list)
    """Servers that a fault has stopped."""

    @property
    def first(self) -> Node:
        return self.nodes[0]

    def leader(self) -> str:
        """The server that leads the stream of the first machine."""
        for each in self.servers.servers:
            asked = {"acc": "machine-m1", "streams": "true"}
            with suppress(httpx.HTTPError, LookupError):
                url = f"http://127.0.0.1:{each.port + MONITOR}/jsz"
                found = httpx.get(url, params=asked, trust_env=False, timeout=2).json()
                streams = {
                    one["name"]: one["cluster"]["leader"] for one in found["account_details"][0]["stream_detail"]
                }
                return str(streams[state_stream("m1")])
        raise AssertionError("no server says who leads")

    def end(self) -> None:
        """Let the bots stop; the processes end with the servers."""
        for node in self.nodes:
            node.end()
        for wire in self.wires:
            wire.end()


def start(servers: Servers, count: int) -> Site:
    """Start servers, `count` machines with a desk each, and wait until all desks are verified."""
    for n in range(1, count + 1):
        servers.add(f"m{n}", "machine")
        servers.add(f"d{n}", "desk")
    servers.start()
    site = Site(servers, [Wire(each.port) for each in servers.servers], [])
    card = servers.folder / "members" / "m1" / "member.toml"
    text = card.read_text()
    for wire, each in zip(site.wires, servers.servers, strict=True):
        text = text.replace(f":{each.port}", f":{wire.port}")
    card.write_text(text)
    made = []
    for n in range(1, count + 1):
        bots, copy, port = servers.root / f"bots{n}", servers.root / f"copy{n}", free_port()
        for each in (bots, copy):
            each.mkdir()
        push = servers.end_of_relay("push", bots, f"m{n}")
        pull = servers.end_of_relay("pull", copy, f"d{n}", "--machine", f"m{n}")
        serve = [sys.executable, "-m", "aion", "serve", "--data", str(copy), "--port", str(port)]
        made.append((bots, copy, port, push, pull, serve, n))
    for bots, copy, port, push, pull, serve, n in made:
        until(lambda copy=copy: (copy / "watch" / "proof.json").exists())  # type: ignore[misc]
        servers.part(f"desk{n}", serve)
        bot = Bot(bots)
        bot.start()
        seen = Seen(f"http://127.0.0.1:{port}", copy, bot)
        site.nodes.append(Node(bots, copy, push, pull, seen))
    for node in site.nodes:
        until(lambda node=node: is_verified(node), 60)  # type: ignore[misc]
    return site


def is_verified(node: Node) -> bool:
    with suppress(httpx.HTTPError):
        return not node.seen.is_held()
    return False


@dataclass(frozen=True)
class Fault:
    """What happens, how it is healed, and what else that costs."""

    happen: Callable[[Site], None]
    heal: Callable[[Site], None]
    start_s: float = 0.0
    """That a process which is started again takes by itself."""
    concerns_all: bool = False
    """True where all desks hold what they have."""
    back_s: float = 2.0
    """From the healing until verified."""


def killed(part: Callable[[Site], Part]) -> Fault:
    return Fault(lambda site: part(site).kill(), lambda site: part(site).start(), START_S)


def stopped(part: Callable[[Site], Part]) -> Fault:
    return Fault(lambda site: part(site).send(signal.SIGSTOP), lambda site: part(site).send(signal.SIGCONT))


def on_wires(what: Callable[[Wire], None]) -> Fault:
    def each(do: Callable[[Wire], None]) -> Callable[[Site], None]:
        return lambda site: [do(wire) for wire in site.wires] and None

    return Fault(each(what), each(Wire.mend))


def kill_servers(count: int, *, wipes: bool = False) -> Callable[[Site], None]:
    def happen(site: Site) -> None:
        names = [site.leader(), *(each.name for each in site.servers.servers)]
        for name in dict.fromkeys(names):
            if len(site.down) < count:
                site.servers.running[name].kill()
                site.down.append(name)
                if wipes:
                    site.servers.lose_store(name)

    return happen


lose_all = kill_servers(3, wipes=True)


def start_servers(site: Site) -> None:
    while site.down:
        site.servers.running[site.down.pop()].start()
    site.servers.until_ready()


def hang_leader(site: Site) -> None:
    site.down.append(site.leader())
    site.servers.running[site.down[0]].send(signal.SIGSTOP)


def wake_leader(site: Site) -> None:
    site.servers.running[site.down.pop()].send(signal.SIGCONT)


FAULTS = {
    "publisher killed": killed(lambda site: site.first.push),
    "publisher hangs": stopped(lambda site: site.first.push),
    "publisher's link cut": on_wires(Wire.cut),
    "publisher's link hangs": on_wires(Wire.hang),
    "desk's relay killed": killed(lambda site: site.first.pull),
    "desk's relay hangs": stopped(lambda site: site.first.pull),
    "majority lost": Fault(kill_servers(2), start_servers, START_S, concerns_all=True, back_s=LEADER_S),
    "all stores wiped": Fault(
        kill_servers(3, wipes=True), start_servers, START_S, concerns_all=True, back_s=LEADER_S
    ),
}
LEADERS = {
    "stream leader killed": Fault(kill_servers(1), start_servers),
    "stream leader hangs": Fault(hang_leader, wake_leader),
}
"""Faults that end by themselves: the other two servers go on."""


def play(site: Site, name: str) -> tuple[float, float]:
    """Let a fault happen and heal it; return the seconds until all is held, and from then until it is verified."""
    fault = FAULTS[name]
    nodes = site.nodes if fault.concerns_all else [site.first]
    fault.happen(site)
    happened = time.monotonic()
    for node in nodes:
        node.seen.time_until(True)
    held_s = time.monotonic() - happened
    fault.heal(site)
    healed = time.monotonic()
    for node in nodes:
        node.seen.time_until(False)
    back_s = time.monotonic() - healed
    for node in site.nodes:
        caught_up(node)
    return held_s, back_s


def play_leader(site: Site, name: str) -> float:
    """Let the leading server fail; return the seconds until all desks show what was written since, verified."""
    fault = LEADERS[name]
    fault.happen(site)
    happened = time.monotonic()
    for node in site.nodes:
        caught_up(node, node.seen.bot.at(happened) + 1)
    took_s = time.monotonic() - happened
    fault.heal(site)
    site.servers.until_ready()
    for node in site.nodes:
        caught_up(node)
    return took_s


def caught_up(node: Node, least: int = 0) -> None:
    """Wait until a desk is verified and shows what its bot wrote a second ago, and `least`."""
    until(
        lambda: (
            not node.seen.is_held()
            and counter(node.copy) >= max(least, node.seen.bot.at(time.monotonic() - 1))
        ),
        60, 0.05,
    )  # fmt: skip
