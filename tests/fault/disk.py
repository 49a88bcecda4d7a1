"""Disks that are full or read-only, files that are torn, folders of ten thousand files."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from aion.store.file import read_json
from aion.store.layout import Layout
from tests.bot.desk import ask, kill_switch, save_rules
from tests.web.sample import Writer, sim_log

from .desk import ROOT, Aion, Broken, Watchers, running, temporaries, until, watched
from .process import begin, books, check_state, differences, is_over, replay_flags, undisturbed, wait_for_end
from .registry import Scale, fault

SHORT_MB, LONG_MB = 4, 16  # of the disk; the write-ahead log of the ledger alone grows to 4 MB


def disk_of(megabytes: int) -> tuple[str, ...]:
    """Return what runs a command that sees, alone, a disk of its own; it goes with the last process on it."""
    return "unshare", "-rm", "sh", "-ec", f'mount -t tmpfs -o size={megabytes}m aion "$0" && exec "$@"'


@contextmanager
def small_disk(data: Path, megabytes: int, command: str, *flags: str) -> Iterator[tuple[Aion, Path]]:
    """An Aion whose data folder is a small disk; also the folder as it is seen from here."""
    data.mkdir()
    with running(command, data, *flags, wrap=(*disk_of(megabytes), str(data))) as aion:
        seen = Path(f"/proc/{aion.process.pid}/root{data}")
        aion.data = seen
        yield aion, seen


def fill(folder: Path) -> Path:
    """Fill the disk to the last byte; return the file to delete."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    return ballast


def refused(aion: Aion) -> httpx.Response:
    """Ask for something that has to be written; it must be refused in a sentence."""
    answer = httpx.post(
        f"http://127.0.0.1:{aion.port}/api/bots/orb_ny/control", json={"action": "pause"}, timeout=30, trust_env=False
    )
    if answer.status_code != 503 or "detail" not in answer.json():
        raise Broken(f"a request that cannot be written was answered {answer.status_code}: {answer.text[:200]}")
    return answer


@fault("disk-full")
def disk_full(folder: Path, scale: Scale) -> str:
    """A disk without a byte left under bots and desk: pages stand, changes are refused, nothing is lost."""
    expected, data = undisturbed(folder, scale), begin(folder / "full")
    with (
        small_disk(data, scale.times(SHORT_MB, LONG_MB), "up", *replay_flags(scale)) as (aion, seen),
        Watchers(aion) as watchers,
    ):
        until("no state is written", lambda: read_json(Layout(seen).sim_summary))
        if is_over(seen):
            raise Broken("the run was over before the disk was full")
        ballast = fill(seen)
        answer = refused(aion)
        time.sleep(scale.times(1, 8))
        check_state(seen)
        if not aion.get().is_success:
            raise Broken("the desk does not answer")
        watchers.agree()
        if left := temporaries(seen):
            raise Broken(f"temporary files are left: {left}")
        ballast.unlink()
        wait_for_end(seen)
        watchers.agree()
        # SQLite would look for the ledger under the name that it has there
        shutil.copytree(seen, folder / "copy", ignore=shutil.ignore_patterns("*-shm"))
    if wrong := differences(expected, books(folder / "copy")):
        raise Broken(f"differs from an undisturbed run: {', '.join(wrong[:5])}")
    return (
        f"refused with {answer.json()['detail']!r}; with room again the books end as undisturbed, all clients agree"
    )


@fault("disk-read-only", short=False)
def disk_read_only(folder: Path, scale: Scale) -> str:
    """A data folder that cannot be written: the desk shows it and refuses changes, the bots refuse to start."""
    data, mount = folder / "data", folder / "mount"
    state_folder(data)
    mount.mkdir()
    script = 'mount -t tmpfs aion "$0" && cp -r "$1"/. "$0" && mount -o remount,ro "$0" && shift && exec "$@"'
    wrap = ("unshare", "-rm", "sh", "-ec", script, str(mount), str(data))
    with running("serve", mount, wrap=wrap) as aion, Watchers(aion) as watchers:
        aion.data = data
        watchers.agree()
        answer = refused(aion)
        rules = httpx.put(
            f"http://127.0.0.1:{aion.port}/api/bots/orb_ny/rules", json={"version": 1, "rules": {"max_alloc": 0.3}},
            timeout=30, trust_env=False,
        )  # fmt: skip
        if rules.status_code != 503:
            raise Broken(f"rules that cannot be written are answered {rules.status_code}: {rules.text[:200]}")
    command = [*wrap, sys.executable, "-m", "aion", "run", "--data", str(mount)]
    bots = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    if bots.returncode != 2 or "cannot be written" not in bots.stderr or len(bots.stderr.splitlines()) > 2:
        raise Broken(f"the bots end with {bots.returncode}: {bots.stderr[-300:]}")
    return f"shown as it is; a change: {answer.json()['detail']!r}; the bots: {bots.stderr.strip()[:90]!r}"


def state_folder(data: Path) -> dict[str, Path]:
    """Write one file of every kind; return them by kind."""
    write = Writer(data)
    write.cycle(5, ["orb_ny"])
    write.swing("mine")
    write.activity("1w", "2022-05-18", "mine")
    save_rules(data, "orb_ny", 1, max_alloc=0.4)
    asked = ask(data, "orb_ny", "pause", since=datetime.now(UTC))
    layout = Layout(data)
    log = layout.log("bots")
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text('{"ts": "2022-05-19T13:30:00Z", "level": "info", "event": "hello"}\n')
    return {
        "sim_log": layout.sim_log("2022-05-19", "orb_ny"), "rolling": layout.rolling,
        "sim_summary": layout.sim_summary, "swing_rolling": layout.swing_rolling("mine"),
        "bot_activity": layout.bot_activity("1w", "2022-05-18", "mine"),
        "bot_config": layout.config("orb_ny"), "control": layout.control("orb_ny", asked),
        "kill": kill_switch(data, "vwap"), "log_line": log,
    }  # fmt: skip


ROUTES = (
    "/api/bots/page", "/api/intraday/snapshot", "/api/intraday/logs/2022-05-19", "/api/swing/logs/1w/2022-05-18",
    "/api/swing/bots/mine", "/api/intraday/bots/orb_ny", "/api/bots/orb_ny/rules", "/api/bots/orb_ny/control",
    "/api/bots/vwap/control", "/api/bots/orb_ny/days", "/api/bots/mine/history/fills", "/api/logs",
    "/api/logs/search", "/api/logs/files", "/metrics",
)  # fmt: skip


def spoilt(data: bytes, scale: Scale) -> bytes:
    """Return `data` as a torn write, a bad sector or another program could leave it."""
    chance = scale.chance
    way = chance.randrange(6)
    place = chance.randrange(max(1, len(data)))
    if way == 0:
        return data[:place]
    if way == 1:
        return data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]
    if way == 2:
        return data[:place] + bytes(min(512, len(data) - place)) + data[place + 512 :]
    if way == 3:
        return chance.randbytes(chance.randrange(2_000))
    if way == 4:
        return data + data[:place]
    return data[:place] + data[chance.randrange(max(1, len(data))) :]


@fault("torn")
def torn(folder: Path, scale: Scale) -> str:
    """Files of every kind torn, flipped, zeroed, doubled: no route fails, the rest stands, mended is mended."""
    data = folder / "data"
    files = state_folder(data)
    whole = {kind: path.read_bytes() for kind, path in files.items()}
    times, told = scale.times(30, 3_000), 0
    with (
        watched(data) as (aion, watchers),
        httpx.Client(base_url=f"http://127.0.0.1:{aion.port}", timeout=30, trust_env=False) as client,
    ):
        good = client.get("/api/bots/page").json()
        for number in range(times):
            kind = scale.chance.choice(sorted(files))
            bad = spoilt(whole[kind], scale)
            put(files[kind], bad)
            for route in ROUTES:
                answer = client.get(route)
                if answer.status_code >= 500:
                    raise Broken(
                        f"{route} answers {answer.status_code} over {kind} {bad[:200]!r}: {answer.text[:300]}"
                    )
            page = client.get("/api/bots/page").json()
            told += bool(page["errors"])
            if kind not in ("swing_rolling", "control", "kill") and page["swing"] != good["swing"]:
                raise Broken(f"a broken {kind} changes what is shown of another bot")
            put(files[kind], whole[kind])
            if number % 10 == 0:
                watchers.agree()
        watchers.agree()
        mended = client.get("/api/bots/page").json()
        if mended["errors"] or mended["swing"] != good["swing"] or mended["intraday"] != good["intraday"]:
            raise Broken(f"mended files are not shown as before: {mended['errors']}")
    return f"{times} files of {len(files)} kinds spoilt, {len(ROUTES)} routes after each; {told} problems told"


def put(path: Path, data: bytes) -> None:
    temporary = path.with_name(".spoilt")
    temporary.write_bytes(data)
    os.replace(temporary, path)


@fault("torn-books", short=False)
def torn_books(folder: Path, scale: Scale) -> str:
    """The ledger, desk.sqlite or aion.toml spoilt: start is refused in one sentence, and nothing is overwritten."""
    folder = folder / "whole"
    data = begin(folder)
    with running("up", data, *replay_flags(Scale())):
        wait_for_end(data)
    seen = set()
    times = scale.times(3, 24)
    for number in range(times):
        name = ("data/ledger.sqlite", "data/desk.sqlite", "aion.toml")[number % 3]
        copy = folder.with_name(f"copy{number}")
        shutil.copytree(folder, copy)
        for extra in ("-wal", "-shm"):
            (copy / f"{name}{extra}").unlink(missing_ok=True)
        content = (copy / name).read_bytes()
        bad = content[:200] + b"\xff" * 3000 + content[3200:] if number % 2 else b"\x00nothing of the kind" * 9
        (copy / name).write_bytes(bad)
        command = "run" if name.endswith("ledger.sqlite") else "serve"
        arguments = [sys.executable, "-m", "aion", command, "--data", "data"]
        arguments += ["--port", "0"] if command == "serve" else []
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(arguments, cwd=copy, env=environment, stderr=subprocess.PIPE, text=True)
        try:
            _, said = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:  # the damage is where nothing is read yet
            process.terminate()
            _, said = process.communicate(timeout=30)
        if "Traceback" in said:
            raise Broken(f"a traceback over a bad {name}: {said[-800:]}")
        if process.returncode not in (0, 2, -signal.SIGTERM):
            raise Broken(f"status {process.returncode} over a bad {name}: {said[-300:]}")
        if process.returncode == 2:
            if (copy / name).read_bytes() != bad:
                raise Broken(f"a bad {name} was overwritten")
            seen.add(name)
        shutil.rmtree(copy)
    return f"{times} starts over bad files; refused in a sentence: {', '.join(sorted(seen))}"


@fault("many-files", short=False)
def many_files(folder: Path, scale: Scale) -> str:
    """Ten thousand day files: the page stands within seconds, a write is seen at once, nothing grows."""
    data = folder / "data"
    write = Writer(data)
    bots, days = (100, 100) if scale.is_long else (40, 50)
    document = sim_log("orb_ny", 1)
    folder_of_days = Layout(data).sim_logs
    folder_of_days.mkdir(parents=True)
    for day in range(days):
        name = f"2022-{1 + day // 28:02}-{1 + day % 28:02}"
        for bot in range(bots):
            text = json.dumps(document | {"day": name, "bot": f"bot{bot}"})
            (folder_of_days / f"{name}_bot{bot}.json").write_text(text)
    write.swing("mine", equity=0.0)
    with watched(data) as (aion, watchers):
        began = time.monotonic()
        for number in range(1, 6):
            write.swing("mine", equity=float(number))
            if aion.get().json()["swing"]["bots"]["mine"]["equity"] != number:
                raise Broken("an answer is older than the write before it")
        each_ms = (time.monotonic() - began) * 200
        watchers.agree()
        if len(aion.get("/api/intraday/bots").json()["bots"]) != bots:
            raise Broken("bots are missing")
    return f"{bots * days:,} files; each of 5 writes was in the next answer, {each_ms:.0f} ms a write and GET"
