"""Kill the bots' process with SIGKILL at random moments and compare what is left with an undisturbed run.

    python -m tests.bot.kill --kills 50

Prints one line a kill and a summary; exits with 1 when anything differs.
"""

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aion.store.layout import Layout
from tests.bot.desk import document, ledger_rows, state_files
from tests.bot.worker import trade

LONGEST_S = 1.6  # of a life: a run of this tape takes about three times that


@dataclass(slots=True)
class Outcome:
    """What a series of kills led to."""

    kills: int = 0
    runs: int = 0
    kills_with_fills: int = 0
    differences: tuple[str, ...] = ()


def check_files(data: Path) -> None:
    """Every state file that stands is whole and valid, whenever the process died."""
    for path in data.rglob("*.json*"):
        if Layout.place(path.relative_to(data).as_posix()) is not None and path.suffix != ".jsonl":
            document(path)


def compare(expected: Path, found: Path) -> tuple[str, ...]:
    """Names of tables and files that differ between two data folders."""
    tables, other_tables = ledger_rows(expected / "ledger.sqlite"), ledger_rows(found / "ledger.sqlite")
    files, other_files = state_files(expected), state_files(found)
    return (
        *(f"table {name}" for name in tables if tables[name] != other_tables.get(name)),
        *(
            f"file {name}"
            for name in sorted(files.keys() | other_files.keys())
            if files.get(name) != other_files.get(name)
        ),
    )


def kill_often(folder: Path, kills: int, seed: int, say: Callable[[str], None] = lambda line: None) -> Outcome:
    """Kill the process `kills` times, letting each run end in between, and compare each with an undisturbed one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.bot.warm"])
    chance = random.Random(seed)
    undisturbed = folder / "undisturbed"
    process = context.Process(target=trade, args=(undisturbed,))
    process.start()
    process.join()
    outcome = Outcome()
    data = folder / "killed-0"
    while True:
        process = context.Process(target=trade, args=(data,))
        process.start()
        if outcome.kills < kills:
            delay = chance.uniform(0.02, LONGEST_S)
            process.join(delay)
            if process.is_alive():
                process.kill()
                process.join()
                outcome.kills += 1
                check_files(data)
                fills = (
                    len(ledger_rows(data / "ledger.sqlite").get("fills", []))
                    if (data / "ledger.sqlite").exists()
                    else 0
                )
                outcome.kills_with_fills += bool(fills)
                say(f"kill {outcome.kills} after {delay:.2f} s: {fills} fills in the ledger")
                continue
        process.join()
        if process.exitcode != 0:
            outcome.differences += (f"exit code {process.exitcode}",)
        outcome.runs += 1
        outcome.differences += compare(undisturbed, data)
        if outcome.kills >= kills:
            return outcome
        data = folder / f"killed-{outcome.runs}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="aion-kill-") as folder:
        outcome = kill_often(Path(folder), options.kills, options.seed, print)
    differences = ", ".join(outcome.differences) or "none"
    print(
        f"{outcome.kills} kills ({outcome.kills_with_fills} with fills on the books) over {outcome.runs} runs in "
        f"{time.monotonic() - began:.0f} s; differences from an undisturbed run: {differences}"
    )
    return 1 if outcome.differences else 0


if __name__ == "__main__":
    sys.exit(main())
