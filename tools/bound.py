"""Run tests with the oldest or newest packages that pyproject.toml allows: `python tools/bound.py lowest TESTS...`.

The packages go into `.venv/lowest` or `.venv/newest`, by uv and by what the index has now; what the tests themselves
need comes beside them, as new as fits.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV = [sys.executable, "-m", "uv", "--quiet"]
STRATEGIES = {"lowest": "lowest-direct", "newest": "highest"}
TESTING = (
    "pytest", "pytest-asyncio", "pytest-timeout", "pytest-xdist", "httpx", "hypothesis", "psutil", "jsonschema",
    "backtesting", "pyyaml",
)  # fmt: skip


def main(which: str, tests: list[str]) -> int:
    """Make the environment and run the tests in it; return pytest's status."""
    home = ROOT / ".venv" / which
    chosen = home.with_suffix(".txt")
    python = str(home / "bin" / "python")
    compiled = ["pip", "compile", "pyproject.toml", "--all-extras", "--upgrade", "--no-header", "--no-annotate"]
    steps = [
        [*compiled, "--resolution", STRATEGIES[which], "--python", sys.executable, "-o", str(chosen)],
        ["venv", "--allow-existing", "--python", sys.executable, str(home)],
        ["pip", "install", "--python", python, "-r", str(chosen)],
        ["pip", "install", "--python", python, "-c", str(chosen), *TESTING],
    ]
    for step in steps:
        done = subprocess.run([*UV, *step], cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            print(f"aion: uv {' '.join(step[:2])} failed", file=sys.stderr)
            return 1
    command = [python, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2:]))
