"""Retention: at each start old day files are compressed in place, old logs and runs are deleted.

Age is measured from the last write, so that a replay of 2022 keeps what it wrote today. The newest day of each bot
stays as it is, because the desk shows it. A compressed file (`.json.gz`) is not a state file any more; `gunzip`
restores it.
"""

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from aion.output.archive import finished_folders
from aion.store.file import MAX_INFLATED_BYTES, gzip_bytes, write_bytes
from aion.store.layout import Layout, packed
from aion.store.newest import newest_first
from aion.store.regular_file import read_regular


@dataclass(slots=True)
class Tidied:
    """Numbers of compressed and deleted files."""

    packed: int = 0
    logs: int = 0
    runs: int = 0
    refused: str = ""
    """The first file that could not be dealt with, and why."""

    def __str__(self) -> str:
        parts = [(self.packed, "day files packed"), (self.logs, "logs removed"), (self.runs, "runs removed")]
        return ", ".join(f"{count} {what}" for count, what in parts if count)


def tidy(layout: Layout, bots: Collection[str], keep_days: int, now: datetime) -> Tidied:
    """Compress or delete what was not written for `keep_days` days; a failure is left for the next start.

    Args:
        layout: of the data folder.
        bots: names of this process's own bots; day files of external bots are not touched.
        keep_days: >= 1.
        now: wall time of this machine.
    """
    tidied = Tidied()
    before = (now - timedelta(days=keep_days)).timestamp()
    for path in _day_files(layout, frozenset(bots)):
        with _noting(tidied, layout, path):
            if path.stat().st_mtime < before:
                write_bytes(packed(path), gzip_bytes(read_regular(path, MAX_INFLATED_BYTES)))
                path.unlink()
                tidied.packed += 1
    for path in layout.log_files():
        with _noting(tidied, layout, path):
            if path.stat().st_mtime < before:
                path.unlink()
                tidied.logs += 1
    for folder in finished_folders(layout):
        with _noting(tidied, layout, folder):
            if layout.archive_marker(folder.name).stat().st_mtime < before:
                shutil.rmtree(folder)
                tidied.runs += 1
    return tidied


def _day_files(layout: Layout, bots: frozenset[str]) -> Iterator[Path]:
    """Yield the day files of `bots`, except the newest of each bot."""
    for paths in (layout.sim_logs.glob("*"), layout.bot_logs.glob("*/*")):
        places = (Layout.place(layout.relative(path)) for path in sorted(paths))
        for files in newest_first(place for place in places if place is not None and place.bot in bots).values():
            yield from (layout.root / place.file for place in files[1:])


@contextmanager
def _noting(tidied: Tidied, layout: Layout, path: Path) -> Iterator[None]:
    """Note the first file that fails, and continue."""
    try:
        yield
    except OSError as error:
        tidied.refused = tidied.refused or f"{layout.relative(path)}: {error.strerror}"
