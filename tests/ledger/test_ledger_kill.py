"""The ledger under kill -9: a process is killed at random moments until it reaches the end of its tape."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from aion.ledger.ledger import Ledger
from aion.ledger.query import read_ledger
from tests.ledger.ledger_writer import BOTS, CYCLES

WRITER = Path(__file__).with_name("ledger_writer.py")
ROOT = Path(__file__).parents[2]
KILLS = 10


def start(path: Path, batch: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, str(WRITER), str(path), str(batch)], stdout=subprocess.PIPE, text=True, env=environment
    )


def run_and_kill(path: Path, batch: int, after_s: float) -> list[str]:
    """Kill the writer `after_s` seconds after it was ready; return the cycles that it had reported."""
    writer = start(path, batch)
    assert writer.stdout is not None
    try:
        assert writer.stdout.readline().strip() == "ready"
        time.sleep(after_s)
    finally:
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
        writer.wait()
        writer.stdout.close()
    return rest


def run_whole(path: Path, batch: int) -> float:
    """Let the writer reach the end of its tape; return the seconds that it took once it was ready."""
    writer = start(path, batch)
    assert writer.stdout is not None
    assert writer.stdout.readline().strip() == "ready"
    ready_at = time.monotonic()
    with writer.stdout:
        out = (
            writer.stdout.read()
        )  # what came with the first line is in its buffer, where `communicate` does not look
    assert writer.wait(60) == 0
    assert out.split()[-1] == "done"
    return time.monotonic() - ready_at


def records(path: Path) -> list[object]:
    with read_ledger(path) as ledger:
        assert {record.status for bot in BOTS for record in ledger.orders(bot)}
        return [(bot, ledger.changes(bot), ledger.equity(bot)) for bot in BOTS]


@pytest.mark.parametrize("batch", [1, 20])
def test_ledger_when_killed_at_random_moments_then_no_fill_is_lost_or_repeated(tmp_path: Path, batch: int) -> None:
    seed = random.SystemRandom().randrange(1 << 30)
    dice = random.Random(seed)
    path, undisturbed, again = (tmp_path / name / "ledger.sqlite" for name in ("killed", "whole", "again"))
    whole_s = min(run_whole(undisturbed, batch), run_whole(again, batch))  # a busy machine may hold one up
    reported: list[str] = []
    unfinished = 0
    for _ in range(KILLS):
        lines = run_and_kill(path, batch, dice.uniform(0, whole_s / KILLS / 2))  # in all, half a run at the most
        unfinished += "done" not in lines
        repeated = set(lines) & set(reported)
        assert not repeated - {"done"}, f"seed {seed}: a cycle that was on disk ran again"
        reported += [line for line in lines if line != "done"]
        with Ledger(path, "replay", "1") as ledger:
            saved = [ledger.load_account(bot) for bot in BOTS]
        assert saved[0] is not None and saved[1] is not None
        assert saved[0].cursor == saved[1].cursor, f"seed {seed}: half a cycle is on disk"
        if reported:
            assert saved[0].cursor >= datetime.fromisoformat(reported[-1]), f"seed {seed}: a reported cycle is lost"
        for account in saved:
            assert str(account.cash) == account.state["portfolio"]["cash"]
    assert unfinished > KILLS / 2, "the process was too fast to be killed at work"
    run_whole(path, batch)
    killed, whole = records(path), records(undisturbed)
    assert killed == whole, f"seed {seed}"
    assert len(whole[0][1].fills) > CYCLES / 5
