"""What a dialog says is what happens: each sentence shown is proved on the real bots behind the real desk.

A sentence without a proof here fails the test, so that no dialog says what nobody has tried.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psutil
import pytest
from playwright.sync_api import Page

from .conftest import Begin, Up

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts
BOT = "swing_1w"
NEXT_DAYS = ("2022-05-28", "2022-06-02")


@dataclass
class Case:
    """One dialog that was confirmed."""

    up: Up
    bot: str
    before: dict[str, Any]
    is_kept: bool = False
    proved: list[str] = field(default_factory=list)

    @property
    def now(self) -> dict[str, Any]:
        return self.up.view(self.bot)

    def wait(self, what: Callable[[dict[str, Any]], Any]) -> None:
        self.up.wait(lambda: what(self.now))

    def request(self) -> dict[str, Any]:
        found: dict[str, Any] = self.up.get(f"/api/bots/{self.bot}/control").json()["requests"]
        return next(iter(found.values()))


def market_orders(bot: dict[str, Any]) -> list[dict[str, Any]]:
    return [order for order in bot["open_orders"].values() if order["type"] == "market"]


def exits_rest(case: Case) -> None:
    """All that is held is to be closed at the next open, and no order to open rests."""
    case.wait(lambda bot: set(bot["leaving"]) == set(case.before["positions"]))
    assert case.before["positions"] and case.now["positions"].keys() == case.before["positions"].keys()
    held = {symbol: position["quantity"] for symbol, position in case.before["positions"].items()}
    ordered = {order["symbol"]: order["quantity"] for order in market_orders(case.now) if order["side"] == "sell"}
    assert ordered == held


def nothing_opens(case: Case) -> None:
    case.wait(lambda bot: not [order for order in market_orders(bot) if order["side"] == "buy"])


def is_paused(case: Case) -> None:
    case.wait(lambda bot: bot["state"] == "paused")


def is_active(case: Case) -> None:
    case.wait(lambda bot: bot["state"] == "active" and not bot.get("state_reason"))


def exits_are_cancelled(case: Case) -> None:
    case.wait(lambda bot: not bot["leaving"] and not market_orders(bot))
    now, before = case.now, case.before
    assert now["positions"].keys() == before["positions"].keys()
    for symbol, position in now["positions"].items():
        assert position["quantity"] == before["positions"][symbol]["quantity"]
        assert position["stop_loss"] > 0, "it is protected again"


def stays_stopped_over_a_restart(case: Case) -> None:
    exits_rest(case)
    nothing_opens(case)
    case.wait(lambda bot: bot["state"] == "stopped")
    bots = case.up.child("run")
    bots.kill()
    case.up.wait(lambda: not psutil.pid_exists(bots.pid) or bots.status() == psutil.STATUS_ZOMBIE)
    case.up.wait(lambda: case.up.child("run").pid != bots.pid and case.up.is_running())
    assert case.now["state"] == "stopped"


def stays_protected(case: Case) -> None:
    stops = {symbol: position["stop_loss"] for symbol, position in case.before["positions"].items()}
    assert stops and {symbol: each["stop_loss"] for symbol, each in case.now["positions"].items()} == stops


def no_rebalance_while_paused(case: Case) -> None:
    """The tape runs over the end of a week: what falls due is put off."""
    last = case.now["last_rebalance_at"]
    jump(case.up, NEXT_DAYS[0])
    assert case.now["state"] == "paused" and case.now["last_rebalance_at"] == last
    decisions = case.up.get(f"/api/bots/{case.bot}/history/decisions?limit=200").json()
    said = [row["reason"] for row in decisions["rows"]] if "rows" in decisions else [str(decisions)]
    assert any("the rebalance is put off: paused by" in text for text in said)
    case.before = case.now


def may_open_again(case: Case) -> None:
    is_active(case)


def still_stopped(case: Case) -> None:
    case.wait(lambda bot: "kill switch of all bots" in bot.get("state_reason", ""))
    assert case.now["state"] == "stopped"


def waits_for_the_next_rebalance(case: Case) -> None:
    """The order of things is that of the test below, which goes on for a day of the market."""
    nothing_opens(case)
    bundle = case.up.bundle()
    assert case.now["next_rebalance_at"] > bundle["clock"]["market_time"]


CLAIMS: tuple[tuple[str, Callable[[Case], None]], ...] = (
    (r"It closes \d+ open positions? \(.+\) at the next open(, .+)?\.", exits_rest),
    (r"Entry orders are cancelled and not placed again\.", nothing_opens),
    (r"Cancelled entry orders are not placed again: it waits for its next rebalance\.",
     waits_for_the_next_rebalance),
    (r"It is then paused\.", is_paused),
    (r"Press Resume to let it trade again\.", lambda case: None),  # the next dialog of the test
    (r"It may open positions again at its next rebalance\.", may_open_again),
    (r"The (flatten|switch) ordered \d+ exits? \(.+\) not filled yet: (they are|it is) cancelled and the positions? "
     r"stays? open\.", exits_are_cancelled),
    (r"It opens no new positions until you press Resume\.", is_paused),
    (r"A rebalance that falls due waits until then\.", no_rebalance_while_paused),
    (r"Stops, targets and exits of open positions keep working\.", stays_protected),
    (r"Open positions are closed and no new ones are opened, even after a restart, until you clear the switch\.",
     stays_stopped_over_a_restart),
    (r"It is paused, as before: press Resume to let it trade\.", is_paused),
    (r"Trading resumes\.", is_active),
    (r"It stays stopped: the kill switch of all bots is still on\.", still_stopped),
)  # fmt: skip


@pytest.fixture(scope="module")
def slow(begin: Begin) -> Up:
    """Its swing bots hold and wait for nothing; New York is closed, so that an exit waits for its open."""
    up = begin("--speed", "1", "--from", "2022-05-19T14:00Z")
    up.wait(up.has_caught_up, 90)
    jump(up, "2022-05-24")
    up.wait(lambda: not any(market_orders(bot) for bot in up.bundle()["swing"]["bots"].values()))
    return up


def jump(up: Up, day: str) -> None:
    asked = up.send("POST", "/api/control", {"action": "jump", "value": day})["id"]
    became: list[str] = []

    def is_there() -> bool:
        found = up.get("/api/control").json()["requests"][asked]["state"]
        became.append(found)
        return bool(found == "done")

    up.wait(is_there, 120)
    assert up.bundle()["clock"]["market_time"] >= day, "done means that it is there"


def press(up: Up, page: Page, button: str, bot: str, *, choose: bool = False) -> str:
    """Press a button of the bot's page and the second one in its dialog; return what the dialog said."""
    page.goto(f"{up.url}/bots/{bot}")
    page.locator(".bot-head").get_by_role("button", name=f"{button} {bot}").click()
    dialog = page.locator("dialog[open]")
    dialog.wait_for()
    said = dialog.locator("p").first.inner_text()
    if choose:
        dialog.get_by_role("checkbox").check()
    page.wait_for_timeout(450)  # the dialog's own guard against a double tap
    dialog.locator(".strong").click()
    dialog.wait_for(state="hidden")
    return said


def confirm(slow: Up, page: Page, button: str, *, bot: str = BOT, choose: bool = False) -> Case:
    """Press a button of the bot's page and confirm, and prove what the dialog said."""
    case = Case(slow, bot, slow.view(bot), choose)
    said = press(slow, page, button, bot, choose=choose)
    for sentence in re.split(r"(?<=\.)\s+", said):
        proofs = [proof for pattern, proof in CLAIMS if re.fullmatch(pattern, sentence)]
        assert proofs, f"nobody has proved: {sentence!r}"
        if not (choose and proofs[0] is exits_are_cancelled):
            proofs[0](case)
        case.proved.append(sentence)
    return case


def test_dialogs_when_confirmed_then_what_they_said_is_so(slow: Up, page: Page) -> None:
    slow.wait(lambda: slow.view(BOT)["positions"])
    case = confirm(slow, page, "Flatten")
    assert len(case.proved) == 4 and case.request()["state"] == "accepted"
    case = confirm(slow, page, "Resume")
    assert len(case.proved) == 2 and case.request()["state"] == "done"
    case = confirm(slow, page, "Kill switch")
    assert len(case.proved) == 2
    case = confirm(slow, page, "Clear kill switch")
    assert case.proved[0] == "Trading resumes." and len(case.proved) == 3
    case = confirm(slow, page, "Pause")
    assert len(case.proved) == 3
    confirm(slow, page, "Kill switch")
    slow.send("PUT", "/api/bots/desk/kill")
    page.goto(f"{slow.url}/bots")
    page.get_by_role("region", name="Kill switch of all bots").wait_for()  # what is kept of the desk says so too now
    case = confirm(slow, page, "Clear kill switch")
    assert case.proved == ["It stays stopped: the kill switch of all bots is still on."]
    assert slow.view(BOT)["leaving"], "the exits are the other switch's now"
    slow.send("DELETE", "/api/bots/desk/kill")
    slow.wait(lambda: slow.view(BOT)["state"] == "paused")
    confirm(slow, page, "Kill switch")
    case = confirm(slow, page, "Clear kill switch", choose=True)
    assert case.proved[0].startswith("It is paused, as before") and len(case.proved) == 2
    slow.wait(lambda: market_orders(slow.view(BOT)))
    jump(slow, NEXT_DAYS[1])
    assert slow.view(BOT)["positions"] == {}, "the box was ticked: they were let fill"


OPENS = "swing_2w"
"""Its rebalance of the day before rests, with a purchase, and waits for the open of New York."""


@pytest.mark.parametrize("how", [("Kill switch", "Clear kill switch"), ("Flatten", "Resume")], ids=lambda how: how[0])
def test_orders_to_open_when_a_stop_cancelled_them_then_they_are_not_placed_again(
    begin: Begin, page: Page, how: tuple[str, str]
) -> None:
    up = begin("--speed", "1", "--from", "2022-05-19T02:00Z")
    opening = lambda bot: [order for order in market_orders(bot) if order["side"] == "buy"]  # noqa: E731
    # while it catches up, orders of older days pass by
    up.wait(lambda: up.has_caught_up() and opening(up.view(OPENS)), 90)
    held = up.view(OPENS)["positions"]
    said = press(up, page, how[0], OPENS)
    assert "Entry orders are cancelled and not placed again." in said
    up.wait(lambda: not opening(up.view(OPENS)))
    said = press(up, page, how[1], OPENS)
    assert "next rebalance" in said
    up.wait(lambda: up.view(OPENS)["state"] == "active")
    assert up.view(OPENS)["next_rebalance_at"] > "2022-05-21"
    jump(up, "2022-05-20")  # the open that they waited for is over
    after = up.view(OPENS)
    assert after["state"] == "active" and not opening(after)
    for symbol, position in after["positions"].items():
        assert symbol in held and position["quantity"] <= held[symbol]["quantity"], "nothing was bought"
    up.stop()


def all_dialog(slow: Up, page: Page, button: str) -> str:
    page.goto(f"{slow.url}/bots")
    page.get_by_role("button", name="Controls of all bots").click()
    page.get_by_role("button", name=button).last.click()
    dialog = page.locator("dialog[open]")
    dialog.wait_for()
    said = dialog.locator("p").first.inner_text()
    page.wait_for_timeout(450)
    dialog.locator(".strong").click()
    dialog.wait_for(state="hidden")
    return said


def test_dialogs_of_all_bots_when_confirmed_then_what_they_said_is_so(slow: Up, page: Page) -> None:
    bots = lambda: {**slow.bundle()["intraday"]["bots"], **slow.bundle()["swing"]["bots"]}  # noqa: E731
    states = lambda: {bot["state"] for bot in bots().values()}  # noqa: E731
    other = "swing_2w"
    held = slow.view(other)["positions"]
    assert held
    said = all_dialog(slow, page, "Pause all")
    assert said == (
        "No bot opens new positions until you resume it. Stops, targets and exits of open positions keep working."
    )
    slow.wait(lambda: states() == {"paused"})
    assert slow.view(other)["positions"].keys() == held.keys()
    said = all_dialog(slow, page, "Resume all")
    assert said == "All paused bots may open positions again."
    slow.wait(lambda: states() == {"active"})

    open_now = sum(len(bot["positions"]) for bot in bots().values())
    said = all_dialog(slow, page, "Flatten all")
    count = re.match(
        r"(\d+) open positions? (is|are) closed, each at its next bar or open\. Entry orders are cancelled and "
        r"not placed again\. All bots are then paused\. Press Resume all to let them trade again\.$",
        said,
    )
    assert count and int(count[1]) == open_now
    slow.wait(lambda: states() == {"paused"} and slow.view(other)["leaving"].keys() == held.keys())
    request = slow.bundle()["asked"]["request"]
    assert request["state"] == "accepted" and "still open" in request["detail"]
    said = all_dialog(slow, page, "Resume all")
    assert re.match(r"All paused bots may open positions again\. A flatten ordered \d+ exits? \(.*swing_2w .*\) not "
                    r"filled yet: they are cancelled and the positions stay open\.$", said)  # fmt: skip
    slow.wait(lambda: states() == {"active"} and not slow.view(other)["leaving"])
    assert slow.view(other)["positions"].keys() == held.keys()

    assert all_dialog(slow, page, "Kill switch of all bots").startswith(
        "Open positions are closed and no new ones are opened"
    )
    slow.wait(lambda: states() == {"stopped"} and slow.view(other)["leaving"].keys() == held.keys())
    slow.send("PUT", f"/api/bots/{BOT}/kill", {"reason": "its own"})
    slow.wait(lambda: slow.view(BOT)["asked"].get("kill"))
    said = all_dialog(slow, page, "Clear kill switch")
    assert said.startswith(
        f"All bots resume, except those with their own kill switch still on ({BOT}). Cancelled entry orders"
    )
    slow.wait(lambda: slow.view(other)["state"] == "active" and not slow.view(other)["leaving"])
    assert slow.view(BOT)["state"] == "stopped" and slow.view(other)["positions"].keys() == held.keys()
    slow.send("DELETE", f"/api/bots/{BOT}/kill")
    slow.wait(lambda: states() == {"active"})


def test_speed_and_jump_when_asked_then_what_the_panel_says_is_so(slow: Up, page: Page) -> None:
    page.goto(f"{slow.url}/bots")
    page.get_by_role("button", name="Pause the replay").click()
    slow.wait(lambda: slow.bundle()["clock"]["state"] == "paused")
    page.get_by_role("button", name="Resume the replay").click()
    slow.wait(lambda: slow.bundle()["clock"]["state"] != "paused")
    page.locator("[popovertarget='clock-panel']").first.click()
    panel = page.locator("#clock-panel")
    panel.get_by_label("Day").wait_for()
    said = re.sub(r"\s+", " ", panel.inner_text())
    assert "A later day plays the bars in between; an earlier one starts a new run." in said
    run = slow.bundle()["run"]
    panel.get_by_label("Day").fill("2022-06-13")
    panel.get_by_role("button", name="Jump").click()
    panel.get_by_text(re.compile(r"Jumping to 13 Jun 2022 \.\.\.")).wait_for(timeout=60_000)
    panel.get_by_text("Jump to 13 Jun 2022 done.").wait_for(timeout=120_000)
    assert slow.bundle()["clock"]["market_time"] >= "2022-06-13" and slow.bundle()["run"] == run
    panel.get_by_label("Day").fill("2022-05-19")
    panel.get_by_role("button", name="Jump").click()
    panel.get_by_text("Jump to 19 May 2022 done.").wait_for(timeout=120_000)
    assert slow.bundle()["run"] != run and slow.bundle()["clock"]["market_time"] < "2022-05-20"


def test_rules_when_reset_then_the_dialog_names_what_changes(slow: Up, page: Page) -> None:
    slow.send("PUT", "/api/bots/swing_4w/rules", {"version": 0, "rules": {"max_positions": 4}})
    page.goto(f"{slow.url}/bots/swing_4w")
    page.get_by_role("button", name="Reset to settings swing_4w").click()
    dialog = page.locator("dialog[open]")
    dialog.wait_for()
    line = dialog.locator("li").first.inner_text()
    name, before, after = re.match(r"(Max positions): (\d+) → (\d+)", line).groups()  # type: ignore[union-attr]
    assert name and before == "4" and "are saved as version 2" in dialog.inner_text()
    page.wait_for_timeout(450)
    dialog.get_by_role("button", name="Reset rules").click()
    slow.wait(lambda: slow.view("swing_4w").get("config_version") == 2)
    assert slow.view("swing_4w")["rules"]["max_positions"] == int(after)
