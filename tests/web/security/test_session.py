"""Sessions beside everything else: several workers, restarts, streams, the event loop, logs, the audit."""

import json
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from aion.config import Settings
from aion.store.layout import Layout
from aion.web.http.middleware import MUTATIONS
from aion.web.security import password as passwords
from aion.web.security.command import set_password
from aion.web.security.cookie_jar import CookieJar
from aion.web.security.password import MAX_WAITING, hash_password
from aion.web.security.store import SESSION_S, DeskStore
from tests.process.crew import read_until, ready_pids, wait_for, workers
from tests.web.conftest import RunningDesk, session_name, session_of
from tests.web.control.asking import watched

PASSWORD = "a sentence that nobody guesses"
START = Callable[..., RunningDesk]


def test_session_when_there_are_two_workers_then_each_knows_it_until_any_ends_it(tmp_path: Path) -> None:
    import socket

    data = tmp_path / "data"
    set_password(Settings(data=data), "admin", PASSWORD)
    with workers(data, 2) as (process, url):
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as browser:
            assert browser.post("/api/session", json={"password": PASSWORD}).status_code == 200
            cookie = f"{session_name(browser)}={session_of(browser)}"
        head = {"cookie": cookie}
        host, port = url.removeprefix("http://").split(":")
        streams = []
        for _ in range(10):  # by connections of their own: of any worker
            assert httpx.get(f"{url}/api/bots/page", headers=head, trust_env=False, timeout=60).status_code == 200
            stream = socket.create_connection((host, int(port)), timeout=60)
            lines = ["GET /events/bots HTTP/1.1", "Host: 127.0.0.1", f"Cookie: {cookie}", "", ""]
            stream.sendall("\r\n".join(lines).encode())
            read_until(stream, b"event: hello")
            streams.append(stream)
        # the kernel shares connections as it likes: the other worker is to have some
        victim = min(ready_pids(process), key=lambda pid: len(psutil.Process(pid).net_connections("tcp")))
        psutil.Process(victim).kill()
        wait_for(lambda: len(set(ready_pids(process)) - {victim}) == 2, 60)
        assert httpx.get(f"{url}/api/session", headers=head, trust_env=False, timeout=60).json()["who"] == "admin"
        gone = httpx.delete(f"{url}/api/session?everywhere=true", headers=head, trust_env=False, timeout=60)
        assert gone.status_code == 200
        ended = 0
        for stream in streams:  # of the other worker too: its own look finds out
            try:
                ended += b"retry: " in read_until(stream, b"event: bye")
            except ConnectionError:  # it was the victim's
                continue
            finally:
                stream.close()
        assert ended
        for _ in range(6):
            assert httpx.get(f"{url}/api/bots/page", headers=head, trust_env=False, timeout=60).status_code == 401
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_session_when_the_desk_is_started_again_then_it_stands_until_its_end(
    start_desk: START, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    now = [time.time()]
    before = DeskStore(Layout(tmp_path / "data").desk, lambda: now[0])
    before.set_password("admin", hash_password(PASSWORD), "command", "test")
    key, token = before.open_session("admin", "::1"), before.make_token("t", "viewer", 1, "test", "")
    cookie = f"{CookieJar(before.desk_id).session}={key}"
    before.close()
    desk = start_desk()
    assert desk.get("/api/session", headers={"cookie": cookie}).json()["who"] == "admin"
    assert desk.get("/api/session", headers={"authorization": f"Bearer {token}"}).json()["who"] == "token:t"
    after = DeskStore(Layout(tmp_path / "data").desk, lambda: now[0])
    now[0] += 86_400 + 1
    assert after.identify(token) is None and after.identify(key) is not None
    now[0] += SESSION_S
    assert after.identify(key) is None
    after.close()


def test_stream_when_its_token_is_revoked_by_another_process_then_it_ends_on_the_timer(
    start_desk: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aion.web.security.stream.CHECK_S", 0.2)
    desk = start_desk(password=PASSWORD)
    other = DeskStore(desk.app.desk.layout.desk)
    head = {"authorization": f"Bearer {other.make_token('script', 'viewer', 1, 'test', '')}"}
    with desk.client.stream("GET", "/events/bots", headers=head | {"accept-encoding": "identity"}) as stream:
        parts = stream.iter_text()
        assert "event: hello" in next(parts)
        other.revoke_token("script", "test", "")
        rest = "".join(parts)
    other.close()
    assert "event: bye" in rest and "retry: " in rest
    assert desk.get("/events/bots", headers=head).status_code == 401


def test_logins_when_many_at_once_then_one_is_hashed_at_a_time_beside_the_event_loop(
    start_desk: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = start_desk(password=PASSWORD)
    seen: list[tuple[int, str]] = []
    running = [0]
    is_held = threading.Event()

    class Slow:
        def verify(self, _hashed: str, _password: str) -> bool:
            running[0] += 1
            seen.append((running[0], threading.current_thread().name))
            is_held.wait(30)
            running[0] -= 1
            return True

    monkeypatch.setattr(passwords, "hasher", Slow())
    assert desk.app.desk.tries is not None
    desk.app.desk.tries.take = lambda _address: 0.0  # type: ignore[method-assign]
    statuses: list[int] = []

    def log_in() -> None:
        got = httpx.post(f"{desk.url}/api/session", json={"password": PASSWORD}, trust_env=False, timeout=90)
        statuses.append(got.status_code)

    threads = [threading.Thread(target=log_in) for _ in range(MAX_WAITING + 4)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(statuses) == 4)
    assert statuses == [429] * 4, "more than a few do not even wait"
    assert desk.get("/healthz").status_code == 200, "others are answered meanwhile"
    assert len(seen) == 1
    is_held.set()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [200] * MAX_WAITING + [429] * 4
    assert {count for count, _ in seen} == {1} and len(seen) == MAX_WAITING
    assert all("worker" in name.lower() for _, name in seen), "in a thread of its own, not the loop's"


def test_secrets_when_used_every_way_then_none_is_in_a_log_or_an_answer(start_desk: START, tmp_path: Path) -> None:
    desk = start_desk(password=PASSWORD)
    desk.client.post("/api/session", json={"password": PASSWORD, "next": "/bots"})
    cookie = session_of(desk.client)
    desk.client.post("/api/session", json={"password": "wrong-and-secret"})
    head = {"cookie": f"{session_name(desk.client)}={cookie}"}
    token = desk.client.post("/api/tokens", json={"name": "t"}, headers=head).json()["token"]
    bearer = {"authorization": f"Bearer {token}"}
    desk.client.cookies.clear()
    for path in (f"/api/bots/page?token={token}", f"/api/nothing?password={PASSWORD}", f"/x?session={cookie}"):
        assert desk.client.get(path).status_code in (401, 404), "a credential in an address opens nothing"
        desk.client.get(path, headers=bearer)
    desk.app.desk.log.warning(f"a library said: Authorization: Bearer {token} and password={PASSWORD!r}")
    desk.app.desk.log.info("with a field", token=token, cookie=cookie)
    logs = "".join(path.read_text() for path in (tmp_path / "data" / "logs").iterdir())
    assert "a library said" in logs and "***" in logs
    shown = "".join(
        desk.client.get(path, headers=head).text
        for path in ("/api/logs", "/api/audit", "/api/tokens", "/api/metrics", "/metrics", "/api/session")
    )
    for secret in (PASSWORD, "wrong-and-secret", token, cookie):
        assert secret not in logs and secret not in shown, secret


def test_mutations_when_all_are_asked_for_then_each_is_in_the_audit_with_before_and_after(start_desk: START) -> None:
    desk = start_desk(password=PASSWORD)
    desk.write.cycle(3, ["orb_ny"])
    watched(desk, 1)
    assert desk.client.post("/api/session", json={"password": PASSWORD}).status_code == 200
    asked: dict[tuple[str, str], tuple[str, Any]] = {
        ("POST", "/api/tokens"): ("/api/tokens", {"name": "t", "role": "viewer"}),
        ("DELETE", "/api/tokens/{name}"): ("/api/tokens/t", None),
        ("POST", "/api/bots/{bot}/control"): ("/api/bots/orb_ny/control", {"action": "pause", "reason": "test"}),
        ("PUT", "/api/bots/{bot}/kill"): ("/api/bots/orb_ny/kill", {"reason": "test"}),
        ("DELETE", "/api/bots/{bot}/kill"): ("/api/bots/orb_ny/kill", None),
        ("PUT", "/api/bots/{bot}/rules"): ("/api/bots/orb_ny/rules", {"version": 0, "rules": {"stop_loss": 0.02}}),
        ("DELETE", "/api/bots/{bot}/rules"): ("/api/bots/orb_ny/rules?version=1", None),
        ("POST", "/api/control"): ("/api/control", {"action": "pause", "reason": "test"}),
        ("PUT", "/api/alerts"): ("/api/alerts", {"version": 0, "rules": {"r1": {"kind": "fill"}}}),
        ("POST", "/api/alerts/test"): ("/api/alerts/test", None),
        ("POST", "/api/session"): ("/api/session", {"password": PASSWORD}),
        ("DELETE", "/api/session"): ("/api/session", None),
    }
    known = {
        (method.upper(), path)
        for path, methods in desk.app.routes.openapi()["paths"].items()
        for method in methods
        if method.upper() in MUTATIONS
    }
    of_a_page = {("POST", "/api/events")}  # changes what an open page is sent, and nothing of the desk
    assert known - of_a_page == set(asked), "a change that no line here asks for"
    store = desk.app.desk.store
    assert store is not None
    for (method, template), (path, body) in asked.items():
        count = len(store.audit(1000))
        got = desk.client.request(method, path, json=body)
        assert got.status_code < 300, (method, path, got.text)
        lines = store.audit(1000)
        assert len(lines) > count, template
        newest = lines[0]
        assert newest["who"] == "admin" and newest["address"] == "127.0.0.1" and newest["at"] > 1e9
        if "session" not in template:
            assert "before" in newest or "after" in newest, template
        assert PASSWORD not in json.dumps(newest)


def test_refusals_when_they_are_many_then_the_audit_keeps_room_for_what_was_done(start_desk: START) -> None:
    desk = start_desk(password=PASSWORD)
    for _ in range(12):
        assert desk.client.post("/api/session", json={"password": "not this one"}).status_code in (401, 429)
    assert desk.app.desk.store is not None
    whats = [line["what"] for line in desk.app.desk.store.audit(100)]
    assert whats.count("login refused: wrong password") <= 6
    assert whats.count("login refused: too many tries") <= 3


def test_policy_when_pages_are_served_then_no_script_runs_that_is_not_a_file_of_the_desk(start_desk: START) -> None:
    desk = start_desk(password=PASSWORD)
    for path in ("/login", "/login.css", "/bots", "/nothing.js"):
        answer = desk.get(path)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy and "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] in ("no-referrer", "same-origin")
        assert not re.search(r"<script|<style|\bon\w+=|style=|javascript:", answer.text)
