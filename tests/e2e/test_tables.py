"""Tables of a bot's page in a real browser: what waits, what would be traded, all that was closed, by any column."""

import csv
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from aion.currency import plain

from .axe import assert_accessible
from .conftest import Begin, Up, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts


def is_there(clock: dict[str, Any]) -> bool:
    """Tell whether the bots have come to their beginning; how far they are is said until they run."""
    return clock.get("progress") == 1 or clock["state"] != "catching_up"


@pytest.fixture(scope="module")
def desk(begin: Begin) -> Iterator[Up]:
    """A desk whose market opens in five minutes, at the speed of a clock: orders wait for it, and nothing moves."""
    up = begin("--speed", "1", "--from", "2022-05-19T13:25Z")
    up.wait(lambda: up.has_caught_up() and is_there(up.bundle()["clock"]))
    yield up
    up.stop()


def number(text: str) -> float:
    return float(text.replace("\u2212", "-").replace("+", "").replace(",", "").strip("▲▼ %\n\u00a0") or "nan")


def swing(desk: Up, bot: str) -> dict[str, Any]:
    found: dict[str, Any] = desk.bundle()["swing"]["bots"][bot]
    return found


def trades(desk: Up, bot: str) -> dict[str, Any]:
    found: dict[str, Any] = desk.get(f"/api/bots/{bot}/history/trades?limit=500").raise_for_status().json()
    assert "next" not in found
    return found


def typeset(reason: str) -> str:
    """Return a reason as pages set it: a minus sign, and a space before the sign of per cent."""
    return re.sub(r"(\d)%(?!\w)", "\\1\u00a0%", re.sub(r"(^|[\s(])-(?=\d)", "\\1\u2212", reason))


def test_orders_that_wait_for_the_open_stand_beside_the_targets(desk: Up, page: Page) -> None:
    bot = swing(desk, "swing_4w")
    waiting = {name: order for name, order in bot["open_orders"].items() if order["type"] == "market"}
    assert len(waiting) >= 2 and bot["next_open_at"] == "2022-05-19T13:30:00Z"
    page.goto(f"{desk.url}/bots/swing_4w")
    part = page.locator(".waiting")
    part.wait_for()
    rows = part.locator("tbody tr")
    assert rows.count() == len(waiting)
    texts = rows.all_inner_texts()
    for order in waiting.values():
        side = "Buy" if order["side"] == "buy" else "Sell"
        [row] = [text for text in texts if text.startswith(f"{order['symbol']}\t{side}\t")]
        assert (
            f"{order['quantity']:,.4f}".rstrip("0").rstrip(".") in row
            and "18 May 20:00 UTC" in row
            and typeset(order["reason"]) in row
        )
    assert re.search(r"fills at the (next open, 13:30 UTC|open of 13:30 UTC)", part.inner_text())
    assert_accessible(page, ".waiting")


def test_preview_of_a_rebalance_when_not_empty_then_orders_turnover_and_cost_add_up(desk: Up, page: Page) -> None:
    preview = swing(desk, "swing_1w")["preview"]
    assert len(preview["orders"]) >= 2
    page.goto(f"{desk.url}/bots/swing_1w")
    panel = page.locator("section.bot-panel", has=page.get_by_role("heading", name="Targets and next rebalance"))
    panel.wait_for()
    figures = panel.locator(".figures").inner_text()
    assert f"{len(preview['orders'])} orders" in figures
    assert f"{preview['turnover'] * 100:.1f}\u00a0%" in figures and f"{preview['cost']:,.2f} USD" in figures
    cost = 0.0
    for symbol, order in preview["orders"].items():
        row = panel.locator("tbody tr", has=page.get_by_role("rowheader", name=symbol))
        cells = row.locator("td").all_inner_texts()
        side = "Buy" if order["side"] == "buy" else "Sell"
        assert cells[-3] == f"{side} {plain(order['quantity'])} @ {order['price']:,.4f}", (
            "a mark has the tick's decimals"
        )
        assert number(cells[-2]) == pytest.approx(order["value"], abs=0.006)
        cost += number(cells[-1])
    assert cost == pytest.approx(preview["cost"], abs=0.011)
    assert_accessible(page, ".bot-panel:has(.weights)")


def test_trades_when_sorted_then_all_that_are_kept_are_in_order(desk: Up, page: Page) -> None:
    found = trades(desk, "swing_1w")["trades"]
    page.goto(f"{desk.url}/bots/swing_1w")
    rows = page.locator(".rows.trades tbody tr")
    rows.first.wait_for()
    assert 0 < rows.count() < len(found)
    page.locator(".activity").get_by_role("button", name="Net", exact=True).click()
    expect(rows).to_have_count(len(found))
    heads = page.locator(".rows.trades thead th").all_inner_texts()
    net = next(index for index, head in enumerate(heads) if head.startswith("Net"))
    assert page.locator(".rows.trades thead th").nth(net).get_attribute("aria-sort") == "descending"
    shown = [number(text) for text in page.locator(f".rows.trades tbody td:nth-child({net + 1})").all_inner_texts()]
    assert shown == sorted((round(each["realized_pnl"], 2) for each in found.values()), reverse=True)
    page.locator(".activity").get_by_role("button", name="Net", exact=True).click()
    until(page, "document.querySelector('.rows.trades [aria-sort]').getAttribute('aria-sort') === 'ascending'")
    assert number(page.locator(f".rows.trades tbody td:nth-child({net + 1})").first.inner_text()) == min(shown)
    assert_accessible(page, ".activity")


def test_trades_when_filtered_and_taken_as_csv_then_all_days_are_searched(desk: Up, page: Page) -> None:
    found = trades(desk, "swing_1w")["trades"]
    wanted = [name for name, each in found.items() if each["symbol"] == "NVDA"]
    assert 0 < len(wanted) < len(found)
    page.goto(f"{desk.url}/bots/swing_1w")
    rows = page.locator(".rows.trades tbody tr")
    rows.first.wait_for()
    with page.expect_download() as taken:
        page.get_by_role("button", name=re.compile("CSV of (all )?closed trades")).click()
    text = taken.value.path().read_text("utf-8")
    assert [line["id"] for line in csv.DictReader(text.splitlines())] == list(found), "also those that are not shown"
    page.keyboard.press("/")
    page.keyboard.type("nvda")
    expect(rows).to_have_count(len(wanted))
    page.keyboard.press("Escape")
    expect(rows).to_have_count(len(found))


def test_trades_by_symbol_when_shown_then_they_add_up_to_all_trades(desk: Up, page: Page) -> None:
    found = trades(desk, "swing_1w")["trades"]
    page.goto(f"{desk.url}/bots/swing_1w")
    page.get_by_role("radio", name="By symbol").check(force=True)
    table = page.locator("[aria-label='Closed trades by symbol, table'][aria-busy=false]")
    table.wait_for()
    rows = [row.split("\t") for row in table.locator("tbody tr").all_inner_texts()]
    assert sum(int(row[1]) for row in rows) == len(found)
    total = sum(each["realized_pnl"] for each in found.values())
    assert sum(number(row[3]) for row in rows) == pytest.approx(total, abs=0.005 * (len(rows) + 1))
    assert_accessible(page, ".activity")
    symbol = rows[0][0].split(":")[0].strip()
    table.get_by_role("button", name=symbol).click()
    expect(page.locator(".rows.trades tbody tr")).to_have_count(int(rows[0][1]))
