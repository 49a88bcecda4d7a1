"""Compares figures of a program with those in the state file of its bot, and prints both."""

import json
import sys
import zlib
from pathlib import Path
from typing import Any

TOLERANCE = 1e-11
"""Of a figure: programs add doubles in another order."""
Rows = dict[str, tuple[float, float]]
"""Figure -> the program's own, Aion's."""


def read_state(data: Path, bot: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(zlib.decompress((data / f"swing/rolling_{bot}.json.gz").read_bytes(), 31))
    return found


def rows_of(data: Path, bot: str, part: str) -> list[dict[str, Any]]:
    """The fills or trades of all days, in order."""
    files = sorted((data / "swing/bot_logs/1d").glob(f"bot_activity_*_{bot}.json"))
    return [row for each in files for row in json.loads(each.read_text()).get(part, {}).values()]


def report(program: str, rows: Rows) -> None:
    """Print the rows, and end with status 1 where a figure differs."""
    differing = 0
    for figure, (own, ours) in rows.items():
        same = abs(own - ours) <= TOLERANCE * max(1.0, abs(own))
        differing += not same
        print(f"{program} | {figure} | {float(own)!r} | {float(ours)!r}{'' if same else ' | DIFFERS'}")
    sys.exit(1 if differing else 0)


def walk(count: int, seed: int = 3) -> list[float]:
    """Closing prices of a random walk that is the same everywhere."""
    state, price, found = seed, 100.0, []
    for _ in range(count):
        state = (1103515245 * state + 12345) % 2**31
        price *= 1 + (state / 2**31 - 0.498) / 20
        found.append(round(price, 2))
    return found
