"""A desk below a path of a name that others share, behind real nginx and Caddy, in a real browser."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from aion.config import Settings
from aion.web.http.static_files import STATIC
from tests.e2e.conftest import until
from tests.proxy.front import behind, caddy_path_config, nginx_path_config, whole_nginx
from tests.web.conftest import RunningDesk, running
from tests.web.sample import Writer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PASSWORD = "a-long-enough-password"
Config = Callable[..., str]
FRONTS: dict[str, tuple[str, Config]] = {
    "nginx keeps": ("nginx", nginx_path_config),
    "nginx strips": ("nginx", partial(nginx_path_config, strips=True)),
    "nginx strips, HTTP/1.0": ("nginx", partial(nginx_path_config, strips=True, old=True)),
    "caddy keeps": ("caddy", lambda port, desk, folder: caddy_path_config(port, desk)),
    "caddy strips": ("caddy", lambda port, desk, folder: caddy_path_config(port, desk, strips=True)),
}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def start(stack: ExitStack, data: Path, **settings: object) -> tuple[RunningDesk, int]:
    data.mkdir(parents=True)
    Writer(data).swing("swing_1w", equity=123_456.0)
    desk = stack.enter_context(running(Settings(data=data, **settings), STATIC))  # type: ignore[arg-type]
    return desk, int(desk.url.rsplit(":", 1)[1])


def log_in(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/aion/bots")
    page.get_by_text("STREAMING", exact=True).first.wait_for()


@pytest.mark.parametrize("what", FRONTS)
def test_desk_below_a_path_when_behind_a_proxy_then_everything_works_and_nothing_leaves_it(
    what: str, tmp_path: Path, browser: Browser, stack: ExitStack
) -> None:
    name, config = FRONTS[what]
    desk, port = start(stack, tmp_path / "data", base_path="/aion", password=PASSWORD)
    folder = tmp_path / name
    make = lambda own: config(own, port, folder)  # noqa: E731
    front = stack.enter_context(behind(name, port, folder, config=make, base="/aion"))
    assert httpx.get(f"{front}/aion", trust_env=False).headers["location"].endswith("/aion/")
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    page = context.new_page()
    errors: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    log_in(page, f"{front}/aion/")
    page.get_by_text("123,456").first.wait_for()
    desk.write.swing("swing_1w", equity=123_457.0)
    page.get_by_text("123,457").first.wait_for()
    for link, path in (("Intraday", "intraday"), ("Logs", "logs"), ("System", "system"), ("Bots", "bots")):
        page.get_by_role("navigation", name="Pages").get_by_role("link", name=link).click()
        page.get_by_role("heading", level=1, name=link).first.wait_for(state="attached")
        assert page.url.startswith(f"{front}/aion/{path}"), page.url
        page.reload()
        page.get_by_text("STREAMING", exact=True).first.wait_for()
        page.get_by_role("heading", level=1, name=link).first.wait_for(state="attached")
    page.locator("h3 a", has_text="swing_1w").first.click()
    page.wait_for_url("**/aion/bots/swing_1w")
    page.get_by_role("heading", level=1, name="swing_1w").first.wait_for()
    page.go_back()
    page.wait_for_url("**/aion/bots")
    until(page, "localStorage.getItem('/aion/aion_cache_api:/api/bots/index') !== null")
    keys = page.evaluate("Object.keys(localStorage)")
    assert keys and all(key.startswith(("/aion/aion_", "aion_stream /aion/")) for key in keys), keys
    outside = [url for url in asked if not url.startswith(f"{front}/aion/") and url.startswith("http")]
    assert outside == []
    assert errors == []
    (cookie,) = [each for each in context.cookies() if each["name"].startswith("aion_session_")]
    assert cookie["path"] == "/aion"
    context.close()


def test_two_desks_of_one_origin_when_one_logs_out_then_the_other_keeps_its_own(
    tmp_path: Path, browser: Browser, stack: ExitStack
) -> None:
    names = ("paper", "live")
    desks = {name: start(stack, tmp_path / name / "data", base_path=f"/{name}", password=PASSWORD) for name in names}
    folder = tmp_path / "nginx"

    def config(own: int) -> str:
        rules = "proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_buffering off;"
        places = "".join(
            f"location /{name}/ {{ proxy_pass http://127.0.0.1:{port}; {rules} }}\n"
            for name, (_, port) in desks.items()
        )
        return whole_nginx(f"server {{ listen 127.0.0.1:{own};\n{places} }}", folder)

    front = stack.enter_context(behind("nginx", 0, folder, config=config, base="/paper"))
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    pages = {}
    for name in names:
        desks[name][0].write.swing("swing_1w", equity=111_111.0 if name == "paper" else 222_222.0)
        page = pages[name] = context.new_page()
        page.goto(f"{front}/{name}/bots")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"**/{name}/bots")
    pages["paper"].get_by_text("111,111").first.wait_for()
    pages["live"].get_by_text("222,222").first.wait_for()
    for name in names:
        until(pages[name], f"localStorage.getItem('/{name}/aion_cache_api:/api/bots/index') !== null")
    shown = pages["paper"].evaluate(
        "[...localStorage['/paper/aion_cache_api:/api/bots/index'].matchAll(/222222/g)].length"
    )
    assert shown == 0, "each keeps its own data"
    pages["paper"].evaluate("fetch('/paper/api/session', { method: 'DELETE' }).then((answer) => answer.status)")
    pages["paper"].goto(f"{front}/paper/bots")
    pages["paper"].get_by_label("Password").wait_for()
    pages["live"].reload()
    pages["live"].get_by_text("222,222").first.wait_for()
    assert pages["live"].evaluate("localStorage.getItem('/live/aion_cache_api:/api/bots/index') !== null")
    context.close()


def test_page_when_opened_past_the_proxy_then_it_leads_below_the_path(
    tmp_path: Path, browser: Browser, stack: ExitStack
) -> None:
    desk, _ = start(stack, tmp_path / "data", base_path="/aion")
    page = browser.new_context().new_page()
    page.goto(f"{desk.url}/system?x=1")
    page.wait_for_url("**/aion/system?x=1")
    page.get_by_role("heading", level=1, name="System").first.wait_for(state="attached", timeout=60_000)
    page.context.close()
