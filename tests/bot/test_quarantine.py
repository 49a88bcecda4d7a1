"""A strategy that is stuck in compiled code: the process ends, the next one leaves that strategy alone."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from aion.config import default_bots
from aion.store.layout import Layout
from aion.strategy.hang_killer import LABEL_BYTES, label_of, read_stuck
from tests.bot.desk import ask, at, document, recorded, replay, settings, sim_logs
from tests.strategy.theirs import BASE

STRATEGY = """
    import ctypes
    import itertools

    class Spins(Base):
        name = "spins"
        def fail(self, bars, moment):
            sum(itertools.repeat(0))

    class Dozes(Base):
        name = "dozes"
        def fail(self, bars, moment):
            time.sleep(3600)

    class Waits(Base):
        name = "waits"
        def fail(self, bars, moment):
            lock = ctypes.create_string_buffer(128)
            library = ctypes.PyDLL(None)
            library.pthread_mutex_lock(lock)
            library.pthread_mutex_lock(lock)
"""
START = (
    "import sys; from aion.strategy import hang_killer, time_limit; "
    "time_limit.LIMIT_S, hang_killer.STUCK_S = 2.0, 4.0; "
    "from aion.command.app import main; sys.exit(main())"
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    info = folder / "stuck_rules-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "stuck_rules.py").write_text(BASE + textwrap.dedent(STRATEGY))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stuck-rules\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[aion.strategies]\nspins = stuck_rules:Spins\nwaits = stuck_rules:Waits\ndozes = stuck_rules:Dozes\n"
    )
    return folder


@pytest.mark.parametrize("name", ["spins", "waits"])
def test_strategy_stuck_in_compiled_code_is_ended_and_left_alone_while_the_others_go_on(
    name: str, package: Path, tmp_path: Path
) -> None:
    data, config = tmp_path / "data", tmp_path / "aion.toml"
    disabled = "".join(f"[bots.{each}]\nenabled = false\n" for each in default_bots() if each != "orb_ny")
    config.write_text(
        f"{disabled}[bots.stuck]\nkind = 'intraday'\nstrategy = '{name}'\nsymbols = ['MSFT']\n"
        "exchange = 'XNAS'\ncurrency = 'USD'\ncash = 1000\ncost = 'us-equity'\n"
        "[bots.stuck.rules]\nmax_positions = 1\n"
    )
    command = [sys.executable, "-c", START, "run", "--config", str(config), "--data", str(data), "--speed", "3600"]
    more = {"env": {**os.environ, "PYTHONPATH": str(package)}, "stderr": subprocess.DEVNULL}
    first = subprocess.run(command, timeout=120, check=False, **more)
    assert first.returncode == -signal.SIGPROF
    assert read_stuck(Layout(data).strategy_call)[0] == "stuck"
    second = subprocess.Popen(command, **more)
    try:
        deadline = time.monotonic() + 100
        path = Layout(data).sim_log("2022-05-19", "orb_ny")
        while time.monotonic() < deadline and not (path.exists() and document(path)["bars_seen"] > 60):
            assert second.poll() is None
            time.sleep(0.1)
        assert document(path)["state"] == "active" and document(path)["bars_seen"] > 60
        stopped = document(Layout(data).sim_log("2022-05-19", "stuck"))
        assert stopped["state"] == "error"
        assert f"strategy {name} did not come back within 4 s and could not be interrupted" in stopped["state_reason"]
        assert "stuck_rules.py" in stopped["state_reason"] and "in fail" in stopped["state_reason"]
    finally:
        second.send_signal(signal.SIGTERM)
        assert second.wait(60) == 0
    assert not Layout(data).strategy_call.exists()


@pytest.mark.parametrize("name", ["spins", "dozes"])
def test_backtest_of_a_strategy_that_never_returns_is_ended_and_names_it(
    name: str, package: Path, tmp_path: Path
) -> None:
    where = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", START, "backtest", "--strategy", name, "--symbols", "MSFT", "--out", str(where)],
        timeout=120,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(package)},
    )
    assert done.returncode == 1
    if name == "dozes":  # interrupted: the rest of the run is a result
        assert "Stopped: strategy dozes took longer than 2 s at 2022-05-1" in done.stdout
        assert (where / "report.html").exists()
        return
    assert "aion: bots.spins: strategy spins did not come back within 4 s" in done.stderr
    assert "stuck_rules.py" in done.stderr and "in fail" in done.stderr and "Traceback" not in done.stderr
    assert not list(where.rglob("ledger*")) and not (where / "report.html").exists()


def leave(data: Path, trace: str) -> None:
    data.mkdir(exist_ok=True)
    Layout(data).strategy_call.write_bytes(label_of("orb_ny") + trace.encode())


TRACE = 'Current thread 0x01 (most recent call first):\n  File "rule.py", line 7 in on_bars\n'
BOTS = {"orb_ny": default_bots()["orb_ny"]}


def state(data: Path, until: str) -> dict:
    replay(settings(data, bots=BOTS), recorded(at(until)))
    return sim_logs(data, "orb_ny")["2022-05-19"]


def test_process_that_was_killed_in_the_middle_of_a_good_call_blames_nobody(tmp_path: Path) -> None:
    leave(tmp_path, "")
    assert read_stuck(Layout(tmp_path).strategy_call) == ("", "")
    assert state(tmp_path, "2022-05-19T13:40Z")["state"] == "active"


def test_stuck_strategy_is_tried_again_after_a_resume_and_a_start(tmp_path: Path) -> None:
    leave(tmp_path, TRACE)
    found = state(tmp_path, "2022-05-19T13:40Z")
    assert found["state"] == "error" and '("rule.py", line 7 in on_bars)' in found["state_reason"]
    assert state(tmp_path, "2022-05-19T13:45Z")["state"] == "error", "a start alone tries nothing"
    ask(tmp_path, "orb_ny", "resume")
    assert state(tmp_path, "2022-05-19T13:50Z")["state"] == "error"
    assert state(tmp_path, "2022-05-19T13:55Z")["state"] == "active"


def test_stuck_strategy_is_tried_again_with_other_parameters(tmp_path: Path) -> None:
    leave(tmp_path, TRACE)
    assert state(tmp_path, "2022-05-19T13:40Z")["state"] == "error"
    other = {"orb_ny": BOTS["orb_ny"].model_copy(update={"parameters": {"minutes": 10}})}
    replay(settings(tmp_path, bots=other), recorded(at("2022-05-19T13:45Z")))
    assert sim_logs(tmp_path, "orb_ny")["2022-05-19"]["state"] == "active"


def test_label_holds_a_long_name() -> None:
    assert len(label_of("b" * 200)) == LABEL_BYTES
