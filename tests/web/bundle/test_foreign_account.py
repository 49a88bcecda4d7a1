"""Accounts of other programs on the desk: coins, options, futures, rebates, live ones, ended ones, broken entries."""

import math
from pathlib import Path
from typing import Any

import orjson
import pytest

from aion.command.inspect import status_lines
from aion.store.document.state import SwingRolling
from aion.store.file import gzip_bytes
from aion.store.layout import Layout
from aion.store.schema import check_file
from aion.watch.bots import BotWatch
from aion.web.bundle.document import BotsPageBundle
from aion.web.bundle.exact import product, total
from aion.web.bundle.pages import Page, bots_bundle
from tests.web.bundle.folder import Folder, assert_is
from tests.web.sample import Writer, at, fill

Json = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def write(root: Path, bot: str, **more: Any) -> None:
    """Write a foreign bot's account as its program would: with Python's own JSON, NaN and null included."""
    import json

    value = {"schema": "aion/swing_rolling/2", "bot": bot, "as_of": at(1), "currency": "USDT", "equity": 1000} | more
    path = Layout(root).swing_rolling(bot)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip_bytes(json.dumps(value).encode()))


def card(folder: Folder, bot: str) -> Json:
    found = folder.build(Page())
    assert_is(BotsPageBundle, found)
    shown: Json = found["swing"]["bots"][bot]
    return shown


def test_coin_when_it_is_dust_then_every_digit_stands(folder: Folder) -> None:
    held = {"quantity": 1e-08, "average_price": 1e-10, "last_price": 1.2e-10}
    write(folder.root, "dust", currency="BTC", equity=0.00012345, cash=2.345e-05, start_equity=0.0001,
          positions={"PEPE/BTC": held})  # fmt: skip
    shown = card(folder, "dust")
    position = shown["positions"]["PEPE/BTC"]
    assert position["quantity"] == 1e-08 and position["last_price"] == 1.2e-10
    assert position["market_value"] == 1.2e-18 and position["unrealized_pnl"] == 2e-19
    assert shown["positions_value"] == 1.2e-18 and shown["net"] == 2.345e-05
    total_of = folder.build(Page())["totals"]["BTC"]
    assert (
        total_of["equity"] == 0.00012345 and total_of["net"] == 2.345e-05 and total_of["positions_value"] == 1.2e-18
    )


@pytest.mark.parametrize(
    "said", [{"market_value": 1500.0}, {"multiplier": 100}, {"multiplier": 100, "market_value": 1500}]
)
def test_option_when_it_says_value_or_multiplier_then_its_result_is_of_all_units(folder: Folder, said: Json) -> None:
    held = {"quantity": 5, "average_price": 2.5, "last_price": 3.0} | said
    write(
        folder.root, "option", currency="USD", equity=10250, cash=8750, start_equity=10000, positions={"C600": held}
    )
    position = card(folder, "option")["positions"]["C600"]
    assert position["market_value"] == 1500 and position["unrealized_pnl"] == 250


@pytest.mark.parametrize(
    ("value", "result"), [(1507.0, 255.0), (37.7, None), (10.0, None), (None, 2.5), (15.3, 2.5), (-1500, None)]
)
def test_value_when_it_is_of_no_whole_number_of_units_then_no_result_is_invented(
    folder: Folder, value: float | None, result: float | None
) -> None:
    held: Json = {"quantity": 5, "average_price": 2.5, "last_price": 3.0}
    if value is not None:
        held["market_value"] = value
    write(folder.root, "odd", positions={"X": held})
    position = card(folder, "odd")["positions"]["X"]
    assert position.get("unrealized_pnl") == (result if value != 1507.0 else None)


def test_long_and_short_of_one_symbol_when_keyed_freely_then_both_stand_with_their_terms(folder: Folder) -> None:
    terms = {
        "leverage": 5,
        "margin": 100.5,
        "liquidation_price": 21000.5,
        "funding": -1.25,
        "stake": 99,
        "account": "usdm",
    }
    held = {"symbol": "BTC/USDT", "average_price": 30000, "last_price": 29000}
    write(folder.root, "hedge", positions={"btc-long": held | {"quantity": 0.5} | terms,
                     "btc-short": held | {"quantity": -0.25}},
          **{"return": 0.125, "margin": 200, "leverage": 3, "stake": 150, "account": "main"})  # fmt: skip
    shown = card(folder, "hedge")
    assert shown["positions"]["btc-long"].items() >= terms.items()
    assert shown["positions"]["btc-short"]["symbol"] == "BTC/USDT"
    assert shown["positions"]["btc-short"]["unrealized_pnl"] == 250
    assert not terms.keys() & shown["positions"]["btc-short"].keys(), "absent when absent"
    assert (shown["return"], shown["margin"], shown["leverage"], shown["stake"], shown["account"]) == (
        0.125,
        200,
        3,
        150,
        "main",
    )


def test_rebate_and_funding_when_said_then_they_are_income_in_every_sum(folder: Folder) -> None:
    pnl = {"gross": 10, "fees": -0.006, "slippage": 0, "funding": -1.5, "net": 8.506}
    fills = {
        "f1": fill(1) | {"fee": -0.006},
        "f2": fill(2) | {"fee": 0.001, "fee_currency": "BNB", "fee_value": 0.25},
    }
    write(folder.root, "maker", day="2022-05-19", day_pnl=pnl, total_pnl=pnl, fills=fills)
    shown = card(folder, "maker")
    assert shown["fills"]["f1"]["fee"] == -0.006 and shown["fills"]["f2"]["fee_currency"] == "BNB"
    day = folder.build(Page())["totals"]["USDT"]["days"]["2022-05-19"]
    assert (day["fees"], day["funding"], day["net"]) == (-0.006, -1.5, 8.506)


def test_orders_when_their_words_are_the_exchanges_then_they_stand(folder: Folder) -> None:
    order = {
        "ts": at(1),
        "symbol": "A",
        "side": "buy",
        "quantity": 1,
        "type": "stop_limit",
        "status": "partially_filled",
    }
    write(folder.root, "orders", open_orders={"o1": order})
    assert (
        card(folder, "orders")["open_orders"]["o1"].items()
        >= {"type": "stop_limit", "status": "partially_filled"}.items()
    )


def test_live_bot_when_the_desk_is_of_paper_then_it_is_shown_and_named_and_in_no_total(folder: Folder) -> None:
    folder.write.cycle(5, ["orb_ny"])
    write(folder.root, "real", mode="live", currency="USD")
    found = folder.build(Page())
    assert found["swing"]["bots"]["real"]["mode"] == "live"
    assert (
        found["errors"]["swing.real"]["kind"] == "mixed_mode"
        and "mode live" in found["errors"]["swing.real"]["reason"]
    )
    assert found["totals"]["USD"]["bots"] == ["orb_ny"]


def test_run_when_finished_then_the_card_says_so_and_nobody_waits_for_it(folder: Folder) -> None:
    due = "2022-05-19T14:00Z"
    write(folder.root, "over", kind="finished", finished_at=at(1), due_at=due, written_at=at(1))
    write(folder.root, "late", due_at=due, written_at=at(1))
    shown = card(folder, "over")
    assert shown["finished"] is True and shown["finished_at"] == "2022-05-19T13:31:00Z" and shown["kind"] == "swing"
    assert card(folder, "late")["finished"] is False
    now_s = 1_652_972_400.0  # an hour past due
    assert [found.bot for found in BotWatch(Layout(folder.root), {}, 5.0).look(now_s, None)] == ["late"]
    late, over = status_lines(folder.root)
    assert "LATE" in late and over.endswith("finished")


def test_entry_when_wrong_then_it_is_named_on_the_page_and_in_status_and_the_rest_is_shown(folder: Folder) -> None:
    fills = {"f1": fill(1), "f2": fill(2) | {"side": "hodl"}, "f3": None, "f4": fill(3) | {"price": math.nan}}
    held = {"quantity": 1, "average_price": 2, "last_price": 3}
    write(folder.root, "odd", cash=400, fills=fills, positions={"A": held, "B": held | {"last_price": "?"}})
    found = folder.build(Page())
    assert_is(BotsPageBundle, found)
    problem = found["errors"]["swing.odd"]
    assert problem["kind"] == "left_out" and problem["bot"] == "odd"
    assert problem["reason"].startswith("3 entries are left out: field ")
    assert (
        "fills.f2.side" in problem["reason"]
        and "'hodl'" in problem["reason"]
        and "fills.f4.price" in problem["reason"]
    )
    shown = found["swing"]["bots"]["odd"]
    assert list(shown["fills"]) == ["f1"] and list(shown["positions"]) == ["A"]
    assert "positions_value" not in shown and "exposure" not in shown.get("stats", {}), "of some of them is of none"
    assert found["totals"]["USDT"]["positions_value"] == 600, "what equity is beside cash"
    lines = status_lines(folder.root)
    assert len(lines) == 4 and all("LEFT OUT" in line for line in lines[1:])
    write(folder.root, "odd", cash=400)
    assert folder.build(Page())["errors"] == {}


def test_day_file_when_an_entry_is_wrong_then_the_cycle_is_still_whole(folder: Folder) -> None:
    folder.write.cycle(5, ["orb_ny"])
    page = Page()
    whole = folder.build(page)
    Writer(folder.root).day("orb_ny", 5, fills={"f-a": fill(3), "f-b": fill(2) | {"side": "hodl"}})
    found = folder.build(page)
    assert list(found["errors"]) == ["intraday.orb_ny"] and not page.is_torn
    assert found["intraday"]["bots"]["orb_ny"]["equity"] == whole["intraday"]["bots"]["orb_ny"]["equity"]
    assert list(found["intraday"]["bots"]["orb_ny"]["fills"]) == ["f-a"]


def test_document_when_of_the_last_version_then_it_is_read_as_the_new_one(folder: Folder) -> None:
    for version in (1, 2):
        write(folder.root, f"v{version}", schema=f"aion/swing_rolling/{version}")
    found = orjson.loads(orjson.dumps(bots_bundle(Page().read(folder.files()))))
    assert found["errors"] == {} and list(found["swing"]["bots"]) == ["v1", "v2"]
    assert SwingRolling.model_fields["return_"].alias == "return"


def test_sums_when_exact_then_binary_noise_is_not_shown() -> None:
    assert total([0.1, 0.2]) == 0.3 and total([]) == 0 and product(1.1, 1.1) == 1.21
    assert total([1e22, 1e-8, -1e22]) == 1e-8
    assert total([0.00012345, -0.0001]) == 2.345e-05


def test_prices_when_below_zero_then_file_and_page_keep_them(folder: Folder) -> None:
    held = {"quantity": 2, "average_price": -14, "last_price": -37.63, "multiplier": 1000, "stop_loss": -45}
    short = {"quantity": -1, "average_price": 0, "last_price": -0.5, "multiplier": 1000}
    closed = {"ts": at(1), "symbol": "CLK20", "side": "buy", "quantity": 1, "entry_price": -30, "exit_price": -14,
              "opened_at": at(0), "realized_pnl": 16_000, "multiplier": 1000}  # fmt: skip
    sold = {"ts": at(1), "symbol": "CLK20", "side": "sell", "quantity": 1, "price": -14, "reason": "out"}
    write(folder.root, "oil", currency="USD", equity=50_000, cash=97_260, start_equity=97_260, fills={"f1": sold},
          positions={"CLK20": held, "NG": short}, trades={"t1": closed})  # fmt: skip
    assert check_file(Layout(folder.root).swing_rolling("oil")) == ([], [])
    shown = card(folder, "oil")
    position = shown["positions"]["CLK20"]
    assert (position["average_price"], position["last_price"], position["stop_loss"]) == (-14, -37.63, -45)
    assert position["market_value"] == -75_260 and position["unrealized_pnl"] == -47_260
    assert shown["positions"]["NG"]["market_value"] == 500 == shown["positions"]["NG"]["unrealized_pnl"]
