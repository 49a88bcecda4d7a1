"""The servers that are measured: Aion as `aion serve` runs it, its peers, and a bare send loop in C."""

import os
import socket
import subprocess
from pathlib import Path

from aion.store.file import gzip_bytes
from bench import data
from bench.load import monotonic
from bench.tool import HERE, NGINX_MODULE, OUT, ROOT, Process, better_sse, compiled, free_port, nginx, python

ROOM = {
    "AION_MAX_CONNECTIONS": "60000", "AION_ADDRESS_CONNECTIONS": "60000", "AION_SESSION_STREAMS": "60000",
    "AION_ACCEPT_RATE": "1000000", "AION_ADDRESS_ACCEPT_RATE": "1000000", "AION_PUSH_HZ": "1000",
}  # fmt: skip
"""Limits of a desk that one machine, with one token, fills with thousands of clients; they are checked still. Each
change is pushed by itself, as the peers do it, however soon it follows on the one before."""


class Publisher:
    """A server that takes a message by POST and sends it to everybody."""

    name = ""
    path = "/events"
    publish_path = "/publish"
    headers: tuple[str, ...] = ()
    wants_gzip = False

    def __init__(self) -> None:
        self.port = free_port()
        self.process = self.start()
        self.process.port = self.port
        self.process.wait_port()

    def start(self) -> Process:
        raise NotImplementedError

    @property
    def worker(self) -> int:
        """Process id of what does the sending."""
        return self.process.pid

    def publish(self, body: bytes) -> float:
        """Send `body` to everybody; return when that began."""
        head = f"POST {self.publish_path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        head += f"Content-Length: {len(body)}\r\n\r\n"
        message = head.encode() + body
        with socket.create_connection(("127.0.0.1", self.port), 30) as link:
            began = monotonic()
            link.sendall(message)
            answer = b""
            while b"\r\n\r\n" not in answer:
                part = link.recv(65_536)
                if not part:
                    raise ConnectionError(f"{self.name} closed the publishing connection")
                answer += part
        if b" 20" not in answer[:15]:
            raise ConnectionError(f"{self.name} refused a message: {answer[:200]!r}")
        return began

    def stop(self) -> None:
        self.process.stop()


class Loop(Publisher):
    """The limit: `send` in a C loop."""

    name = "bare send loop"

    def start(self) -> Process:
        return Process([compiled("loop"), str(self.port)])


class Nchan(Publisher):
    """nchan in nginx, one worker, nothing logged, one message kept."""

    name = "nchan"

    def start(self) -> Process:
        folder = OUT / "nginx"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "nginx.conf"
        file.write_text(
            f"""
load_module {NGINX_MODULE};
daemon off; master_process on; worker_processes 1; worker_rlimit_nofile 40000; pid {folder}/pid;
error_log {folder}/error.log warn;
{"user root;" if os.geteuid() == 0 else ""}
events {{ worker_connections 20000; }}
http {{
  access_log off; tcp_nodelay on; nchan_shared_memory_size 512m; client_max_body_size 4m; client_body_buffer_size 4m;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{self.port} backlog=4096;
    location = /publish {{ nchan_publisher; nchan_channel_id bench; nchan_message_buffer_length 1; }}
    location = /events {{
      nchan_subscriber eventsource; nchan_channel_id bench; nchan_subscriber_first_message newest;
    }}
  }}
}}
"""
        )
        return Process([nginx(), "-c", str(file), "-p", str(folder)])

    @property
    def worker(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0]) if children else self.process.pid


class SseStarlette(Publisher):
    """sse-starlette under uvicorn with uvloop and httptools, a queue a client as its documentation shows."""

    name = "sse-starlette"

    def start(self) -> Process:
        return Process([python(), str(HERE / "server" / "sse_starlette_app.py"), str(self.port)], log="sse-starlette")


class BetterSse(Publisher):
    """better-sse on Node's own HTTP server, one channel."""

    name = "better-sse"

    def start(self) -> Process:
        folder = better_sse()
        script = folder / "app.mjs"
        script.write_text((HERE / "server" / "better_sse.mjs").read_text())
        return Process(["node", str(script), str(self.port)], log="better-sse")


class Aion:
    """`aion serve` with a password set, over state files in a folder; its clients show a bearer token."""

    name = "aion"
    path = "/events/bots"

    def __init__(self, folder: Path, *flags: str, has_login: bool = True, **environment: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.headers: tuple[str, ...] = ()
        environment = {**os.environ, "AION_DATA": str(folder), "PYTHONPATH": str(ROOT), **ROOM, **environment}
        self._environment = environment
        if has_login:
            self._command("password", "set", said="a password of the bench\n")
            token = self._command("token", "make", f"bench-{self.port}")
            found = next(word for word in token.split() if word.startswith("aion_"))
            self.headers = (f"Authorization: Bearer {found.strip('.,')}",)
        self.process = Process(
            [python(), "-m", "aion", "serve", "--port", str(self.port), *flags],
            self.port,
            log="aion",
            env=environment,
            cwd=OUT,
        )
        self.process.wait_port()
        self.number = 0

    def _command(self, *words: str, said: str = "") -> str:
        done = subprocess.run(
            [python(), "-m", "aion", *words], env=self._environment, input=said, capture_output=True, text=True,
            check=True, cwd=OUT,
        )  # fmt: skip
        return done.stdout + done.stderr

    @property
    def worker(self) -> int:
        return self.process.pid

    def publish(self, _body: bytes = b"") -> float:
        """Rename a state file with one changed figure over the old one; return when the rename began."""
        self.number += 1
        document = data.driver(self.number)
        target = self.folder / data.DRIVER
        temporary = target.with_name(f".{target.name}.tmp")
        temporary.write_bytes(gzip_bytes(document))
        began = monotonic()
        os.replace(temporary, target)
        return began

    def stop(self) -> None:
        self.process.stop()
