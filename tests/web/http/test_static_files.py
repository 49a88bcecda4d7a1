"""The built front end as the desk serves it."""

import gzip
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.web.conftest import RunningDesk

HTML = b"<!doctype html><title>Aion</title><script src=/theme.js></script>"
SCRIPT = b"console.log(1);" * 200


@pytest.fixture
def desk(start_desk: Callable[..., RunningDesk], tmp_path: Path) -> RunningDesk:
    assets = tmp_path / "static/assets"
    assets.mkdir(parents=True)
    (tmp_path / "static/index.html").write_bytes(HTML)
    (tmp_path / "static/theme.js").write_bytes(b"document.documentElement.dataset.theme = 'dark'")
    (assets / "app-3f2a.js").write_bytes(SCRIPT)
    (assets / "app-3f2a.js.gz").write_bytes(gzip.compress(SCRIPT))
    (assets / "app-3f2a.js.br").write_bytes(b"packed by brotli")
    (tmp_path / "secret.txt").write_text("secret")
    return start_desk()


@pytest.mark.parametrize("path", ["/bots", "/intraday", "/logs", "/system", "/bot/orb_ny", "/bot/orb_ny/fills"])
def test_page_when_any_screen_is_asked_for_then_it_is_the_page_unkept_and_guarded(
    desk: RunningDesk, path: str
) -> None:
    answer = desk.get(path)
    assert answer.status_code == 200 and answer.content == HTML
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    again = desk.get(path, headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304 and again.content == b""


def test_page_when_the_root_is_asked_for_then_it_leads_to_the_bots(desk: RunningDesk) -> None:
    answer = desk.get("/")
    assert answer.status_code == 307 and answer.headers["location"] == "/bots"


@pytest.mark.parametrize(
    ("accept", "coding", "body"),
    [
        ("identity", None, SCRIPT),
        ("gzip", "gzip", None),
        ("gzip, br", "br", b"packed by brotli"),
        ("br;q=0, gzip;q=0", None, SCRIPT),
        ("br;q=0.5, gzip", "gzip", None),
        ("gzip;q=0.5, br;q=0.5", "br", b"packed by brotli"),
        ("gzip;q=0.001, br;q=0.000", "gzip", None),
        ("BR", "br", b"packed by brotli"),
        ("x-gzip", "gzip", None),
        ("*", "br", b"packed by brotli"),
        ("*;q=0.1, br;q=0", "gzip", None),
        ("identity, gzip;q=0.5", None, SCRIPT),
        ("br;q=2, gzip;q=x", None, SCRIPT),
        ("brotli, gzip2, zstd", None, SCRIPT),
        ("", None, SCRIPT),
        (", ;q=1, gzip ; q=0.8", "gzip", None),
    ],
)
def test_asset_when_packed_forms_are_built_then_the_best_accepted_is_sent(
    desk: RunningDesk, accept: str, coding: str | None, body: bytes | None
) -> None:
    with desk.client.stream("GET", "/assets/app-3f2a.js", headers={"accept-encoding": accept}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.status_code == 200
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Encoding" and answer.headers["accept-ranges"] == "none"
    assert "javascript" in answer.headers["content-type"]
    assert int(answer.headers["content-length"]) == len(raw)
    assert raw == body if body is not None else gzip.decompress(raw) == SCRIPT
    head = desk.client.head(desk.url + "/assets/app-3f2a.js", headers={"accept-encoding": accept})
    same = ("content-length", "content-encoding", "etag", "vary", "cache-control", "content-type")
    assert head.content == b"" and all(head.headers.get(name) == answer.headers.get(name) for name in same)


def test_asset_when_it_is_kept_in_one_coding_then_another_coding_of_it_is_another_thing(desk: RunningDesk) -> None:
    def ask(accept: str, **more: str) -> httpx.Response:
        return desk.get("/assets/app-3f2a.js", headers={"accept-encoding": accept, **more})

    url = desk.url + "/assets/app-3f2a.js"
    tags = {
        accept: desk.client.head(url, headers={"accept-encoding": accept}).headers["etag"]
        for accept in ("identity", "gzip", "br")
    }
    assert len(set(tags.values())) == 3
    again = ask("gzip", **{"if-none-match": tags["gzip"]})
    assert (
        again.status_code == 304
        and again.headers["vary"] == "Accept-Encoding"
        and again.headers["etag"] == tags["gzip"]
    )
    assert ask("identity", **{"if-none-match": tags["gzip"]}).status_code == 200


def test_asset_when_a_part_of_it_is_asked_for_then_all_of_it_is_sent(desk: RunningDesk) -> None:
    for accept in ("identity", "gzip"):
        part = desk.get("/assets/app-3f2a.js", headers={"accept-encoding": accept, "range": "bytes=5-9"})
        assert part.status_code == 200 and part.content == SCRIPT and "content-range" not in part.headers


def test_page_when_a_packed_form_of_it_is_built_then_it_is_sent(desk: RunningDesk, tmp_path: Path) -> None:
    (tmp_path / "static/index.html.gz").write_bytes(gzip.compress(HTML))
    packed = desk.get("/bots", headers={"accept-encoding": "gzip"})
    assert packed.content == HTML and packed.headers["content-encoding"] == "gzip"
    plain = desk.get("/bots", headers={"accept-encoding": "identity"})
    assert plain.content == HTML and "content-encoding" not in plain.headers
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert packed.headers["etag"] != plain.headers["etag"]


def test_asset_when_it_is_not_hashed_then_it_is_asked_for_again(desk: RunningDesk) -> None:
    assert desk.get("/theme.js").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["/assets/nothing.js", "/nothing", "/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt",
     "/.hidden", "/assets/%00", "//etc/passwd", "/assets/..\\secret.txt", "/assets"],
)  # fmt: skip
def test_asset_when_the_path_is_a_trick_or_names_nothing_then_there_is_none(desk: RunningDesk, path: str) -> None:
    answer = desk.client.build_request("GET", desk.url + path)
    answer.url = answer.url.copy_with(raw_path=path.encode())
    found = desk.client.send(answer)
    assert found.status_code == 404 and b"secret" not in found.content.replace(b"secret.txt", b"")


def test_page_when_a_person_asks_for_one_that_is_not_there_then_the_desk_says_which_there_are(
    desk: RunningDesk,
) -> None:
    asks = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    found = desk.client.get(f"{desk.url}/nowhere", headers=asks)
    assert found.status_code == 404 and found.content == HTML
    assert "default-src 'self'" in found.headers["content-security-policy"]
    for path in ("/assets/nothing.js", "/.hidden"):
        assert desk.client.get(desk.url + path, headers=asks).json()["error"] == "NotFound"
    assert desk.get("/nowhere").json()["error"] == "NotFound"


def test_page_when_changed_by_another_method_then_it_is_refused(desk: RunningDesk) -> None:
    assert desk.client.post("/bots").status_code == 405


def test_page_when_the_front_end_is_not_built_then_it_says_how(start_desk: Callable[..., RunningDesk]) -> None:
    desk = start_desk()
    answer = desk.get("/bots")
    assert answer.status_code == 503 and "make build" in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]
