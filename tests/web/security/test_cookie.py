"""Cookies of the desk: prefixes under TLS, and the key of what a browser keeps, which ends with the session."""

from collections.abc import Callable

import httpx
import pytest

from aion.web.security.cookie_jar import CookieJar
from tests.web.conftest import RunningDesk, session_of

PASSWORD = "a sentence that nobody guesses"
START = Callable[..., RunningDesk]


@pytest.fixture
def locked(start_desk: START) -> RunningDesk:
    return start_desk(password=PASSWORD, hosts=("desk.example",))


def cookies_of(desk: RunningDesk) -> CookieJar:
    assert desk.app.desk.store is not None
    return CookieJar(desk.app.desk.store.desk_id)


def jar_of(answer: httpx.Response) -> dict[str, str]:
    """Return the `Set-Cookie` headers of an answer by the cookies' names."""
    return {line.partition("=")[0]: line for line in answer.headers.get_list("set-cookie")}


def test_cookies_when_the_outer_connection_is_tls_then_no_other_host_can_plant_them(locked: RunningDesk) -> None:
    tls = {"x-forwarded-proto": "https", "host": "desk.example", "origin": "https://desk.example"}
    found = jar_of(locked.client.post("/api/session", json={"password": PASSWORD}, headers=tls))
    jar = cookies_of(locked)
    assert set(found) == {f"__Host-{jar.session}"}
    line = found[f"__Host-{jar.session}"]
    assert "; Secure" in line and "; Path=/;" in line and "Domain" not in line and "HttpOnly" in line
    value = line.partition("=")[2].partition(";")[0]
    page = {"x-forwarded-proto": "https", "host": "desk.example"}

    def status(name: str, headers: dict[str, str]) -> int:
        headers = {**headers, "cookie": f"{name}={value}"}
        return httpx.get(f"{locked.url}/api/session", headers=headers, trust_env=False).status_code

    assert status(f"__Host-{jar.session}", page) == 200
    assert status(jar.session, page) == 401, "a neighbour could have planted that one"
    assert status(f"__Host-{jar.session}", {"host": "desk.example"}) == 401
    with httpx.Client(base_url=locked.url, trust_env=False) as client:
        given = jar_of(client.get("/bots", headers={**page, "cookie": f"__Host-{jar.session}={value}"}))
    assert set(given) == {"__Host-aion_kept_", f"__Host-{jar.device}"}
    assert all("; Secure" in each and "SameSite=Strict" in each for each in given.values())
    assert "HttpOnly" not in given["__Host-aion_kept_"] and "HttpOnly" in given[f"__Host-{jar.device}"]


@pytest.mark.parametrize(
    ("scheme", "path", "name"),
    [("http", "/", "a"), ("https", "/", "__Host-a"), ("http", "/aion", "a"), ("https", "/aion", "__Secure-a")],
)
def test_name_when_a_path_or_tls_is_there_then_its_prefix_is_one_that_a_browser_takes(
    scheme: str, path: str, name: str
) -> None:
    scope = {"type": "http", "scheme": scheme, "headers": []}
    jar = CookieJar("id", "" if path == "/" else path)
    assert jar.shown_name("a", scope) == name
    line = jar.header("a", "v", scope, 60)[1].decode()
    assert line.startswith(f"{name}=v; Max-Age=60; Path={path}; HttpOnly; SameSite=Strict")
    assert line.endswith("; Secure") == (scheme == "https")


@pytest.mark.parametrize(
    ("host", "name"),
    [(b"127.0.0.1:3000", "aion_kept_3000"), (b"desk.example", "aion_kept_"), (b"[::1]:80", "aion_kept_80"),
     (b"[::1]", "aion_kept_"), (b"a:b", "aion_kept_"), (b"", "aion_kept_")],
)  # fmt: skip
def test_key_when_a_browser_has_several_desks_then_each_port_has_its_own(host: bytes, name: str) -> None:
    scope = {"type": "http", "headers": [(b"host", host)]}
    assert CookieJar("id").kept(scope) == name
    assert CookieJar("id", "/my-desk/a").kept(scope) == f"{name}_my_desk_a"


def test_key_of_what_is_kept_when_the_session_goes_on_then_it_stays_and_ends_with_it(locked: RunningDesk) -> None:
    client = locked.client
    client.post("/api/session", json={"password": PASSWORD})
    kept = f"aion_kept_{client.base_url.port}"
    first = jar_of(client.get("/bots"))[kept]
    assert len(client.cookies[kept]) == 43 and "HttpOnly" not in first and "SameSite=Strict" in first
    assert 0 < int(first.split("Max-Age=")[1].split(";")[0]) <= 7 * 86_400
    assert jar_of(client.get("/system")) == {}
    assert "Max-Age=0" in jar_of(client.post("/api/session", json={"password": PASSWORD}))[kept], "another login"
    client.get("/bots")
    gone = jar_of(client.delete("/api/session"))
    assert {name for name, line in gone.items() if "Max-Age=0" in line} == {cookies_of(locked).session, kept}


@pytest.mark.parametrize("path", ["/healthz", "/icon.svg", "/bots", "/api/bots/page", "/login", "/nothing"])
def test_session_that_ended_elsewhere_when_anything_is_asked_for_then_the_browser_forgets(
    locked: RunningDesk, path: str
) -> None:
    locked.client.post("/api/session", json={"password": PASSWORD})
    locked.client.get("/bots")
    with httpx.Client(base_url=locked.url, trust_env=False) as other:
        other.post("/api/session", json={"password": PASSWORD})
        other.delete("/api/session?everywhere=true")
    answer = locked.client.get(path)
    assert cookies_of(locked).session in jar_of(answer) and f"aion_kept_{locked.client.base_url.port}" in jar_of(
        answer
    )
    assert all("Max-Age=0" in line for line in jar_of(answer).values())
    assert answer.headers["clear-site-data"].startswith('"storage"')
    again = locked.client.get(path)
    assert jar_of(again) == {} and ("clear-site-data" in again.headers) == (path == "/login")


def test_login_when_a_dead_session_is_shown_then_the_new_one_is_set_after_the_old_one_is_taken(
    locked: RunningDesk,
) -> None:
    locked.client.post("/api/session", json={"password": PASSWORD})
    store = locked.app.desk.store
    assert store is not None
    store.drop_password("viewer", "test")
    identity = store.identify(session_of(locked.client))
    assert identity is not None
    store.end_session(identity, "", everywhere=True)
    locked.client.post("/api/session", json={"password": PASSWORD})
    assert locked.client.get("/api/bots/page").status_code == 200


def test_desk_when_its_password_is_gone_then_records_are_plain_again(locked: RunningDesk) -> None:
    locked.client.post("/api/session", json={"password": PASSWORD})
    locked.client.get("/bots")
    store = locked.app.desk.store
    assert store is not None
    store.drop_password("admin", "test")
    assert f"aion_kept_{locked.client.base_url.port}" in jar_of(locked.client.get("/bots"))
    assert jar_of(locked.client.get("/bots")) == {}
