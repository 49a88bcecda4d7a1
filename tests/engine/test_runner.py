"""The process: bad folders, full disks, other modes, stops, and what a reader sees meanwhile."""

import dataclasses
import errno
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from aion.config import default_bots
from aion.engine.runner import run_all
from aion.errors import ConfigError, DiskError, LedgerError
from aion.ledger.ledger import Ledger
from aion.output import outbox
from aion.store.file import read_json, write_json
from aion.store.layout import Layout
from aion.strategy.builtin.opening_range_breakout import OpeningRangeBreakout
from tests.bot.desk import (
    ListFeed,
    VirtualWaiter,
    at,
    daily,
    document,
    instrument,
    log_events,
    recorded,
    replay,
    settings,
    sim_logs,
    swing_bot,
)  # fmt: skip

SHORT = at("2022-05-19T13:50Z")
INTRADAY = {name: bot for name, bot in default_bots().items() if bot.kind == "intraday"}


def refused(data: Path, **changes: object) -> str:
    with pytest.raises((ConfigError, LedgerError)) as caught:
        replay(settings(data, **changes), recorded(SHORT))
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_missing_data_folder_is_made(tmp_path: Path) -> None:
    replay(settings(tmp_path / "not" / "there", bots=INTRADAY), recorded(SHORT))
    assert document(Layout(tmp_path / "not" / "there").sim_summary)["run"] == "1"


def test_data_folder_that_is_a_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "cannot be written: Not a directory; set AION_DATA" in refused(tmp_path / "file")


def test_read_only_data_folder_is_refused_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the tests may run as root, whom no mode stops: the kernel's answer is given in its place
    def read_only(path: Path, value: object, **_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("aion.engine.runner.write_json", read_only)
    assert "cannot be written: Read-only file system; set AION_DATA" in refused(tmp_path)


def test_start_after_the_last_bar_is_refused(tmp_path: Path) -> None:
    said = refused(tmp_path, start=at("2031-01-01T00:00Z"))
    assert (
        said == "start 2031-01-01T00:00Z lies after the bars of the recorded feed, which reach to 2022-05-19T13:50Z"
    )
    intraday = {"orb_ny": default_bots()["orb_ny"]}
    said = refused(tmp_path, start=at("2022-06-17T00:00Z"), bots=intraday)
    assert said.startswith("start 2022-06-17T00:00Z lies after the bars")


def test_folder_of_another_mode_is_refused(tmp_path: Path) -> None:
    Ledger(Layout(tmp_path).ledger, "paper", "1").close()
    assert "of a paper and this is a replay: choose another AION_DATA" in refused(tmp_path)
    assert "of a paper and this is a replay" in refused(tmp_path, fresh=True)  # and it is not put away either
    assert Layout(tmp_path).ledger.exists()


def test_folder_in_use_is_refused(tmp_path: Path) -> None:
    with Ledger(Layout(tmp_path).ledger, "replay", "1"):
        assert f"in use by other bots (process {os.getpid()})" in refused(tmp_path)


def test_unknown_symbol_strategy_or_parameter_is_refused_by_name(tmp_path: Path) -> None:
    bots = default_bots()
    message = refused(tmp_path, bots={"x": bots["orb_ny"].model_copy(update={"symbols": ("ZZZ",)})})
    assert message == "bots.x: the recorded feed has no minute bars of 'ZZZ'; it has 9988.HK, AZN.L, MSFT"
    message = refused(tmp_path, bots={"x": bots["orb_ny"].model_copy(update={"currency": "GBP"})})
    assert message == "bots.x: MSFT trades in USD, the account is in GBP"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"parameters": {"minuts": 3}},
            "strategy opening_range_breakout has no parameter 'minuts'; known: max_entries",
        ),
        ({"strategy": "magic"}, "there is no strategy 'magic'; known: cross_sectional_momentum"),
        ({"cost": "free"}, "cost model 'free' is unknown; use one of us-equity"),
        ({"exchange": "XXXX"}, "exchange 'XXXX' is unknown; use an ISO 10383 code such as XNYS"),
        ({"exchange": "XLON"}, "MSFT trades on XNAS, whose sessions are not those of XLON"),
    ],
)
def test_bot_that_cannot_work_is_named_with_what_cannot(tmp_path: Path, change: dict, said: str) -> None:
    fine = default_bots()
    assert refused(tmp_path, bots={**fine, "x": fine["orb_ny"].model_copy(update=change)}).startswith(
        f"bots.x: {said}"
    )


def test_series_of_no_declared_price_basis_is_refused_for_a_bot_that_holds_overnight(tmp_path: Path) -> None:
    undeclared = dataclasses.replace(instrument("A"), price_basis=None)
    feed = ListFeed({"A": undeclared}, day=daily("A", "2022-05-02", [10.0, 11.0]))
    with pytest.raises(ConfigError, match="does not say whether A is raw or adjusted"):
        replay(settings(tmp_path, bots={"x": swing_bot(("A",))}, start=at("2022-05-02T00:00Z")), feed)


def test_broken_summary_is_written_again(tmp_path: Path) -> None:
    write_json(Layout(tmp_path).rolling, {})
    Layout(tmp_path).sim_summary.write_bytes(b'{"half')
    replay(settings(tmp_path, bots=INTRADAY), recorded(SHORT))
    assert document(Layout(tmp_path).sim_summary)["clock"]["state"] == "finished"


def test_first_file_says_starting_before_the_slow_part(tmp_path: Path) -> None:
    seen = []

    class Feed:
        real_time = False
        name = "probe"
        provenance = ""
        instruments = recorded().instruments  # the index of the bars, read when the feed was opened

        def __getattr__(self, name: str):
            seen.append(document(Layout(tmp_path).sim_summary)["clock"]["state"])
            raise ConfigError("that is enough")

    with pytest.raises(ConfigError, match="that is enough"):
        run_all(settings(tmp_path, bots=INTRADAY), VirtualWaiter(), feed=Feed())
    assert seen == ["starting"]


def test_full_disk_keeps_the_files_waiting_and_says_so_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = settings(tmp_path, bots=INTRADAY)
    full = threading.Event()

    def write(path: Path, value: object, **_: object) -> None:
        if full.is_set():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_json(path, value)

    stale = []

    def look(waiter: VirtualWaiter, seconds: float) -> None:
        if len(waiter.waits) == 25:
            full.set()
        if len(waiter.waits) == 75:
            stale.append(document(Layout(tmp_path).sim_summary)["cycle_id"])
            full.clear()

    monkeypatch.setattr(outbox, "write_document", write)
    replay(made, recorded(SHORT), VirtualWaiter(look))
    events = [each["event"] for each in log_events(tmp_path)]
    assert len([each for each in events if "cannot be written: No space left on device" in each]) == 1
    assert "the disk is writable again: all files are written" in events
    summary = document(Layout(tmp_path).sim_summary)
    assert stale and summary["cycle_id"] > stale[0]
    # nothing of what was traded meanwhile is missing
    day = sim_logs(tmp_path, "orb_ny")["2022-05-19"]
    assert len(day["equity_curve"]) == day["bars_seen"] == 20


def test_full_disk_under_the_ledger_holds_the_replay_until_it_takes_the_cycle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, refusals = Ledger.commit, [3]

    def commit(self: Ledger, entries: list) -> None:
        if any(entry.cycle_id == "1-20220519T1340Z" for entry in entries) and refusals[0]:
            refusals[0] -= 1
            raise DiskError("ledger.sqlite: cannot be written (database or disk is full)")
        real(self, entries)

    monkeypatch.setattr(Ledger, "commit", commit)
    replay(settings(tmp_path, bots=INTRADAY), recorded(SHORT))
    assert refusals == [0]
    assert len([each for each in log_events(tmp_path) if "waits until the disk is writable" in each["event"]]) == 1
    assert sim_logs(tmp_path, "orb_ny")["2022-05-19"]["bars_seen"] == 20


def test_strategy_that_raises_stops_its_bot_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = OpeningRangeBreakout.on_bars

    def broken(self, bars, moment):
        if moment.ts >= at("2022-05-19T13:40Z"):
            raise ZeroDivisionError("a fault of the test")
        return real(self, bars, moment)

    monkeypatch.setattr(OpeningRangeBreakout, "on_bars", broken)
    replay(settings(tmp_path, bots=INTRADAY), recorded(SHORT))
    day = sim_logs(tmp_path, "orb_ny")["2022-05-19"]
    assert day["state"] == "error" and "ZeroDivisionError: a fault of the test" in day["state_reason"]
    other = sim_logs(tmp_path, "vwap_ldn")["2022-05-19"]
    assert other["state"] == "active" and other["as_of"] == "2022-05-19T13:50Z"


def test_bots_of_an_archived_run_leave_foreign_files(tmp_path: Path) -> None:
    foreign = Layout(tmp_path).sim_log("2022-05-19", "somebody_else")
    write_json(foreign, {"mine": True})
    replay(settings(tmp_path, bots=INTRADAY), recorded(SHORT), runs=2)
    assert read_json(foreign)[0] == {"mine": True}
    assert not (tmp_path / "runs/1/intraday/sim_logs/2022-05-19_somebody_else.json").exists()


def test_only_the_newest_runs_are_kept(tmp_path: Path) -> None:
    bots = {"momo_hk": INTRADAY["momo_hk"]}
    made = settings(tmp_path, bots=bots, keep_runs=2, start=at("2022-05-19T01:30Z"))
    replay(made, recorded(at("2022-05-19T01:40Z")), runs=4)
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["3"]
    assert document(Layout(tmp_path).sim_summary)["run"] == "4"


def test_files_come_at_most_ten_times_a_second_at_high_speed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiter = VirtualWaiter(drift_s=0.001)
    commits = []

    def write(path: Path, value: dict, **_: object) -> None:
        write_json(path, value)
        if path.name == "sim_summary.json" and value["clock"]["state"] == "running":
            commits.append(waiter.elapsed)

    monkeypatch.setattr(outbox, "write_document", write)
    made = settings(tmp_path, bots={"orb_ny": INTRADAY["orb_ny"]}, speed=36_000, run_pause_s=0)
    replay(made, recorded(at("2022-05-19T20:00Z")), waiter)
    gaps = [later - earlier for earlier, later in itertools.pairwise(commits)]
    assert len(gaps) > 3 and min(gaps) >= 0.1
    assert document(Layout(tmp_path).sim_summary)["as_of"] == "2022-05-19T20:00Z"


def test_reader_in_a_loop_that_follows_the_rule_never_shows_a_mixed_cycle(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    done = threading.Event()
    found = {"whole": 0, "waiting": 0, "wrong": 0}

    def look() -> str:
        summary, _ = read_json(layout.sim_summary)
        files = {name: read_json(layout.intraday / name)[0] for name in summary["files"]}
        if {name: value["cycle_id"] for name, value in files.items()} != summary["files"]:
            return "waiting"  # between the first file of a cycle and its commit: the last whole one stays
        days = {value["bot"]: value for value in files.values() if "bot" in value}
        said = {name: (row["equity"], row["cash"], row["fills"]) for name, row in summary["bots"].items()}
        seen = {name: (day["equity"], day["cash"], len(day["fills"])) for name, day in days.items()}
        return "whole" if said == seen and said else "waiting" if not said else "wrong"

    def read() -> None:
        while not done.is_set():
            with suppress(FileNotFoundError):
                found[look()] += 1

    reader = threading.Thread(target=read)
    reader.start()
    try:
        replay(settings(tmp_path, bots=INTRADAY), recorded(at("2022-05-19T16:00Z")))
    finally:
        done.set()
        reader.join()
    assert found["wrong"] == 0 and found["whole"] > 50 and found["waiting"] > 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("after", ["starting", "running"])
def test_process_ends_within_two_seconds_without_a_traceback(tmp_path: Path, number: int, after: str) -> None:
    code = (
        "import sys; from aion.engine.runner import run; from aion.config import load; "
        "sys.exit(run(load(environment={}, flags={'data': sys.argv[1]})))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            path = Layout(tmp_path).sim_summary
            if path.exists() and (after == "starting" or document(path)["clock"]["state"] == after):
                break
            time.sleep(0.02)
        asked = time.monotonic()
        process.send_signal(number)
        code = process.wait(timeout=60)
        assert code == 0
        assert time.monotonic() - asked < 20  # 2 s at the most on a machine that is not busy
        assert "Traceback" not in process.stderr.read()
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
