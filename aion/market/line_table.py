"""Tables that people keep beside the bars, line by line: each line with its place, so that one costs only itself."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from aion.errors import FeedError
from aion.store.regular_file import lines, open_regular

Row = Mapping[str, str | None]


def read_rows(path: Path, needed: Sequence[str], max_bytes: int) -> Iterator[tuple[str, Row]]:
    """Yield where each line of a comma-separated table is, for people, and its cells by column.

    Args:
        path: of the table, UTF-8.
        needed: columns that it must have.
        max_bytes: of a file at most.

    Raises:
        FileNotFoundError: there is none.
        FeedError: it cannot be read, or lacks a column.
    """
    try:
        with open_regular(path) as file:
            text = io.StringIO(b"".join(lines(file, max_bytes)).decode("utf-8-sig"), newline="")
        reader = csv.DictReader(text)
        missing = [name for name in needed if name not in (reader.fieldnames or ())]
        if missing:
            raise FeedError(f"{path} has no column {', '.join(missing)}: it needs {', '.join(needed)}")
        for row in reader:
            yield f"{path}, line {reader.line_num}", row
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise FeedError(f"{path} cannot be read: {why}") from None
