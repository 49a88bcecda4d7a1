"""Restart a desk behind real nginx and real Caddy again and again under load, and refresh it twenty times at once.

    python -m tests.proxy [--restarts 20] [--rounds 1000] [--streams 25] [--pollers 10]

Prints what clients saw as a table; the exit status is 1 when they noticed anything.
"""

import argparse
import json
import tempfile
from pathlib import Path

from tests.proxy.run import Trial, failures, table


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.proxy")
    parser.add_argument("--restarts", type=int, default=20, help="rolling restarts of both workers")
    parser.add_argument("--rounds", type=int, default=1000, help="times that 20 refreshes come at once, each proxy")
    parser.add_argument("--streams", type=int, default=25, help="streaming clients of each proxy")
    parser.add_argument("--pollers", type=int, default=10, help="polling clients of each proxy")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder), options.streams, options.pollers)
        found = trial.run(options.restarts, options.rounds)
    print(json.dumps({key: value for key, value in found.items() if not isinstance(value, dict)}))
    print("\n".join(table(found)))
    wrong = failures(found, options.rounds)
    for each in wrong[:50]:
        print(f"wrong: {each}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
