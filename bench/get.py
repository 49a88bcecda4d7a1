"""GETs: a bundle that is always as the disk is now, beside a constant with the same bytes; and under broadcasts."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

from bench import data
from bench.broadcast import fill
from bench.load import Load, get_load, got
from bench.peer import Aion
from bench.tool import HERE, OUT, Process, cpu_s, free_port, python, spread

PATH = "/api/bots/page"
CONSTANT = "/api/bench/constant"
TURN_S = 1.0
CROWD_S = 4.0  # of 200 concurrent; in one second each hundredth answer would be the first of its connection
DAYS, BOTS, SYMBOLS = 60, 7, 1000


class Desk(Aion):
    """The desk of `server/constant_app.py`."""

    def __init__(self, folder: Path, *flags: str) -> None:
        super().__init__(folder)
        self.process.stop()
        self.port = free_port()
        self.process = Process(
            [python(), str(HERE / "server" / "constant_app.py"), str(self.port), *flags],
            self.port,
            log="constant",
            env=self._environment,
            cwd=OUT,
        )
        self.process.wait_port()


def fresh(rounds: int) -> dict[str, Any]:
    """The bundle's route and a constant in turn, with months of day files and a thousand symbols on disk."""
    found: dict[str, Any] = {"days": DAYS, "bots": BOTS, "symbols": SYMBOLS}
    folder = OUT / "state-get"
    for name, flags, repeats in (("events", (), rounds), ("signatures", ("signatures",), 3)):
        data.copy_real(folder)
        data.write_symbols(folder, SYMBOLS)
        data.write_days(folder, DAYS, BOTS)
        found["files"] = sum(1 for each in folder.rglob("*") if each.is_file())
        found["bundle_bytes"] = len(data.bundle_bytes(folder))
        desk = Desk(folder, *flags)
        try:
            time.sleep(2)
            found[name] = _turns(desk, repeats)
        finally:
            desk.stop()
            shutil.rmtree(folder)
    return found


def _turns(desk: Aion, rounds: int) -> dict[str, Any]:
    results: dict[str, list[dict[str, Any]]] = {PATH: [], CONSTANT: []}
    cpu: dict[str, list[float]] = {PATH: [], CONSTANT: []}
    for path in (CONSTANT, PATH):
        got(get_load(desk.port, path, 4, 0.3, 0, desk.headers))
    for number in range(rounds):
        for path in (PATH, CONSTANT) if number % 2 else (CONSTANT, PATH):
            before = cpu_s(desk.worker)
            answer = got(get_load(desk.port, path, 16, TURN_S, 0, desk.headers))
            cpu[path].append((cpu_s(desk.worker) - before) * 1e6 / max(1, answer["answers"]))
            results[path].append(answer)
    at_200 = sorted(
        (got(get_load(desk.port, PATH, 200, CROWD_S, 0, desk.headers)) for _ in range(rounds)),
        key=lambda each: float(each["p99_ms"]),
    )[rounds // 2]
    paced = got(get_load(desk.port, PATH, 200, 1.5, 1000, desk.headers))
    return {
        "bundle_s": spread([each["rate"] for each in results[PATH]]),
        "constant_s": spread([each["rate"] for each in results[CONSTANT]]),
        "bundle_cpu_us": spread(cpu[PATH]),
        "constant_cpu_us": spread(cpu[CONSTANT]),
        "bytes_each": results[PATH][0]["bytes"] // max(1, results[PATH][0]["answers"]),
        "at_200": at_200,
        "at_200_1000_a_s": paced,
    }


def during_broadcast(clients: int, seconds: float) -> dict[str, Any]:
    """GETs at 100 a second while a changed 100 KB bundle goes to `clients` once a second."""
    desk = Aion(data.sized_folder(OUT / "state-both", 100_000))
    load = Load(desk.port, desk.path, clients, headers=desk.headers)
    try:
        load.open()
        fill(desk.folder, 100_000)
        gets = get_load(desk.port, "/api/session", 10, seconds, 100, desk.headers)
        bundles = get_load(desk.port, PATH, 10, seconds, 100, desk.headers)
        until = time.monotonic() + seconds - 0.5
        sent = 0
        while time.monotonic() < until:
            desk.publish()
            sent += 1
            time.sleep(1.0)
        return {"clients": clients, "messages": sent, "session": got(gets), "bundle": got(bundles)}
    finally:
        load.stop()
        desk.stop()


def show(found: dict[str, Any]) -> str:
    return json.dumps(found, indent=1)
