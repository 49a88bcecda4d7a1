"""Runs backtests and prints a digest of each one's files and ledger: `make compiled` compares those of two builds.

Run: python -m tests.backtest.digest COUNT. Bars are drawn at random, by number, with a split and a halt; two bots
trade each tape. The last line is of the bots that come with Aion, on the recorded bars.
"""

import hashlib
import random
import sys
import tempfile
from pathlib import Path

from aion.config import default_bots
from aion.store.layout import Layout
from aion.strategy.registry import BUILT_IN
from tests.backtest.lab import INSTANT, run_plan
from tests.backtest.scripted import INSTRUMENTS, Eventful, Scripted, bot, tape
from tests.bot.desk import at, ledger_rows, recorded, state_files


def digest(folder: str) -> str:
    """Return the digest of what a run left in `folder`, and how many fills it made."""
    path = Path(folder)
    rows = ledger_rows(Layout(path).ledger)
    said = repr((state_files(path), {table: [tuple(row) for row in found] for table, found in rows.items()}))
    return f"{hashlib.blake2b(said.encode(), digest_size=12).hexdigest()} {len(rows['fills'])} fills"


def main(count: int) -> None:
    """Print the digests."""
    BUILT_IN["scripted"] = Scripted  # type: ignore[assignment]
    for number in range(count):
        chance = random.Random(number)
        bars = tape(chance)
        bots = {
            name: bot(
                "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=20)),
                chance.choice(("us-equity", "zero")),
                allow_short=chance.random() < 0.5,
                aggression=chance.choice(("0", "0.5", "1")),
            )
            for name in ("one", "two")
        }
        with tempfile.TemporaryDirectory() as folder:
            feed = Eventful(INSTRUMENTS, minute=bars)
            run_plan(Path(folder), bots, feed, bars[0].ts - INSTANT, bars[-1].ts, is_deterministic=True)
            sys.stdout.write(f"{number} {digest(folder)}\n")
    last = at("2022-06-16T00:00Z")
    with tempfile.TemporaryDirectory() as folder:
        run_plan(Path(folder), default_bots(), recorded(last), at("2022-05-19T00:00Z"), last, is_deterministic=True)
        sys.stdout.write(f"recorded {digest(folder)}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
