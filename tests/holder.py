"""A lock that another program holds, and what may stand where a lock file should."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_PROGRAM = """
import fcntl, sys
held = open(sys.argv[1], "w")
fcntl.flock(held, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another program holds the lock at `path`."""
    path.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-c", _PROGRAM, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        try:
            yield
        finally:
            holder.communicate("")


def _link(path: Path) -> None:
    (path.parent / "target").write_text("somebody's")
    path.symlink_to("target")


STRANGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "link": (_link, "is a link: remove it"),
    "dangling link": (lambda path: path.symlink_to("nowhere"), "is a link: remove it"),
    "pipe": (os.mkfifo, "is not a regular file: remove it"),
    "folder": (lambda path: path.mkdir(), "is not a regular file: remove it"),
}
"""What makes something at a path that is no lock file, and what is said of it."""
