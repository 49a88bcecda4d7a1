"""A desk below a path of its host name, and two desks on one host name."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from aion.config import load
from aion.errors import ConfigError
from aion.web.security.cookie_jar import CookieJar
from tests.web.conftest import RunningDesk, running, session_name, session_of

START = Callable[..., RunningDesk]
PASSWORD = "a-long-enough-password"
HTML = """<!doctype html>
<html lang="en">
<link rel="icon" href="/icon.svg" />
<script src="/theme.js" data-screens="bot /assets/b.js, logs /assets/l.js"></script>
<noscript>The same as JSON: /api/bots/page</noscript>
</html>
"""


@pytest.fixture
def below(start_desk: START, tmp_path: Path) -> RunningDesk:
    """A desk with a password below `/aion`, with a page."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "index.html").write_text(HTML)
    return start_desk(base_path="/aion", password=PASSWORD)


def test_routes_when_the_prefix_is_left_or_stripped_then_both_answer(start_desk: START) -> None:
    desk = start_desk(base_path="/aion")
    for path in ("/healthz", "/api/bots/page", "/api/backend/bots/page", "/metrics", "/api/logs"):
        assert desk.get(path).status_code == desk.get(f"/aion{path}").status_code == 200, path
    with desk.client.stream("GET", "/aion/events/bots") as stream:
        assert next(stream.iter_lines()) == "event: hello"
    for path in ("/aionx/healthz", "/x/aion/healthz", "/aion/aion/healthz", "/AION/healthz"):
        assert desk.get(path).status_code == 404, path
    for path in ("/", "/aion", "/aion/"):
        answer = desk.get(path)
        assert (answer.status_code, answer.headers["location"]) == (307, "/aion/bots"), path


def test_page_when_below_a_path_then_every_address_in_it_is(below: RunningDesk) -> None:
    below.client.post("/aion/api/session", json={"password": PASSWORD})
    head = {
        "cookie": f"{session_name(below.client)}={session_of(below.client)}"
    }  # a browser asks the proxy below /aion
    for path in ("/aion/bots", "/bots", "/aion/bots/some-bot"):
        text = below.get(path, headers=head).text
        assert '<html lang="en" data-build="' in text and 'data-base="/aion"' in text
        assert 'href="/aion/icon.svg" />' in text and 'src="/aion/theme.js"' in text
        assert 'data-screens="bot /aion/assets/b.js, logs /aion/assets/l.js"' in text
        assert "</html>" in text and "/aion/api/bots/page</noscript>" in text
    assert "/aion/aion" not in text


def test_login_when_below_a_path_then_it_never_leaves_it(below: RunningDesk) -> None:
    with httpx.Client(base_url=below.url, trust_env=False, timeout=60) as client:
        for path in ("/aion/logs", "/logs"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, "/aion/login?next=/logs")
            assert answer.headers["content-length"] == "0"
        form = client.get("/aion/login?next=/logs").text
        assert 'action="/aion/api/session"' in form and 'href="/aion/login.css"' in form
        assert client.get("/aion/login.css").status_code == 200
        wrong = client.post("/aion/api/session", data={"password": "not this one", "next": "/logs"})
        assert wrong.headers["location"] == "/aion/login?why=wrong&next=/logs"
        for after in ("/logs", "/aion/logs"):
            right = client.post("/aion/api/session", data={"password": PASSWORD, "next": after})
            assert right.headers["location"] == "/aion/logs"
        evil = client.post("/aion/api/session", data={"password": PASSWORD, "next": "/aion//evil.example"})
        assert evil.headers["location"] == "/aion/bots"
        cookie = right.headers["set-cookie"]
        assert "; Path=/aion;" in cookie and cookie.startswith("aion_session_")
        gone = client.delete("/aion/api/session")
        assert "clear-site-data" not in gone.headers, "the storage is that of every desk of the origin"
        assert "Max-Age=0; Path=/aion;" in gone.headers["set-cookie"]


def test_cookies_when_two_desks_share_a_host_name_then_each_keeps_its_login(tmp_path: Path) -> None:
    from aion.config import Settings

    settings = [Settings(data=tmp_path / name / "data", password=PASSWORD) for name in ("one", "two")]
    for each in settings:
        each.data.mkdir(parents=True)
    with (
        running(settings[0], tmp_path / "static") as one,
        running(settings[1], tmp_path / "static") as two,
        httpx.Client(trust_env=False, timeout=60) as browser,  # as a browser, it knows hosts and no ports
    ):
        for desk in (one, two):
            assert browser.post(f"{desk.url}/api/session", json={"password": PASSWORD}).status_code == 200
        assert len([name for name in browser.cookies if name.startswith("aion_session_")]) == 2
        for desk in (one, two, one):
            assert browser.get(f"{desk.url}/api/bots/page").status_code == 200
        answer = browser.delete(f"{one.url}/api/session")
        assert answer.headers["clear-site-data"] == '"cache", "storage"'
        assert browser.get(f"{one.url}/api/bots/page").status_code == 401
        assert browser.get(f"{two.url}/api/bots/page").status_code == 200


def test_session_when_a_desk_is_started_again_elsewhere_then_the_cookie_has_the_same_name(
    start_desk: START,
) -> None:
    first, second = start_desk(password=PASSWORD), start_desk(password=PASSWORD)
    names = []
    for desk in (first, second):
        desk.client.post("/api/session", json={"password": PASSWORD})
        names.append(session_name(desk.client))
    assert names[0] == names[1]


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("", ""),
        ("/", ""),
        ("aion", "/aion"),
        ("/aion/", "/aion"),
        ("/desks/paper-1", "/desks/paper-1"),
        (" /a ", "/a"),
    ],
)
def test_base_path_when_it_can_work_then_it_has_one_form(given: str, base: str) -> None:
    assert load(environment={"AION_BASE_PATH": given}).base_path == base
    assert CookieJar("id", base).path == (base or "/")


@pytest.mark.parametrize(
    "given",
    [
        "/bots", "/api/aion", "/a b", "//evil.example", "/a//b", "/../x", "/./x", "/a/../b", "/é", "/a;b", '/a"b',
        "/a?b", "http://x/a", "/a%2fb", "/" + "a" * 65, "/a" * 9,
    ],
)  # fmt: skip
def test_base_path_when_it_cannot_work_then_it_is_refused_by_name(given: str) -> None:
    with pytest.raises(ConfigError, match=r"AION_BASE_PATH: base_path = .* cannot work"):
        load(environment={"AION_BASE_PATH": given})


def test_build_when_the_front_end_is_built_anew_then_streams_and_answers_name_it(
    start_desk: START, tmp_path: Path
) -> None:
    import json

    static = tmp_path / "static"
    static.mkdir()
    (static / "index.html").write_text(HTML)
    desk = start_desk()

    def named() -> object:
        with desk.client.stream("GET", "/events/bots") as stream:
            lines = (line for line in stream.iter_lines() if line.startswith("data: "))
            return json.loads(next(lines)[6:]).get("build")

    first = named()
    assert first and f'data-build="{first}"' in desk.get("/bots").text
    (static / "index.html").write_text(HTML.replace("b.js", "c.js"))
    assert f'data-build="{first}"' not in desk.get("/bots").text
    second = named()
    assert second not in (None, first)
    for path in ("/api/bots/page", "/api/session", "/healthz", "/api/nothing"):
        assert desk.get(path).headers["aion-build"] == second, "who only polls hears of it too"
    unchanged = desk.get("/api/bots/page", headers={"If-None-Match": desk.get("/api/bots/page").headers["etag"]})
    assert unchanged.status_code == 304 and unchanged.headers["aion-build"] == second
