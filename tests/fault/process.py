"""Processes that are killed or held still."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

from aion.store.file import read_json
from aion.store.layout import Layout
from tests.bot.desk import document, ledger_rows
from tests.web.sample import Writer

from .desk import PAGE, PATIENCE_S, ROOT, Aion, Broken, Held, Watchers, running, temporaries, until, watched
from .registry import Scale, fault

LAST_DAY = "2022-06-15T15:00Z"
"""Where a replay of the recorded minutes begins that is to end soon."""
BOTS = """
run_pause_s = 3600
deterministic = true
closed_gap_s = 0
[bots.swing_2w]
enabled = false
[bots.swing_4w]
enabled = false
"""


def begin(folder: Path) -> Path:
    """Make a folder for `aion up` with fewer bots; return its data folder."""
    folder.mkdir()
    (folder / "aion.toml").write_text(BOTS)
    return folder / "data"


def replay_flags(scale: Scale) -> tuple[str, ...]:
    return ("--speed", "3600", "--from", "2022-06-14T13:00Z" if scale.is_long else LAST_DAY)


def is_over(data: Path) -> bool:
    """Tell whether the run has come to its end."""
    try:
        summary, _ = read_json(Layout(data).sim_summary)
    except FileNotFoundError:
        return False
    return bool(summary["clock"]["state"] == "finished")


def wait_for_end(data: Path, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Wait until the run has come to its end, however slow the machine is, as long as it gets on.

    Args:
        data: of the run.
        meanwhile: done again and again, a little apart.
    """
    newest, at = 0, time.monotonic()
    while not is_over(data):
        meanwhile()
        with suppress(FileNotFoundError):
            written = Layout(data).sim_summary.stat().st_mtime_ns
            if written != newest:
                newest, at = written, time.monotonic()
        if time.monotonic() - at > PATIENCE_S:
            raise Broken(f"the run has written nothing for {PATIENCE_S:g} s")
        time.sleep(0.3)


def check_state(data: Path) -> None:
    """Every state file that stands is whole and valid, at any moment."""
    for path in data.rglob("*.json*"):
        if Layout.place(path.relative_to(data).as_posix()) is not None and path.suffix != ".jsonl":
            try:
                document(path)
            except FileNotFoundError:
                continue


def books(data: Path) -> dict[str, Any]:
    """Return what a run came to: each table of the ledger, each bot's files."""
    found: dict[str, Any] = {f"table {name}": rows for name, rows in ledger_rows(Layout(data).ledger).items()}
    # the one moment of the wall clock that a deterministic run keeps
    found["table meta"] = [row for row in found["table meta"] if row[0] != "note:controls_since"]
    for path in (*Layout(data).sim_logs.glob("*.json"), *Layout(data).swing.rglob("*.json*")):
        found[path.relative_to(data).as_posix()] = document(path)
    return found


_undisturbed: dict[bool, dict[str, Any]] = {}


def undisturbed(folder: Path, scale: Scale) -> dict[str, Any]:
    """Return the books of a run that nobody disturbs; it runs once for all faults."""
    if scale.is_long not in _undisturbed:
        data = begin(folder / "undisturbed")
        with running("up", data, *replay_flags(scale)):
            wait_for_end(data)
        _undisturbed[scale.is_long] = books(data)
    return _undisturbed[scale.is_long]


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def family(aion: Aion) -> list[psutil.Process]:
    return aion.root.children(recursive=True) if aion.process.poll() is None else []


@fault("kill-any")
def kill_any(folder: Path, scale: Scale) -> str:
    """kill -9 of the desk, the bots or `aion up` at random: the books end as in a run that nobody disturbed."""
    expected, data = undisturbed(folder, scale), begin(folder / "killed")
    kills = {"up": 0, "serve": 0, "run": 0}
    with running("up", data, *replay_flags(scale)) as aion, Watchers(aion) as watchers:
        for _ in range(scale.times(3, 60)):
            time.sleep(scale.chance.uniform(0.1, 0.6))
            victim = ("up", "serve", "run")[scale.chance.randrange(3)] if sum(kills.values()) > 2 else "run"
            if kills["run"] and not kills["up"]:
                victim = "up"
            elif kills["up"] and not kills["serve"]:
                victim = "serve"
            if victim == "up":
                left = family(aion)
                aion.process.kill()
                aion.process.wait()
                until("what a killed `aion up` ran lives on", lambda left=left: not any(map(is_alive, left)))
                aion.start()
                aion.ready()
            else:
                until(f"no {victim} is running", lambda victim=victim: aion.members(victim))[0].kill()
            kills[victim] += 1
            check_state(data)
        wait_for_end(data)
        etag = watchers.agree()
    wrong = differences(expected, books(data))
    if wrong:
        raise Broken(f"differs from an undisturbed run: {', '.join(wrong[:5])}")
    if left_over := temporaries(data):
        raise Broken(f"temporary files are left: {left_over}")
    fills = len(ledger_rows(Layout(data).ledger)["fills"])
    named = ", ".join(f"{count} of {name}" for name, count in kills.items())
    return f"{sum(kills.values())} kills ({named}); {fills} fills, none lost or doubled; all clients at {etag}"


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


@fault("kill-worker", short=False)
def kill_worker(folder: Path, scale: Scale) -> str:
    """kill -9 of one of two workers of a desk: streams come back, polls go on, all end at what is on disk."""
    write = Writer(folder / "data")
    write.swing("mine", equity=0.0)
    kills = scale.times(1, 20)
    with watched(folder / "data", "--workers", "2") as (aion, watchers):
        for number in range(1, kills + 1):
            workers = until("the workers are not two", lambda: two_workers(aion))
            workers[number % 2].kill()
            write.swing("mine", equity=float(number))
            until("nobody answers", lambda: aion.get("/readyz").is_success)
            watchers.agree()
    return f"{kills} workers killed; every client has each newest state"


def two_workers(aion: Aion) -> list[psutil.Process]:
    found = [each for each in aion.members("serve") if "--worker" in each.cmdline()]
    return found if len(found) == 2 and all(each.num_threads() > 1 for each in found) else []


@fault("stop-worker", short=False)
def stop_worker(folder: Path, scale: Scale) -> str:
    """SIGSTOP of one of two workers: the other answers who asks anew; let go, it shows what came meanwhile."""
    write = Writer(folder / "data")
    write.swing("mine", equity=0.0)
    held_s = scale.times(1, 10)
    with watched(folder / "data", "--workers", "2") as (aion, watchers):
        workers = until("the workers are not two", lambda: two_workers(aion))
        answered = 0
        workers[0].suspend()
        try:
            end = time.monotonic() + held_s
            while time.monotonic() < end:
                write.swing("mine", equity=float(answered + 1))
                # a connection that the held worker accepted before it was held waits; no new one does
                with httpx.Client(timeout=10, trust_env=False) as client:
                    body = client.get(f"http://127.0.0.1:{aion.port}{PAGE}").json()
                if body["swing"]["bots"]["mine"]["equity"] != answered + 1:
                    raise Broken("an answer is older than the write before it")
                answered += 1
        finally:
            workers[0].resume()
        watchers.agree()
    return f"a worker held for {held_s} s; {answered} writes seen at once on new connections; all clients agree after"


CLIENTS = 5
READER = """
import socket, sys
link = socket.socket()
link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)  # what its own kernel keeps is not the desk's doing
link.connect(("127.0.0.1", int(sys.argv[1])))
link.sendall(b"GET /events/bots HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n")
print("open", flush=True)
with open(sys.argv[2], "ab", buffering=0) as file:
    while data := link.recv(1 << 16):
        file.write(data)
"""


@fault("stop-client", short=False)
def stop_client(folder: Path, scale: Scale) -> str:
    """SIGSTOP of reading clients: nobody else waits, memory stays; let go, they get the newest at once."""
    write = Writer(folder / "data")
    write.swing("mine", equity=0.0)
    writes, size = scale.times(60, 1_000), 60_000
    # heartbeats far apart: a client that misses three of them is reset, which is not what is looked at here
    with watched(folder / "data", environment={"AION_HEARTBEAT_S": "300"}) as (aion, watchers):
        readers = []
        for number in range(CLIENTS):
            command = [sys.executable, "-c", READER, str(aion.port), str(folder / f"read{number}")]
            readers.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT))
        try:
            for reader in readers:
                assert reader.stdout is not None and reader.stdout.readline() == "open\n"
            big = {f"T{number}": {"weight": 0.001, "rank": number + 1} for number in range(size // 60)}
            write.swing("mine", equity=0.5, targets=big)
            watchers.agree()
            process = aion.root
            for reader in readers:
                reader.send_signal(signal.SIGSTOP)
            before = Held(process)
            for number in range(1, writes + 1):
                write.swing("mine", equity=float(number), targets=big)
                if aion.get().json()["swing"]["bots"]["mine"]["equity"] != number:
                    raise Broken("somebody else's answer is stale")
            watchers.agree()
            held = before.check()
            for reader in readers:
                reader.send_signal(signal.SIGCONT)
            newest = f'"equity":{float(writes)}'.encode()
            for number in range(CLIENTS):
                file = folder / f"read{number}"
                until(
                    "a client that was let go does not get the newest", lambda file=file: newest in file.read_bytes()
                )
            got = max((folder / f"read{number}").read_bytes().count(b"event: bots\n") for number in range(CLIENTS))
            if got > writes // 2:
                raise Broken(f"{got} old bundles were kept for a client that did not read")
        finally:
            for reader in readers:
                reader.kill()
                reader.wait()
                assert reader.stdout is not None
                reader.stdout.close()
    return f"{CLIENTS} clients held over {writes} writes, then at the newest after {got} bundles at most; {held}"


@fault("stop-bots", short=False)
def stop_bots(folder: Path, scale: Scale) -> str:
    """SIGSTOP of the bots: the desk says that they are late; let go, the run ends as if nothing had been."""
    expected, data = undisturbed(folder, scale), begin(folder / "held")
    with running("up", data, *replay_flags(scale)) as aion, Watchers(aion) as watchers:
        bots = until("no bots are running", lambda: aion.members("run"))[0]
        time.sleep(1)
        bots.suspend()
        try:
            time.sleep(scale.times(1, 5))
            if not aion.get().is_success:
                raise Broken("the desk does not answer while the bots are held")
        finally:
            os.kill(bots.pid, signal.SIGCONT)
        wait_for_end(data)
        watchers.agree()
    if wrong := differences(expected, books(data)):
        raise Broken(f"differs from an undisturbed run: {', '.join(wrong[:5])}")
    return "held and let go; books equal, all clients agree"
