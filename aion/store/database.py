"""What must be so of an SQLite file before it is opened: SQLite follows links, and waits at a pipe for ever."""

import sqlite3
import stat
from pathlib import Path

_KEPT_BESIDE = ("", "-wal", "-shm", "-journal")


def check_database(path: Path) -> None:
    """Look at the file at `path` and at what SQLite keeps beside it; each may be missing.

    Raises:
        sqlite3.OperationalError: one is a link, a pipe, a socket, a device or a folder, or cannot be looked at.
    """
    for suffix in _KEPT_BESIDE:
        each = path.with_name(path.name + suffix)
        try:
            mode = each.lstat().st_mode
        except FileNotFoundError:
            continue
        except OSError as error:
            raise sqlite3.OperationalError(f"{each.name} cannot be looked at: {error.strerror}") from None
        if stat.S_ISLNK(mode):
            raise sqlite3.OperationalError(f"{each.name} is a link: put the file itself there")
        if not stat.S_ISREG(mode):
            raise sqlite3.OperationalError(f"{each.name} is not a regular file: move it away")
