"""A real desk on a free port of this machine, over real files."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from aion.config import Settings
from aion.web.app import App
from aion.web.http.host import bind
from aion.web.security import password
from aion.web.security.command import open_store
from aion.web.server import DeskServer

from .sample import Writer


@dataclass
class RunningDesk:
    """A desk that answers at `url`."""

    url: str
    app: App
    write: Writer
    client: httpx.Client

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(path, **options)

    def bots(self) -> dict[str, Any]:
        found: dict[str, Any] = self.get("/api/bots/page").raise_for_status().json()
        return found


def session_name(browser: httpx.Client) -> str:
    """The name of the only session cookie that a client has."""
    (name,) = [each for each in browser.cookies if each.startswith("aion_session_")]
    return str(name)


def session_of(browser: httpx.Client) -> str:
    """Its value."""
    return str(browser.cookies[session_name(browser)])


@contextmanager
def running(settings: Settings, static: Path) -> Iterator[RunningDesk]:
    app = App(settings, static=static, store=open_store(settings) if settings.data.exists() else None)
    with bind("127.0.0.1", 0) as listener:
        server = DeskServer(app)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
        thread.start()
        until = time.monotonic() + 60
        while not server.started:
            assert thread.is_alive() and time.monotonic() < until, "the desk did not start"
            time.sleep(0.005)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            try:
                yield RunningDesk(url, app, Writer(settings.data), client)
            finally:
                server.should_exit = True
                thread.join(10)
                app.desk.log.close()
                if app.desk.store is not None:
                    app.desk.store.close()
                assert not thread.is_alive(), "the desk did not stop within 10 s"


@pytest.fixture(autouse=True)
def real_hasher(monkeypatch: pytest.MonkeyPatch) -> PasswordHasher:
    """Let passwords of these tests be hashed at next to no cost; return what hashes them otherwise."""
    real = password.hasher
    monkeypatch.setattr(password, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    return real


@pytest.fixture
def start_desk(tmp_path: Path) -> Iterator[Callable[..., RunningDesk]]:
    """Return what starts a desk over `data` in the test's folder, with the settings given."""
    with ExitStack() as stack:

        def start(*, make_folder: bool = True, **settings: Any) -> RunningDesk:
            if make_folder:
                (tmp_path / "data").mkdir(exist_ok=True)
            values = {"data": tmp_path / "data", "rescan_interval_s": 60, "log_level": "debug", **settings}
            return stack.enter_context(running(Settings(**values), tmp_path / "static"))

        yield start


@pytest.fixture
def desk(start_desk: Callable[..., RunningDesk]) -> RunningDesk:
    """A desk over an empty folder."""
    return start_desk()


@pytest.fixture(scope="module")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    """A desk over an empty folder for tests that change nothing."""
    folder = tmp_path_factory.mktemp("shared")
    with running(Settings(data=folder / "data"), folder / "static") as found:
        yield found
