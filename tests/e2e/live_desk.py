"""What the tests of the browser's library stand on: a server that can be stopped, a writer, a proxy that buffers."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from select import select
from threading import Event, Thread

import httpx

from .ask import CLIENT
from .conftest import ROOT, free_port


class Station:
    """A server of `live_app` that can be stopped and started on one port, and the file that it shows."""

    def __init__(self, folder: Path, site: Path, heartbeat_s: float = 15.0) -> None:
        self.root = folder / "root"
        (self.root / "data").mkdir(parents=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [
            sys.executable, "-m", "tests.e2e.live_app", str(self.root), str(site), str(self.port), str(heartbeat_s),
        ]  # fmt: skip
        self.n = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.write()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, cwd=ROOT)
        until = time.monotonic() + 30
        while True:
            assert self.process.poll() is None and time.monotonic() < until, "the server did not start"
            with suppress(httpx.HTTPError):
                self.clients()
                return
            time.sleep(0.05)

    def clients(self) -> int:
        """Open streams."""
        return int(CLIENT.get(f"{self.url}/clients", timeout=5).text)

    def most(self) -> int:
        """Streams that were open at the same time, at most, since the start."""
        return int(CLIENT.get(f"{self.url}/most", timeout=5).text)

    def count(self, what: str) -> int:
        """What the server has counted since its start: `opens` of streams, `deliveries` of frames."""
        return int(CLIENT.get(f"{self.url}/{what}", timeout=5).text)

    def write_row(self, key: str, n: int) -> None:
        """Show `n` in the row `key`."""
        folder = self.root / "rows"
        folder.mkdir(exist_ok=True)
        (folder / f".{key}.tmp").write_text(json.dumps({"n": n}))
        os.replace(folder / f".{key}.tmp", folder / f"{key}.json")

    def forget(self) -> None:
        """Count them anew."""
        CLIENT.post(f"{self.url}/forget", timeout=5).raise_for_status()

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(60)

    def write(self, n: int | None = None, **more: object) -> int:
        """Show `n`, or one more than before; returns it."""
        self.n = self.n + 1 if n is None else n
        temporary = self.root / "data" / ".n.tmp"
        temporary.write_text(json.dumps({"n": self.n, **more}))
        os.replace(temporary, self.root / "data" / "n.json")
        return self.n

    @contextmanager
    def writing(self, every_s: float = 0.05) -> Iterator[None]:
        """Count on in the background."""
        is_over = Event()

        def run() -> None:
            while not is_over.wait(every_s):
                self.write()

        writer = Thread(target=run)
        writer.start()
        try:
            yield
        finally:
            is_over.set()
            writer.join()


class Proxy:
    """Passes connections on; what comes back is held until `hold` bytes are there, as a buffering proxy does."""

    def __init__(self, target: int, hold: int) -> None:
        self.hold = hold
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._is_over = Event()
        self._threads = [Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while not self._is_over.is_set():
            if select([self._listener], [], [], 0.1)[0]:
                client, _ = self._listener.accept()
                thread = Thread(target=self._pass, args=(client,), daemon=True)
                thread.start()
                self._threads.append(thread)

    def _pass(self, client: socket.socket) -> None:
        with closing(client), closing(socket.create_connection(("127.0.0.1", self._target))) as server:
            held = b""
            is_stream = False
            while not self._is_over.is_set():
                ready = select([client, server], [], [], 0.05)[0]
                if client in ready:
                    data = client.recv(65_536)
                    if not data:
                        return
                    is_stream = b" /api/events" in data
                    server.sendall(data)
                if server in ready:
                    data = server.recv(65_536)
                    if not data:
                        return
                    held += data
                if held and (not is_stream or len(held) >= self.hold):
                    client.sendall(held)
                    held = b""


def wait(what: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return
        time.sleep(0.03)
    raise AssertionError(f"not within {seconds} s")
