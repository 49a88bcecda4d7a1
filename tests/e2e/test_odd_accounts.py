"""The pages of accounts of all kinds: each figure with the decimals of its account, its tick and its step."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from aion.command.inspect import status_lines
from aion.store.schema import check_file

from .ask import CLIENT
from .odd_accounts import ACCOUNTS, write
from .served import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("odd") / "data"
    write(found)
    return found


@pytest.fixture(scope="module")
def url(root: Path) -> Iterator[str]:
    with serving(root) as found:
        yield found


def text(page: Page, selector: str) -> str:
    """What stands there, in one line, words by single spaces, with signs of the keyboard."""
    found = page.locator(selector).first
    found.scroll_into_view_if_needed()
    shown = re.sub(r"\s+", " ", found.inner_text().replace("\u00a0", " ")).strip()
    assert not re.search(r"(^|\s)-\d", shown), f"a minus of the keyboard: {shown}"
    return shown.replace("\N{MINUS SIGN}", "-").replace("\N{MULTIPLICATION SIGN}", "x")


CARDS = {
    "btc": (
        "0.05021976 BTC start 0.05000000 net ▲+0.00021976 since start",
        "ETH/BTC 0.5 long at 0.04000 0.02000000 ▲+0.00005000 Cash 0.03021976 Equity 0.05021976",
    ),
    "jpy": (
        "12,345,678 JPY start 12,400,000 net ▼-54,322 since start",
        "7203.T long 4,000 2,500.00 10,000,000 ▼-54,000 Cash 2,345,678 Equity 12,345,678",
    ),
    "kwd": ("1,234.500 KWD ▼-0.067 30 Nov 2026 start 1,234.567 net ▼-0.067 since start", "No open positions"),
    "perp": (
        "1,008.51 USDT start 1,000.00 net ▲+8.51 since start",
        "BTC/USDT:USDT -0.01 short at 60,500.00 5x · margin 121.00 · liquidation 73,200.50 · funding -3.00 "
        "-605.00 ▲+10.00 Cash 998.51 Equity 1,008.51",
    ),
    "option": (
        "10,250.00 USD start 10,000.00 net ▲+250.00 since start",
        "SPY 261218C600 long 100 units 5 3.00 1,500.00 ▲+250.00 Cash 8,750.00 Equity 10,250.00",
    ),
    "future": (
        "99,250.00 EUR start 100,000.00 net ▼-750.00 since start",
        "FESX 202612 50 long at 4,900.00 10 units · margin 24,500.50 2,450,000.00 ▼-750.00 Cash 100,000.00 "
        "Equity 99,250.00",
    ),
    "wei": (
        "1.500000000000000000 ETH start 1.200000000000000000 net ▲+0.200000000000000000 since start",
        "TINY/ETH 32,520.32520325 long at 0.0000123 0.400000000000000 ▲+0.039024390243902400 "
        "Cash 1.100000000000000000 Equity 1.500000000000000000",
    ),
    "hedge": (
        "5,000.00000000 USDC",
        "ETH/USDC 2 long at 3,010.25 6,020.50000000 ▲+20.50000000 "
        "ETH/USDC -2 short at 3,010.25 -6,020.50000000 ▲+19.50000000 Cash 5,000.00000000 Equity 5,000.00000000",
    ),
    "ended": ("0.00 GBP start 0.00 net 0.00 since start", "No open positions Cash 0.00 Equity 0.00"),
    "huge": (
        "123,456,789,012.30000000 PEPE",
        "No open positions Cash -1,000,000,000,000,000.00000000 Equity 123,456,789,012.30000000",
    ),
}
"""What a card says of money, and its table of positions."""


def test_card_when_an_account_is_of_any_kind_then_its_figures_have_its_own_digits(page: Page, url: str) -> None:
    page.goto(f"{url}/bots")
    page.get_by_text("STREAMING").first.wait_for()
    assert CARDS.keys() == ACCOUNTS.keys()
    for bot, (lead, positions) in CARDS.items():
        page.locator(f"article#{bot}").wait_for()
        assert text(page, f"#{bot} .lead").startswith(lead), bot
        assert positions in text(page, f"#{bot} .positions"), bot
    assert (
        text(page, "#perp dl")
        == "Since 30 Nov 2026 Gross +11.50 + Rebates 0.01 - Slippage 0.00 + Funding -3.00 = Net ▲+8.51"
    )
    assert "Sell 1,000,000,000,000 @ 0.00000000012" in text(page, "#huge .fills")
    assert "rebate 0.01" in text(page, "#perp .fills") and "fee 0.00001995" in text(page, "#btc .fills")
    assert text(page, "#ended .chip") == "finished" and text(page, "#huge .chip") == "partly read"
    assert "No fills in the file." in text(page, "#option .fills")
    assert not re.search(r"\de[+-]?\d", page.locator("main").inner_text()), "no exponents"


def test_total_when_currencies_are_of_all_kinds_then_each_has_its_decimals(page: Page, url: str) -> None:
    page.goto(f"{url}/bots")
    page.get_by_text("STREAMING").first.wait_for()
    totals = {"BTC": "0.05021976", "JPY": "12,345,678", "KWD": "1,234.500", "USDT": "1,008.51", "USD": "10,250.00",
              "EUR": "99,250.00", "ETH": "1.500000000000000000", "PEPE": "123,456,789,012.30000000"}  # fmt: skip
    for currency, shown in totals.items():
        assert text(page, f"section[aria-label='{currency} total'] .big") == shown
    assert "cash 100,000.00 - positions 750.00 start" in text(page, "section[aria-label='EUR total'] .sum")
    assert text(page, "section[aria-label='KWD total'] tbody tr").endswith("0.000 -0.067 0.000 ▼-0.067")


def test_attention_when_entries_are_left_out_then_the_first_is_named_as_the_check_names_it(
    page: Page, url: str, root: Path
) -> None:
    page.goto(f"{url}/bots")
    said = "field fills.f2.side: Input should be 'buy' or 'sell', not 'hodl'"
    assert (
        text(page, ".attention-line li")
        == f"huge swing/rolling_huge.json.gz partly read: 2 entries are left out: {said}"
    )
    errors, _ = check_file(root / "swing" / "rolling_huge.json.gz")
    nan = "field trades.t1.realized_pnl: Input should be a finite number, not 'NaN'"
    assert errors == [f"rolling_huge.json.gz: {each}: left out, the rest is shown" for each in (said, nan)]
    assert said in text(page, "#huge") and nan in text(page, "#huge")


def test_page_of_a_bot_when_it_is_a_perpetual_then_its_parts_and_terms_stand_there(page: Page, url: str) -> None:
    page.goto(f"{url}/bots/perp")
    page.get_by_text("STREAMING").first.wait_for()
    assert "▲+8.51 gross +11.50, costs +0.01, funding -3.00" in text(page, ".lead-figures")
    row = text(page, ".rows tbody tr")
    assert row.startswith(
        "BTC/USDT:USDT short 5x · margin 121.00 · liquidation 73,200.50 · funding -3.00 -0.01 61,500.00 60,500.00"
    )
    assert page.get_by_text("Targets and next rebalance").count() == 0, "its file knows no targets"
    page.goto(f"{url}/bots/option")
    page.get_by_text("limit if touched").or_(page.get_by_text("limit_if_touched")).first.wait_for()


def test_lists_when_accounts_are_odd_then_digits_are_plain_and_the_same_as_on_the_page(
    page: Page, url: str, root: Path
) -> None:
    page.goto(f"{url}/bots")
    page.get_by_text("STREAMING").first.wait_for()
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV of the table").click()
    rows = {row["bot"]: row for row in csv.DictReader(Path(saved.value.path()).read_text().splitlines())}
    assert (rows["btc"]["equity"], rows["btc"]["net"]) == ("0.05021976", "0.00021976")
    assert (rows["wei"]["equity"], rows["huge"]["equity"]) == ("1.5", "123456789012.3")
    assert not any(re.search(r"\de[+-]?\d", cell) for row in rows.values() for cell in row.values() if cell)
    lines = {line.split()[0]: line for line in status_lines(root) if "LEFT OUT" not in line}
    for bot, (lead, _) in CARDS.items():
        assert f" {lead.split()[0]} {ACCOUNTS[bot]['currency']} " in lines[bot], bot
    assert "net +0.00021976 since start" in lines["btc"] and "net +8.51 since start" in lines["perp"]
    api = CLIENT.get(f"{url}/api/swing/bots/wei").json()
    assert (api["decimals"], api["equity"], api["net"]) == (18, 1.5, 0.2)


@pytest.mark.parametrize("width", [390, 820, 1280])
def test_page_when_amounts_are_long_then_nothing_is_wider_than_the_window(page: Page, url: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    for path in ("/bots", "/bots/wei", "/bots/huge", "/bots/perp"):
        page.goto(f"{url}{path}")
        page.get_by_text("STREAMING").first.wait_for()
        page.locator("#perp .lead, .lead-figures").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        for panel in page.locator(".total, .card .lead").all():
            assert panel.evaluate("each => each.scrollWidth <= each.clientWidth + 1"), (path, panel.inner_text())
