"""`make cluster`: three servers, two machines with bots, two desks, all on this machine; ends with Ctrl-C.

The machines replay the recorded feed from two days. Each process writes to a file of its own below the folder.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

BIN = Path(sys.executable).parent
STARTS = {"m1": "2022-05-19T13:25Z", "m2": "2022-05-23T13:25Z"}
"""Market time from which each machine trades."""
DESKS = ("d1", "d2")
STOP_S = 10.0
NEAR = 2000, 4000  # from a server's port to its other two


def aion(*words: str) -> list[str]:
    """Return the command line of an `aion` command."""
    return [str(BIN / "aion"), *words]


def prepare(folder: Path, base: int) -> list[Path]:
    """Make the cluster where there is none; return the folders of its servers."""
    cluster = folder / "cluster"
    if not (cluster / "cluster.json").exists():
        names = ",".join(f"127.0.0.1:{base + n}" for n in range(3))
        run("cluster", "init", str(cluster), "--servers", names)
        for machine in STARTS:
            run("cluster", "add-machine", machine, "--dir", str(cluster))
        for desk in DESKS:
            run("cluster", "add-desk", desk, "--dir", str(cluster))
    return sorted((cluster / "servers").iterdir())


def run(*words: str) -> None:
    """Run a command that ends, without what it says."""
    subprocess.run(aion(*words), check=True, stdout=subprocess.DEVNULL)


def commands(folder: Path, port: int) -> dict[str, list[str]]:
    """Return the command lines of machines and desks, by name."""
    found = {}
    for machine, start in STARTS.items():
        data, member = str(folder / machine), str(folder / "cluster" / "members" / machine)
        found[f"bots-{machine}"] = aion("run", "--data", data, "--from", start, "--speed", "60")
        found[f"relay-{machine}"] = aion("relay", "push", "--member", member, "--data", data)
    for n, desk in enumerate(DESKS):
        data, member = str(folder / desk), str(folder / "cluster" / "members" / desk)
        found[f"relay-{desk}"] = aion("relay", "pull", "--member", member, "--data", data, "--machines", "all")
        found[f"share-{desk}"] = aion("relay", "desk", "--member", member, "--data", data)
        found[f"desk-{desk}"] = aion("serve", "--data", data, "--port", str(port + n))
    return found


def start(name: str, command: list[str], logs: Path, folder: Path | None = None) -> "subprocess.Popen[bytes]":
    """Start a process that writes to a file of its own."""
    with (logs / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def check_ports(ports: list[int]) -> None:
    """Refuse to start where another program listens."""
    for port in ports:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                sys.exit(f"aion: port {port} is in use: stop what listens there, or choose PORT= and SERVERS= anew")


def stop(running: Mapping[str, "subprocess.Popen[bytes]"]) -> None:
    """End all processes, the servers last."""
    for names in (
        [name for name in running if not name.startswith("server")],
        [name for name in running if name.startswith("server")],
    ):
        for name in names:
            running[name].send_signal(signal.SIGTERM)
        end = time.monotonic() + STOP_S
        for name in names:
            try:
                running[name].wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                running[name].kill()
                running[name].wait()


def main() -> int:
    """Run it all until Ctrl-C; return 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("aion-cluster"))
    parser.add_argument("--port", type=int, default=3000, help="of the first desk; the second has the next")
    parser.add_argument("--servers", type=int, default=4222, help="port of the first server; two more follow")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    logs = folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    servers = prepare(folder, asked.servers)
    program = shutil.which("nats-server", path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        sys.exit("aion: nats-server is missing: make build")
    own = [int(each.name.rpartition("-")[2]) if "-" in each.name else 4222 for each in servers]
    check_ports([asked.port, asked.port + 1, *own, *(port + more for port in own for more in NEAR)])
    running: dict[str, subprocess.Popen[bytes]] = {}
    is_over = False

    def end(_number: int, _frame: object) -> None:
        nonlocal is_over
        is_over = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    try:
        for each in servers:
            running[f"server-{each.name}"] = start(f"server-{each.name}", [program, "-c", "nats.conf"], logs, each)
        for name, command in commands(folder, asked.port).items():
            running[name] = start(name, command, logs)
        for n, desk in enumerate(DESKS):
            print(f"desk {desk}: http://127.0.0.1:{asked.port + n}/bots")
        print(f"machines {', '.join(STARTS)}, servers {', '.join(map(str, own))}; logs in {logs}")
        print("Ctrl-C ends all. Kill any of these processes and watch the desks:", flush=True)
        for name, process in running.items():
            print(f"  {process.pid:7} {name}", flush=True)
        gone: set[str] = set()
        while not is_over:
            for name, process in running.items():
                if process.poll() is not None and name not in gone:
                    gone.add(name)
                    print(f"{name} ended with status {process.returncode}: see {logs / name}.log", flush=True)
            time.sleep(0.3)
    finally:
        stop(running)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
