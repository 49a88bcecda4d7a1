"""The Bots page's bundle as a pure function of files."""

from datetime import datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aion.live.disk.source import Entry
from aion.web.bundle.document import BotsPageBundle, IntradaySnapshot
from aion.web.bundle.pages import MAX_BYTES, Page, bots_bundle, intraday_bundle
from tests.web.bundle.folder import Folder, assert_is
from tests.web.sample import at, curve, fill, sim_log


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_build_when_folder_is_empty_then_nothing_is_invented(folder: Folder) -> None:
    found = folder.build(Page())
    assert_is(BotsPageBundle, found)
    assert found["swing"]["bots"] == {} and found["intraday"]["bots"] == {} and found["totals"] == {}
    assert "as_of" not in found and "mode" not in found and found["errors"] == {}


def test_build_when_cycle_is_whole_then_bundle_is_of_the_model(folder: Folder) -> None:
    folder.write.cycle(5, ["orb_ny", "vwap"])
    folder.write.swing("swing_1w")
    found = folder.build(Page(frozenset({"swing_1w"})))
    assert_is(BotsPageBundle, found)
    assert found["errors"] == {}
    assert found["intraday"]["summary"]["cycle_id"] == "c5"
    assert found["intraday"]["signals"]["MSFT"]["confidence"] == 0.25
    assert found["clock"]["speed"] == 60 and found["sessions"]["XNAS"]["state"] == "open"
    bot = found["intraday"]["bots"]["orb_ny"]
    assert bot["foreign"] is False and bot["day_pnl"]["net"] == 120.0
    assert list(bot["fills"]) == ["f-b", "f-a"], "fills stand in order of time"
    assert found["swing"]["bots"]["swing_1w"]["foreign"] is False
    snapshot = orjson.loads(orjson.dumps(intraday_bundle(Page().read(folder.files()))))
    assert_is(IntradaySnapshot, snapshot)
    assert snapshot["symbols"]["MSFT"]["features"] == {"vwap": 250.1}


def test_build_when_called_twice_then_bytes_are_equal(folder: Folder) -> None:
    folder.write.cycle(5, ["orb_ny"])
    folder.write.swing("mine")
    page = Page()
    first = orjson.dumps(bots_bundle(page.read(folder.files())))
    assert orjson.dumps(bots_bundle(page.read(folder.files()))) == first
    assert orjson.dumps(bots_bundle(Page().read(folder.files()))) == first, "another process says the same"


def test_build_when_a_bot_file_changes_then_only_its_card_changes(folder: Folder) -> None:
    page = Page()
    folder.write.swing("one")
    folder.write.swing("two")
    before = folder.build(page)["swing"]["bots"]
    folder.write.swing("two", equity=55.5)
    after = folder.build(page)["swing"]["bots"]
    assert after["one"] == before["one"]
    assert after["two"]["equity"] == 55.5


def test_build_when_writer_is_in_the_middle_then_last_whole_cycle_stays(folder: Folder) -> None:
    page = Page()
    folder.write.cycle(5, ["orb_ny", "vwap"])
    whole = folder.build(page)
    folder.write.day("orb_ny", 6)
    assert folder.build(page) == whole
    assert page.is_torn
    folder.write.cycle(6, ["orb_ny", "vwap"])
    found = folder.build(page)
    assert not page.is_torn
    assert {bot["cycle_id"] for bot in found["intraday"]["bots"].values()} == {"c6"}


def test_build_when_the_grace_is_over_then_parts_are_shown_with_problems(folder: Folder) -> None:
    page = Page()
    folder.write.cycle(5, ["orb_ny", "vwap"])
    folder.build(page)
    folder.write.day("orb_ny", 6)
    found = folder.build(page, is_overdue=True)
    assert_is(BotsPageBundle, found)
    assert found["intraday"]["bots"]["orb_ny"]["cycle_id"] == "c6"
    assert found["intraday"]["bots"]["vwap"]["cycle_id"] == "c5"
    assert found["errors"]["intraday.summary"]["kind"] == "incomplete"
    assert found["errors"]["intraday.orb_ny"]["reason"] == "carries cycle c6, the summary names c5"
    assert found["errors"]["intraday.orb_ny"]["since"] == "2022-05-19T13:35:00Z"
    assert "intraday.vwap" not in found["errors"]


def test_build_when_the_desk_starts_on_a_mixture_then_it_is_shown_part_by_part(folder: Folder) -> None:
    folder.write.cycle(5, ["orb_ny"])
    folder.write.cycle(6, ["orb_ny"], commit=False)
    found = folder.build(Page())
    assert found["intraday"]["bots"]["orb_ny"]["cycle_id"] == "c6"
    assert found["errors"]["intraday.summary"]["kind"] == "incomplete"


def test_build_when_a_swing_bot_moves_inside_a_torn_cycle_then_it_is_shown_at_once(folder: Folder) -> None:
    page = Page()
    folder.write.cycle(5, ["orb_ny"])
    folder.build(page)
    folder.write.day("orb_ny", 6)
    folder.write.swing("mine", equity=7.0)
    found = folder.build(page)
    assert found["swing"]["bots"]["mine"]["equity"] == 7.0
    assert found["intraday"]["bots"]["orb_ny"]["cycle_id"] == "c5"


def test_build_when_a_named_file_is_missing_then_the_summarys_line_is_shown(folder: Folder) -> None:
    folder.write.cycle(5, ["orb_ny", "vwap"])
    folder.write.layout.sim_log("2022-05-19", "vwap").unlink()
    found = folder.build(Page())
    assert_is(BotsPageBundle, found)
    assert found["errors"]["intraday.vwap"]["kind"] == "missing"
    assert found["intraday"]["bots"]["vwap"]["equity"] == 100_120.0
    assert found["intraday"]["bots"]["vwap"]["fills_total"] == 2
    assert found["totals"]["USD"]["bots"] == ["orb_ny", "vwap"]


def test_build_when_a_foreign_bot_writes_days_then_its_newest_is_shown(folder: Folder) -> None:
    folder.write.cycle(5, ["orb_ny"])
    folder.write.day("theirs", 2, day="2022-05-17", equity=1.0)
    folder.write.day("theirs", 3, day="2022-05-18", equity=2.0)
    found = folder.build(Page())
    bot = found["intraday"]["bots"]["theirs"]
    assert bot["foreign"] is True and bot["day"] == "2022-05-18" and bot["equity"] == 2.0


def test_build_when_a_bot_had_another_currency_the_day_before_then_that_result_is_in_no_total(folder: Folder) -> None:
    pnl = {"gross": 7.0, "fees": 0.0, "slippage": 0.0, "net": 7.0}
    for day, currency in (("2022-05-18", "EUR"), ("2022-05-19", "JPY")):
        folder.write.day("mine", 1, day=day, currency=currency, day_pnl=pnl)
    folder.write.day("same", 1, day="2022-05-18", currency="JPY", day_pnl=pnl)
    folder.write.day("same", 1, day="2022-05-19", currency="JPY", day_pnl=pnl)
    total = folder.build(Page())["totals"]["JPY"]
    assert total["days"]["2022-05-19"]["net"] == 14.0
    assert total["days"]["2022-05-18"]["net"] == 7.0 and total["days"]["2022-05-18"]["missing"] == ["mine"]


def test_build_when_a_coin_account_holds_little_then_cash_and_positions_are_its_equity(folder: Folder) -> None:
    held = {"quantity": 0.5, "average_price": 0.03, "last_price": 0.03051234}
    folder.write.day(
        "coin", 1, currency="BTC", equity=0.05021976, cash=0.03496359, start_equity=0.05,
        total_pnl={"gross": 0.00021976, "fees": 0.0, "net": 0.00021976}, positions={"ETH/BTC": held},
    )  # fmt: skip
    found = folder.build(Page())
    bot, total = found["intraday"]["bots"]["coin"], found["totals"]["BTC"]
    assert bot["positions"]["ETH/BTC"]["market_value"] == bot["positions_value"] == 0.01525617
    assert total["equity"] == round(total["cash"] + total["positions_value"], 8) == 0.05021976
    assert bot["net"] == total["net"] == 0.00021976


def test_build_when_a_file_says_no_figures_then_only_implied_ones_are_derived(folder: Folder) -> None:
    folder.write.swing("mine")
    bot = folder.build(Page())["swing"]["bots"]["mine"]
    held = bot["positions"]["AAPL"]
    assert held["market_value"] == round(100.5 * 995.02, 8)
    assert held["unrealized_pnl"] == round(100.5 * (995.02 - 900), 8)
    assert bot["stats"]["drawdown"] == round(1000 / 102_000, 6)
    assert datetime.fromisoformat(bot["stats"]["peak_at"]) == datetime.fromisoformat(at(1))
    assert "win_rate" not in bot["stats"] and "total_pnl" not in bot


def test_build_when_modes_differ_then_it_is_named_and_in_no_total(folder: Folder) -> None:
    folder.write.cycle(5, ["orb_ny"])
    folder.write.swing("paper_bot", mode="paper", as_of=at(9))
    folder.write.swing("swing_1w", run="r0")
    found = folder.build(Page(frozenset({"swing_1w"})))
    assert found["mode"] == "replay"
    assert found["errors"]["swing.paper_bot"]["kind"] == "mixed_mode"
    assert found["errors"]["swing.swing_1w"]["kind"] == "mixed_run"
    assert "paper_bot" in found["swing"]["bots"]
    assert found["totals"]["USD"]["bots"] == ["orb_ny", "swing_1w"]


def test_build_when_a_name_is_strange_then_it_is_named(folder: Folder) -> None:
    folder.write.cycle(5, ["orb_ny"])
    (folder.root / "intraday/sim_logs/today.json").write_text("{}")
    found = folder.build(Page())
    assert found["errors"]["intraday/sim_logs/today.json"]["kind"] == "unreadable"
    assert_is(BotsPageBundle, found)


def test_build_when_there_is_much_then_it_stays_within_the_bytes(folder: Folder) -> None:
    bots = [f"bot{i}" for i in range(20)]
    folder.write.cycle(5, bots, symbols=1000)
    fills = {f"f{i}-x": fill(i % 50, f"S{i}") | {"reason": "r" * 300} for i in range(200)}
    for bot in bots:
        folder.write.day(bot, 5, fills=fills, equity_curve=curve(2000), hold_curve=curve(2000, 99_000.0))
    found = folder.build(Page())
    assert_is(BotsPageBundle, found)
    assert len(orjson.dumps(found)) <= MAX_BYTES
    shown = found["intraday"]["bots"]
    assert len({(len(bot["fills"]), len(bot["equity_curve"])) for bot in shown.values()}) == 1, "all lose the same"
    assert shown["bot3"]["fills_total"] == 200
    assert shown["bot3"]["more"]["fills"] == "/api/intraday/bots/bot3/fills"
    assert shown["bot3"]["more"]["curve"] == "/api/intraday/bots/bot3/curve"
    assert found["intraday"]["signals_total"] == 1000
    assert found["intraday"]["more"] == {"signals": "/api/intraday/snapshot"}
    assert found["totals"]["USD"]["equity"] == 20 * 100_120.0


def test_build_when_positions_are_cut_then_their_number_and_their_value_are_those_of_all(folder: Folder) -> None:
    held = {f"S{i:03}": {"quantity": -1 if i % 2 else 2, "average_price": 9, "last_price": 10 + i} for i in range(80)}
    folder.write.day("priced", 5, positions=held, symbols=list(held))
    folder.write.day("unpriced", 5, positions=held | {"NEW": {"quantity": 1, "average_price": 9}})
    folder.write.swing("flat", positions={})
    found = folder.build(Page())
    assert_is(BotsPageBundle, found)
    priced, unpriced = found["intraday"]["bots"]["priced"], found["intraday"]["bots"]["unpriced"]
    assert len(priced["positions"]) == len(priced["symbols"]) == 50
    assert (priced["positions_total"], priced["symbols_total"], unpriced["positions_total"]) == (80, 80, 81)
    assert priced["positions_value"] == sum(each["quantity"] * each["last_price"] for each in held.values())
    assert "positions_value" not in unpriced, "one of them has no price"
    flat = found["swing"]["bots"]["flat"]
    assert (flat["positions_total"], flat["positions_value"]) == (0, 0)


def test_build_when_there_are_hundreds_of_bots_then_own_and_newest_are_shown_and_all_are_counted(
    folder: Folder,
) -> None:
    folder.write.cycle(5, ["orb_ny"])
    for i in range(400):
        folder.write.day(f"theirs{i:03d}", i % 50, note="n" * 400, fills={})
    found = folder.build(Page())
    assert_is(BotsPageBundle, found)
    assert len(orjson.dumps(found)) <= MAX_BYTES
    shown = found["intraday"]["bots"]
    assert "orb_ny" in shown and 50 < len(shown) < 401
    assert found["intraday"]["bots_total"] == 401 and found["intraday"]["more"]["bots"] == "/api/intraday/bots"
    assert min(bot["as_of"] for bot in shown.values() if bot["foreign"]) >= "2022-05-19T13:50:00Z", "the newest stay"
    assert len(found["totals"]["USD"]["bots"]) == 401, "nobody is left out of a sum"


def test_build_when_seven_bots_are_shown_then_lists_have_fifty_rows_at_most(folder: Folder) -> None:
    folder.write.day("one", 5, fills={f"f{i}-x": fill(i) for i in range(80)}, equity_curve=curve(900))
    bot = folder.build(Page())["intraday"]["bots"]["one"]
    assert len(bot["fills"]) == 50 and bot["fills_total"] == 80
    assert list(bot["fills"])[-1] == "f79-x", "the newest are kept"
    assert len(bot["equity_curve"]) <= 300
    assert min(bot["equity_curve"].values()) == 99_500.0 and max(bot["equity_curve"].values()) == 100_700.0


@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_build_when_any_subset_of_a_cycle_is_written_then_no_mixture_is_published(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = Folder(tmp_path_factory.mktemp("cycles"))
    page, bots = Page(), ["a", "b", "c"]
    folder.write.cycle(1, bots)
    folder.build(page)
    for minute in range(2, 5):
        steps = [*bots, "commit"]
        stop = data.draw(st.integers(0, len(steps)))
        for step in steps[:stop]:
            if step == "commit":
                folder.write.cycle(minute, bots)
            else:
                folder.write.day(step, minute)
        cycles = {bot["cycle_id"] for bot in folder.build(page)["intraday"]["bots"].values()}
        assert len(cycles) == 1


def test_entry_when_used_by_the_bundle_then_it_has_what_the_live_library_gives() -> None:
    names = {"value", "error", "last_good", "mtime_ns"}
    assert names <= set(Entry.__dataclass_fields__)
    assert sim_log("a", 1)["schema"] == "aion/sim_log/1"
