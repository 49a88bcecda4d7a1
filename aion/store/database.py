"""Checks an SQLite file before it is opened, because SQLite follows links and blocks on a pipe for ever."""

import sqlite3
import stat
from pathlib import Path

from aion.store.layout import BESIDE_SQLITE


def open_readonly(path: Path, timeout_s: float = 5.0) -> sqlite3.Connection:
    """Return a connection to the file at `path` that cannot write.

    Args:
        path: of the file, checked by `check_database`.
        timeout_s: seconds to wait while another process writes.

    Raises:
        sqlite3.Error: it is not there or cannot be opened.
    """
    check_database(path)
    address = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=timeout_s)


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
