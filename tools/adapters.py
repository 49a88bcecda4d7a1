"""Try the adapters of the Python client with the real programs: `python tools/adapters.py [PROGRAM ...]`.

Each program is installed from the package index into an environment of its own, `.venv/adapter-PROGRAM`, by the extra
of the same name, and its trial in `tests/clients/program` compares the program's own figures with those on the desk.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
CLIENT = ROOT / "clients" / "python"
TRIALS = ROOT / "tests" / "clients" / "program"
UV = [sys.executable, "-m", "uv", "--quiet"]
BESIDE = {"backtesting": ["pandas"]}
"""What a trial needs and the program does not."""


def programs() -> dict[str, list[str]]:
    """Return the requirements of each program that has a trial."""
    extras = tomllib.loads((CLIENT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    return {name: needed for name, needed in extras.items() if (TRIALS / f"try_{name}.py").exists()}


def install(name: str, needed: list[str]) -> Path:
    """Make the environment of a program; return its Python."""
    home = ROOT / ".venv" / f"adapter-{name}"
    python = home / "bin" / "python"
    wanted = [*needed, *BESIDE.get(name, [])]
    subprocess.run([*UV, "venv", "--allow-existing", "--python", sys.executable, str(home)], check=True)
    subprocess.run([*UV, "pip", "install", "--python", str(python), *wanted], cwd=ROOT, check=True)
    return python


def main(chosen: list[str]) -> int:
    """Try the chosen programs, or all; return how many failed."""
    known = programs()
    if unknown := [name for name in chosen if name not in known]:
        print(f"no trial of {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    failed = []
    for name in chosen or known:
        try:
            python = install(name, known[name])
        except subprocess.CalledProcessError as error:
            print(f"{name} cannot be installed here: {error}", file=sys.stderr)
            failed.append(name)
            continue
        with tempfile.TemporaryDirectory() as folder:
            command = [str(python), str(TRIALS / f"try_{name}.py"), folder]
            environment = {**os.environ, "PYTHONPATH": str(CLIENT / "src")}
            if subprocess.run(command, cwd=folder, env=environment, check=False).returncode:
                failed.append(name)
    print(f"{len(chosen or known) - len(failed)} passed, {len(failed)} failed")
    return len(failed)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
