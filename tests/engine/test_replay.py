"""Whole replays in the process of the test, on real recorded bars, with a wall that costs no time."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from aion.config import Risk
from aion.store.layout import Layout
from tests.bot.desk import (
    VirtualWaiter,
    at,
    document,
    ledger_rows,
    log_events,
    recorded,
    replay,
    settings,
    sim_logs,
    state_files,
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run from the default start to the next morning in Hong Kong."""
    data = tmp_path_factory.mktemp("desk")
    replay(settings(data))
    return data


def test_replay_of_a_day_leaves_valid_files_for_every_bot(desk: Path) -> None:
    layout = Layout(desk)
    made = settings(desk)
    summary = document(layout.sim_summary)
    assert summary["clock"]["state"] == "finished"
    assert summary["mode"] == "replay" and summary["run"] == "1"
    for name, bot in made.bots.items():
        if bot.kind == "intraday":
            day = document(layout.sim_log("2022-05-19", name))
            assert day["bars_seen"] > 300 and len(day["equity_curve"]) == day["bars_seen"]
            assert day["hours"]["opens_at"] < min(day["bars"][bot.symbols[0]])
            assert ("break_start" in day["hours"]) == (bot.exchange == "XHKG")
        else:
            rolling = document(layout.swing_rolling(name))
            assert len(rolling["equity_curve"]) > 250
            assert rolling["hold_curve"].keys() == rolling["equity_curve"].keys()
            assert "did well later" in rolling["note"] and "adjusted" in rolling["note"]
            assert rolling["last_rebalance_at"]
    for path in layout.bot_logs.rglob("*.json"):
        document(path)
    rolling = document(layout.rolling)
    assert set(rolling["symbols"]) == {"MSFT", "AZN.L", "9988.HK"}
    assert rolling["symbols"]["MSFT"]["signal"]["reason"]


def test_summary_names_every_present_day_file_with_the_cycle_it_carries(desk: Path) -> None:
    layout = Layout(desk)
    summary = document(layout.sim_summary)
    assert set(summary["files"]) == {
        "rolling.json.gz",
        "sim_logs/2022-05-20_momo_hk.json",
        "sim_logs/2022-05-19_vwap_ldn.json",
        "sim_logs/2022-05-19_orb_ny.json",
    }
    for name, cycle_id in summary["files"].items():
        assert document(layout.intraday / name)["cycle_id"] == cycle_id
    assert summary["days"]["2022-05-19"]["momo_hk"]["day"] == "2022-05-19"


def test_result_is_gross_less_fees_less_slippage_to_the_cent(desk: Path) -> None:
    for name in settings(desk).bots:
        path = Layout(desk).swing_rolling(name)
        value = document(path) if path.exists() else list(sim_logs(desk, name).values())[-1]
        pnl = {key: Decimal(str(part)) for key, part in value["total_pnl"].items() if key in _PARTS}
        assert pnl["gross"] - pnl["fees"] - pnl["slippage"] == pnl["net"]
        assert Decimal(str(value["equity"])) - Decimal(str(value["start_equity"])) == pnl["net"]


_PARTS = ("gross", "fees", "slippage", "net")


def test_fills_have_decision_before_bar_and_fees(desk: Path) -> None:
    fills = [
        fill
        for name in settings(desk).bots
        for day in sim_logs(desk, name).values()
        for fill in day["fills"].values()
    ]
    assert fills
    for fill in fills:
        assert fill["decided_at"] < fill["known_at"] == fill["bar"]["ts"]
        assert fill["fee"] > 0 and fill["fees"] and fill["reason"]
        assert fill["bar"]["low"] * 0.99 <= fill["price"] <= fill["bar"]["high"] * 1.01


def test_intraday_bots_are_flat_after_the_close_and_decided_it_before(desk: Path) -> None:
    for name in ("orb_ny", "vwap_ldn", "momo_hk"):
        day = sim_logs(desk, name)["2022-05-19"]
        assert day["positions"] == {}
        for decision in day["decisions"].values():
            if "flat for the day" in decision["reason"]:
                assert decision["ts"] >= day["flat_by"]


def test_two_replays_give_the_same_bytes(desk: Path, tmp_path: Path) -> None:
    # the second one is slow: looks at the clock cost time, so commits and files fall on other cycles
    replay(settings(tmp_path), waiter=VirtualWaiter(drift_s=0.013))
    first, second = state_files(desk), state_files(tmp_path)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    assert ledger_rows(desk / "ledger.sqlite") == ledger_rows(tmp_path / "ledger.sqlite")


def test_two_processes_that_order_sets_otherwise_give_the_same_bytes(tmp_path: Path) -> None:
    for seed, zone in (("1", "America/New_York"), ("77", "Asia/Tokyo")):
        code = (
            f"from pathlib import Path; from tests.engine.worker import trade; trade(Path({str(tmp_path / seed)!r}))"
        )
        machine = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone}
        subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], env=machine, check=True)
    first, second = state_files(tmp_path / "1"), state_files(tmp_path / "77")
    assert len(first) > 10 and first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    assert ledger_rows(tmp_path / "1/ledger.sqlite") == ledger_rows(tmp_path / "77/ledger.sqlite")


def test_future_spike_changes_nothing_before_it(desk: Path, tmp_path: Path) -> None:
    spike_at = at("2022-05-19T18:00Z")

    def spike(bar):
        if bar.ts <= spike_at:
            return bar
        return replace(bar, open=bar.open * 3, high=bar.high * 3, low=bar.low * 3, close=bar.close * 3)

    replay(settings(tmp_path), recorded(change=spike))
    before, after = ledger_rows(desk / "ledger.sqlite"), ledger_rows(tmp_path / "ledger.sqlite")
    assert before["fills"] != after["fills"]  # the spike is seen once it is there
    until = "2022-05-19T18:00"
    for table, column in (("fills", "known_at"), ("decisions", "ts"), ("equity", "ts")):
        seen = [row for row in before[table] if getattr(row, column) <= until]
        assert len(seen) > 10
        assert seen == [row for row in after[table] if getattr(row, column) <= until]


def test_closed_hours_pass_in_the_gap_and_are_labelled(tmp_path: Path) -> None:
    labels = {}

    def look(waiter: VirtualWaiter, seconds: float) -> None:
        clock = document(Layout(tmp_path).sim_summary)["clock"]
        if clock["state"] == "closed":
            labels[clock["label"]] = labels.get(clock["label"], 0) + seconds

    replay(settings(tmp_path, start=at("2022-05-19T19:50Z")), waiter=VirtualWaiter(look))
    assert labels == {"closed, Hong Kong opens in 5 h 30 min": pytest.approx(2.0, abs=0.2)}


def test_clock_when_caught_up_says_running_before_the_next_bar_comes(tmp_path: Path) -> None:
    seen = []

    def look(waiter: VirtualWaiter, seconds: float) -> None:
        clock = document(Layout(tmp_path).sim_summary)["clock"]
        seen.append((waiter.elapsed, clock["state"], clock.get("progress")))
        waiter.is_stopped = waiter.elapsed > 20  # the first bar comes after a minute

    replay(settings(tmp_path, start=at("2022-05-19T13:40:30Z"), speed=1), waiter=VirtualWaiter(look))
    waited = [each for each in seen if each[0] > 2]
    assert len(waited) > 10 and {each[1:] for each in waited} == {("running", None)}


def test_market_minute_takes_a_second_at_speed_60(tmp_path: Path) -> None:
    made = settings(tmp_path, start=at("2022-05-19T15:40Z"), run_pause_s=0)
    waiter = replay(made, recorded(at("2022-05-19T16:40Z")))
    assert waiter.elapsed == pytest.approx(60, abs=1.5)


def test_machine_that_slept_goes_on_where_it_stopped(tmp_path: Path) -> None:
    slept = []

    def sleep(waiter: VirtualWaiter, seconds: float) -> None:
        if len(waiter.waits) == 150:
            waiter.elapsed += 3600
            slept.append(len(waiter.waits))

    made = settings(tmp_path, start=at("2022-05-19T15:40Z"), run_pause_s=0)
    waiter = replay(made, recorded(at("2022-05-19T16:40Z")), VirtualWaiter(sleep))
    after = waiter.waits[slept[0] + 1 :]
    assert sum(after) > 25


def test_end_of_the_tape_starts_run_2_with_new_accounts(tmp_path: Path) -> None:
    made = settings(tmp_path, start=at("2022-05-19T13:25Z"))
    states = []

    def look(waiter: VirtualWaiter, seconds: float) -> None:
        summary = document(Layout(tmp_path).sim_summary)
        states.append((summary["run"], summary["clock"]["state"], seconds))

    replay(made, recorded(at("2022-05-19T14:00Z")), VirtualWaiter(look), runs=2)
    ended = [seconds for run, state, seconds in states if (run, state) == ("1", "finished")]
    assert sum(ended) == pytest.approx(30) and max(ended) <= 0.2
    assert ("2", "running") in {(run, state) for run, state, _ in states}
    summary = document(Layout(tmp_path).sim_summary)
    assert summary["run"] == "2"
    assert summary["clock"]["next_run_at"]
    first, second = ledger_rows(tmp_path / "runs/1/ledger.sqlite"), ledger_rows(tmp_path / "ledger.sqlite")
    assert len(first["fills"]) == len(second["fills"]) > 0
    assert {row[0] for row in first["fills"]}.isdisjoint({row[0] for row in second["fills"]})
    away = Layout(tmp_path / "runs/1")
    assert document(away.sim_summary)["run"] == "1"
    assert document(away.swing_rolling("swing_1w"))["run"] == "1"
    assert document(Layout(tmp_path).swing_rolling("swing_1w"))["run"] == "2"


def test_stop_in_the_middle_and_start_again_gives_the_same_end(desk: Path, tmp_path: Path) -> None:
    for stop_after in (1, 3, 200, 450, 750):

        def stop(waiter: VirtualWaiter, seconds: float, limit: int = stop_after) -> None:
            waiter.is_stopped = len(waiter.waits) >= limit

        waiter = replay(settings(tmp_path), waiter=VirtualWaiter(stop))
        assert waiter.is_stopped
    replay(settings(tmp_path))
    assert ledger_rows(desk / "ledger.sqlite") == ledger_rows(tmp_path / "ledger.sqlite")
    first, second = state_files(desk), state_files(tmp_path)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_fresh_puts_the_present_run_away(tmp_path: Path) -> None:
    end = at("2022-05-19T13:40Z")
    replay(settings(tmp_path), recorded(end))
    replay(settings(tmp_path, fresh=True), recorded(end))
    assert document(Layout(tmp_path).sim_summary)["run"] == "2"
    assert (tmp_path / "runs/1/ledger.sqlite").exists()


def test_each_cycle_and_rebalance_has_its_log_line(desk: Path) -> None:
    events = log_events(desk)
    cycles = [each for each in events if each["event"].startswith("intraday cycle complete cycle_id=")]
    assert len(cycles) > 400 and all(each["cycle_id"] in each["event"] for each in cycles)
    rebalances = [each for each in events if each["event"] == "FULL rebalance complete"]
    assert {each["bot"] for each in rebalances} == {"swing_1w", "swing_2w", "swing_4w"}
    assert len([each for each in rebalances if each["bot"] == "swing_1w"]) == 53


def test_limits_of_the_desk_hold_for_all_bots_and_are_in_the_ledger(tmp_path: Path) -> None:
    risk = Risk(max_positions=1, max_drawdown=0.5)
    replay(settings(tmp_path, risk=risk), recorded(at("2022-05-19T16:00Z")))
    rows = ledger_rows(tmp_path / "ledger.sqlite")
    refused = [row for row in rows["decisions"] if row[5] == "refused" and "the desk's max_positions 1" in row[6]]
    assert {row[1] for row in refused} >= {"swing_1w", "swing_4w"}
    peaks = json.loads(dict(rows["meta"])["note:desk_peaks"])
    assert set(peaks) == {"USD", "GBP", "HKD"}
