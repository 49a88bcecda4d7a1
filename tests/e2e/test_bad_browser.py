"""Storage that is foreign, full or refused, and answers that are no data: the page says so and is never blank."""

import json

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from .conftest import Up, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts

KEY = "aion_cache_api:/api/bots/index"
DAY_OLD = {"timestamp": 1_700_000_000_000, "ttl": 5000}
FOREIGN = [
    "not json",
    "null",
    "[]",
    '{"data": {"totals": {}, "bots": {}}, "timestamp": "yesterday", "ttl": 5000}',
    json.dumps({"data": 5, **DAY_OLD}),
    json.dumps({"data": {}, **DAY_OLD}),
    json.dumps({"data": {"totals": None, "bots": []}, **DAY_OLD}),
    json.dumps({"data": {"totals": {}, "bots": {"swing/ghost": None, "intraday/ghost": 7}}, **DAY_OLD}),
]


def is_well(page: Page) -> None:
    """The page shows the desk's bots by stream."""
    page.get_by_text("STREAMING").wait_for()
    page.locator("h3", has_text="orb_ny").first.wait_for()


def test_foreign_records_are_never_shown(desk: Up, context: BrowserContext) -> None:
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{desk.url}/icon.svg")  # the same origin, and none of the page's scripts
    for text in FOREIGN:
        page.evaluate("([key, text]) => localStorage.setItem(key, text)", [KEY, text])
        page.evaluate("localStorage.setItem('aion_cache_api:/api/intraday/snapshot', '{\"data\": 1}')")
        page.goto(f"{desk.url}/bots")
        is_well(page)
        assert "ghost" not in page.locator("main").inner_text()
        assert errors == [], text
        page.goto(f"{desk.url}/icon.svg")


OTHER = {"text": "abc", "number": 5, "null": None, "list": [1, 2], "object": {"a": {"b": 1}}}


@pytest.mark.parametrize("what", OTHER)
def test_kept_data_of_another_shape_is_left_out_on_every_page(desk: Up, context: BrowserContext, what: str) -> None:
    index, snapshot = desk.get("/api/bots/index").json(), desk.get("/api/intraday/snapshot").json()
    bots = {key: dict.fromkeys(bot, OTHER[what]) | {"bot": bot["bot"]} for key, bot in index["bots"].items()}
    torn = index | {
        "bots": bots,
        "totals": {"USD": OTHER[what]},
        "sessions": {"XNAS": OTHER[what]},
        "errors": {"a": OTHER[what]},
    }
    symbols = snapshot | {"symbols": {"MSFT": OTHER[what]}}
    figures = dict.fromkeys(desk.get("/api/metrics").json(), OTHER[what])
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for path in ("bots", "bots/swing_1w", "intraday", "logs", "system"):
        page.goto(f"{desk.url}/icon.svg")
        card = {"version": 1, "errors": OTHER[what], "bot": bots["swing/swing_1w"]}
        kept = (("bots/index", torn), ("bots/totals", torn), ("bots/cards", {"swing/swing_1w": card}))
        for route, data in (*kept, ("intraday/snapshot", symbols), ("metrics", figures)):
            record = [f"aion_cache_api:/api/{route}", json.dumps({"data": data, **DAY_OLD})]
            page.evaluate("([key, text]) => localStorage.setItem(key, text)", record)
        page.goto(f"{desk.url}/{path}")
        page.get_by_text("STREAMING", exact=True).first.wait_for()
        page.locator("main h1").first.wait_for(state="attached")
        assert page.get_by_text("could not be displayed").count() == 0, path
    assert errors == []


def test_full_storage_makes_room_and_the_page_goes_on(desk: Up, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{desk.url}/icon.svg")
    page.evaluate(
        """() => {
          const old = JSON.stringify({ data: "x".repeat(900000), timestamp: 1, ttl: 1 });
          localStorage.setItem("aion_cache_api:/old", old);
          let size = 2 ** 22;
          for (let n = 0; size > 100; n += 1) {
            try { localStorage.setItem(`other${n}`, "x".repeat(size)); } catch { size /= 2; }
          }
        }"""
    )
    page.goto(f"{desk.url}/bots")
    is_well(page)
    until(page, f"(localStorage.getItem('{KEY}') ?? '').includes('orb_ny')")
    assert page.evaluate("localStorage.getItem('aion_cache_api:/old')") is None
    page.evaluate("localStorage.removeItem('aion_cache_api:/api/bots/index')")
    page.evaluate(
        "for (let n = 0; n < 900; n += 1) try { localStorage.setItem(`more${n}`, 'x'.repeat(1000)) } catch {}"
    )
    first = page.locator("main").inner_text()
    until(page, f"document.querySelector('main').innerText !== {json.dumps(first)}")


def test_refused_storage_costs_the_head_start_only(desk: Up, context: BrowserContext) -> None:
    refuse = "get: () => { throw new DOMException('denied', 'SecurityError'); }"
    page = context.new_page()
    page.add_init_script(f"Object.defineProperty(window, 'localStorage', {{ {refuse} }});")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for path in ("bots", "intraday", "logs", "system"):
        page.goto(f"{desk.url}/{path}")
        page.get_by_text("STREAMING", exact=True).first.wait_for()
        page.locator("h1").first.wait_for(state="attached")
    assert errors == []


ANSWERS = {
    "a 500": (500, "application/json", '{"error": "Broken", "detail": "it is broken"}'),
    "an HTML page": (200, "text/html", "<!doctype html><h1>Sign in to the hotel's network</h1>"),
    "NaN": (200, "application/json", '{"intraday": {"bots": {}}, "swing": {"bots": {}}, "equity": NaN}'),
    "half an answer": (200, "application/json", '{"intraday": {"bots": {'),
    "another program's JSON": (200, "application/json", '{"status": "ok"}'),
    "a list": (200, "application/json", "[1, 2, 3]"),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_answer_that_is_no_data_is_said_and_mended_by_the_next(desk: Up, context: BrowserContext, what: str) -> None:
    status, kind, body = ANSWERS[what]

    def answer(route: Route) -> None:
        route.fulfill(status=status, content_type=kind, body=body, headers={"ETag": 'W/"bad"'})

    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route("**/api/bots/index", answer)
    page.route("**/api/events**", lambda route: route.abort())
    page.goto(f"{desk.url}/bots")
    page.get_by_role("alert").first.wait_for()
    shown = page.locator("body").inner_text()
    assert "Retrying automatically" in shown and "STREAMING" not in shown
    assert page.get_by_role("heading", name="Sign in to the hotel").count() == 0
    page.unroute("**/api/bots/index")
    page.locator("h3", has_text="orb_ny").first.wait_for()
    assert errors == []


def test_session_that_ends_is_said_and_nothing_is_kept(desk: Up, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"{desk.url}/bots")
    is_well(page)
    until(page, f"localStorage.getItem('{KEY}') !== null")
    for url in ("**/api/bots/**", "**/api/events**"):
        page.route(url, lambda route: route.fulfill(status=401, body='{"error": "LoginNeeded"}'))
    page.evaluate("dispatchEvent(new Event('online'))")  # the page asks anew, as after a lost network
    page.get_by_role("link", name="Log in again").wait_for()
    until(page, "Object.keys(localStorage).filter((key) => key.startsWith('aion_cache_')).length === 0")
