"""The page of a bot in a real browser, on real bots: requests and their answers, rules, and figures that add up."""

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from aion.store.file import write_json
from aion.store.layout import Layout

from .axe import assert_accessible
from .conftest import Begin, Up, Watched, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts

HTML = "<img src=x onerror=\"document.title='owned'\"> & <b>bold</b>"


@pytest.fixture(scope="module")
def slow(begin: Begin) -> Up:
    """A desk of this file's own: its bots are paused, stopped and changed. orb_ny is short when it starts."""
    up = begin("--speed", "20", "--from", "2022-05-19T13:50Z")
    up.wait(up.is_running, 60)
    return up


def confirm(page: Page, button: str, second: str, reason: str = "") -> None:
    """Press a button, then the second one in its dialog, as a person would: not within the guard."""
    page.get_by_role("button", name=button).first.click()
    dialog = page.locator("dialog[open]")
    dialog.wait_for()
    if reason:
        dialog.get_by_role("textbox").fill(reason)
    page.wait_for_timeout(450)
    dialog.get_by_role("button", name=second).click()


def test_kill_switch_when_thrown_then_the_bot_flattens_and_stays_stopped(slow: Up, page: Page) -> None:
    slow.wait(lambda: "MSFT" in slow.view("orb_ny")["positions"])
    page.goto(f"{slow.url}/bots/orb_ny")
    page.get_by_role("row", name=re.compile("MSFT short")).first.wait_for()
    confirm(page, "Kill switch orb_ny", "Stop orb_ny", HTML)
    head = page.locator(".bot-head")
    expect(head.locator(".chip")).to_have_text("stopped")
    expect(page.get_by_text("No open positions.")).to_be_visible(timeout=60_000)
    shown = head.locator(".state-line").inner_text()
    assert "Stopped by kill switch (this machine)" in shown and "<b>bold</b>" in shown, (
        "what was typed is shown as text"
    )
    assert "orb_ny · Aion" in page.title() and page.locator(".bot-head img").count() == 0
    found = slow.view("orb_ny")
    assert found["state"] == "stopped" and found["positions"] == {} and found["asked"]["kill"]["reason"] == HTML
    confirm(page, "Clear kill switch orb_ny", "Clear the kill switch")
    expect(head.locator(".chip")).not_to_have_text("stopped")
    audit = slow.get("/api/audit").json()["lines"]
    assert [line["what"] for line in audit[:2]] == ["kill switch of orb_ny cleared", "kill switch of orb_ny thrown"]


def test_pause_when_asked_then_it_is_requested_until_the_bot_says_so(slow: Up, page: Page) -> None:
    page.goto(f"{slow.url}/bots/vwap_ldn")
    chip = page.locator(".bot-head .chip")
    chip.wait_for()
    seen = (
        "window.seen = []; new MutationObserver(() => seen.push(document.querySelector('.bot-head .chip').innerText))"
    )
    page.evaluate(
        seen + ".observe(document.querySelector('.bot-head'), {subtree: true, childList: true, characterData: true})"
    )
    confirm(page, "Pause vwap_ldn", "Pause vwap_ldn", "lunch")
    expect(chip).to_have_text("paused")
    assert slow.view("vwap_ldn")["state"] == "paused"
    words = page.evaluate("window.seen")
    assert "paused" in words and set(words[: words.index("paused")]) <= {"pause requested", words[0]}
    line = page.locator(".requests li").first
    expect(line).to_contain_text("pause done by you (this machine)")
    expect(line).to_contain_text("lunch")
    confirm(page, "Resume vwap_ldn", "Resume vwap_ldn")
    expect(chip).not_to_have_text("paused")
    slow.wait(lambda: slow.view("vwap_ldn")["state"] == "active")


def test_request_when_nobody_answers_then_the_page_says_so(slow: Up, page: Page) -> None:
    """A bot of somebody else says that it reads requests, and then does not."""
    theirs = slow.view("swing_1w") | {"schema": "aion/swing_rolling/1", "bot": "theirs", "control_id": ""}
    theirs |= {"written_at": "2022-05-19T13:00:00Z", "due_at": "2022-05-19T13:00:06Z", "rules": {"lot": 5}}
    path = Layout(slow.data).swing_rolling("theirs")
    write_json(path, theirs)
    slow.wait(lambda: slow.view("theirs"))
    page.goto(f"{slow.url}/bots/theirs")
    expect(page.get_by_text("belongs to another program: change its rules there")).to_be_visible()
    confirm(page, "Flatten theirs", "Flatten theirs")
    expect(page.locator(".requests li").first).to_contain_text("flatten requested")
    expect(page.locator(".bot-head .state-line")).to_contain_text("Flatten: no response", timeout=60_000)
    assert_accessible(page)
    del theirs["control_id"]
    write_json(path, theirs)
    expect(page.get_by_text("cannot be controlled from here").first).to_be_visible()
    assert page.get_by_role("button", name="Flatten theirs").count() == 0
    path.unlink()


def test_rules_when_saving_fails_then_the_draft_stays_until_it_is_saved(slow: Up, page: Page) -> None:
    page.goto(f"{slow.url}/bots/swing_2w")
    stop = page.get_by_label("Stop loss")
    stop.fill("150")
    expect(page.get_by_text("Less than 100.00")).to_be_visible()
    save = page.get_by_role("button", name="Save rules")
    expect(save).to_be_disabled()
    stop.fill("7.5")
    expect(page.locator(".difference")).to_contain_text("Stop loss 12.00 % → 7.50 %")
    refuse = {"error": "Unwritten", "detail": "the rules could not be written: No space left on device"}

    def full(route: Route) -> None:
        if route.request.method == "PUT":
            route.fulfill(status=503, body=json.dumps(refuse), content_type="application/json")
        else:
            route.continue_()

    page.route("**/rules", full)
    save.click()
    expect(page.get_by_role("alert")).to_contain_text("Not saved: The rules could not be written: No space left")
    expect(stop).to_have_value("7.5")
    assert slow.get("/api/bots/swing_2w/rules").json()["version"] == 0
    page.unroute_all(behavior="ignoreErrors")
    page.reload()
    expect(page.get_by_label("Stop loss")).to_have_value("7.5"), "a draft outlives a reload"
    page.get_by_role("button", name="Save rules").click()
    expect(page.get_by_text("Saved as version 1.")).to_be_visible()
    expect(page.get_by_text("In use: the bot confirms version 1.")).to_be_visible()
    assert slow.view("swing_2w")["rules"]["stop_loss"] == 0.075


def test_rules_when_somebody_saves_meanwhile_then_the_draft_is_compared_with_theirs(slow: Up, page: Page) -> None:
    page.goto(f"{slow.url}/bots/swing_4w")
    page.get_by_label("Take profit").fill("40")
    slow.send("PUT", "/api/bots/swing_4w/rules", {"version": 0, "rules": {"max_positions": 4}})
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Someone else saved changes")
    expect(alert).to_contain_text("local saved version 1")
    expect(page.get_by_role("button", name="Save rules")).to_be_disabled()
    expect(page.get_by_label("Max positions")).to_have_value("4")
    expect(page.get_by_label("Take profit")).to_have_value("40")
    page.get_by_role("button", name="Continue from version 1").click()
    page.get_by_role("button", name="Save rules").click()
    expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    rules = slow.get("/api/bots/swing_4w/rules").json()["rules"]
    assert rules["max_positions"] == 4 and rules["take_profit"] == 0.4
    confirm(page, "Reset to settings swing_4w", "Reset rules")
    expect(page.get_by_text("saved as version 3.")).to_be_visible()


def number(text: str) -> float:
    return float(text.replace("\u2212", "-").replace("+", "").replace(",", "").strip("▲▼ \n"))


def test_drill_down_when_a_trade_is_opened_then_its_numbers_add_up(slow: Up, page: Page) -> None:
    page.goto(f"{slow.url}/bots/swing_1w")
    row = page.locator(".rows.trades tbody tr").first
    row.wait_for()
    cells = row.locator("td").all_inner_texts()
    fees, slippage, net = (number(cells[index]) for index in (6, 7, 8))
    opener = row.get_by_role("button")
    opener.focus()
    page.keyboard.press("Enter")
    chain = page.locator(".chain")
    chain.locator(".fill-line").first.wait_for()
    gross, less_fees, less_slippage, equals = (
        number(text) for text in chain.locator(".sum-line dd").all_inner_texts()[1:]
    )
    assert gross - less_fees - less_slippage == pytest.approx(equals, abs=0.006)
    assert (less_fees, less_slippage, equals) == (fees, slippage, net)
    facts = chain.locator(".fill-facts").all_inner_texts()
    said = [[number(value) for value in re.findall(r"(?:Slippage|Fees)\s+([\d,.]+)", fact)] for fact in facts]
    assert sum(each[0] for each in said) == pytest.approx(slippage, abs=0.006)
    assert sum(each[1] for each in said) == pytest.approx(fees, abs=0.006)
    assert all("Bar" in fact and " O " in fact for fact in facts)
    assert chain.locator(".link-kind", has_text="Decision").count() >= 1
    assert chain.locator(".link-kind", has_text="Order").count() >= 2
    before = page.locator(".rows.trades tbody tr").count()
    page.get_by_role("button", name="Older").click()
    until(page, f"document.querySelectorAll('.rows.trades tbody tr').length > {before}")


def test_daily_results_when_read_as_calendar_or_table_then_they_are_the_total(slow: Up, page: Page) -> None:
    page.goto(f"{slow.url}/bots/swing_1w")
    panel = page.locator(".daily")
    panel.get_by_role("radio", name="Calendar").check()
    shown = panel.locator(".calendar td:not(.week) .figure").all_inner_texts()
    assert len(shown) > 1
    panel.get_by_role("button", name="Previous month").click()
    panel.locator(".calendar button").first.click()
    until(page, "document.querySelector('.activity select').value !== ''")
    assert_accessible(page)
    panel.get_by_role("radio", name="Table").check()
    page.locator(".daily .rows tbody tr").nth(200).wait_for()
    nets = page.locator(".daily .rows tbody tr td:nth-child(5)").all_inner_texts()
    total = slow.view("swing_1w")["total_pnl"]["net"]
    assert sum(number(text) for text in nets) == pytest.approx(total, abs=0.006)
    month = [number(text) for text in reversed(nets[: len(shown)])]
    assert [number(text) for text in shown] == pytest.approx(month, abs=0.51)  # whole from a thousand on
    page.locator(".daily .rows tbody tr button").first.click()
    until(page, "document.querySelector('.activity select').value !== ''")


def test_analysis_when_read_then_its_figures_are_the_desks_and_each_view_has_all_trades(slow: Up, page: Page) -> None:
    said = slow.get("/api/bots/swing_1w/analysis").json()
    trades = said["trades"]["trades"]
    assert trades >= 30 and said["ratios"]["returns"] > said["window"]
    page.goto(f"{slow.url}/bots/swing_1w")
    panel = page.locator(".analysis")
    panel.scroll_into_view_if_needed()
    expect(panel.locator("dl")).to_contain_text(f"{said['ratios']['sharpe']:.2f}".replace("-", "\u2212"))
    expect(panel.get_by_role("img", name=re.compile("Rolling Sharpe ratio"))).to_be_visible()
    for view in ("Duration", "Hour", "Weekday", "Exit reason", "Symbol", "Side", "Result"):
        panel.get_by_role("radio", name=view, exact=True).check()
        table = panel.get_by_role("region", name=f"Closed trades by {view.lower()}")
        counts = table.locator("tbody tr td:nth-child(2)").all_inner_texts()
        assert sum(int(each) for each in counts) == trades, view
    assert_accessible(page, ".analysis")
    with page.expect_download() as kept:
        panel.get_by_role("button", name=re.compile("CSV")).click()
    assert kept.value.suggested_filename == "aion-swing_1w-by-result.csv"


def test_bot_page_when_the_stream_comes_late_then_no_two_elements_have_one_id(slow: Up, page: Page) -> None:
    """Panels are named by their headings: with an id twice, one was named by what stood in a field."""
    page.goto(f"{slow.url}/bots/orb_ny")
    page.locator(".rule").first.wait_for()
    held: list[Route] = []
    is_late = True
    page.route("**/events**", lambda route: held.append(route) if is_late else route.continue_())
    page.goto(f"{slow.url}/bots/swing_2w")
    page.locator(".rule").first.wait_for()
    until(page, "document.querySelectorAll('main section[aria-labelledby]').length > 6")
    is_late = False
    held[-1].continue_()
    page.get_by_text("STREAMING").first.wait_for()
    page.locator(".rule").first.wait_for()
    twice = page.evaluate(
        "[...document.querySelectorAll('[id]')].map(({ id }) => id).filter((id, at, all) => all.indexOf(id) !== at)"
    )
    assert twice == []


@pytest.mark.parametrize("width", [1440, 390])
def test_bot_page_when_looked_at_then_axe_finds_nothing_and_nothing_scrolls_sideways(
    slow: Up, page: Page, watched: Watched, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    for bot in ("swing_1w", "momo_hk"):
        page.goto(f"{slow.url}/bots/{bot}")
        page.get_by_text("STREAMING").first.wait_for()
        page.locator(".rule").first.wait_for()
        page.locator(".activity .as-of").wait_for()
        if bot == "swing_1w":
            page.locator(".rows.trades .opener").first.click()
            page.locator(".fill-line").first.wait_for()
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Flatten momo_hk").click()
    page.locator("dialog[open]").wait_for()
    assert_accessible(page, "dialog[open]")
    assert watched.errors == []


SECOND_TAP = """new MutationObserver((_, watch) => {
  const button = document.querySelector("dialog[open] .strong");
  if (button === null) return;
  watch.disconnect();
  button.click();
  window.tapped = true;
}).observe(document.body, { subtree: true, childList: true, attributes: true })"""
"""Taps the dialog's button as soon as there is one, however slow the test is."""


def test_controls_when_tapped_twice_fast_then_nothing_is_asked(slow: Up, page: Page) -> None:
    page.goto(f"{slow.url}/bots")
    page.get_by_role("button", name="Controls of momo_hk").click()
    page.evaluate(SECOND_TAP)
    page.get_by_role("button", name="Flatten momo_hk").click()
    until(page, "window.tapped === true")
    expect(page.locator("dialog[open]")).to_be_visible()
    page.keyboard.press("Escape")
    assert slow.send("GET", "/api/bots/momo_hk/control")["requests"] == {}


def test_all_bots_when_paused_then_every_bot_is_and_the_table_says_so(slow: Up, page: Page) -> None:
    page.goto(f"{slow.url}/bots")
    page.get_by_role("button", name="Controls of all bots").click()
    confirm(page, "Pause all", "Pause all bots")
    slow.wait(lambda: {slow.view(bot)["state"] for bot in ("momo_hk", "vwap_ldn", "swing_1w")} == {"paused"})
    until(page, "document.querySelectorAll('.card .chip .icon').length >= 6")
    expect(page.locator(".card", has_text="swing_1w").locator(".chip")).to_have_text("paused")
    slow.send("POST", "/api/control", {"action": "resume"})
    slow.wait(lambda: {slow.view(bot)["state"] for bot in ("momo_hk", "vwap_ldn", "swing_1w")} == {"active"})


def test_page_of_nobody_when_opened_then_it_says_so(slow: Up, page: Page) -> None:
    page.goto(f"{slow.url}/bots/no%3Cb%3Ebody")
    expect(page.get_by_role("heading", name="There is no bot no<b>body")).to_be_visible()
    page.get_by_role("link", name="All bots").click()
    expect(page).to_have_url(f"{slow.url}/bots")


def test_page_when_the_desk_fails_then_each_panel_says_so_and_heals(slow: Up, page: Page) -> None:
    page.route("**/history/**", lambda route: route.fulfill(status=500, body="<html>oops</html>"))
    page.goto(f"{slow.url}/bots/swing_1w")
    expect(page.get_by_text("Could not load the closed trades")).to_be_visible()
    page.unroute_all(behavior="ignoreErrors")
    page.get_by_role("button", name="Try again").click()
    page.locator(".rows.trades tbody tr").first.wait_for()


def test_link_when_it_is_lost_then_nothing_is_called_good_and_values_have_an_age(slow: Up, page: Page) -> None:
    """The last of this file: it ends the desk."""
    page.goto(f"{slow.url}/bots/vwap_ldn")
    page.get_by_text("STREAMING").first.wait_for()
    chip = page.locator(".bot-head .chip")
    chip.wait_for()
    slow.stop()
    expect(chip).to_have_text("kept", timeout=60_000)
    expect(page.locator(".bot-head .state-line")).to_contain_text(re.compile(r"Saved copy from .* ago"))
    assert page.locator(".bot-head .held").count() > 0
    assert page.locator(".bot-clocks .state-icon.well").count() == 0
    page.goto("about:blank")
