"""Archives finished runs in `runs/<n>/` and deletes all but the newest few.

A move is recorded before it starts (`runs/<n>/archive.json`) and each step can be repeated, so that a process
that dies in the middle leaves nothing half-done: the next start finishes the move. Only files of the named bots and
of the day-trading job are moved; files of external bots stay.
"""

import os
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from aion.errors import StateError
from aion.store.file import MAX_FILE_BYTES, read_json, write_bytes, write_json
from aion.store.layout import BESIDE_SQLITE, Layout
from aion.store.regular_file import is_regular, read_regular

MAX_DIGITS = 12  # of the number of a run


def put_away(layout: Layout, run: str, bots: Collection[str]) -> Path:
    """Move the files of run `run` to `runs/<run>/` and return that folder.

    `intraday/sim_summary.json` is copied, not moved: the page keeps showing it until the next run writes its own. The
    ledger must be closed.

    Args:
        layout: of the data folder.
        run: name of the run.
        bots: names whose files belong to it.

    Raises:
        OSError: a write fails; calling again continues where it stopped.
    """
    folder = layout.runs / run
    _write_marker(layout, run, bots, is_done=False)
    _move(layout, folder, frozenset(bots))
    _write_marker(layout, run, bots, is_done=True)
    return folder


def finish_moves(layout: Layout) -> list[str]:
    """Finish each interrupted move, and return the names of the runs.

    Raises:
        OSError: a write fails.
    """
    finished = []
    for folder in _folders(layout):
        marker = _read_marker(layout, folder)
        if marker is not None and not marker["done"]:
            put_away(layout, folder.name, marker["bots"])
            finished.append(folder.name)
    return finished


def newest_run(layout: Layout) -> int:
    """Return the highest number among the archived runs, 0 if there is none."""
    taken = layout.runs.iterdir() if layout.runs.is_dir() else ()  # a link or a file takes its number, too
    return max((int(each.name) for each in taken if _is_number(each.name)), default=0)


def finished_folders(layout: Layout) -> list[Path]:
    """Return the folders of completely archived runs, oldest first."""
    folders = _folders(layout)
    return [each for each in folders if (marker := _read_marker(layout, each)) is not None and marker["done"]]


def prune(layout: Layout, keep: int) -> list[str]:
    """Delete all but the newest `keep` archived runs, and return the names of those deleted.

    Raises:
        OSError: a deletion fails.
    """
    folders = _folders(layout)
    dropped = folders[: max(0, len(folders) - keep)]
    for folder in dropped:
        shutil.rmtree(folder)
    return [folder.name for folder in dropped]


def _folders(layout: Layout) -> list[Path]:
    if not layout.runs.is_dir():
        return []
    found = [
        each for each in layout.runs.iterdir() if _is_number(each.name) and each.is_dir() and not each.is_symlink()
    ]
    return sorted(found, key=lambda folder: int(folder.name))


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) <= MAX_DIGITS


def _write_marker(layout: Layout, run: str, bots: Collection[str], *, is_done: bool) -> None:
    value = {"run": run, "bots": sorted(bots), "done": is_done}
    write_json(layout.archive_marker(run), value, durable=True)


def _read_marker(layout: Layout, folder: Path) -> dict[str, Any] | None:
    path = layout.archive_marker(folder.name)
    try:
        value, _ = read_json(path)
    except FileNotFoundError:
        return None
    if not isinstance(value.get("bots"), list) or not isinstance(value.get("done"), bool):
        raise StateError(layout.relative(path), "is not the record of a move; delete the folder to continue")
    return value


def _move(layout: Layout, folder: Path, bots: frozenset[str]) -> None:
    if is_regular(layout.sim_summary):
        target = folder / layout.relative(layout.sim_summary)
        if not target.exists():
            write_bytes(target, read_regular(layout.sim_summary, MAX_FILE_BYTES))
    own = [layout.rolling]
    for place in (layout.sim_logs, layout.swing, layout.bot_logs):
        own += [
            path
            for path in sorted(place.glob("*/*" if place == layout.bot_logs else "*"))
            if (found := Layout.place(layout.relative(path))) is not None and found.bot in bots
        ]
    # the ledger last: while it stands, its files can be written again
    own += [layout.ledger.with_name(layout.ledger.name + suffix) for suffix in reversed(BESIDE_SQLITE)]
    for path in own:
        target = folder / layout.relative(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            os.replace(path, target)
