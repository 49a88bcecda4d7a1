"""Desks that share their logins: real processes, a real server between them."""

import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from aion.store.layout import Layout
from aion.web.security.password import hash_password
from aion.web.security.store import DeskStore
from tests.cluster.machine import Cluster, Part, until
from tests.e2e.conftest import free_port

PASSWORD = "a password of the admins"


@dataclass
class Desk:
    """One desk with its relay."""

    name: str
    data: Path
    url: str
    relay: Part
    clients: list[httpx.Client] = field(default_factory=list)

    def client(self, cookies: httpx.Cookies | None = None) -> httpx.Client:
        made = httpx.Client(base_url=self.url, trust_env=False, timeout=20, cookies=cookies)
        self.clients.append(made)
        return made

    def log_in(self, password: str = PASSWORD) -> httpx.Client:
        made = self.client()
        answer = made.post("/api/session", json={"password": password}, headers={"origin": self.url})
        assert answer.status_code == 200, answer.text
        return made

    def knows(self, other: httpx.Client) -> bool:
        """Whether somebody with the cookies of a client of another desk is let in here."""
        with httpx.Client(base_url=self.url, trust_env=False, timeout=20, cookies=other.cookies) as asking:
            return asking.get("/api/session").status_code == 200

    @contextmanager
    def store(self) -> Iterator[DeskStore]:
        opened = DeskStore(Layout(self.data).desk)
        try:
            yield opened
        finally:
            opened.close()

    def set_password(self, password: str = PASSWORD) -> None:
        with self.store() as store:
            store.set_password("admin", hash_password(password), "command", "tests")

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Keep the relay stopped (SIGSTOP) meanwhile, at a moment when it does not hold the database."""
        until(self._stop)
        try:
            yield
        finally:
            self.relay.send(signal.SIGCONT)

    def _stop(self) -> bool:
        self.relay.send(signal.SIGSTOP)
        link = sqlite3.connect(Layout(self.data).desk, timeout=0.5, isolation_level=None)
        try:
            link.execute("begin immediate")
            link.execute("rollback")
        except sqlite3.OperationalError:  # it was stopped in the middle of a write
            self.relay.send(signal.SIGCONT)
            return False
        finally:
            link.close()
        return True

    def lines(self, client: httpx.Client) -> list[dict[str, str]]:
        found: list[dict[str, str]] = client.get("/api/audit").json()["lines"]
        return found


def start_desk(made: Cluster, name: str, *, password: str = "") -> Desk:
    """Start a desk and its relay; returns when it answers."""
    data = made.root / name
    data.mkdir()
    port = free_port()
    aion = [sys.executable, "-m", "aion"]
    desk = Desk(name, data, f"http://127.0.0.1:{port}", Part([], made.root / "none"))
    if password:
        desk.set_password(password)
    made.part(f"serve-{name}", [*aion, "serve", "--data", str(data), "--port", str(port)])
    command = [*aion, "relay", "desk", "--server", made.url, "--data", str(data), "--name", name]
    desk.relay = made.part(f"relay-{name}", command)

    def answers() -> bool:
        try:
            return desk.client().get("/healthz").status_code == 200
        except httpx.HTTPError:
            return False

    until(answers)
    return desk


def is_shared(desk: Desk, other: Desk) -> bool:
    """Whether both have the same name for their cookies: the second has taken in what the first told."""
    with desk.store() as one, other.store() as two:
        return one.desk_id == two.desk_id and one.password_hash("admin") == two.password_hash("admin")
