"""Faults of real processes, and for each how long until the desk holds what it has, and until it is verified again.

Meanwhile a bot stamps a counter ten times a second, and whoever asks the desk checks the invariant: an answer that is
not held never shows a counter that its source left over three seconds ago.
"""

import shutil
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

from tests.cluster.machine import Cluster, Part, counted, counter, until
from tests.e2e.conftest import free_port

STAMP_S = 0.1
LIMIT_S = 3.0  # of a proof
SLACK_S = 0.2  # between the reading of an answer and that of the file
HELD_S, BACK_S = 3.2, 2.0
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
    client: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=10))

    def is_held(self) -> bool:
        """Ask; an answer that is not held must not be over three seconds old."""
        asked = time.monotonic()
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
class Desk:
    """A bots' machine, an engine and a desk, all real processes."""

    cluster: Cluster
    bots: Path
    copy: Path
    server: Part
    push: Part
    pull: Part
    seen: Seen

    def end(self) -> None:
        """Let the bot stop; the processes end with the cluster."""
        self.seen.bot.is_ended = True
        self.seen.bot.join(10)
        self.seen.client.close()


def start(cluster: Cluster) -> Desk:
    """Start everything and wait until the desk is verified."""
    bots, copy = cluster.root / "bots", cluster.root / "copy"
    for each in (bots, copy):
        each.mkdir()
    server = cluster.server()
    push, pull = cluster.relay("push", bots), cluster.relay("pull", copy)
    until(lambda: (copy / "watch" / "proof.json").exists())
    port = free_port()
    cluster.part("desk", [sys.executable, "-m", "aion", "serve", "--data", str(copy), "--port", str(port)])
    bot = Bot(bots)
    bot.start()
    seen = Seen(f"http://127.0.0.1:{port}", copy, bot)

    def is_up() -> bool:
        with suppress(httpx.HTTPError):
            return not seen.is_held()
        return False

    until(is_up, 60)
    return Desk(cluster, bots, copy, server, push, pull, seen)


def killed(part: Callable[[Desk], Part]) -> tuple[Callable[[Desk], None], Callable[[Desk], None], float]:
    return lambda desk: part(desk).kill(), lambda desk: part(desk).start(), START_S


def stopped(part: Callable[[Desk], Part]) -> tuple[Callable[[Desk], None], Callable[[Desk], None], float]:
    return lambda desk: part(desk).send(signal.SIGSTOP), lambda desk: part(desk).send(signal.SIGCONT), 0.0


def lose(desk: Desk) -> None:
    desk.server.kill()
    shutil.rmtree(desk.cluster.root / "store")


FAULTS = {
    "publisher killed": killed(lambda desk: desk.push),
    "publisher hangs": stopped(lambda desk: desk.push),
    "server killed": killed(lambda desk: desk.server),
    "server hangs": stopped(lambda desk: desk.server),
    "store wiped": (lose, lambda desk: desk.server.start(), START_S),
    "node killed": killed(lambda desk: desk.pull),
    "node hangs": stopped(lambda desk: desk.pull),
}
"""What happens, how it is healed, and the seconds that a process that is started again takes by itself."""


def play(desk: Desk, name: str) -> tuple[float, float]:
    """Let a fault happen and heal it; return the seconds until all is held, and from then until it is verified."""
    happen, heal, _ = FAULTS[name]
    happen(desk)
    held_s = desk.seen.time_until(True)
    heal(desk)
    back_s = desk.seen.time_until(False)
    until(lambda: counter(desk.copy) >= desk.seen.bot.at(time.monotonic() - 1))
    return held_s, back_s
