"""Real nginx and real Caddy, configured as `deploy/` says, in front of a real desk."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.proxy.front import behind, caddy_config, nginx_config
from tests.proxy.run import Client, Trial, failures
from tests.web.sample import Writer
from tests.web.served import started

ROUNDS = 20


@pytest.mark.timeout(900)
def test_restarts_behind_proxies_when_under_load_then_nobody_notices_any(tmp_path: Path) -> None:
    found = Trial(tmp_path, streams=4, pollers=2).run(restarts=2, rounds=ROUNDS)
    assert failures(found, ROUNDS) == [], found
    assert found["restarts"] == 2
    for name in ("nginx", "caddy"):
        assert found[name]["streams opened"] > found[name]["streams"], "streams were opened again"
        assert found[name]["polls"] > 20 and found[name]["events"] > 20


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_page_when_a_proxy_holds_events_back_then_it_polls_and_says_so(tmp_path: Path, browser: Browser) -> None:
    data = tmp_path / "data"
    write = Writer(data)
    write.swing("swing_1w")
    with started(data) as (_, url):
        desk = int(url.rsplit(":", 1)[1])
        with behind("nginx", desk, tmp_path / "nginx", buffers=True) as front:
            page = _open(browser, f"{front}/bots")
            page.get_by_text("POLLING").first.wait_for(timeout=90_000)
            write.swing("swing_1w", equity=123_457.0)
            page.get_by_text("123,457").first.wait_for(timeout=90_000)
            page.context.close()
        with behind("nginx", desk, tmp_path / "good") as front:
            page = _open(browser, f"{front}/bots")
            page.get_by_text("STREAMING").first.wait_for(timeout=90_000)
            page.context.close()


def _open(browser: Browser, url: str) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(url, timeout=90_000)
    return page


def test_run_when_something_is_wrong_then_it_is_found() -> None:
    client = Client("nginx stream 0")
    client.take(5, 4)
    client.take(6, 9)
    client.take(4, 0)
    assert client.wrong == ["6 came where 9 was there already", "4 came where 6 was there already"]
    good = {
        "ended with bye": 2, "wrong": [], "never caught up": [], "refreshes": {"200": 400},
    }  # fmt: skip
    found = {"tracebacks": 0, "restarts": 2, "nginx": good, "caddy": good}
    assert failures(found, 20) == []
    for key, value in (
        ("ended with bye", 1), ("wrong", ["502"]), ("never caught up", ["x"]), ("refreshes", {"200": 399, "502": 1}),
    ):  # fmt: skip
        assert len(failures(found | {"caddy": good | {key: value}}, 20)) == 1, key
    assert failures(found | {"tracebacks": 1}, 20) == ["1 tracebacks"]


def test_configurations_when_taken_then_only_ports_paths_and_tls_differ(tmp_path: Path) -> None:
    text = nginx_config(8080, 3001, tmp_path)
    assert "proxy_buffering off;" in text and "127.0.0.1:3001" in text and "ssl" not in text and "301" not in text
    assert "proxy_buffering on;" in nginx_config(8080, 3001, tmp_path, buffers=True)
    text = caddy_config(8080, 3001)
    assert (
        "http://127.0.0.1:8080 {" in text and "reverse_proxy 127.0.0.1:3001 {" in text and "flush_interval -1" in text
    )
