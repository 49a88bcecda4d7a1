"""What open connections cost while they are held: memory, idle time, stuck and frozen clients, a mass return."""

import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from typing import Any

from bench import data
from bench.load import Load, get_load, got
from bench.peer import Aion
from bench.tool import HERE, OUT, Process, cpu_s, free_port, python, resident_bytes, socket_memory_bytes

SIZE = 20_000


def _aion(name: str, size: int = SIZE, **environment: str) -> Aion:
    folder = OUT / f"state-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    return Aion(data.sized_folder(folder, size), **environment)


def memory(steps: tuple[int, ...] = (1000, 2000, 3000, 4000, 5000)) -> dict[str, Any]:
    """Resident memory of the desk by open gzip streams, after broadcasts; the slope is the price of one."""
    aion = _aion("memory")
    loads: list[Load] = []
    points = []
    try:
        warm = Load(aion.port, aion.path, 200, headers=aion.headers, gzip=True)
        warm.open()
        warm.stop()
        time.sleep(0.5)
        held = 0
        for step in (0, *steps):
            if step > held:
                loads.append(Load(aion.port, aion.path, step - held, headers=aion.headers, gzip=True))
                loads[-1].open()
                held = step
            for _ in range(3):
                aion.publish()
                time.sleep(0.3)
            points.append({"clients": held, "resident": resident_bytes(aion.worker)})
        first, last = points[1], points[-1]
        return {
            "points": points,
            "bytes_a_connection": (last["resident"] - points[0]["resident"]) / last["clients"],
            "slope": (last["resident"] - first["resident"]) / (last["clients"] - first["clients"]),
        }
    finally:
        for load in loads:
            load.stop()
        aion.stop()


def stuck(clients: int = 1000, seconds: float = 8.0) -> dict[str, Any]:
    """Kernel socket memory and memory of the desk while `clients` never read and bundles change 20 times a second."""
    aion = _aion("stuck")
    load = Load(aion.port, aion.path, clients + 1, headers=aion.headers, dead=clients)
    try:
        base = socket_memory_bytes()
        load.open()
        points = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            aion.publish()
            time.sleep(0.05)
            points.append({"kernel": socket_memory_bytes() - base, "resident": resident_bytes(aion.worker)})
        half = len(points) // 2
        return {
            "clients": clients,
            "changes": len(points),
            "kernel_half_way": points[half]["kernel"],
            "kernel_end": points[-1]["kernel"],
            "resident_half_way": points[half]["resident"],
            "resident_end": points[-1]["resident"],
        }
    finally:
        load.stop()
        aion.stop()


def idle(clients: int = 100, seconds: float = 20.0) -> dict[str, Any]:
    """Part of a core that the desk uses while nothing changes, and what a handler a client uses for the same."""
    aion = _aion("idle")
    load = Load(aion.port, aion.path, clients, headers=aion.headers, gzip=True)
    naive_port = free_port()
    bundle = OUT / "naive.json"
    bundle.write_bytes(data.bundle_bytes(aion.folder))
    try:
        load.open()
        time.sleep(2)
        before = cpu_s(aion.worker)
        time.sleep(seconds)
        found: dict[str, Any] = {"clients": clients, "aion": (cpu_s(aion.worker) - before) / seconds}
    finally:
        load.stop()
        aion.stop()
    script = str(HERE / "server" / "naive_app.py")
    naive = Process([python(), script, str(bundle), str(naive_port), "0.2"], naive_port, log="naive")
    try:
        naive.wait_port()
        load = Load(naive_port, "/events", clients)
        load.open()
        time.sleep(1)
        before = cpu_s(naive.pid)
        time.sleep(4)
        found["naive"] = (cpu_s(naive.pid) - before) / 4
        found["naive_get"] = got(get_load(naive_port, "/bundle", 4, 2, 50))
        load.stop()
    finally:
        naive.stop()
    return found


def storm(clients: int = 5000, times: int = 3) -> dict[str, Any]:
    """All clients lose their connection and come back in the same moment; until the last has the newest bundle."""
    aion = _aion("storm")
    load = Load(aion.port, aion.path, clients, headers=aion.headers, gzip=True)
    try:
        load.open()
        took = []
        for _ in range(times):
            load.drop()
            time.sleep(0.3)
            aion.publish()
            found = load.open(at_once=clients, seconds=60)
            took.append({"s": found["s"], "back": found["opened"], "failures": found["failures"]})
        return {"clients": clients, "times": took, "most_s": max(each["s"] for each in took)}
    finally:
        load.stop()
        aion.stop()


def many(clients: int = 10_000, rounds: int = 7) -> dict[str, Any]:
    """What `clients` on one worker cost to open, hold and tell."""
    aion = _aion("many")
    load = Load(aion.port, aion.path, clients, headers=aion.headers, gzip=True)
    try:
        before = resident_bytes(aion.worker)
        opened = load.open(at_once=500, seconds=90)
        took = []
        for _ in range(rounds):
            load.begin()
            took.append(load.end(aion.publish()))
            time.sleep(0.1)
        return {
            "clients": clients,
            "opened": opened["opened"],
            "open_s": opened["s"],
            "last_ms": sorted(each.seconds * 1000 for each in took)[rounds // 2],
            "whole": sum(each.is_whole for each in took),
            "rounds": rounds,
            "resident_a_client": (resident_bytes(aion.worker) - before) / clients,
        }
    finally:
        load.stop()
        aion.stop()


def thaw(frozen_s: float = 30.0, changes_a_s: float = 5.0) -> dict[str, Any]:
    """A client is stopped (SIGSTOP) and goes on later: how many old bundles it still gets before the newest."""
    aion = _aion("thaw")
    found: dict[str, Any] = {"frozen_s": frozen_s, "changes_a_s": changes_a_s}
    try:
        links = {name: _Frozen(aion, buffer) for name, buffer in (("default", 0), ("small", 16_384))}
        for link in links.values():
            link.listen_until(aion.number)
        aion.publish()
        for link in links.values():
            link.listen_until(aion.number)
            link.freeze()
        from_number = aion.number
        until = time.monotonic() + frozen_s
        while time.monotonic() < until:
            aion.publish()
            time.sleep(1 / changes_a_s)
        time.sleep(0.3)
        found["changes"] = aion.number - from_number
        for name, link in links.items():
            found[name] = link.thaw(aion.number)
        return found
    finally:
        aion.stop()


class _Frozen:
    """One client in a process of its own (this file), which can be stopped."""

    def __init__(self, aion: Aion, buffer: int) -> None:
        command = [python(), "-m", "bench.hold", str(aion.port), aion.path, str(buffer), *aion.headers]
        self.popen = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parent)

    def _line(self) -> dict[str, Any]:
        assert self.popen.stdout is not None
        found: dict[str, Any] = json.loads(self.popen.stdout.readline())
        return found

    def listen_until(self, number: int) -> None:
        while self._line()["number"] < number:
            pass

    def freeze(self) -> None:
        os.kill(self.popen.pid, signal.SIGSTOP)

    def thaw(self, newest: int) -> dict[str, Any]:
        os.kill(self.popen.pid, signal.SIGCONT)
        lines = [self._line()]
        while lines[-1]["number"] < newest:
            lines.append(self._line())
        self.popen.terminate()
        self.popen.wait()
        assert self.popen.stdout is not None
        self.popen.stdout.close()
        own = lines[0]["waiting"]
        size = lines[-1]["bytes"]
        stale = len(lines) - 1
        return {
            "stale": stale,
            "own_buffer_bytes": own,
            "stale_beyond_own_buffer": max(0.0, stale - own / size),
            "event_bytes": size,
        }


def _listen(port: int, path: str, buffer: int, headers: list[str]) -> None:
    """Print a line for each bundle: its number, its size, and the most that waited in this socket's own buffer."""
    link = socket.socket()
    if buffer:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    link.connect(("127.0.0.1", port))
    link.sendall("\r\n".join((f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", "")).encode())
    seen = b""
    most = 0
    while True:
        most = max(most, struct.unpack("i", fcntl.ioctl(link, termios.FIONREAD, b"\0\0\0\0"))[0])
        part = link.recv(1024)
        if not part:
            return
        seen += part
        while (end := seen.find(b"\n\n")) >= 0:
            event, seen = seen[:end], seen[end + 2 :]
            if b"event: bots" not in event:
                continue
            at = event.rfind(b'"bench":{')
            text = event[event.find(b'"equity":', at) + 9 :].partition(b",")[0]
            number = int(float(text) - 100_000.5)
            sys.stdout.write(json.dumps({"number": number, "bytes": len(event) + 2, "waiting": most}) + "\n")
            most = 0
            sys.stdout.flush()


if __name__ == "__main__":
    _listen(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:])
