"""Install a lock file and this package into the running environment: `python tools/install.py requirements.lock`.

uv does it in seconds where it can be had; pip does it everywhere. Hashes are required either way, those of the tools
in `tools/lock` too. The package is installed in place, with its metadata: what depends on `aion` finds it here and
does not look for it in a registry.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from hatch_build import NO_PAGES, find_node  # noqa: E402

PIP = [sys.executable, "-m", "pip", "--quiet", "--no-input"]
UV = [sys.executable, "-m", "uv", "--quiet", "pip"]
HERE = [*UV, "install", "--python", sys.executable]
LOCKS = ROOT / "tools" / "lock"


def run(*command: str) -> bool:
    """Run a command in the project's folder; return whether it succeeded. The pages have a step of their own."""
    environment = {**os.environ, NO_PAGES: "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def locked(*files: str) -> list[str]:
    """Return the options that take exactly what stands in `files`, checked by its hashes."""
    return ["--require-hashes", *(option for file in files for option in ("-r", file))]


def main(lock: str) -> int:
    """Install `lock` and what builds the package, then the package itself in place."""
    has_uv = run(*PIP, "install", *locked(str(LOCKS / "uv.txt")))
    wanted = [str(LOCKS / "build.txt"), lock]
    try:
        find_node()
    except RuntimeError:
        wanted.append(str(LOCKS / "node.txt"))
    if not (has_uv and run(*HERE, *locked(*wanted))) and not run(*PIP, "install", *locked(*wanted)):
        sys.stderr.write("aion: installing packages failed; is the package index reachable?\n")
        return 1
    in_place = ["--no-deps", "--no-build-isolation", "--editable", "."]
    if not (has_uv and run(*HERE, *in_place)) and not run(*PIP, "install", *in_place):
        sys.stderr.write("aion: installing this package in place failed\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
