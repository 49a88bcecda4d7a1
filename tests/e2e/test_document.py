"""The four tests and the three scenarios of the caching strategy, on a real desk in a real browser."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, Page

from aion.config import Settings

from .conftest import WIDE, Begin, Up, Watched, until
from .profile import Profile

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts


@pytest.fixture(scope="module")
def profile(browser: Browser) -> Iterator[Profile]:
    with Profile.open(browser, **WIDE) as found:
        yield found


KEY = "aion_cache_api:/api/bots/page"
INDEX = "aion_cache_api:/api/bots/index"
"""What the Bots page itself keeps and follows."""
T4 = """
for i in {1..20}; do
  curl -s http://localhost:3000/api/backend/bots/page > /dev/null &
done
wait
"""


def entry(page: Page, key: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(page.evaluate(f"localStorage.getItem('{key}')"))
    return found


def test_client_cache_entry_has_the_documented_form(desk: Up, page: Page) -> None:
    page.goto(f"{desk.url}/bots")
    until(page, f"localStorage.getItem('{KEY}') !== null")
    keys = page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('aion_cache_'))")
    assert KEY in keys
    found = entry(page, KEY)
    assert found["ttl"] == 5000 and abs(float(str(found["timestamp"])) - time.time() * 1000) < 10_000
    assert isinstance(found["data"], dict) and len(found["data"]["intraday"]["bots"]) >= 3


def test_push_updates_the_entry_and_the_page(desk: Up, page: Page) -> None:
    streams: list[str] = []
    polls: list[str] = []
    page.on("request", lambda request: streams.append(request.url) if "/api/events?" in request.url else None)
    page.goto(f"{desk.url}/bots")
    until(page, f"localStorage.getItem('{INDEX}') !== null")
    page.get_by_text("STREAMING").wait_for()
    page.on("request", lambda request: polls.append(request.url) if request.url.endswith("/api/bots/index") else None)

    def is_pushed() -> bool:
        """Follow a push; return whether it came without a poll: a page that stood still for seconds makes one."""
        polls.clear()
        before = entry(page, INDEX)
        clock = page.locator(".bar-chip.mode").inner_text()
        until(page, f"JSON.parse(localStorage.getItem('{INDEX}')).timestamp > {before['timestamp']}")
        until(page, f"document.querySelector('.bar-chip.mode').innerText !== {json.dumps(clock)}")
        return polls == []

    desk.wait(is_pushed)
    assert "index" in streams[0]


def test_twenty_parallel_refreshes_never_fail(desk: Up) -> None:
    assert f":{Settings().port}/" in T4, "the document names the port that is used unless another is chosen"
    command = T4.replace(":3000/", f":{desk.port}/")
    subprocess.run(["bash", "-c", command], check=True, timeout=60)
    checked = command.replace("curl -s", "curl -s -w '%{http_code}\\n' -o /dev/null").replace(" > /dev/null &", " &")
    done = subprocess.run(["bash", "-c", checked], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["200"] * 20


def test_scenario_1_a_cycle_completes_and_the_page_follows(desk: Up, page: Page) -> None:
    page.goto(f"{desk.url}/bots")
    page.get_by_text("STREAMING").wait_for()
    log = desk.data / "logs" / "bots.jsonl"
    before = log.read_text().count("intraday cycle complete cycle_id=")
    desk.wait(lambda: log.read_text().count("intraday cycle complete cycle_id=") > before + 1)
    summary = json.loads((desk.data / "intraday" / "sim_summary.json").read_text())
    carried = {
        json.loads((desk.data / "intraday" / name).read_text())["cycle_id"]
        for name in summary["files"]
        if name.endswith(".json")
    }
    assert summary["cycle_id"] and carried
    as_of = desk.bundle()["intraday"]["summary"]["as_of"]
    until(page, f"JSON.parse(localStorage.getItem('{INDEX}')).data.summary.as_of >= '{as_of}'")
    shown = f"{as_of[:10]} {as_of[11:16]}"
    until(page, f"/[0-9-]+ [0-9:]+/.exec(document.querySelector('.bar-chip.mode').innerText)[0] >= '{shown}'")


def test_scenario_2_a_rebalance_completes_and_the_page_follows(begin: Begin, page: Page) -> None:
    up = begin("--speed", "1")  # nothing moves until it is asked to
    up.wait(up.has_caught_up)
    page.goto(f"{up.url}/bots")
    page.get_by_text("STREAMING").wait_for()
    bot = up.view("swing_1w")
    before = bot["last_rebalance_at"]
    page.evaluate(
        "new BroadcastChannel('none'); window.seen = new Set(); setInterval(() => { const e = "
        f"JSON.parse(localStorage.getItem('{INDEX}')); if (e) "
        "window.seen.add(e.data.bots['swing/swing_1w'].last_rebalance_at) }, 100)"
    )
    day = date.fromisoformat(bot["next_rebalance_at"][:10]) + timedelta(days=1)
    up.send("POST", "/api/control", {"action": "jump", "value": f"{day}"})
    after = up.wait(
        lambda: (found := up.bundle()["swing"]["bots"]["swing_1w"]["last_rebalance_at"]) != before and found, 60
    )
    until(page, f"window.seen.has({json.dumps(after)})")
    assert "FULL rebalance complete" in (up.data / "logs" / "bots.jsonl").read_text()
    assert list((up.data / "swing" / "bot_logs" / "1w").glob("bot_activity_*_swing_1w.json"))
    up.stop()


def test_scenario_3_the_page_opens_from_the_cache_and_is_then_verified(desk: Up, page: Page) -> None:
    page.goto(f"{desk.url}/bots")
    page.get_by_text("STREAMING").wait_for()
    page.locator("h3", has_text="orb_ny").first.wait_for()
    until(page, f"localStorage.getItem('{INDEX}') !== null")
    page.route("**/api/**", lambda route: None)  # the desk answers nothing: what shows is from the cache
    page.reload(wait_until="commit")
    page.locator("h3", has_text="orb_ny").first.wait_for(timeout=30_000)
    assert "kept" in page.locator("main").inner_text()
    page.unroute_all(behavior="ignoreErrors")


def test_page_has_six_cards_that_move_and_nothing_is_wrong(desk: Up, page: Page, watched: Watched) -> None:
    page.goto(f"{desk.url}/bots")
    for bot in ("orb_ny", "vwap_ldn", "momo_hk", "swing_1w", "swing_2w", "swing_4w"):
        page.locator("h3", has_text=bot).first.wait_for()
    page.get_by_text("STREAMING").wait_for()
    first = page.locator("main").inner_text()
    until(page, f"document.querySelector('main').innerText !== {json.dumps(first)}")
    for path in ("intraday", "logs", "system", "bots"):
        page.goto(f"{desk.url}/{path}")
        page.locator("h1").first.wait_for(state="attached")
        page.get_by_text("STREAMING", exact=True).first.wait_for()
    assert watched.errors == []
    assert "SSE connected" in watched.console


def test_load_warms_the_cache_of_the_other_page(desk: Up, page: Page) -> None:
    page.goto(f"{desk.url}/bots")
    until(page, "localStorage.getItem('aion_cache_api:/api/intraday/snapshot') !== null")
    found = json.loads(page.evaluate("localStorage.getItem('aion_cache_api:/api/intraday/snapshot')"))
    assert found["ttl"] == 2000 and found["data"]["symbols"]


def test_console_says_hit_rate_and_connection(desk: Up, browser: Browser) -> None:
    page = browser.new_context().new_page()  # that has kept nothing, so that it fetches
    said: list[tuple[str, str]] = []
    page.on("console", lambda message: said.append((message.type, message.text)))

    def is_said(kind: str, pattern: str) -> bool:
        page.wait_for_timeout(50)
        return any(each == kind and re.fullmatch(pattern, text) for each, text in said)

    page.goto(f"{desk.url}/bots")
    page.get_by_text("STREAMING").wait_for()
    desk.wait(lambda: is_said("debug", r"Cache hit rate: \d{1,3}\.\d%"))
    assert is_said("info", "SSE connected")
    page.route("**/api/events**", lambda route: route.fulfill(status=502, body="bad gateway"))
    page.evaluate("dispatchEvent(new Event('online'))")  # a new stream is asked for, as after a lost network
    desk.wait(lambda: is_said("info", "SSE disconnected"))
    page.context.close()
