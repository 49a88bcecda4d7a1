"""Checks an SQLite file before it is opened, because SQLite follows links and blocks on a pipe for ever."""

import sqlite3
import stat
from pathlib import Path

from aion.store.layout import BESIDE_SQLITE


def check_database(path: Path) -> None:
    """Check the file at `path` and the files that SQLite keeps beside it; each may be missing.

    Raises:
        sqlite3.OperationalError: one is a link, a pipe, a socket, a device or a folder, or cannot be checked.
    """
    for suffix in BESIDE_SQLITE:
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
