"""A figure that stands in more than one place is the same in all of them, and says of which span it is."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from aion import performance
from aion.currency import money as in_currency

from .conftest import ROOT, Begin, Up
from .served import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts

NAMES = "momo_hk", "orb_ny", "swing_1w", "swing_2w", "swing_4w", "vwap_ldn"
MINUS = "\u2212"


def money(value: float | None, *, is_change: bool = False) -> str:
    """An amount as every page writes it."""
    if value is None:
        return ""
    shown = f"{abs(value):,.2f}"
    sign = "" if float(shown.replace(",", "")) == 0 else MINUS if value < 0 else "+" if is_change else ""
    return sign + shown


def fall(value: float | None) -> str:
    return "" if value is None else f"{MINUS if round(value, 4) else ''}{value * 100:.2f}\u00a0%"


def text(page: Page, selector: str) -> str:
    return re.sub(r"\s+", " ", page.locator(selector).first.inner_text().replace("\u00a0", " "))


def holds(where: str, shown: str, *figures: str) -> None:
    for figure in figures:
        assert figure.replace("\u00a0", " ") in shown, f"{where} lacks {figure!r}: {shown}"


def compare_api(page: Page, url: str, bot: dict[str, Any]) -> None:
    """What the desk says of one bot in its routes, and of a curve that was cut."""
    name, kind = bot["bot"], bot["kind"]
    one = page.request.get(f"{url}/api/{kind}/bots/{name}").json()
    for field in ("equity", "net", "start_equity", "day_pnl", "total_pnl", "drawdown_of", "cash"):
        assert one.get(field) == bot.get(field), (name, field)
    assert one.get("stats") == bot.get("stats")
    own = bot.get("stats", {}).get("max_drawdown")
    curve = list(bot.get("equity_curve", {}).values())
    whole = page.request.get(f"{url}/api/{kind}/bots/{name}/curve").json().get("equity_curve", {})
    assert performance.max_drawdown(curve) == performance.max_drawdown(whole.values()), "thinned, it falls as deep"
    if own is not None:
        assert performance.max_drawdown(curve) <= own + 1e-4, (
            f"{name}: its curve falls deeper than the figure beside it"
        )


def compare_bot(page: Page, url: str, bot: dict[str, Any], line: str, row_of_csv: dict[str, str]) -> None:
    """One bot in the routes, the line of `aion status`, the table, its CSV and its card."""
    compare_api(page, url, bot)
    name = bot["bot"]
    stats, net, day = bot.get("stats", {}), bot.get("net"), bot.get("day_pnl")
    own = stats.get("max_drawdown")
    # the command line
    assert f" {in_currency(bot['equity'], bot['currency'])} {bot['currency']}" in line
    assert net is None or f"net {in_currency(net, bot['currency'], sign=True)} since start" in line
    assert net is not None or "net" not in line
    # the table and its file
    row = text(page, f".compare tbody tr:has(a.bot-name:text-is('{name}'))")
    cells = [money(bot["equity"]), money(net, is_change=True), fall(stats.get("drawdown")), fall(own)]
    cells += [money(day["net"], is_change=True)] if day else []
    holds(f"Compare, {name}", row, *cells)
    for column, value in (("equity", bot["equity"]), ("net", net), ("max_drawdown", own),
                          ("drawdown", stats.get("drawdown")), ("day_net", day and day["net"])):  # fmt: skip
        assert row_of_csv[column] == "" if value is None else float(row_of_csv[column]) == value, (name, column)
    # the card
    card = text(page, f".card#{name}")
    since = [f"start {money(bot['start_equity'])}"] if "start_equity" in bot else []
    since += [f"max drawdown {fall(own)} since"] if own is not None and "since" in bot["drawdown_of"] else []
    holds(f"card of {name}", card, money(bot["equity"]), money(net, is_change=True), *since)
    if net is not None:
        assert re.search(rf"net .?\s?{re.escape(money(net, is_change=True))} since start", card), card
    if day:
        holds(f"card of {name}", card, money(day["net"], is_change=True))
    for said, words in (("file", "the bot reports"), ("curve", "its curve shows")):
        if said in bot.get("drawdown_of", {}):
            holds(f"card of {name}", card, f"{words} {fall(bot['drawdown_of'][said]) or '0.00 %'}")


def compare_total(page: Page, currency: str, total: dict[str, Any], bots: dict[str, Any]) -> None:
    """The tile of a currency beside its bots."""
    members = [bots[name] for name in total["bots"] if name in bots]
    assert abs(sum(bot["equity"] for bot in members) - total["equity"]) < 0.005
    tile = text(page, f".total[aria-label='{currency} total']")
    holds(f"tile of {currency}", tile, money(total["equity"]))
    if "net" in total:
        assert abs(sum(bot["net"] for bot in members) - total["net"]) < 0.005
        holds(f"tile of {currency}", tile, f"{money(total['net'], is_change=True)} since start")
    if "start_equity" in total:
        holds(f"tile of {currency}", tile, f"start {money(total['start_equity'])}")
    if "max_drawdown" in total:
        holds(f"tile of {currency}", tile, fall(total["drawdown"]), f"max {fall(total['max_drawdown'])} since")
    if len(members) == 1:
        same = ("drawdown", "max_drawdown", "peak_at")
        assert {n: total.get(n) for n in same} == {n: members[0].get("stats", {}).get(n) for n in same}
    for day, line in total["days"].items():
        assert set(line["bots"]) | set(line["missing"]) == set(total["bots"]), f"{day} names everybody"
        holds(f"tile of {currency}", tile, money(line["net"], is_change=True))


def compare_pages(page: Page, url: str, bundle: dict[str, Any], bots: dict[str, Any]) -> None:
    """Each bot's own page, and the Intraday page."""
    for name, bot in bots.items():
        page.goto(f"{url}/bots/{name}")
        page.locator(".lead-figures").wait_for()
        figures = text(page, ".lead-figures")
        stats = bot.get("stats", {})
        holds(f"page of {name}", figures, money(bot["equity"]), money(bot.get("net"), is_change=True),
              fall(stats.get("drawdown")), fall(stats.get("max_drawdown")))  # fmt: skip
    page.goto(f"{url}/intraday")
    for name, bot in bundle["intraday"]["bots"].items():
        panel = page.locator(".day-panel", has=page.locator(f"small:text-is('{name}')"))
        panel.wait_for()
        if "day_pnl" in bot:
            shown = panel.inner_text().replace("\u00a0", " ")
            holds(f"Intraday, {name}", shown, money(bot["day_pnl"]["net"], is_change=True))


def compare_places(page: Page, url: str, data: Path) -> dict[str, Any]:
    """Compare all places with the desk's answer; nothing may move meanwhile. Returns that answer."""
    page.goto(f"{url}/bots")
    page.get_by_text("STREAMING").first.wait_for()
    bundle: dict[str, Any] = page.request.get(f"{url}/api/bots/page").json()
    bots = {**bundle["intraday"]["bots"], **bundle["swing"]["bots"]}
    page.locator(f".cards > .card >> nth={len(bots) - 1}").wait_for()
    assert page.locator(".cards > .card").count() == len(bots)
    status = subprocess.run(
        [sys.executable, "-m", "aion", "status", "--data", str(data)], cwd=ROOT, capture_output=True, text=True,
        check=True,
    ).stdout  # fmt: skip
    lines = {line.split()[0]: line for line in status.splitlines()}
    with page.expect_download() as taken:
        page.get_by_role("button", name="CSV of the table").click()
    rows = {row["bot"]: row for row in csv.DictReader(Path(taken.value.path()).read_text().splitlines())}
    assert set(rows) == set(bots) == set(lines)
    for name, bot in bots.items():
        compare_bot(page, url, bot, lines[name], rows[name])
    for currency, total in bundle["totals"].items():
        compare_total(page, currency, total, bots)
    compare_pages(page, url, bundle, bots)
    return bundle


def test_figures_of_the_bots_that_come_with_it_are_the_same_everywhere(begin: Begin, page: Page) -> None:
    up: Up = begin("--speed", "3600", "--from", "2022-05-19T19:55Z")  # the end of New York's day
    up.wait(lambda: min(up.bundle()["totals"]["USD"]["days"]) >= "2022-05-19", 110)
    up.stop()
    with serving(up.data) as url:
        bundle = compare_places(page, url, up.data)
    usd = bundle["totals"]["USD"]
    days = list(usd["days"].values())
    assert len(days[1]["bots"]) == 4, "the day before has the swing bots too"
    assert usd["is_at_closes"] and usd["drawdown"] <= usd["max_drawdown"]
    text_of = [sys.executable, "-m", "aion", "trades", "--data", str(up.data), "--csv"]
    told = list(csv.DictReader(subprocess.run(text_of, cwd=ROOT, capture_output=True, text=True, check=True)
                               .stdout.splitlines()))  # fmt: skip
    for name in NAMES:
        kind = "swing" if name.startswith("swing") else "intraday"
        stats = bundle[kind]["bots"][name]["stats"]
        assert sum(row["bot"] == name for row in told) == stats["closed_trades"], name


def foreign(bot: str, **more: Any) -> dict[str, Any]:
    return {"schema": "aion/sim_log/1", "bot": bot, "mode": "replay", "currency": "USD", "day": "2022-05-19",
            "as_of": "2022-05-19T14:00:00Z", "equity": 1000.0, **more}  # fmt: skip


MINUTES = [f"2022-05-19T{13 + minute // 60:02}:{minute % 60:02}:00Z" for minute in range(31, 60 + 31)]
PIT = {at: 410.0 if index == 30 else 1000.0 + index % 7 for index, at in enumerate(MINUTES)}
LONG = {f"2022-05-{day:02}T{hour:02}:{minute:02}:00Z": 410.0 if (day, hour, minute) == (9, 4, 3) else 1000.0 + minute
        for day in range(2, 19) for hour in range(0, 24, 2) for minute in range(0, 60, 3)}  # fmt: skip
FILL = {"ts": "2022-05-19T13:40:00Z", "symbol": "X", "side": "buy", "quantity": 1, "price": 10}
FOREIGN = {
    "bare": foreign("bare"),
    "liar": foreign("liar", equity_curve=PIT, stats={"drawdown": 0.0, "max_drawdown": 0.02}, start_equity=990.0),
    "longest": foreign("longest", equity_curve=LONG, currency="SEK"),
    "elder": foreign("elder", currency="CHF", equity_curve=PIT, stats={"drawdown": 0.1, "max_drawdown": 0.8}),
    "broke": foreign("broke", currency="EUR", equity=-250.5, start_equity=100.0, cash=-250.5,
                     equity_curve={MINUTES[0]: 100.0, MINUTES[1]: -300.0, MINUTES[9]: -250.5}),
    "onefill": foreign("onefill", currency="CHF", fills={"f1": FILL}, equity_curve={MINUTES[0]: 1000.0}),
    "yesterday": foreign("yesterday", day="2022-05-18", as_of="2022-05-18T20:00:00Z", equity_curve=PIT,
                         day_pnl={"gross": 5.0, "fees": 1.0, "net": 4.0}),
    "gaps": foreign("gaps", currency="CAD", start_equity=1000.0, total_pnl={"gross": 9.0, "net": 7.5},
                    equity_curve={at: value for index, (at, value) in enumerate(PIT.items()) if index % 20 < 5}),
}  # fmt: skip


def test_figures_of_foreign_bots_are_the_same_everywhere(tmp_path: Path, page: Page) -> None:
    data = tmp_path / "data"
    folder = data / "intraday" / "sim_logs"
    folder.mkdir(parents=True)
    for name, state in FOREIGN.items():
        (folder / f"{state['day']}_{name}.json").write_text(json.dumps(state))
    with serving(data) as url:
        bundle = compare_places(page, url, data)
    bots = bundle["intraday"]["bots"]
    assert bots["liar"]["stats"]["max_drawdown"] > 0.59 and bots["liar"]["drawdown_of"]["file"] == 0.02
    assert bots["longest"]["stats"]["max_drawdown"] > 0.59 and "curve" in bots["longest"]["more"]
    assert bots["elder"]["stats"]["max_drawdown"] == 0.8 and bots["elder"]["drawdown_of"]["curve"] > 0.59
    assert bots["broke"]["stats"]["max_drawdown"] == 4.0 and bots["broke"]["net"] == -350.5
    assert "drawdown" not in bundle["totals"]["USD"], "one of its bots says neither curve nor start"
