"""The bots' process as the kill tests start it: a short tape at full speed."""

import os
import sys
from pathlib import Path

from aion.clock import FixedClock
from aion.engine.runner import run_all
from aion.engine.waiter import WallWaiter
from tests.bot.desk import WALL, at, recorded, settings

TAPE_END = at("2022-05-19T16:00Z")


def trade(data: Path) -> None:
    """Run the bots to the end of the tape, as fast as it goes."""
    made = settings(data, speed=36_000, closed_gap_s=0, run_pause_s=0)
    with open(os.devnull, "w") as console:
        sys.stderr = console
        run_all(made, WallWaiter(), FixedClock(WALL), feed=recorded(TAPE_END), runs=1)
