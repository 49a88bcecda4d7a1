"""Find nginx and Caddy for the tests, or install Debian's where that is possible; prints their paths."""

import os
import shutil
import sys

if __package__:
    from tools.package import install
else:
    from package import install

NAMES = ("nginx", "caddy")


def find(name: str) -> str | None:
    """Return the path of a program, or None; Debian keeps nginx where a plain user's PATH does not look."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    return shutil.which(name, path=path)


def main() -> int:
    """Find or install."""
    lacking = [name for name in NAMES if find(name) is None]
    if lacking:
        install(*lacking)
    lacking = [name for name in NAMES if find(name) is None]
    if lacking:
        sys.stderr.write(f"aion: the proxy tests need {' and '.join(lacking)}: install the package of that name\n")
        return 1
    for name in NAMES:
        print(f"aion: {name} {find(name)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
