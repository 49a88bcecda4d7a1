"""Log rotation by level, so that frequent lines do not push out warnings and errors.

A full log becomes `<process>.1.jsonl`. The warnings and errors of the file that it replaces are first appended to
`<process>.warning.jsonl` and `<process>.error.jsonl`, each with a size limit of its own; readers merge all files by
time.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from aion.store.file import write_bytes
from aion.store.layout import kept_log
from aion.store.regular_file import open_regular

MAX_LOG_BYTES = 32 << 20  # about two weeks of a run at full speed
MAX_KEPT_BYTES = 8 << 20  # of warnings, and of errors; then the older half goes
KEPT = {"warning": (b'"level":"warning"',), "error": (b'"level":"error"', b'"level":"critical"')}
"""What a line of each level holds: within a text of another line its quotes would be escaped."""
_STEP = 1 << 20


def rotate(path: Path) -> None:
    """Start the log at `path` anew and keep the warnings and errors of the file that is dropped.

    Raises:
        OSError: it cannot be renamed.
    """
    older = kept_log(path, "1")
    kept = {level: _sift(older, marks) for level, marks in KEPT.items()}
    os.replace(path, older)
    for level, lines in kept.items():
        if lines:
            with suppress(OSError):  # the disk is full: the log itself goes on
                _append(kept_log(path, level), lines)


def _sift(path: Path, marks: tuple[bytes, ...]) -> bytes:
    """Return the newest `MAX_KEPT_BYTES` of the lines at `path` that contain one of `marks`."""
    found: list[bytes] = []
    size = 0
    with suppress(OSError):  # there is none
        for data in _whole_lines(path):
            for line in _lines_with(data, marks):
                found.append(line)
                size += len(line)
            while size > MAX_KEPT_BYTES and found:
                size -= len(found[0])
                del found[0]
    return b"".join(found)


def _whole_lines(path: Path) -> Iterator[bytes]:
    with open_regular(path) as file:
        rest = b""
        while data := file.read(_STEP):
            data = rest + data
            cut = data.rfind(b"\n") + 1
            rest = data[cut:]
            yield data[:cut]


def _lines_with(data: bytes, marks: tuple[bytes, ...]) -> Iterator[bytes]:
    ends = sorted({data.index(b"\n", hit) + 1 for mark in marks for hit in _hits(data, mark)})
    for end in ends:
        yield data[data.rfind(b"\n", 0, end - 1) + 1 : end]


def _hits(data: bytes, mark: bytes) -> Iterator[int]:
    hit = data.find(mark)
    while hit >= 0:
        yield hit
        hit = data.find(mark, data.index(b"\n", hit))


def _append(path: Path, lines: bytes) -> None:
    held = b""
    with suppress(FileNotFoundError):
        held = b"".join(_whole_lines(path))
    held += lines
    if len(held) > MAX_KEPT_BYTES:
        held = held[held.index(b"\n", len(held) - MAX_KEPT_BYTES // 2) + 1 :]
    write_bytes(path, held)
