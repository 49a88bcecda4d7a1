"""Passwords, sessions, tokens and roles, over HTTP on a real desk."""

import re
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from html import unescape
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher

from aion.config import Settings, load
from aion.errors import ConfigError, NotFoundError
from aion.store.layout import Layout
from aion.web.security import check_host, command
from aion.web.security import password as passwords
from aion.web.security.password import hash_password, is_password
from aion.web.security.store import ROTATE_S, DeskStore, DeskStoreError, hash_key
from aion.web.security.tries import ALL_TRIES, FULL_S, TRIES, TryLimit
from tests.web.conftest import RunningDesk, session_name, session_of

PASSWORD = "a sentence that nobody guesses"
START = Callable[..., RunningDesk]


@pytest.fixture
def locked(start_desk: START) -> RunningDesk:
    """A desk with a password for admins and one for viewers."""
    desk = start_desk(password=PASSWORD)
    assert desk.app.desk.store is not None
    desk.app.desk.store.set_password("viewer", hash_password(PASSWORD + "!"), "command", "test")
    return desk


@pytest.fixture
def browser(locked: RunningDesk) -> Iterator[httpx.Client]:
    """A client that has logged in as admin."""
    with httpx.Client(base_url=locked.url, timeout=60, trust_env=False) as client:
        answer = client.post("/api/session", json={"password": PASSWORD})
        assert answer.status_code == 200 and answer.json()["role"] == "admin"
        yield client


def test_data_when_nobody_is_known_then_401_and_pages_lead_to_the_login(locked: RunningDesk) -> None:
    for path in ("/api/bots/page", "/api/backend/bots/page", "/api/events/bots", "/events/bots", "/metrics"):
        answer = locked.get(path)
        assert answer.status_code == 401 and answer.json()["error"] == "LoginNeeded", path
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert locked.get("/healthz").status_code == 200
    page = locked.get("/system")
    assert page.status_code == 303 and page.headers["location"] == "/login?next=/system"
    form = locked.get("/login?next=//evil.example/x")
    assert form.status_code == 200 and 'value="/bots"' in form.text and "<script" not in form.text


def test_login_when_right_then_a_strict_cookie_opens_everything(browser: httpx.Client) -> None:
    cookie = session_of(browser)
    assert cookie and len(cookie) >= 43
    assert browser.get("/api/bots/page").status_code == 200
    assert browser.get("/api/session").json()["who"] == "admin"
    lines = browser.get("/api/audit").json()["lines"]
    assert lines[0]["what"] == "login" and lines[0]["address"] == "127.0.0.1"


def test_login_form_when_right_then_it_leads_to_the_page_asked_for(locked: RunningDesk) -> None:
    answer = locked.client.post("/api/session", data={"password": PASSWORD, "next": "/logs"})
    assert answer.status_code == 303 and answer.headers["location"] == "/logs"
    header = answer.headers["set-cookie"]
    assert "HttpOnly" in header and "SameSite=Strict" in header and "Path=/" in header
    wrong = locked.client.post("/api/session", data={"password": "no", "next": "/logs"})
    assert wrong.status_code == 303 and "why=wrong" in wrong.headers["location"]


@pytest.mark.parametrize("base", ["", "/aion"])
def test_deep_link_when_nobody_is_logged_in_then_the_login_leads_to_it_with_its_query(
    start_desk: START, base: str
) -> None:
    desk = start_desk(password=PASSWORD, base_path=base)
    long = desk.client.get(f"{base}/logs?text={'x' * 5000}").headers["location"]
    assert long == f"{base}/login?next=/logs", "what is too long to lead back to costs the query alone"
    asked = f"{base}/logs?level=warning&text=a%26b%3Fc+d"
    led = desk.client.get(asked)
    assert led.status_code == 303
    form = desk.client.get(led.headers["location"]).text
    fields = re.search(r'name="next" value="([^"]*)"', form)
    assert fields
    answer = desk.client.post(f"{base}/api/session", data={"password": PASSWORD, "next": unescape(fields[1])})
    assert answer.headers["location"] == asked


def freeze(*desks: RunningDesk) -> None:
    """Let no try come back, however slow the machine."""
    for desk in desks:
        assert desk.app.desk.store is not None
        desk.app.desk.tries = TryLimit(desk.app.desk.store, lambda: 1000.0)


def test_login_when_wrong_too_often_then_429_even_for_the_right_one(locked: RunningDesk) -> None:
    freeze(locked)
    for _ in range(TRIES):
        assert locked.client.post("/api/session", json={"password": "not this one"}).status_code == 401
    answer = locked.client.post("/api/session", json={"password": PASSWORD})
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1
    assert locked.client.post("/api/session", content=b"x" * 9000).status_code == 400


def test_tries_when_there_are_two_workers_then_they_count_together(start_desk: START) -> None:
    first, second = workers = start_desk(password=PASSWORD), start_desk(password=PASSWORD)
    freeze(*workers)
    wrong = {"password": "not this one"}
    for number in range(TRIES - 1):
        assert workers[number % 2].client.post("/api/session", json=wrong).status_code == 401
    assert first.client.post("/api/session", json={"password": PASSWORD}).status_code == 200, "and all are given back"
    first.client.cookies.clear()
    for number in range(TRIES):
        assert workers[number % 2].client.post("/api/session", json=wrong).status_code == 401
    for desk in (first, second, first):
        assert desk.client.post("/api/session", json={"password": PASSWORD}).status_code == 429


@pytest.fixture
def limits(tmp_path: Path) -> Iterator[tuple[list[float], TryLimit, TryLimit]]:
    """A clock, and the limits of two workers that go by it."""
    now = [1_000_000.0]
    stores = [DeskStore(tmp_path / "desk.sqlite") for _ in range(2)]
    first, second = (TryLimit(store, lambda: now[0]) for store in stores)
    yield now, first, second
    for store in stores:
        store.close()


def test_tries_when_many_addresses_then_all_together_are_limited_too(
    limits: tuple[list[float], TryLimit, TryLimit],
) -> None:
    now, limit, other = limits
    assert all((limit, other)[n % 2].take(f"10.0.{n}.1") == 0 for n in range(ALL_TRIES))
    assert limit.take("10.9.9.9") > 0 and other.take("10.9.9.9") > 0
    now[0] += 10.0
    assert limit.take("10.9.9.9") == 0
    assert [other.take("2001:db8::1") for _ in range(TRIES)] == [0.0] * TRIES
    assert limit.take("2001:db8::2") > 0, "one network, one bucket"
    assert [limit.is_news("2001:db8::2"), limit.is_news("2001:db8::1")] == [True, False]


def test_tries_when_a_viewer_logs_in_then_it_gets_no_more_tries_of_the_admins_password(
    limits: tuple[list[float], TryLimit, TryLimit],
) -> None:
    _, limit, other = limits
    for _ in range(TRIES - 1):
        assert limit.take("10.0.0.1") == 0  # a guess
    for _ in range(3):
        assert other.take("10.0.0.1") == 0  # its own password, and that one it knows
        other.forgive("10.0.0.1", "viewer")
    assert limit.take("10.0.0.1") == 0 < limit.take("10.0.0.1")
    limit.forgive("10.0.0.1", "admin")
    assert [other.take("10.0.0.1") for _ in range(TRIES)] == [0.0] * TRIES


def test_audit_when_somebody_guesses_for_ever_then_what_others_did_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aion.web.security.store.MAX_REFUSALS", 3)
    monkeypatch.setattr("aion.web.security.store.MAX_AUDIT", 5)
    store = DeskStore(tmp_path / "desk.sqlite")
    store.record("admin", "127.0.0.1", "kill switch thrown")
    for _ in range(9):
        store.record_refusal("10.0.0.1", "wrong password")
    assert [line["what"] for line in store.audit(10)] == ["login refused: wrong password"] * 3 + [
        "kill switch thrown"
    ]
    for number in range(9):
        store.record("admin", "127.0.0.1", f"change {number}")
    assert [line["what"] for line in store.audit(10)] == [f"change {number}" for number in range(8, 3, -1)]
    store.close()


def test_sessions_when_a_viewer_opens_too_many_then_none_of_the_admins_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aion.web.security.store.MAX_SESSIONS", 3)
    now = [1_000_000.0]
    store = DeskStore(tmp_path / "desk.sqlite", lambda: now[0])
    admin = store.open_session("admin", "127.0.0.1")
    viewers = []
    for _ in range(5):
        now[0] += 1
        viewers.append(store.open_session("viewer", "10.0.0.1"))
    assert store.identify(admin) is not None
    assert [store.identify(each) is not None for each in viewers] == [False, False, True, True, True]
    store.close()


def test_tries_when_they_are_full_again_then_they_are_forgotten_and_no_refusal_is_written(
    limits: tuple[list[float], TryLimit, TryLimit], tmp_path: Path
) -> None:
    now, limit, _ = limits
    for number in range(30):
        assert limit.take(f"10.0.{number}.1") == 0
    now[0] += FULL_S
    while limit.take("10.0.0.1") == 0:
        continue
    with sqlite3.connect(tmp_path / "desk.sqlite") as found:
        assert dict(found.execute("select name, left from tried")) == {"": ALL_TRIES - TRIES, "10.0.0.1": 0}
        seen = found.execute("pragma data_version").fetchone()
        assert limit.take("10.0.0.1") > 0
        assert found.execute("pragma data_version").fetchone() == seen
    found.close()


def test_tries_when_the_clock_goes_back_then_nobody_waits_for_it(
    limits: tuple[list[float], TryLimit, TryLimit],
) -> None:
    now, limit, _ = limits
    while limit.take("10.0.0.1") == 0:
        continue
    now[0] -= 86_400
    assert 0 < limit.take("10.0.0.1") <= 10.0, "nor gets anything for it"
    now[0] += 10.0
    assert limit.take("10.0.0.1") == 0 < limit.take("10.0.0.1")


def test_viewer_when_it_asks_for_more_then_403(locked: RunningDesk) -> None:
    with httpx.Client(base_url=locked.url, timeout=60, trust_env=False) as client:
        assert client.post("/api/session", json={"password": PASSWORD + "!"}).json()["role"] == "viewer"
        assert client.get("/api/bots/page").status_code == 200
        for path in (
            "/api/logs",
            "/api/audit",
            "/api/tokens",
            "/api/events/admin/logs",
            "/api/events?topics=bots,logs",
        ):
            assert client.get(path).status_code == 403, path
        assert client.post("/api/tokens", json={"name": "mine", "role": "admin"}).status_code == 403


def test_token_when_made_then_it_opens_until_it_is_revoked(browser: httpx.Client, locked: RunningDesk) -> None:
    made = browser.post("/api/tokens", json={"name": "script", "role": "viewer", "days": 1})
    token = made.json()["token"]
    head = {"authorization": f"Bearer {token}"}
    assert locked.get("/api/bots/page", headers=head).status_code == 200
    assert locked.get("/api/audit", headers=head).status_code == 403
    gone = locked.client.delete("/api/session?everywhere=true", headers=head)
    assert gone.status_code == 409 and "no session" in gone.json()["detail"]
    assert browser.get("/api/bots/page").status_code == 200, "it logs nobody out"
    listed = browser.get("/api/tokens")
    assert set(listed.json()["tokens"]) == {"script"} and token not in listed.text
    assert browser.post("/api/tokens", json={"name": "script"}).status_code == 503, "the name is taken"
    assert browser.post("/api/tokens", json={"name": "../x"}).status_code == 400
    assert browser.delete("/api/tokens/script").json()["tokens"] == {}
    assert locked.get("/api/bots/page", headers=head).status_code == 401
    assert browser.delete("/api/tokens/script").status_code == 404


def test_logout_when_a_stream_is_open_then_it_says_bye(browser: httpx.Client, locked: RunningDesk) -> None:
    with browser.stream("GET", "/api/events/bots", headers={"accept-encoding": "identity"}) as stream:
        parts = stream.iter_text()
        assert "event: hello" in next(parts)
        with httpx.Client(base_url=locked.url, cookies=browser.cookies, trust_env=False) as other:
            gone = other.delete("/api/session", params={"everywhere": "true"})
            assert gone.status_code == 200 and "storage" in gone.headers["clear-site-data"]
        assert "event: bye" in "".join(parts), "and the stream ends"
    assert browser.get("/api/bots/page").status_code == 401


def test_another_site_when_it_asks_for_a_change_then_it_is_refused(browser: httpx.Client) -> None:
    answer = browser.delete("/api/session", headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert browser.get("/api/bots/page").status_code == 200


def test_old_session_when_a_page_is_opened_then_it_gets_another_id(tmp_path: Path) -> None:
    now = [1_000_000.0]
    store = DeskStore(tmp_path / "desk.sqlite", lambda: now[0])
    key = store.open_session("admin", "127.0.0.1")
    now[0] += ROTATE_S + 1
    identity = store.identify(key)
    assert identity is not None and store.now_s() - identity.created_at > ROTATE_S
    renewed = store.rotate_session(identity, "127.0.0.1")
    assert store.identify(key) is not None, "requests under way still work"
    now[0] += 61
    assert store.identify(key) is None
    later = store.identify(renewed)
    assert later is not None and later.ends_at == identity.ends_at, "renewing does not prolong"
    store.close()


def test_old_session_when_two_pages_are_opened_at_once_then_it_gets_one_other_id(
    browser: httpx.Client, locked: RunningDesk
) -> None:
    store = locked.app.desk.store
    assert store is not None
    was, now = session_of(browser), store.now_s()
    store.now_s = lambda: now + ROTATE_S + 1
    first = browser.get("/bots")
    assert was not in first.headers["set-cookie"]
    second = httpx.get(f"{locked.url}/bots", cookies={session_name(browser): was}, trust_env=False)
    assert second.status_code != 303 and "set-cookie" not in second.headers, "it would end in a minute"
    store.now_s = lambda: now + ROTATE_S + 62
    assert browser.get("/api/session").json()["who"] == "admin"


def test_old_session_when_it_ends_while_a_page_is_opened_then_it_does_not_come_back(tmp_path: Path) -> None:
    store = DeskStore(tmp_path / "desk.sqlite")
    store.set_password("admin", hash_password(PASSWORD), "command", "test")
    identity = store.identify(store.open_session("admin", "::1"))
    assert identity is not None
    store.end_session(identity, "::1", everywhere=True)
    assert store.rotate_session(identity, "::1") == ""
    assert store.identify_hash(identity.key) is None
    store.close()


def test_store_when_read_then_no_secret_is_in_it(tmp_path: Path) -> None:
    store = DeskStore(tmp_path / "desk.sqlite")
    store.set_password("admin", hash_password(PASSWORD), "command", "test")
    key, token = store.open_session("admin", "::1"), store.make_token("t", "viewer", 1, "test", "")
    store.close()
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert hash_key(key).encode() in raw
    for secret in (PASSWORD, key, token):
        assert secret.encode() not in raw
    assert stat.S_IMODE((tmp_path / "desk.sqlite").stat().st_mode) == 0o600


def test_store_when_broken_or_newer_then_nobody_is_let_in_on_a_guess(tmp_path: Path) -> None:
    path = tmp_path / "desk.sqlite"
    path.write_bytes(b"nothing of the kind, and long enough to be looked at" * 40)
    with pytest.raises(DeskStoreError, match=re.escape(str(path))):
        command.open_store(Settings(data=tmp_path))
    path.unlink()
    DeskStore(path).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("pragma user_version = 99")
    with pytest.raises(DeskStoreError, match="newer version"):
        DeskStore(path)


def test_password_when_from_the_environment_then_it_goes_with_it(tmp_path: Path) -> None:
    given = load(environment={"AION_PASSWORD": PASSWORD, "AION_DATA": str(tmp_path)})
    store = command.open_store(given)
    assert store is not None and store.has_password
    store.close()
    assert "password" not in repr(given.password)
    assert PASSWORD not in repr(given)
    store = command.open_store(Settings(data=tmp_path))
    assert store is not None and not store.has_password
    store.close()
    with pytest.raises(ConfigError, match="10 to"):
        command.open_store(Settings(data=tmp_path, password="short"))
    (tmp_path / "aion.toml").write_text(f'password = "{PASSWORD}"')
    with pytest.raises(ConfigError, match="does not belong in a file") as refused:
        load(tmp_path / "aion.toml", environment={})
    assert PASSWORD not in str(refused.value)


def test_commands_when_used_then_each_answers_in_a_sentence(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    assert "is set" in command.set_password(settings, "admin", PASSWORD)
    token = command.make_token(settings, "script", "viewer", 30)
    assert token.startswith("aion_") and command.token_lines(settings)[0].startswith("script  viewer  ends 20")
    assert "revoked" in command.revoke_token(settings, "script")
    assert "answers this machine only" in command.remove_password(settings, "admin")
    with pytest.raises(ConfigError, match="no role"):
        command.set_password(settings, "root", PASSWORD)
    with pytest.raises(ConfigError, match="3650"):
        command.make_token(settings, "script", "viewer", 0)
    assert Layout(tmp_path).desk.exists()


def test_audit_when_the_command_line_is_used_then_it_says_who_did_what_with_before_and_after(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    command.set_password(settings, "viewer", PASSWORD)
    command.set_password(settings, "viewer", PASSWORD + "?")
    command.make_token(settings, "script", "viewer", 1)
    command.revoke_token(settings, "script")
    store = DeskStore(Layout(tmp_path).desk)
    identity = store.identify(next(iter([store.open_session("viewer", "::1") for _ in range(3)])))
    assert identity is not None
    store.end_session(identity, "::1", everywhere=True)
    command.remove_password(settings, "viewer")
    for role in ("viewer", "admin"):
        with pytest.raises(NotFoundError, match=f"{role} has no password"):
            command.remove_password(settings, role)
    lines = [each for each in reversed(store.audit(50)) if each["what"] != "login"]
    store.close()
    kept = {"role": "viewer", "source": "command"}
    found = [(each["what"], each.get("before"), each.get("after")) for each in lines]
    token = found[2][2]
    assert found == [
        ("password set", None, kept),
        ("password set", kept, kept),
        ("token made", None, token),
        ("token revoked", token, None),
        ("logout everywhere", {"sessions": 3}, {"sessions": 0}),
        ("password removed", kept, None),
    ]
    by_hand = {each["who"] for each in lines if each["what"] != "logout everywhere"}
    assert by_hand == {command.who()} and len(command.who()) > len("command line, ")
    assert all(each["at"] > 0 for each in lines)


def test_password_hash_when_checked_then_only_that_password_fits(
    real_hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "hasher", real_hasher)
    hashed = hash_password(PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$"), "64 MB and three rounds a try"
    assert hash_password(PASSWORD) != hashed
    assert is_password(PASSWORD, hashed) and not is_password(PASSWORD + " ", hashed)
    assert not is_password("x" * 5000, hashed) and not is_password(PASSWORD, "not a hash")


def test_host_when_others_could_reach_it_then_only_with_a_password() -> None:
    check_host("0.0.0.0", has_password=True)
    check_host("127.0.0.2", has_password=False)
    with pytest.raises(ConfigError, match=r"AION_HOST=0\.0\.0\.0 .*no password"):
        check_host("0.0.0.0", has_password=False)


def test_open_desk_when_asked_by_address_or_name_then_only_its_own(start_desk: START) -> None:
    desk = start_desk(password=PASSWORD, host="0.0.0.0", hosts=("desk.example",))
    for host, status in (("192.0.2.7:3000", 200), ("desk.example", 200), ("evil.example", 421)):
        answer = desk.get("/healthz", headers={"host": host})
        assert (answer.status_code == 200) == (status == 200), (host, answer.status_code)


def test_desk_when_its_password_is_taken_away_then_only_its_own_machine_is_let_in(start_desk: START) -> None:
    desk = start_desk(password=PASSWORD)
    store = desk.app.desk.store
    assert store is not None
    token = store.make_token("script", "viewer", 1, "test", "")
    outside = {"x-forwarded-for": "203.0.113.7"}
    asked = {**outside, "authorization": f"Bearer {token}"}
    assert desk.client.get("/api/bots/page").status_code == 401
    assert desk.client.get("/api/session", headers=asked).status_code == 200
    store.drop_password("admin", "test")
    for path in ("/api/bots/page", "/api/events/bots", "/api/audit", "/metrics", "/api/session"):
        refused = desk.client.get(path, headers=outside)
        assert refused.status_code == 401, path
    assert "own machine only" in desk.client.get("/api/audit", headers=outside).json()["detail"]
    page = desk.client.get("/bots", headers=outside)
    assert page.status_code == 403 and "aion password set" in page.json()["detail"]
    assert desk.client.post("/api/tokens", headers=outside, json={"name": "mine", "role": "admin"}).status_code == 401
    assert desk.client.post("/api/session", headers=outside, json={"password": PASSWORD}).status_code == 404
    assert desk.client.get("/healthz", headers=outside).status_code == 200
    assert desk.client.get("/api/session").json()["who"] == "local"
    assert desk.client.get("/api/session", headers=asked).json()["who"] == "token:script"
    store.revoke_token("script", "test", "")
    assert desk.client.get("/api/session", headers=asked).status_code == 401


@pytest.mark.parametrize("given", ["10.0.0.1", "::2", "127.0.0.1.evil.example", "nonsense", "::ffff:10.0.0.1"])
def test_desk_without_a_password_when_a_proxy_names_somebody_else_then_nobody_is_let_in(
    start_desk: START, given: str
) -> None:
    desk = start_desk()
    assert desk.client.get("/api/session", headers={"x-forwarded-for": given}).status_code == 401
    assert desk.client.get("/api/session", headers={"x-forwarded-for": "::ffff:127.0.0.1"}).status_code == 200


def test_login_when_a_proxy_splits_the_cookies_then_the_session_is_found(
    browser: httpx.Client, locked: RunningDesk
) -> None:
    cookie = f"{session_name(browser)}={session_of(browser)}"
    with httpx.Client(base_url=locked.url, trust_env=False) as client:
        for pairs in ((cookie, "a=1"), ("a=1", cookie), ("a=1", "b=2")):
            answer = client.get("/api/bots/page", headers=[("cookie", pair) for pair in pairs])
            assert answer.status_code == (200 if cookie in pairs else 401), pairs
    assert browser.delete("/api/session").status_code < 300
    with httpx.Client(base_url=locked.url, trust_env=False) as client:
        assert client.get("/api/bots/page", headers={"cookie": cookie}).status_code == 401
