"""Bring faults about and check what must hold all the same.

    python -m tests.fault                       all, long; some minutes
    python -m tests.fault --short               the part that `make test` runs
    python -m tests.fault --only kill-any --seed 7

Prints a line a fault and its verdict; exits with 1 when an invariant does not hold.
"""

import argparse
import logging
import sys
import tempfile
import time
import traceback
from pathlib import Path

from . import load
from .registry import FAULTS, Scale


def main() -> int:
    load()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=sorted(FAULTS), help="only this fault; may be given again")
    parser.add_argument("--short", action="store_true", help="less of each, and only what `make test` runs")
    parser.add_argument("--seed", type=int, default=0, help="of what comes at random")
    options = parser.parse_args()
    chosen = [each for each in FAULTS.values() if (each.name in options.only if options.only else True)]
    if options.short:
        chosen = [each for each in chosen if each.is_short or options.only]
    logging.disable()  # what a desk inside this process says of the clients
    failed = 0
    began = time.monotonic()
    print("| fault | verdict | seconds | seen |\n|---|---|---|---|")
    for each in chosen:
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="aion-fault-") as folder:
            try:
                seen, verdict = each.run(Path(folder), Scale(not options.short, options.seed)), "passed"
            except Exception as error:  # noqa: BLE001 - a fault that fails is told, the others run
                traceback.print_exc()
                seen, verdict = f"{type(error).__name__}: {error}".splitlines()[0][:300], "**BROKEN**"
                failed += 1
        print(f"| `{each.name}` | {verdict} | {time.monotonic() - started:.1f} | {seen} |", flush=True)
    print(f"{len(chosen) - failed} of {len(chosen)} hold, seed {options.seed}, {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
