"""Real processes of Aion on a free port, and clients of each kind that watch them."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from aion.config import load
from aion.live.disk.source import Tree, scan
from aion.live.snapshot import content_tag, encode
from aion.web.bundle.topic import FOLDERS, accepts, load_file, make_topics

ROOT = Path(__file__).parents[2]
PAGE = "/api/bots/page"
PATIENCE_S = 120.0
"""Seconds that a condition is waited for, also on a busy machine."""


class Broken(AssertionError):
    """An invariant that does not hold."""


def until(what: str, is_so: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
    """Wait for a condition and return what it gives; `what` says what is wrong when it never comes."""
    end = time.monotonic() + seconds
    while True:
        try:
            if found := is_so():
                return found
            last = ""
        except (httpx.HTTPError, OSError, psutil.Error) as error:
            last = f" ({type(error).__name__}: {error})"
        if time.monotonic() > end:
            raise Broken(f"{what}{last}")
        time.sleep(0.02)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Aion:
    """`aion serve` or `aion up`, started again under the same port when asked to."""

    def __init__(
        self,
        command: str,
        data: Path,
        *flags: str,
        wrap: Sequence[str] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        self.data = data
        self.port = free_port()
        self.console = data.with_name(f"{data.name}-{self.port}.console")
        self._command = [*wrap, sys.executable, "-m", "aion", command, "--data", str(data), "--port", str(self.port)]
        self._command += flags
        known = {name: value for name, value in os.environ.items() if not name.startswith("AION_")}
        self._environment = {**known, "PYTHONPATH": str(ROOT), **(environment or {})}
        self.start()

    def start(self) -> None:
        with self.console.open("ab") as console:
            self.process = subprocess.Popen(
                self._command, cwd=self.console.parent, env=self._environment, stdout=console, stderr=console
            )

    @property
    def root(self) -> psutil.Process:
        return psutil.Process(self.process.pid)

    def members(self, word: str) -> list[psutil.Process]:
        """Return the running processes of ours whose command line has `word` (serve, run) as its command."""
        found = []
        for each in (self.root, *self.root.children(recursive=True)):
            try:
                if word in each.cmdline()[:6] and each.status() != psutil.STATUS_ZOMBIE:
                    found.append(each)
            except psutil.Error:
                continue
        return found

    def get(self, path: str = PAGE, **headers: str) -> httpx.Response:
        """GET on a connection of its own, as curl does."""
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=30, trust_env=False)

    def ready(self) -> "Aion":
        def answers() -> bool:
            if self.process.poll() is not None:
                raise Broken(f"it ended with status {self.process.returncode}: {self.said()[-2000:]}")
            return self.get("/readyz").is_success

        until("the desk does not get ready", answers)
        return self

    def said(self) -> str:
        return self.console.read_text("utf-8", "replace")

    def stop(self) -> None:
        """End it as an operator would; nothing of it may stay, and nothing may have crashed."""
        family = [self.root, *self.root.children(recursive=True)] if self.process.poll() is None else []
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise Broken("it does not stop when told to") from None
        finally:
            for each in family:
                if each.is_running() and each.pid != self.process.pid:
                    each.kill()
                    raise Broken(f"{' '.join(each.cmdline())} outlives its parent")
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
        if "Traceback" in self.said():
            raise Broken(f"a traceback on the console: {self.said()[-2000:]}")


@contextmanager
def running(*arguments: Any, **options: Any) -> Iterator[Aion]:
    """A ready Aion; it is ended in order, or killed with all that it started when the block failed."""
    aion = Aion(*arguments, **options)
    try:
        yield aion.ready()
    except BaseException:
        if aion.process.poll() is None:
            for each in aion.root.children(recursive=True):
                each.kill()
            aion.process.kill()
        aion.process.wait()
        raise
    aion.stop()


class Client(threading.Thread):
    """A client that goes on until it is stopped, whatever happens to its connection."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.base = f"http://127.0.0.1:{port}"
        self.etag = ""
        self.seen: list[Any] = []
        """`as_of` and equity of each bundle that came, in order."""
        self.wrong: list[str] = []
        """Answers that no client may get."""
        self.done = threading.Event()
        self.start()

    def take(self, body: str | bytes) -> None:
        value = json.loads(body)
        self.etag = value["etag"]
        self.seen.append(value)
        del self.seen[:-50]

    def run(self) -> None:
        while not self.done.is_set():
            try:
                with httpx.Client(base_url=self.base, timeout=10, trust_env=False) as client:
                    self.follow(client)
            except (httpx.HTTPError, OSError):
                self.done.wait(0.1)
            except ValueError as error:
                self.wrong.append(f"half an answer: {error}")

    def follow(self, client: httpx.Client) -> None:
        raise NotImplementedError


class Streaming(Client):
    def follow(self, client: httpx.Client) -> None:
        params = {"have": f"bots:{self.etag}"} if self.etag else {}
        with client.stream("GET", "/events/bots", params=params) as stream:
            self._check(stream.status_code)
            name = ""
            for line in stream.iter_lines():
                if self.done.is_set():
                    return
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: ") and name == "bots":
                    self.take(line[6:])

    def _check(self, status: int) -> None:
        if status not in (200, 503):
            self.wrong.append(f"a stream was answered {status}")


class Polling(Client):
    def follow(self, client: httpx.Client) -> None:
        while not self.done.wait(0.05):
            answer = client.get(PAGE, headers={"if-none-match": self.etag} if self.etag else {})
            if answer.status_code == 200:
                self.take(answer.content)
            elif answer.status_code not in (304, 503):
                self.wrong.append(f"a poll was answered {answer.status_code}: {answer.text[:200]}")


class Watchers:
    """Clients of each kind on one desk."""

    def __init__(self, aion: Aion) -> None:
        self._aion = aion
        self.clients: list[Client] = [each(aion.port) for each in (Streaming, Streaming, Polling, Polling)]

    def __enter__(self) -> "Watchers":
        return self

    def __exit__(self, *_: object) -> None:
        for client in self.clients:
            client.done.set()

    def agree(self) -> str:
        """Wait until all clients hold what is on disk, byte for byte; return its ETag."""
        expected = disk_etag(self._aion.data)

        def same() -> bool:
            nonlocal expected
            expected = disk_etag(self._aion.data)
            held = {client.etag for client in self.clients}
            return held == {expected} and self._aion.get().json()["etag"] == expected

        until("the clients do not hold what is on disk", same)
        wrong = [each for client in self.clients for each in client.wrong]
        if wrong:
            raise Broken("; ".join(wrong[:3]))
        return expected


def disk_etag(data: Path) -> str:
    """Return the ETag of the Bots page as it follows from the files alone, read anew."""
    tree: Tree[Any] = Tree(data, load_file)
    tree.update(scan(data, FOLDERS, accepts), set())
    file = data.with_name("aion.toml")
    settings = load(file if file.exists() else None, {}, {"data": data})
    topic = next(each for each in make_topics(settings) if each.name == "bots")
    return content_tag(encode(topic.build(tree).payload))


def temporaries(data: Path) -> list[str]:
    """Return the temporary files that lie in a data folder."""
    return sorted(path.relative_to(data).as_posix() for path in data.rglob(".*.tmp-*"))


class Held:
    """What a process holds of the machine; `check` finds what it did not give back."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self.files = process.num_fds()
        self.threads = process.num_threads()
        self.memory = process.memory_info().rss

    def check(self, more_memory: int = 24 << 20) -> str:
        until("open files are not given back", lambda: self._process.num_fds() <= self.files)
        threads = self._process.num_threads()
        # the pool that answers some routes grows to its size and stays
        if threads > self.threads + 40:
            raise Broken(f"{threads} threads, {self.threads} before")
        grown = self._process.memory_info().rss - self.memory
        if grown > more_memory:
            raise Broken(f"memory grew by {grown >> 20} MB")
        return f"{max(0, grown) / 2**20:.1f} MB more memory, no file or thread more"


@contextmanager
def watched(data: Path, *flags: str, **options: Any) -> Iterator[tuple[Aion, Watchers]]:
    """A desk over `data` with clients of each kind, all of which agree at first."""
    with ExitStack() as stack:
        aion = stack.enter_context(running("serve", data, *flags, **options))
        watchers = stack.enter_context(Watchers(aion))
        watchers.agree()
        yield aion, watchers
