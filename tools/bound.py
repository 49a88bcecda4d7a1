"""Run tests with the oldest or newest packages that pyproject.toml allows: `python tools/bound.py lowest TESTS...`.

The packages go into `.venv/lowest` or `.venv/newest`, by uv and by what the index has now; what the tests themselves
need comes beside them, as new as fits.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV = [sys.executable, "-m", "uv", "--quiet"]
STRATEGIES = {"lowest": "lowest-direct", "newest": "highest"}
OF_OTHER_USE = {
    "coverage", "editables", "hatchling", "import-linter", "mypy", "playwright", "pre-commit", "ruff", "schemathesis",
    "types-psutil",
}  # fmt: skip
"""What of the group `dev` builds, checks or browses, and would only hold other versions back."""


def needed() -> list[str]:
    """Return what the tests need beside Aion and its extras: the group `dev` without what is of other use."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    own = {name_of(each) for extra in extras for each in extra}
    return [each for each in project["dependency-groups"]["dev"] if name_of(each) not in OF_OTHER_USE | own]


def name_of(wanted: str) -> str:
    """Return the name of the package in a requirement."""
    return re.split(r"[^A-Za-z0-9-]", wanted, maxsplit=1)[0]


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
        ["pip", "install", "--python", python, "-c", str(chosen), *needed()],
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
