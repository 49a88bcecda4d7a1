"""A session or token that is ended: nothing under it goes on, in any worker, whoever ended it."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from aion.config import Settings, load
from aion.web.security import command, commits, stream
from aion.web.security.cookie_jar import CookieJar
from aion.web.security.password import hash_password
from aion.web.security.store import ROTATE_S, DeskStore, SessionEndedError
from tests.web.conftest import RunningDesk, session_name, session_of

PASSWORD = "a sentence that nobody guesses"
START = Callable[..., RunningDesk]
ROOT = Path(__file__).parents[3]


@pytest.fixture
def events_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing but an event tell a worker that something was ended."""
    monkeypatch.setattr(stream, "CHECK_S", 3600.0)


@pytest.fixture
def looks_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the events away, as on another system's disk."""
    monkeypatch.setattr(commits, "LOCAL_FILE_SYSTEMS", frozenset())


@pytest.fixture
def workers(start_desk: START) -> tuple[RunningDesk, RunningDesk]:
    return start_desk(password=PASSWORD), start_desk(password=PASSWORD)


def store_of(desk: RunningDesk) -> DeskStore:
    assert desk.app.desk.store is not None
    return desk.app.desk.store


@contextmanager
def streaming(
    desk: RunningDesk, headers: dict[str, str], path: str = "/api/events/bots"
) -> Iterator[threading.Event]:
    """Open a stream; yield what is set when it has ended."""
    ended, began = threading.Event(), threading.Event()

    def follow() -> None:
        with (
            httpx.Client(base_url=desk.url, trust_env=False, timeout=90) as client,
            client.stream("GET", path, headers={**headers, "accept-encoding": "identity"}) as answer,
        ):
            assert answer.status_code == 200, answer.status_code
            try:
                for _ in answer.iter_bytes():
                    began.set()
            except httpx.HTTPError:
                pass  # reset
            ended.set()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    assert began.wait(60)
    yield ended
    assert ended.wait(60), "the stream goes on"
    thread.join(60)


def aion(data: Path, *arguments: str, given: str = "") -> str:
    environment = {**os.environ, "AION_DATA": str(data), "PYTHONPATH": str(ROOT)}
    command_line = [sys.executable, "-m", "aion", *arguments]
    done = subprocess.run(
        command_line, env=environment, input=given, capture_output=True, text=True, cwd=data.parent, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


ENDINGS = {
    "by the other worker": lambda desk, _name: store_of(desk).revoke_token("script", "test", ""),
    "by the command line": lambda desk, _name: aion(store_of(desk).path.parent, "token", "revoke", "script"),
    "by a new password": lambda desk, _name: aion(
        store_of(desk).path.parent, "password", "set", given=f"{PASSWORD}!\n"
    ),
    "by hand": lambda desk, _name: _by_hand(store_of(desk).path),
}


def _by_hand(path: Path) -> None:
    with sqlite3.connect(path, timeout=30) as connection:
        connection.execute("delete from token")
    connection.close()


@pytest.mark.parametrize("how", ENDINGS)
def test_streams_of_a_token_when_it_is_revoked_then_they_end_in_every_worker_by_an_event(
    workers: tuple[RunningDesk, RunningDesk], events_alone: None, how: str
) -> None:
    token = store_of(workers[0]).make_token("script", "admin", 1, "test", "")
    head = {"authorization": f"Bearer {token}"}
    with ExitStack() as stack:
        for desk in workers:
            for path in ("/api/events/bots", "/api/events/admin/logs"):
                stack.enter_context(streaming(desk, head, path))
        ENDINGS[how](workers[0], "script")
    for desk in workers:
        assert desk.client.get("/api/bots/page", headers=head).status_code == 401


def test_streams_of_a_token_when_no_event_comes_then_a_look_finds_out(
    looks_alone: None, workers: tuple[RunningDesk, RunningDesk], events_alone: None
) -> None:
    head = {"authorization": f"Bearer {store_of(workers[0]).make_token('script', 'viewer', 1, 'test', '')}"}
    with streaming(workers[1], head):
        aion(store_of(workers[0]).path.parent, "token", "revoke", "script")


def test_stream_when_its_session_runs_out_then_it_ends_then(
    workers: tuple[RunningDesk, RunningDesk], events_alone: None
) -> None:
    desk = workers[0]
    cookie = {"cookie": f"{CookieJar(store_of(desk).desk_id).session}={store_of(desk).open_session('viewer', '::1')}"}
    with streaming(desk, cookie):
        now = store_of(desk).now_s
        store_of(desk).now_s = lambda: now() + 8 * 86_400
        store_of(desk).record("test", "", "something happens")  # an event: it looks at the clock again


@contextmanager
def log_in(desk: RunningDesk) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=desk.url, timeout=60, trust_env=False) as client:
        assert client.post("/api/session", json={"password": PASSWORD}).status_code == 200
        yield client


@pytest.mark.parametrize("ends_with", ["old", "new"])
def test_session_when_it_was_renewed_then_a_logout_ends_it_under_both_ids_with_all_streams(
    workers: tuple[RunningDesk, RunningDesk], events_alone: None, ends_with: str
) -> None:
    first, second = workers
    with log_in(first) as browser:
        was, name = session_of(browser), session_name(browser)
        now = store_of(first).now_s()
        store_of(first).now_s = lambda: now + ROTATE_S + 1
        renewed = browser.get("/bots").headers["set-cookie"].partition(";")[0].partition("=")[2]
        store_of(first).now_s = lambda: now
        ids = {"old": {"cookie": f"{name}={was}"}, "new": {"cookie": f"{name}={renewed}"}}
        with (
            streaming(first, ids["old"]),
            streaming(second, ids["new"]),
            streaming(second, ids["old"]),
            httpx.Client(base_url=second.url, trust_env=False, timeout=60) as other,
        ):
            assert other.delete("/api/session", headers=ids[ends_with]).status_code == 200
        for desk in workers:
            for shown in ids.values():
                with httpx.Client(base_url=desk.url, trust_env=False, timeout=60) as client:
                    assert client.get("/api/bots/page", headers=shown).status_code == 401


def test_sessions_of_another_login_when_one_logs_out_then_they_stay(
    workers: tuple[RunningDesk, RunningDesk],
) -> None:
    with log_in(workers[0]) as one, log_in(workers[1]) as other:
        one.delete("/api/session")
        assert other.get("/api/session").json()["who"] == "admin"


def test_logout_everywhere_when_an_admin_asks_then_tokens_end_and_it_says_what_stays(
    workers: tuple[RunningDesk, RunningDesk],
) -> None:
    store = store_of(workers[0])
    store.set_password("viewer", hash_password(PASSWORD + "?"), "command", "test")
    store.open_session("viewer", "::1")
    tokens = [store.make_token(name, role, 1, "test", "") for name, role in (("ci", "admin"), ("eye", "viewer"))]
    with log_in(workers[0]) as admin:
        said = admin.delete("/api/session?everywhere=true").json()
    assert said == {
        "who": "nobody", "role": "none", "sessions_ended": 1, "sessions_kept": 1,
        "tokens_revoked": ["ci", "eye"], "tokens_kept": [],
    }  # fmt: skip
    for token in tokens:
        head = {"authorization": f"Bearer {token}"}
        assert workers[1].client.get("/api/session", headers=head).status_code == 401
    line = next(each for each in store.audit(9) if each["what"] == "logout everywhere")
    assert line["before"] == {"sessions": 1, "tokens_revoked": ["ci", "eye"]}


def test_logout_everywhere_when_tokens_are_to_stay_or_a_viewer_asks_then_they_stay(
    workers: tuple[RunningDesk, RunningDesk],
) -> None:
    store = store_of(workers[0])
    store.set_password("viewer", hash_password(PASSWORD + "?"), "command", "test")
    head = {"authorization": f"Bearer {store.make_token('ci', 'admin', 1, 'test', '')}"}
    with log_in(workers[0]) as admin:
        said = admin.delete("/api/session?everywhere=true&tokens=false").json()
        assert said["tokens_kept"] == ["ci"] and said["tokens_revoked"] == []
    with httpx.Client(base_url=workers[0].url, timeout=60, trust_env=False) as viewer:
        viewer.post("/api/session", json={"password": PASSWORD + "?"})
        said = viewer.delete("/api/session?everywhere=true").json()
        assert said == {"who": "nobody", "role": "none", "sessions_ended": 1}, "nor does it learn of them"
    assert workers[1].client.get("/api/session", headers=head).status_code == 200


def test_command_when_a_password_is_set_or_removed_then_tokens_end_unless_they_are_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    settings = Settings(data=data)
    assert command.set_password(settings, "admin", PASSWORD).count("\n") == 0
    command.set_password(settings, "viewer", PASSWORD)

    def make() -> None:
        for name, role in (("ci", "admin"), ("eye", "viewer")):
            command.make_token(settings, name, role, 1)

    def left() -> list[str]:
        return [line.split()[0] for line in command.token_lines(settings)]

    make()
    said = aion(data, "password", "set", "--keep-tokens", given=f"{PASSWORD}!\n")
    assert "still valid: tokens ci, eye" in said and left() == ["ci", "eye"]
    said = aion(data, "password", "set", "--role", "viewer", given=f"{PASSWORD}!\n")
    assert "revoked: token eye" in said and "still valid: token ci" in said and left() == ["ci"]
    said = aion(data, "password", "set", given=f"{PASSWORD}?\n")
    assert "revoked: token ci" in said and left() == []
    make()
    assert "still valid" in aion(data, "password", "remove", "--keep-tokens") and left() == ["ci", "eye"]
    aion(data, "password", "remove", "--role", "viewer")
    assert left() == ["ci"]


def test_password_of_the_environment_when_it_is_another_then_tokens_end(tmp_path: Path) -> None:
    def start(**given: str) -> None:
        store = command.open_store(load(environment={"AION_DATA": str(tmp_path), **given}))
        assert store is not None
        store.close()

    start(AION_PASSWORD=PASSWORD, AION_VIEWER_PASSWORD=PASSWORD + "v")
    for name, role in (("ci", "admin"), ("eye", "viewer")):
        command.make_token(Settings(data=tmp_path), name, role, 1)
    start(AION_PASSWORD=PASSWORD, AION_VIEWER_PASSWORD=PASSWORD + "v")
    assert len(command.token_lines(Settings(data=tmp_path))) == 2, "nothing is new"
    start(AION_PASSWORD=PASSWORD, AION_VIEWER_PASSWORD=PASSWORD + "w")
    assert [line.split()[0] for line in command.token_lines(Settings(data=tmp_path))] == ["ci"]
    start(AION_PASSWORD=PASSWORD + "!", AION_VIEWER_PASSWORD=PASSWORD + "w")
    assert command.token_lines(Settings(data=tmp_path)) == []


def test_token_when_it_is_asked_for_by_a_session_that_ends_meanwhile_then_there_is_none(tmp_path: Path) -> None:
    store = DeskStore(tmp_path / "desk.sqlite")
    identity = store.identify(store.open_session("admin", "::1"))
    assert identity is not None
    store.end_session(identity, "::1", everywhere=True, revoke_tokens=True)
    with pytest.raises(SessionEndedError, match="log in again"):
        store.make_token("late", "admin", 1, "admin", "::1", asked_with=identity.key)
    assert store.tokens() == []
    store.close()


def test_login_when_the_password_changes_while_it_is_checked_then_no_session_begins(tmp_path: Path) -> None:
    store = DeskStore(tmp_path / "desk.sqlite")
    old = hash_password(PASSWORD)
    store.set_password("admin", old, "command", "test")
    store.set_password("admin", hash_password(PASSWORD + "!"), "command", "test")
    assert store.open_session("admin", "::1", old) == ""
    store.close()


def test_stream_when_its_token_is_revoked_while_it_is_opened_then_it_gets_nothing(
    workers: tuple[RunningDesk, RunningDesk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = workers[0]
    store = store_of(desk)
    token = store.make_token("script", "viewer", 1, "test", "")
    fresh_all = desk.app.desk.live.fresh_all

    async def revoked_meanwhile(topics: object) -> object:
        await asyncio.to_thread(store.revoke_token, "script", "test", "")
        return await fresh_all(topics)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.app.desk.live, "fresh_all", revoked_meanwhile)
    got = b""
    with (
        pytest.raises(httpx.HTTPError),
        desk.client.stream("GET", "/api/events/bots", headers={"authorization": f"Bearer {token}"}) as answer,
    ):
        for part in answer.iter_raw():
            got += part
    assert b"hello" not in got and b"bots" not in got


def test_store_of_an_older_version_when_opened_then_its_sessions_go_on(tmp_path: Path) -> None:
    path = tmp_path / "desk.sqlite"
    with sqlite3.connect(path) as old:
        old.executescript(
            "create table session (id text primary key, role text not null, created_at real not null, "
            "ends_at real not null, address text not null); pragma user_version = 2;"
        )
        old.execute("insert into session values ('a', 'admin', 1, 9e9, ''), ('b', 'admin', 1, 9e9, '')")
    old.close()
    store = DeskStore(path)
    first = store.identify_hash("a")
    assert first is not None
    store.end_session(first, "", everywhere=False)
    assert store.identify_hash("a") is None and store.identify_hash("b") is not None
    store.close()
    DeskStore(path).close()
