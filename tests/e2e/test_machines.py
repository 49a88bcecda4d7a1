"""Two bots' machines on one desk, all real processes, in a browser: one that is killed is held, the other goes on."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from tests.cluster.machine import cluster, until
from tests.e2e.conftest import free_port
from tests.web.sample import Writer

HELD_S = 3.2
SLACK_S = 0.8  # on a machine that runs other tests
pytestmark = pytest.mark.timeout(180)


def within(what: Callable[[], object], limit_s: float) -> float:
    """Seconds until `what` is true."""
    started = time.monotonic()
    until(what, limit_s, pause_s=0.02)
    return time.monotonic() - started


def test_machine_whose_publisher_is_killed_is_held_on_the_page_and_the_other_is_not(
    browser: Browser, tmp_path: Path
) -> None:
    bots, desk = {name: tmp_path / name for name in "ab"}, tmp_path / "desk"
    for name, data in bots.items():
        Writer(data).swing("trend", equity=100.0, cash=100.0)
        Writer(data).swing(f"only_{name}", equity=50.0, cash=50.0)
    desk.mkdir()
    with cluster(tmp_path) as made:
        made.server()
        pushes = {name: made.relay("push", data, name) for name, data in bots.items()}
        aion, port = [sys.executable, "-m", "aion"], free_port()
        made.part("pull", [*aion, "relay", "pull", "--server", made.url, "--machines", "a,b", "--data", str(desk)])
        made.part("desk", [*aion, "serve", "--data", str(desk), "--port", str(port)])
        url = f"http://127.0.0.1:{port}"

        def ages() -> dict[str, str]:
            said = httpx.get(f"{url}/api/bots/index", trust_env=False).headers["aion-proved-age"]
            return {part.split("=")[0]: part.split("=")[1].split(";")[0] for part in said.split(", ")}

        def is_up() -> bool:
            try:
                return sorted(ages()) == ["a", "b"] and all(float(age) < 3 for age in ages().values())
            except httpx.HTTPError:
                return False

        until(is_up, 60)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{url}/bots")
        cards, total = page.locator("article.card"), page.locator("section.total .big")
        until(lambda: cards.count() == 4 and "300" in total.inner_text())
        assert page.locator("article.card", has_text="held").count() == 0
        pushes["b"].kill()
        held = page.locator("article.card", has_text="Held")
        assert within(lambda: held.count() == 2, 15) < HELD_S + SLACK_S
        assert sorted(held.locator("h3 a").all_inner_texts()) == ["b/trend", "only_b"]
        until(lambda: "150" in total.inner_text())
        notice = page.locator(".machine-silent").inner_text()
        assert notice.startswith("2 bots of machine b are not in this total.")
        Writer(bots["a"]).swing("trend", equity=175.0, cash=175.0, minute=5)
        until(lambda: "225" in total.inner_text(), 10)
        assert held.count() == 2, "what the other machine writes is shown as it comes"
        answer = httpx.post(
            f"{url}/api/control", json={"action": "pause"}, headers={"origin": url}, trust_env=False
        ).json()
        assert answer["state"] == "requested"
        until(lambda: any((bots["a"] / "control" / "desk").iterdir()))
        assert not (bots["b"] / "control").exists(), "its relay brings it once it is back"
        silent = page.locator(".machine-silent")
        until(lambda: "The pause of all bots is requested there" in silent.inner_text())
        pushes["b"].start()
        until(lambda: held.count() == 0, 20)
        until(lambda: "375" in total.inner_text())
        until(lambda: any((bots["b"] / "control" / "desk").iterdir()))
        page.close()
