"""What a browser keeps of a desk with a password once the session has ended: nothing readable. In Chromium."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .axe import assert_accessible
from .conftest import FLAGS, ROOT, Begin, Up, chromium, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts

PASSWORD = "a sentence that nobody guesses"
KEY = "aion_cache_api:/api/bots/index"
WORDS = ("orb_ny", r'MSFT\\*"', "equity", r'AVGO\\*"', "positions")
"""Patterns of what is kept; four letters alone stand in a noise of a hundred kilobytes now and then."""
STORED = "JSON.stringify([{...localStorage}, {...sessionStorage}])"


@pytest.fixture(scope="module")
def locked(begin: Begin) -> Iterator[Up]:
    up = begin(AION_PASSWORD=PASSWORD)
    up.wait(lambda: up.get("/healthz").status_code == 200, 60)
    yield up
    up.stop()


def look_around(context: BrowserContext, up: Up) -> Page:
    """Log in, and let the browser keep what the first pages show."""
    page = context.new_page()
    page.goto(f"{up.url}/bots")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.locator("h3", has_text="orb_ny").wait_for()
    page.get_by_text("STREAMING", exact=True).wait_for()
    for key in (KEY, "aion_cache_api:/api/intraday/snapshot"):
        until(page, f"(localStorage.getItem('{key}') ?? '').length > 500")
    return page


def assert_unreadable(stored: str) -> None:
    assert [word for word in WORDS if re.search(word, stored)] == []


def test_records_of_a_session_are_noise_and_still_in_the_first_frame(context: BrowserContext, locked: Up) -> None:
    page = look_around(context, locked)
    assert set(json.loads(page.evaluate(f"localStorage.getItem('{KEY}')"))) >= {"data", "timestamp", "ttl"}
    assert_unreadable(page.evaluate("JSON.stringify(Object.values({...localStorage}))"))
    page.route("**/api/**", lambda route: None)
    page.goto(f"{locked.url}/bots")
    page.locator("h3", has_text="orb_ny").wait_for()


def test_session_that_was_ended_elsewhere_while_the_page_was_closed_leaves_nothing(
    context: BrowserContext, locked: Up
) -> None:
    look_around(context, locked).close()
    with httpx.Client(base_url=locked.url, timeout=60, trust_env=False) as other:
        other.post("/api/session", json={"password": PASSWORD})
        assert other.delete("/api/session?everywhere=true").status_code == 200
    page = context.new_page()
    page.goto(f"{locked.url}/icon.svg")  # no login page and no script: for a look into storage
    names = {each["name"].rsplit("_", 1)[0] for each in context.cookies()}
    assert "aion_kept" not in names
    assert page.evaluate("localStorage.length") == 0
    page.goto(f"{locked.url}/bots")
    expect(page).to_have_url(f"{locked.url}/login?next=/bots")
    assert_unreadable(page.evaluate(STORED))


def test_session_that_ran_out_while_the_page_was_closed_leaves_noise_and_then_nothing(
    context: BrowserContext, locked: Up
) -> None:
    page = look_around(context, locked)
    page.close()
    for cookie in context.cookies():  # as a browser does when their time is over
        if not cookie["name"].startswith("aion_device"):
            context.clear_cookies(name=cookie["name"])
    page = context.new_page()
    page.goto(f"{locked.url}/icon.svg")
    stored = json.loads(page.evaluate(STORED))
    assert KEY in stored[0], "nobody has told the browser yet"
    assert_unreadable(json.dumps(list(stored[0].values())))
    page.goto(f"{locked.url}/login")
    assert page.evaluate("localStorage.length") == 0


def test_browser_that_is_closed_has_nothing_plain_on_its_disk(
    locked: Up, tmp_path_factory: pytest.TempPathFactory
) -> None:
    profile = tmp_path_factory.mktemp("profile")
    script = (
        "import sys; from pathlib import Path; from playwright.sync_api import sync_playwright\n"
        "def is_on_disk():\n"
        "    found = [path for path in Path(sys.argv[1]).glob('Default/Local Storage/leveldb/*') if path.is_file()]\n"
        "    return any(b'aion_cache_api:/api/bots/index' in path.read_bytes() for path in found)\n"
        "with sync_playwright() as p:\n"
        "    c = p.chromium.launch_persistent_context(sys.argv[1], executable_path=sys.argv[2], args=sys.argv[5:])\n"
        "    page = c.new_page(); page.goto(sys.argv[3]); page.get_by_label('Password').fill(sys.argv[4])\n"
        "    page.get_by_role('button', name='Log in').click()\n"
        "    while page.evaluate(\"localStorage['aion_cache_api:/api/bots/index']?.length ?? 0\") < 500:\n"
        "        page.wait_for_timeout(100)\n"
        "    while not is_on_disk():\n"  # Chromium writes some seconds later
        "        page.wait_for_timeout(100)\n"
        "    c.close()\n"
    )  # in a process of its own: one of Playwright's loops runs here already
    command = [sys.executable, "-c", script, str(profile), chromium(), f"{locked.url}/bots", PASSWORD, *FLAGS]
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ})
    storage = [path for path in profile.rglob("*") if path.is_file() and "Storage" in str(path)]
    raw = b"".join(path.read_bytes() for path in storage)
    assert KEY.encode() in raw, "it is there"
    for word in ("orb_ny", "AVGO", "equity"):
        assert word.encode() not in raw and word.encode("utf-16-le") not in raw, word


def test_logout_everywhere_in_the_page_says_what_stays_and_revokes_tokens_unless_told_not_to(
    context: BrowserContext, locked: Up
) -> None:
    def log_in(client: httpx.Client) -> None:
        assert client.post("/api/session", json={"password": PASSWORD}).status_code == 200

    def names() -> set[str]:
        with httpx.Client(base_url=locked.url, timeout=60, trust_env=False) as client:
            log_in(client)
            return set(client.get("/api/tokens").json()["tokens"])

    with httpx.Client(base_url=locked.url, timeout=60, trust_env=False) as client:
        log_in(client)
        for name in ("ci", "prometheus"):
            client.post("/api/tokens", json={"name": name, "role": "viewer"})
    for revokes in (False, True):
        page = look_around(context, locked)
        page.locator("button[popovertarget=link-panel]").click()
        page.get_by_role("button", name="Log out everywhere").click()
        dialog = page.get_by_role("dialog", name="Log out everywhere as admin?")
        expect(dialog).to_contain_text("ci, prometheus: scripts that use them stop working")
        box = dialog.get_by_role("checkbox", name="Revoke the 2 tokens as well")
        expect(box).to_be_checked()
        assert_accessible(page)
        if folder := os.environ.get("AION_SHOTS"):
            page.screenshot(path=f"{folder}/everywhere-{revokes}.png")
        if not revokes:
            box.uncheck()
            expect(dialog).to_contain_text("anyone who has one keeps access")
        page.wait_for_timeout(500)  # the dialog's guard against a double tap
        dialog.get_by_role("button", name="Log out everywhere").click()
        expect(page).to_have_url(f"{locked.url}/login?why=ended")
        assert_unreadable(page.evaluate(STORED))
        assert names() == (set() if revokes else {"ci", "prometheus"})
        page.close()
