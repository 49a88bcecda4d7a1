"""Ask every route of the OpenAPI description, rightly and wrongly, as everybody there is.

    python -m tests.hostile --examples 200 --requests 100000

Prints a line for each asker; exits with 1 when an answer is not as described.
"""

import argparse
import logging
import sys
import tempfile
import time
import traceback
from pathlib import Path

from .api import attack
from .desk import PEOPLE, check_log, hostile_desk
from .raw import check


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=200, help="right and wrong ones, of each operation")
    parser.add_argument("--requests", type=int, default=100_000, help="raw ones; 0 for none")
    parser.add_argument("--raw", action="store_true", help="raw requests only")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.disable()
    failed = 0
    print("| asker | answers | seconds |\n|---|---|---|")
    for who in () if options.raw else PEOPLE:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="aion-hostile-") as folder:
            try:
                with hostile_desk(Path(folder), who) as (desk, headers):
                    description = desk.app.routes.openapi()
                    said = attack(desk.url, description, options.examples, headers, options.seed).line()
                check_log(Path(folder))
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                traceback.print_exc()
                said, failed = f"**not as described**: {str(error).splitlines()[0][:200]}", failed + 1
        print(f"| {who} | {said} | {time.monotonic() - began:.0f} |", flush=True)
    if options.requests:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="aion-hostile-") as folder:
            try:
                said = check(Path(folder), options.requests, options.seed)
            except AssertionError as error:
                said, failed = f"**does not hold**: {str(error)[:2000]}", failed + 1
        print(f"| everybody, raw bytes | {said} | {time.monotonic() - began:.0f} |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
