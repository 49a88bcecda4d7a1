"""What every part needs: processes with many descriptors, tools that are built or installed when first used."""

import contextlib
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
OUT = HERE / "out"
MOST_DESCRIPTORS = 65_536
NGINX_MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
BETTER_SSE = "better-sse@0.16.1"
NAUTILUS = "nautilus_trader==1.221.0"


class Missing(Exception):
    """A tool or peer that cannot be had here; the message says which and why."""


def raise_limits() -> int:
    """Allow this process and its children as many descriptors as the system lets us; return how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (MOST_DESCRIPTORS, hard):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
            return wanted
    return soft


def compiled(name: str) -> str:
    """Build `name`.c with the C compiler of this machine and return the program's path."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise Missing("a C compiler (package gcc): the load generator is built with it")
    source, program = HERE / f"{name}.c", OUT / name
    OUT.mkdir(exist_ok=True)
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        subprocess.run([compiler, "-O2", "-Wall", "-o", str(program), str(source)], check=True)
    return str(program)


def nginx() -> str:
    """Return the path of an nginx with the nchan module, installed as Debian's package where that is possible."""
    if not (NGINX_MODULE.exists() and shutil.which("nginx")) and shutil.which("apt-get") and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        packages = ["nginx-light", "libnginx-mod-nchan"]
        # nothing of it may start by itself: only our own instance runs, with our own configuration
        policy = Path("/usr/sbin/policy-rc.d")
        is_ours = not policy.exists()
        if is_ours:
            policy.write_text("#!/bin/sh\nexit 101\n")
            policy.chmod(0o755)
        for command in (
            ["apt-get", "update", "-q"],
            ["apt-get", "install", "-qy", "--no-install-recommends", *packages],
        ):
            subprocess.run(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
            )
        if is_ours:
            policy.unlink()
    found = shutil.which("nginx")
    if found is None or not NGINX_MODULE.exists():
        raise Missing("nchan (Debian: nginx-light and libnginx-mod-nchan)")
    return found


def better_sse() -> Path:
    """Return a folder whose node_modules hold better-sse."""
    folder = OUT / "better-sse"
    if not (folder / "node_modules" / "better-sse").is_dir():
        if shutil.which("npm") is None or shutil.which("node") is None:
            raise Missing("better-sse (Node and npm)")
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["npm", "install", "--silent", "--no-save", BETTER_SSE], cwd=folder, check=False)
        if done.returncode != 0:
            raise Missing(f"{BETTER_SSE}: npm could not install it")
    return folder


def nautilus() -> str:
    """Return the Python of an environment that has nautilus_trader, made when first used (0.7 GB)."""
    home = OUT / "nautilus"
    python = home / "bin" / "python"
    if not (home / "done").exists():
        OUT.mkdir(exist_ok=True)
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(home)],
            [str(python), "-m", "pip", "install", "--quiet", NAUTILUS],
        ):
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            if done.returncode != 0:
                raise Missing(f"{NAUTILUS}: pip could not install it")
        (home / "done").touch()
    return str(python)


def free_port() -> int:
    """Return a TCP port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Process:
    """A child that is ended with the block."""

    def __init__(self, command: Sequence[str], port: int = 0, log: str = "", **options: Any) -> None:
        OUT.mkdir(exist_ok=True)
        self.log = OUT / f"{log or Path(command[0]).name}.log"
        self._console = self.log.open("wb")
        options.setdefault("stdout", self._console)
        self.popen = subprocess.Popen(command, stderr=self._console, **options)
        self.pid = self.popen.pid
        self.port = port

    def wait_port(self, seconds: float = 20) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.popen.poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.02)
        self.stop()
        raise Missing(f"{self.popen.args!r} does not listen: {self.log.read_text(errors='replace')[-500:]}")

    def stop(self) -> None:
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGCONT)
            self.popen.terminate()
            try:
                self.popen.wait(5)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        self._console.close()


def cpu_s(pid: int) -> float:
    """Return the processor seconds that all threads of a process have used."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def children_of(pid: int) -> list[int]:
    """Return the direct children of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def socket_memory_bytes() -> int:
    """Return what the kernel holds for TCP sockets, of the whole machine."""
    for line in Path("/proc/net/sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            return int(line.split()[-1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, least, most and count."""
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "count": len(values)}


def quantile(values: Sequence[float], fraction: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]


def python() -> str:
    return sys.executable


@contextlib.contextmanager
def stopping(*things: Any) -> Iterator[None]:
    """Stop all `things` at the end."""
    try:
        yield
    finally:
        for thing in things:
            thing.stop()
