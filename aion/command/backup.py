"""Backup of what cannot be written again: ledger, logins, saved rules, requests and kill switches.

State files are not included: the bots write them again from the ledger.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from aion.errors import ConfigError, NotFoundError
from aion.store.database import open_readonly
from aion.store.file import MAX_FILE_BYTES
from aion.store.layout import Layout
from aion.store.regular_file import is_regular, read_regular


def back_up(layout: Layout, target: Path) -> Iterator[str]:
    """Copy into the new folder `target`, and yield a line for each part.

    The databases are copied by SQLite's online backup, so each copy is consistent even while others write.

    Raises:
        ConfigError: `target` exists already, cannot be written, or a copy fails its check; nothing partial is left.
        NotFoundError: there is nothing to copy.
    """
    databases = [path for path in (layout.ledger, layout.desk) if path.exists() or path.is_symlink()]
    if not databases:
        raise NotFoundError(f"{layout.root}: there is nothing to back up: no ledger.sqlite, no desk.sqlite")
    if target.exists():
        raise ConfigError(f"{target} already exists: choose a new folder")
    partial = target.with_name(f".{target.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, mode=0o700)  # whatever stands in it, nobody else gets there
        lines = [_copy_database(path, partial / path.name) for path in databases]
        for folder in (layout.configs, layout.controls):
            if folder.is_dir():
                lines += _copy_folder(folder, partial / folder.name)
        partial.rename(target)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise ConfigError(f"backup into {target}: {error}") from None
    yield from (f"{target.name}/{line}" for line in lines)


def _copy_folder(source: Path, target: Path) -> list[str]:
    """Copy the regular files below `source`; return how many, and what was left out because it is not one.

    Raises:
        OSError: a file cannot be read, or its copy cannot be written.
    """
    copied = 0
    left: list[str] = []
    for place, folders, names in os.walk(source):  # links to folders are not followed
        folders[:] = [name for name in folders if not name.startswith(".")]
        into = target / Path(place).relative_to(source)
        into.mkdir(parents=True, exist_ok=True, mode=0o700)
        left += [f"{source.name}/{name}" for name in folders if (Path(place) / name).is_symlink()]
        for name in sorted(names):
            path = Path(place) / name
            if name.startswith("."):
                continue
            if not is_regular(path):
                left.append(str(path.relative_to(source.parent)))
                continue
            (into / name).write_bytes(read_regular(path, MAX_FILE_BYTES))
            copied += 1
    said = [f"{source.name}/: {copied} files"]
    return said + [f"{name} left out: it is a link, a pipe or the like, not a file" for name in left]


def _copy_database(source: Path, target: Path) -> str:
    with closing(open_readonly(source, 30)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)
        writing.execute("PRAGMA journal_mode=DELETE")
        found = writing.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(f"the copy of {source.name} is damaged: {found}")
    target.chmod(0o600)
    return f"{source.name}: {target.stat().st_size:,} bytes, checked OK"
