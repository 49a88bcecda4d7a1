"""A copy of what cannot be written again: ledger, logins, saved rules, requests and kill switches.

State files are not in it: the bots write them again from the ledger.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from aion.errors import ConfigError, NotFoundError
from aion.store.layout import Layout


def back_up(layout: Layout, target: Path) -> Iterator[str]:
    """Copy into the new folder `target`, and yield a line for each part.

    The databases are copied by SQLite's online backup: each copy is one moment of it, whoever writes meanwhile.

    Raises:
        ConfigError: `target` is there already, cannot be written, or a copy is not sound; nothing half-done stays.
        NotFoundError: there is nothing to copy.
    """
    databases = [path for path in (layout.ledger, layout.desk) if path.exists()]
    if not databases:
        raise NotFoundError(f"{layout.root}: there is nothing to back up: no ledger.sqlite, no desk.sqlite")
    if target.exists():
        raise ConfigError(f"{target} is there already: name a new folder")
    partial = target.with_name(f".{target.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, mode=0o700)
        lines = [_copy_database(path, partial / path.name) for path in databases]
        for folder in (layout.configs, layout.controls):
            if folder.is_dir():
                shutil.copytree(folder, partial / folder.name, ignore=shutil.ignore_patterns(".*"))
                lines.append(f"{folder.name}/: {sum(each.is_file() for each in folder.rglob('*.json'))} files")
        partial.rename(target)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise ConfigError(f"backup into {target}: {error}") from None
    yield from (f"{target.name}/{line}" for line in lines)


def _copy_database(source: Path, target: Path) -> str:
    address = f"{source.absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(address, uri=True, timeout=30)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        reading.backup(writing)
        writing.execute("PRAGMA journal_mode=DELETE")
        found = writing.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(f"the copy of {source.name} is not sound: {found}")
    target.chmod(0o600)
    return f"{source.name}: {target.stat().st_size} bytes, sound"
