"""A file and its line in the audit: both are changed, or none of them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from aion.errors import StateError
from aion.store.file import read_bytes, remove, write_bytes

Audited = Callable[[], AbstractContextManager[None]]
"""Returns what writes a line of the audit when what is inside has been done."""
unaudited: Audited = nullcontext


@contextmanager
def changed(path: Path, audited: Audited) -> Iterator[None]:
    """Change the file at `path` inside; it is put back as it was when that, or the audit, fails.

    Raises:
        OSError: it cannot be changed.
        DeskStoreError: the audit cannot be written.
    """
    before: bytes | None = None
    is_known = True
    try:
        before, _ = read_bytes(path)
    except FileNotFoundError:
        pass
    except StateError:  # a link, a folder: nothing that could be put back
        is_known = False
    try:
        with audited():
            yield
    except BaseException:
        if is_known:
            with suppress(OSError):
                if before is None:
                    remove(path)
                else:
                    write_bytes(path, before, durable=True)
        raise
