"""Guesses of a crowd, of viewers and of neighbours: they lock no admin out, and push nothing out of the audit."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher

from aion.config import Settings
from aion.store.layout import Layout
from aion.watch.logins import LASTS_S, LoginWatch
from aion.watch.machine import Clocks
from aion.watch.watchdog import Watchdog
from aion.web.security.cookie_jar import CookieJar
from aion.web.security.lockout import GAP_S, read_lockouts
from aion.web.security.password import MAX_WAITING, hash_password
from aion.web.security.store import DeskStore
from aion.web.security.tries import ALL_TRIES, FAMILIAR_S, TRIES, TryLimit, give_device
from tests.web.conftest import RunningDesk

PASSWORD = "a sentence that nobody guesses"
START = Callable[..., RunningDesk]
Limits = tuple[list[float], TryLimit, TryLimit, DeskStore]


@pytest.fixture
def limits(tmp_path: Path) -> Iterator[Limits]:
    """A clock, the limits of two workers that go by it, and a store."""
    now = [1_000_000.0]
    stores = [DeskStore(tmp_path / "desk.sqlite", lambda: now[0]) for _ in range(2)]
    yield now, TryLimit(stores[0], lambda: now[0]), TryLimit(stores[1], lambda: now[0]), stores[0]
    for store in stores:
        store.close()


def crowd(limit: TryLimit, tries: int = 4 * ALL_TRIES, first: int = 0) -> None:
    """Guess from everywhere."""
    for number in range(first, first + tries):
        limit.take(f"10.{number % 200}.{number // 200}.1")


def test_crowd_when_it_guesses_for_ever_then_an_address_that_logged_in_before_gets_in(limits: Limits) -> None:
    now, limit, other, _ = limits
    limit.take("192.0.2.7")
    limit.forgive("192.0.2.7", "admin")
    for _ in range(50):
        crowd(limit)
        assert other.take("198.51.100.1") > 0, "a stranger waits"
        now[0] += 60.0
        crowd(limit)
        assert other.take("192.0.2.7") == 0
        other.forgive("192.0.2.7", "admin")


def test_crowd_of_one_network_when_it_guesses_then_the_network_counts_as_one(limits: Limits) -> None:
    _, limit, other, _ = limits
    for number in range(100):
        limit.take(f"2001:db8:0:1::{number:x}")
    assert limit.take("2001:db8:0:1:ffff::1") > 0 == other.take("2001:db8:0:2::1")


def test_neighbour_behind_one_address_when_it_guesses_then_the_browser_that_logged_in_gets_in(
    limits: Limits,
) -> None:
    now, limit, other, store = limits
    identity = store.identify(store.open_session("admin", "192.0.2.7"))
    assert identity is not None
    device = give_device(store, identity)
    assert device == give_device(store, identity), "a session has one, however often it asks"
    limit.forgive("192.0.2.7", "admin")
    for _ in range(20):
        while limit.take("192.0.2.7") == 0:
            continue
        assert other.take("192.0.2.7", device) == 0
        other.forgive("192.0.2.7", "admin", device)
        assert other.take("192.0.2.7") > 0, "and the guesses do not profit from it"
        now[0] += 10.0


def test_browser_that_logged_in_when_it_guesses_itself_then_it_has_no_more_tries_than_others(limits: Limits) -> None:
    _, limit, other, store = limits
    identity = store.identify(store.open_session("viewer", "192.0.2.7"))
    assert identity is not None
    device = give_device(store, identity)
    assert sum((limit, other)[n % 2].take(f"10.0.{n}.1", device) == 0 for n in range(50)) == TRIES
    assert limit.take("10.1.0.1", "made up") == 0 < ALL_TRIES, "one that is made up says nothing"
    with sqlite3.connect(store.path) as found:
        assert device not in str(found.execute("select * from familiar").fetchall()), "kept as a hash"
    found.close()


def test_viewers_when_they_guess_from_wherever_they_logged_in_then_no_admin_waits(limits: Limits) -> None:
    now, limit, other, _ = limits
    for number in range(300):  # whoever has a /48 has 65,536 of these
        assert limit.take(f"2001:db8:{number:x}::1") == 0
        limit.forgive(f"2001:db8:{number:x}::1", "viewer")
    other.forgive("192.0.2.7", "admin")
    tried = sum(limit.take(f"2001:db8:{number:x}::1") == 0 for number in range(300))
    assert tried == ALL_TRIES, "all viewers together"
    assert other.take("192.0.2.7") == 0 == other.take("198.51.100.1"), "neither admins nor strangers"
    assert now[0] == 1_000_000.0


def test_crowd_when_its_logins_are_right_then_nobody_waits(limits: Limits) -> None:
    _, limit, other, _ = limits
    for number in range(3 * ALL_TRIES):
        assert limit.take(f"10.0.{number}.1") == 0
        limit.forgive(f"10.0.{number}.1", "viewer")
    assert other.take("198.51.100.1") == 0


def test_familiar_when_the_password_is_new_or_long_ago_then_it_is_a_stranger(limits: Limits) -> None:
    now, limit, _, store = limits
    limit.forgive("192.0.2.7", "admin")
    limit.forgive("192.0.2.8", "viewer")
    assert limit.role_of("192.0.2.7") == "admin"
    store.set_password("admin", hash_password(PASSWORD), "command", "test")
    assert limit.role_of("192.0.2.7") is None and limit.role_of("192.0.2.8") == "viewer"
    now[0] += FAMILIAR_S
    assert limit.role_of("192.0.2.8") is None


def test_familiar_when_viewers_are_many_then_no_admin_is_forgotten(
    limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aion.web.security.tries.MAX_FAMILIAR", 3)
    now, limit, _, _ = limits
    limit.forgive("192.0.2.7", "admin")
    for number in range(9):
        now[0] += 1
        limit.forgive(f"10.0.{number}.1", "viewer")
    limit.forgive("192.0.2.7", "viewer")
    assert limit.role_of("192.0.2.7") == "admin"
    assert [limit.role_of(f"10.0.{number}.1") for number in range(9)] == [None] * 6 + ["viewer"] * 3


def test_page_when_a_session_opens_it_then_the_browser_is_known_at_its_next_login(start_desk: START) -> None:
    desk = start_desk(password=PASSWORD)
    store, tries = desk.app.desk.store, desk.app.desk.tries
    assert store is not None and tries is not None
    desk.client.post("/api/session", json={"password": PASSWORD})
    desk.client.get("/bots")
    device = desk.client.cookies[CookieJar(store.desk_id).device]
    assert "set-cookie" not in desk.client.get("/bots").headers
    assert tries.role_of("203.0.113.9", device) == "admin"
    desk.client.delete("/api/session")
    assert desk.client.cookies[CookieJar(store.desk_id).device] == device
    while tries.take("127.0.0.1") == 0:
        continue
    assert httpx.post(f"{desk.url}/api/session", json={"password": PASSWORD}, trust_env=False).status_code == 429
    assert desk.client.post("/api/session", json={"password": PASSWORD}).status_code == 200


def test_admin_when_all_places_of_strangers_are_taken_then_its_login_is_looked_at(
    start_desk: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aion.web.security import password as passwords

    desk = start_desk(password=PASSWORD)
    assert desk.client.post("/api/session", json={"password": PASSWORD}).status_code == 200
    for _ in range(MAX_WAITING):
        assert passwords.waiting_strangers.acquire(blocking=False)
    try:
        assert desk.client.post("/api/session", json={"password": PASSWORD}).status_code == 200
        outside = {"x-forwarded-for": "203.0.113.7"}
        for _ in range(TRIES + 2):
            answer = httpx.post(
                f"{desk.url}/api/session", json={"password": PASSWORD}, headers=outside, trust_env=False
            )
            assert answer.status_code == 429 and answer.json()["error"] == "Busy", "and the try is given back"
    finally:
        for _ in range(MAX_WAITING):
            passwords.waiting_strangers.release()


def test_admin_when_passwords_of_strangers_are_looked_at_then_its_own_does_not_wait_behind_them(
    start_desk: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aion.web.security import password as passwords

    desk = start_desk(password=PASSWORD)
    assert desk.client.post("/api/session", json={"password": PASSWORD}).status_code == 200
    is_looking, may_end = threading.Event(), threading.Event()
    hasher = PasswordHasher()

    class Slow(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
            if password == "of a stranger":
                is_looking.set()
                assert may_end.wait(60)
            return bool(hasher.verify(hash, password))

    monkeypatch.setattr(passwords, "hasher", Slow())
    stranger = threading.Thread(
        target=httpx.post,
        args=(f"{desk.url}/api/session",),
        kwargs={
            "json": {"password": "of a stranger"}, "headers": {"x-forwarded-for": "203.0.113.7"},
            "trust_env": False, "timeout": 60,
        },
    )  # fmt: skip
    stranger.start()
    try:
        assert is_looking.wait(60)
        assert desk.client.post("/api/session", json={"password": PASSWORD}, timeout=30).status_code == 200
    finally:
        may_end.set()
        stranger.join(60)


def test_audit_when_viewers_log_in_and_out_for_ever_then_what_others_did_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aion.web.security.store.MAX_VISITS", 4)
    monkeypatch.setattr("aion.web.security.store.MAX_AUDIT", 12)
    store = DeskStore(tmp_path / "desk.sqlite")
    store.record("admin", "127.0.0.1", "kill switch thrown")
    store.open_session("admin", "127.0.0.1")
    for number in range(20):
        identity = store.identify(store.open_session("viewer", "10.0.0.1"))
        assert identity is not None
        store.end_session(identity, "10.0.0.1", everywhere=number % 2 == 0)
    lines = [(line["who"], line["what"]) for line in store.audit(50)]
    assert lines[-2:] == [("admin", "login"), ("admin", "kill switch thrown")]
    assert len(lines) == 2 + 4 and {who for who, _ in lines[:4]} == {"viewer"}
    store.close()


def test_lockout_when_it_lasts_then_the_watchdog_says_so_until_it_is_over(limits: Limits, tmp_path: Path) -> None:
    now, limit, other, store = limits
    watch = LoginWatch(store.path)
    crowd(limit)
    assert [each.name for each in read_lockouts(store.path, now[0])] == [""]
    assert list(watch.look(now[0])) == [], "one moment is none"
    for second in range(1, int(LASTS_S) + 6):
        now[0] += 1.0
        crowd(other, 5, 1000 * second)
        crowd(limit, 5, 2000 * second)
    found = list(watch.look(now[0]))
    assert [(each.key, each.kind, each.level) for each in found] == [("login.all", "login", "warning")]
    assert "aion token make" in found[0].text and "10." not in found[0].text, "addresses are not for viewers"
    clocks = Clocks(wall=lambda: now[0], steady=lambda: now[0], through_sleep=lambda: now[0])
    said: list[str] = []
    dog = Watchdog(
        Settings(data=tmp_path), Layout(tmp_path), dict, lambda _level, text: said.append(text), clocks=clocks
    )
    dog.look()
    assert any("logins of everybody who has not logged in before" in text for text in said)
    assert "login.all" in dog.alarms
    now[0] += GAP_S + 1
    dog.look()
    assert "login.all" not in dog.alarms and list(watch.look(now[0])) == []


def test_lockout_of_one_address_when_it_lasts_then_it_is_told_apart(limits: Limits) -> None:
    now, limit, _, store = limits
    for _ in range(int(LASTS_S) + 5):
        while limit.take("10.0.0.1") == 0:
            continue
        now[0] += 1.0
    assert [each.key for each in LoginWatch(store.path).look(now[0])] == ["login.address"]


def test_lockouts_when_a_flood_comes_then_few_are_written(limits: Limits) -> None:
    now, limit, _, store = limits
    for number in range(2000):
        while limit.take(f"10.{number // 250}.{number % 250}.1") == 0:
            continue
        now[0] += 0.1
    with sqlite3.connect(store.path) as found:
        assert found.execute("select count(*) from lockout").fetchone()[0] <= 256
    found.close()


@pytest.mark.parametrize("content", [b"", b"nothing of the kind" * 500])
def test_watch_when_the_store_cannot_be_read_then_it_says_nothing(tmp_path: Path, content: bytes) -> None:
    assert list(LoginWatch(tmp_path / "desk.sqlite").look(1.0)) == []
    (tmp_path / "desk.sqlite").write_bytes(content)
    assert list(LoginWatch(tmp_path / "desk.sqlite").look(1.0)) == []
