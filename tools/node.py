"""Run a script of the front end with the Node that the build uses: `python tools/node.py SCRIPT ARGUMENTS...`."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from hatch_build import FRONTEND, find_node  # noqa: E402


def main() -> int:
    """Run it in the front end's folder and return its exit status."""
    node, _ = find_node()
    environment = {**os.environ, "PATH": os.pathsep.join((str(Path(node).parent), os.environ.get("PATH", "")))}
    return subprocess.run([node, *sys.argv[1:]], cwd=FRONTEND, env=environment, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
