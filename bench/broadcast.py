"""One message to everybody: Aion and its peers in turn, all connected at the same time."""

import contextlib
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import data
from bench.load import Load, Round
from bench.peer import Aion, BetterSse, Loop, Nchan, Publisher, SseStarlette
from bench.tool import OUT, Missing, cpu_s, spread

PEERS: dict[str, type[Publisher]] = {
    "loop": Loop, "nchan": Nchan, "sse-starlette": SseStarlette, "better-sse": BetterSse,
}  # fmt: skip
PAUSE_S = 0.02


class Contender:
    """One server with its clients."""

    def __init__(
        self, name: str, server: Publisher | Aion, clients: int, *, gzip: bool = False, slow: int = 0
    ) -> None:
        self.name = name
        self.server = server
        self.load = Load(server.port, server.path, clients, headers=server.headers, gzip=gzip, slow=slow)
        self.rounds: list[Round] = []
        self.cpu: list[float] = []

    def take(self, body: bytes, *, verify: bool = False) -> Round:
        before = cpu_s(self.server.worker)
        self.load.begin(verify=verify)
        found = self.load.end(self.server.publish(body))
        if not verify:
            self.rounds.append(found)
            self.cpu.append(cpu_s(self.server.worker) - before)
        return found

    def result(self) -> dict[str, Any]:
        whole = [each for each in self.rounds if each.is_whole]
        return {
            "last_ms": spread([each.seconds * 1000 for each in self.rounds]),
            "median_client_ms": spread([each.median_s * 1000 for each in self.rounds]),
            "deliveries_s": spread([each.complete / each.seconds for each in self.rounds]),
            "cpu_us_a_client": spread([each * 1e6 / self.load.clients for each in self.cpu]),
            "bytes_a_client": self.rounds[-1].bytes_each,
            "whole_rounds": len(whole),
            "rounds": len(self.rounds),
        }

    def stop(self) -> None:
        self.load.stop()


def measure(
    clients: int, sizes: Sequence[int], names: Sequence[str], rounds: int, *, slow_part: float = 0.0
) -> dict[str, Any]:
    """Connect `clients` to each server, then let each send every size in turn, `rounds` times.

    Args:
        clients: how many a server.
        sizes: bytes of the bundle; 0 for the real one.
        names: `aion`, `aion gzip`, or keys of `PEERS`.
        rounds: messages a size and server.
        slow_part: fraction of the clients that read 256 bytes every 50 ms.
    """
    slow = int(clients * slow_part)
    results: dict[str, Any] = {"clients": clients, "slow": slow, "sizes": {}, "missing": {}}
    folders: list[Path] = []
    with contextlib.ExitStack() as stack:
        contenders: list[Contender] = []
        for name in names:
            try:
                if name.startswith("aion"):
                    folders.append(OUT / f"state{len(folders)}")
                    server: Publisher | Aion = Aion(data.sized_folder(folders[-1], sizes[0] or 100_000))
                else:
                    server = PEERS[name]()
                stack.callback(server.stop)
                contender = Contender(name, server, clients, gzip=name.endswith("gzip"), slow=slow)
                stack.callback(contender.stop)
                contenders.append(contender)
                opened = contender.load.open(seconds=90)
                if opened["opened"] != clients:
                    results["missing"][name] = f"{opened['opened']} of {clients} clients were let in"
                    contenders.remove(contender)
            except Missing as missing:
                results["missing"][name] = str(missing)
        for size in sizes:
            for folder in folders:
                fill(folder, size)
            body = data.bundle_bytes(folders[0])
            results["sizes"]["real" if size == 0 else str(size)] = {
                "bundle_bytes": len(body),
                "servers": _one_size(contenders, body, rounds),
            }
    return results


def _one_size(contenders: list[Contender], body: bytes, rounds: int) -> dict[str, Any]:
    time.sleep(0.5)
    for contender in contenders:
        contender.rounds.clear()
        contender.cpu.clear()
        contender.take(body, verify=True)  # reads and compares; also warms up
    for number in range(rounds):
        turn = number % len(contenders)
        for contender in contenders[turn:] + contenders[:turn]:
            contender.take(body)
            time.sleep(PAUSE_S)
    return {contender.name: contender.result() for contender in contenders}


def fill(folder: Path, size: int) -> None:
    """Make the state files of a running desk those of another size, file by file."""
    aside = OUT / "state-next"
    if size == 0:
        data.copy_real(aside)
    else:
        data.sized_folder(aside, size)
    for old in sorted(folder.rglob("*.json*")):
        if not (aside / old.relative_to(folder)).exists() and "desk" not in old.name:
            old.unlink()
    for new in sorted(aside.rglob("*.json*")):
        target = folder / new.relative_to(aside)
        target.parent.mkdir(parents=True, exist_ok=True)
        new.rename(target)
    shutil.rmtree(aside)
