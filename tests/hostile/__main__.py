"""Ask every route of the OpenAPI description, rightly and wrongly, as everybody there is.

    python -m tests.hostile --examples 200

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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=200, help="right and wrong ones, of each operation")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.disable()
    failed = 0
    print("| asker | answers | seconds |\n|---|---|---|")
    for who in PEOPLE:
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
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
