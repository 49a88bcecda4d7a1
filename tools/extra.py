"""Install what a feed needs beyond the locked packages, unless it is there: `python tools/extra.py ccxt`."""

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
FEEDS = {"folder": ("parquet", "pyarrow"), "ccxt": ("ccxt", "ccxt"), "alpaca": ("alpaca", "alpaca"),
         "yahoo": ("yahoo", "yfinance")}  # fmt: skip
"""Extra and module by feed."""


def main(feed: str) -> int:
    """Install the extra of `feed`; 0 when nothing is missing any more."""
    extra, module = FEEDS.get(feed, ("", ""))
    if not extra or importlib.util.find_spec(module) is not None:
        return 0
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"][extra]
    sys.stdout.write(f"aion: installing {', '.join(wanted)} for the {feed} feed\n")
    sys.stdout.flush()
    for tool in (["uv", "--quiet", "pip", "install", "--python", sys.executable], ["pip", "--quiet", "install"]):
        if subprocess.run([sys.executable, "-m", *tool, *wanted], cwd=ROOT, check=False).returncode == 0:
            return 0
    sys.stderr.write(f"aion: {', '.join(wanted)} could not be installed; is the package index reachable?\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
