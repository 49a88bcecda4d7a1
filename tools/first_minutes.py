"""Time a newcomer's first minutes: clone, `make run`, the page, the first fill.

Run: python tools/first_minutes.py [--caches DIR]. Clones this repository (what is committed) into a temporary folder,
with an empty home folder, runs `make run` there and prints the seconds from its start. With --caches the package
caches of pip, uv and npm are kept in DIR: run it twice for warm ones. Everything it made is removed.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LONGEST_S = 600.0
ADDRESS = re.compile(r"Aion desk: (http://\S+)/bots")


def get(url: str) -> Any:
    """Return the JSON at `url`, None while there is none."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            body = answer.read()
    except (OSError, urllib.error.URLError):
        return None
    return json.loads(body) if url.endswith("/api/bots/page") else body


def is_running(bundle: Any) -> bool:
    """Tell whether the bots have caught up: the page is open for use."""
    return bool(bundle) and bundle.get("clock", {}).get("state") in ("running", "closed")


def first_fills(bundle: Any) -> set[str]:
    """Return the ids of all intraday fills in the bundle."""
    return {fill for bot in bundle["intraday"]["bots"].values() for fill in bot.get("fills", {})}


def measure(folder: Path, caches: Path | None) -> dict[str, float]:
    """Return seconds from `make run` to each of the moments, by name."""
    clone, home = folder / "aion", folder / "home"
    home.mkdir()
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], check=True)
    environment = {**os.environ, "HOME": str(home)}
    if caches is not None:
        places = {"PIP_CACHE_DIR": "pip", "UV_CACHE_DIR": "uv", "npm_config_cache": "npm"}
        environment |= {name: str(caches.absolute() / place) for name, place in places.items()}
    console = folder / "console"
    url = ""
    found: dict[str, float] = {}
    started = time.monotonic()
    process = subprocess.Popen(
        ["make", "run", "PORT=0"], cwd=clone, env=environment, start_new_session=True,
        stdout=console.open("wb"), stderr=subprocess.STDOUT,
    )  # fmt: skip

    def wait(name: str, is_there: Callable[[], bool]) -> None:
        while not is_there():
            if process.poll() is not None or time.monotonic() - started > LONGEST_S:
                raise SystemExit(f"{name} did not come:\n{console.read_text()[-3000:]}")
            time.sleep(0.02)
        found[name] = time.monotonic() - started

    try:
        wait("desk says its address", lambda: bool(ADDRESS.search(console.read_text())))
        url = ADDRESS.findall(console.read_text())[0]
        wait("page answers", lambda: get(f"{url}/bots") is not None)
        wait("bots have caught up", lambda: is_running(get(f"{url}/api/bots/page")))
        before = first_fills(get(f"{url}/api/bots/page"))
        wait("first new fill on the page", lambda: bool(first_fills(get(f"{url}/api/bots/page")) - before))
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(20)
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--caches", type=Path, help="folder for the package caches")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aion-first-") as folder:
        found = measure(Path(folder), options.caches)
    for name, seconds in found.items():
        print(f"{seconds:6.1f} s  {name}")
    page = found["bots have caught up"]
    print(f"{found['first new fill on the page'] - page:6.1f} s  from the page open for use to the first fill")
    return 0


if __name__ == "__main__":
    sys.exit(main())
