"""Kill the bots' process with SIGKILL at random moments and compare what is left with an undisturbed run.

    python -m tests.engine.kill --times 1000

The desk's requests and rules lie there from the start, and in a second series more of them come at any moment: each
must be carried out once. Prints one line a kill and a summary; exits with 1 when anything differs.
"""

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path

from aion.store.layout import DESK, Layout
from tests.bot.desk import ask, audits, document, ledger_rows, save_rules, state_files
from tests.engine.worker import trade

LONGEST = 0.8  # of the time that a whole run takes here: the longest life of a killed one
LATER = 1.3  # times as long at most after a kill before the first fill, as if the machine were slower; and back again
MOST_KILLS = 8  # times the kills asked for, until half of them met fills on the books


@dataclass(slots=True)
class Outcome:
    """What a series of kills led to."""

    kills: int = 0
    runs: int = 0
    kills_with_fills: int = 0
    differences: tuple[str, ...] = ()

    def enough(self, kills: int) -> bool:
        return self.kills >= kills and (self.kills_with_fills * 2 >= kills or self.kills >= kills * MOST_KILLS)


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


def ask_beforehand(data: Path) -> None:
    """Lay requests and rules into a new data folder: the first look of the run carries them out."""
    ask(data, DESK, "pause", 1)
    ask(data, DESK, "resume", 2)
    ask(data, "orb_ny", "pause", 3, reason="until the range is clear")
    ask(data, "orb_ny", "resume", 4)
    save_rules(data, "orb_ny", 1, max_alloc=0.4)


def run_whole(context: ForkServerContext, data: Path) -> float:
    """Let a run end undisturbed in a new data folder; return the seconds that it took."""
    ask_beforehand(data)
    process = context.Process(target=trade, args=(data,))
    began = time.monotonic()
    process.start()
    process.join()
    return time.monotonic() - began


def kill_often(folder: Path, kills: int, seed: int, say: Callable[[str], None] = lambda line: None) -> Outcome:
    """Kill the process until `kills` lives ended so, half of them or more with fills on the books.

    A killed run is taken up again until it ends, and is then compared with an undisturbed one. A machine on which the
    kills keep coming before the first fill gives up after `MOST_KILLS` times as many.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.engine.warm"])
    chance = random.Random(seed)
    undisturbed = folder / "undisturbed"
    run_whole(context, folder / "warm-up")  # the first life waits for the server of forks
    longest_s = usual_s = LONGEST * run_whole(context, undisturbed)
    outcome = Outcome()
    data = folder / "killed-0"
    ask_beforehand(data)
    while True:
        process = context.Process(target=trade, args=(data,))
        process.start()
        if not outcome.enough(kills):
            delay = chance.uniform(0.02, longest_s)
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
                longest_s = usual_s if fills else longest_s * LATER
                say(f"kill {outcome.kills} after {delay:.2f} s: {fills} fills in the ledger")
                continue
        process.join()
        if process.exitcode != 0:
            outcome.differences += (f"exit code {process.exitcode}",)
        outcome.runs += 1
        outcome.differences += compare(undisturbed, data)
        if outcome.enough(kills):
            return outcome
        data = folder / f"killed-{outcome.runs}"
        ask_beforehand(data)


def kill_amid_requests(folder: Path, kills: int, seed: int) -> tuple[int, tuple[str, ...]]:
    """Kill the process `kills` times around a new request each; return how many were asked and what is wrong."""
    context = multiprocessing.get_context("forkserver")
    chance = random.Random(seed)
    asked = []
    run_whole(context, folder.with_name("warm-up-asked"))
    longest_s = LONGEST * run_whole(context, folder.with_name("undisturbed-asked"))
    for number in range(1, kills + 1):
        process = context.Process(target=trade, args=(folder,))
        process.start()
        process.join(chance.uniform(0.1, longest_s))
        asked.append(ask(folder, "orb_ny", ("flatten", "resume")[number % 2], number))
        process.join(chance.choice((0.0, 0.02, 0.1, 0.3)))
        process.kill()
        process.join()
        check_files(folder)
    process = context.Process(target=trade, args=(folder,))
    process.start()
    process.join()
    wrong = [] if process.exitcode == 0 else [f"exit code {process.exitcode}"]
    if (found := [audit.id for audit in audits(folder / "ledger.sqlite")]) != asked:
        wrong.append(f"audit has {len(found)} of {len(asked)} requests")
    rows = ledger_rows(folder / "ledger.sqlite")["decisions"]
    noted = [row for row in rows if row[1] == "orb_ny" and row[5] in ("flatten", "resume")]
    if len(noted) != len(asked):
        wrong.append(f"{len(noted)} decisions of {len(asked)} requests")
    newest = max(Layout(folder).sim_logs.glob("*_orb_ny.json"))
    if document(newest)["control_id"] != asked[-1]:
        wrong.append("the newest request is not answered")
    return len(asked), tuple(wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50, help="kills compared with an undisturbed run")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="aion-kill-") as folder:
        outcome = kill_often(Path(folder), options.times, options.seed, print)
        asked, wrong = kill_amid_requests(Path(folder) / "asked", max(1, options.times // 20), options.seed)
    differences = ", ".join(outcome.differences) or "none"
    print(
        f"{outcome.kills} kills ({outcome.kills_with_fills} with fills on the books) over {outcome.runs} runs in "
        f"{time.monotonic() - began:.0f} s; differences from an undisturbed run: {differences}"
    )
    print(f"{asked} kills around a request of the desk each; wrong: {', '.join(wrong) or 'nothing'}")
    return 1 if outcome.differences or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
