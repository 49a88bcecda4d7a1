"""Permissions of the data folder: other users of the machine can neither read its files nor take its locks.

Processes create everything for their own user only (umask 077). Files that an older version left readable are closed
at the next start, one by one, and only those that are Aion's and belong to this user, since `AION_DATA` may contain
other things. A folder that is shared on purpose (setgid bit or access control list) stays shared with that group: new
files are readable by the group too, except passwords and locks.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from aion.store.layout import BESIDE_SQLITE, DESK_STORE, FOLDERS, LEDGER, LEDGER_LOCK, STRATEGY_CALL, UP_LOCK

OTHERS = 0o077
PRIVATE = 0o600
LOCKS = (UP_LOCK, LEDGER_LOCK, STRATEGY_CALL)
ALWAYS_PRIVATE = (DESK_STORE, *LOCKS)
_ACL = "system.posix_acl_access"


def make_private() -> None:
    """Make this process and its children create files for their own user only."""
    os.umask(OTHERS)


def keep_private(root: Path) -> None:
    """Create the data folder and remove access of other users; a shared folder stays shared with its group.

    Raises:
        OSError: it cannot be created.
    """
    os.umask(OTHERS)
    try:
        root.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(root)) from None
    if is_shared(root):
        mode = stat.S_IMODE(root.stat().st_mode)
        os.umask(0o007 if mode & 0o020 else 0o027)
    for path in open_to_others(root):
        with suppress(OSError):
            path.chmod(_closed(root, path, path.lstat().st_mode))


def open_to_others(root: Path) -> list[Path]:
    """Return the entries of the data folder that others may read, write or lock, the folder itself first."""
    found = []
    for path in _own(root):
        with suppress(OSError):
            status = path.lstat()
            if status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) != _closed(root, path, status.st_mode):
                found.append(path)
    return found


def is_shared(root: Path) -> bool:
    """Tell whether `root` is shared with a group on purpose: by its setgid bit or an access control list."""
    try:
        mode = root.stat().st_mode
        listed = os.listxattr(root) if hasattr(os, "listxattr") else []
    except OSError:
        return False
    return bool(mode & stat.S_ISGID and mode & 0o070) or _ACL in listed


def make_file(path: Path) -> None:
    """Create an empty private file for a database, or remove access of other users to an existing one.

    Raises:
        OSError: the folder cannot be written.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))
    for suffix in BESIDE_SQLITE:
        beside = path.with_name(path.name + suffix)
        with suppress(OSError):
            if beside.lstat().st_mode & OTHERS:
                beside.chmod(PRIVATE)


def _closed(root: Path, path: Path, mode: int) -> int:
    """Return the mode of `path` without access for others."""
    mode = stat.S_IMODE(mode)
    is_private = path.name.startswith(ALWAYS_PRIVATE) or not is_shared(root)
    return mode & ~OTHERS if is_private else mode & ~0o007


def _own(root: Path) -> Iterator[Path]:
    """Yield Aion's own entries at the top level of `root`, and first `root` itself if it contains nothing else."""
    known = {*FOLDERS, *LOCKS, *(name + suffix for name in (LEDGER, DESK_STORE) for suffix in BESIDE_SQLITE)}
    try:
        names = set(os.listdir(root))
        if not {each for each in names - known if not each.startswith(".")}:
            is_own = not root.is_symlink() and not root.stat().st_mode & stat.S_ISVTX
            if is_own:
                yield root
    except OSError:
        return
    for name in sorted(names & known):
        if not (root / name).is_symlink():
            yield root / name
