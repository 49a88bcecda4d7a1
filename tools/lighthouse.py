"""Measure every page with Lighthouse's mobile profile: `make lighthouse`, or `python tools/lighthouse.py --runs 5`.

Starts `aion up` over a temporary folder, waits until its bots trade, and loads each page in fresh browser profiles
while the replay goes on: nothing is kept from an earlier visit. Each figure is the median of the runs. Status 1 means
that a goal was missed. Figures of a busy machine are worse than the page: the load stands below the table.

`--bots 1000` measures the Bots page and the last bot's of a desk of so many, of which fifty write each second.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from hatch_build import find_node  # noqa: E402
from tools.browser import find_browser  # noqa: E402
from tools.screenshots import busy_desk, has_traded, running_desk  # noqa: E402
from tools.thousand import name_of  # noqa: E402

FOLDER = ROOT / "tools" / "lighthouse"
PAGES = ("/bots", "/bots/orb_ny", "/intraday", "/intraday/MSFT", "/logs", "/system")
LEAST = {"performance": 90, "accessibility": 100, "best_practices": 100}
"""Scores of Lighthouse, 0..100."""
MOST = {"cls": 0.05, "tbt_ms": 200}
"""Cumulative layout shift; milliseconds that tasks of more than 50 ms block a processor four times slower."""
COLUMNS = ("performance", "accessibility", "best_practices", "cls", "tbt_ms", "lcp_ms", "fcp_ms", "bytes")
RUN_S = 240.0
TRIES = 3  # of a load: now and then Chromium's trace lacks its beginning, and Lighthouse says to run it again


def install(environment: dict[str, str], npm: list[str]) -> None:
    """Install the pinned Lighthouse unless it is there."""
    mark = FOLDER / "node_modules" / ".package-lock.json"
    lock = FOLDER / "package-lock.json"
    if mark.is_file() and mark.stat().st_mtime >= lock.stat().st_mtime:
        return
    command = [*npm, "ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    subprocess.run(command, cwd=FOLDER, env=environment, check=True)
    mark.touch()


def measure(node: str, environment: dict[str, str], chromium: str, url: str) -> dict[str, Any]:
    """Return the figures of one load of `url`.

    Raises:
        subprocess.SubprocessError: Lighthouse failed each time; it has said why.
    """
    command = [node, "measure.mjs", chromium, url]
    for left in reversed(range(TRIES)):
        done = subprocess.run(
            command, cwd=FOLDER, env=environment, stdout=subprocess.PIPE, check=left == 0, timeout=RUN_S, text=True
        )
        if done.returncode == 0:
            break
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def median(runs: list[dict[str, Any]]) -> dict[str, float]:
    """Return the median of each figure that every run has."""
    names = [name for name in runs[0] if all(run[name] is not None for run in runs)]
    return {name: statistics.median(run[name] for run in runs) for name in names}


def lacking(found: dict[str, float]) -> list[str]:
    """Return the goals that `found` misses, in words; a figure that Lighthouse could not take misses its goal."""
    missed = [f"{name} {found.get(name, 0):.0f}, goal {least}" for name, least in LEAST.items()
              if found.get(name, 0) < least]  # fmt: skip
    return missed + [f"{name} {found.get(name, math.inf):.3g}, goal {most}" for name, most in MOST.items()
                     if found.get(name, math.inf) > most]  # fmt: skip


def main() -> int:
    """Print the table; exit status 1 below a goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="loads of each page (default: %(default)s)")
    parser.add_argument("--page", action="append", help="a path; all main pages by default")
    parser.add_argument("--bots", type=int, help="bots of another program in place of the replay, e.g. 1000")
    options = parser.parse_args()
    chromium = find_browser()
    if chromium is None:
        sys.exit("aion: Lighthouse needs Chromium: run `make browser`, or set AION_CHROMIUM to its path")
    node, npm = find_node()
    environment = {**os.environ, "PATH": os.pathsep.join((str(Path(node).parent), os.environ.get("PATH", "")))}
    install(environment, npm)
    missed: list[str] = []
    desk = busy_desk(options.bots) if options.bots else running_desk("up", has_traded)
    pages = ("/bots", f"/bots/{name_of(options.bots - 1)}") if options.bots else PAGES
    print("".join(f"{name.replace('_', ' '):>16}" for name in ("page", *COLUMNS)), flush=True)
    with desk as (url, _):
        for page in options.page or pages:
            runs = [measure(node, environment, chromium, url + page) for _ in range(max(1, options.runs))]
            found = median(runs)
            shown = [f"{found.get(name, float('nan')):.{3 if name == 'cls' else 0}f}" for name in COLUMNS]
            print(f"{page:>16}" + "".join(f"{text:>16}" for text in shown), flush=True)
            missed += [f"{page}: {each}" for each in lacking(found)]
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"median of {options.runs} runs each; load of the machine at the end {load} on {os.cpu_count()} cores")
    for each in missed:
        print(f"below its goal: {each}")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
