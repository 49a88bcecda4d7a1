"""Reads files from outside safely: regular files only, without blocking, up to a size limit."""

import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from errno import EFBIG, EINVAL, ELOOP, EMLINK, ENXIO
from pathlib import Path
from typing import BinaryIO

LONGEST_LINE = 64 << 10  # bytes; a bar's line has a hundred


def is_regular(path: Path) -> bool:
    """Tell whether `path` itself is a regular file, not a link, pipe, socket, device or folder."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


class IrregularError(OSError):
    """What is no regular file; `strerror` says what it is."""


def open_descriptor(path: Path, *, follow: bool = False) -> tuple[int, os.stat_result]:
    """Return a descriptor of a regular file for reading, and its status; never blocks, as opening a pipe would.

    Args:
        path: the file.
        follow: True to follow a link, for files that a person named; never for entries of a folder.

    Raises:
        IrregularError: it is something else.
        OSError: it does not exist, or cannot be opened.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno in (ELOOP, EMLINK) and not follow:
            raise IrregularError(error.errno, "it is a link; only regular files are read") from None
        if error.errno == ENXIO:  # a socket
            raise IrregularError(ENXIO, "it is not a regular file") from None
        raise
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise IrregularError(EINVAL, "it is not a regular file")
    return descriptor, status


def open_regular(path: Path, *, follow: bool = False) -> BinaryIO:
    """Open a regular file for reading, as `open_descriptor` does."""
    return os.fdopen(open_descriptor(path, follow=follow)[0], "rb")


def read_regular(path: Path, cap: int, *, follow: bool = False) -> bytes:
    """Return the content of a regular file.

    Raises:
        OSError: as `open_regular`, or it has more than `cap` bytes.
    """
    with open_regular(path, follow=follow) as file:
        return _at_most(file, cap)


def last_lines(path: Path, most: int) -> list[bytes]:
    """Return the whole lines among the last `most` bytes of a regular file.

    Raises:
        OSError: as `open_regular`.
    """
    with open_regular(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - most))
        if size > most:
            file.readline()
        return file.read().splitlines()


def inflate(data: bytes, cap: int) -> bytes:
    """Return the decompressed content of the gzip members in `data`.

    Raises:
        OSError: it is not gzip, is truncated, or has more than `cap` bytes.
    """
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        found = unpacker.decompress(data, cap + 1)
    except zlib.error as error:
        raise gzip.BadGzipFile(f"it is not whole gzip: {error}") from None
    if len(found) > cap:
        raise _too_large(cap)
    if not unpacker.eof or unpacker.unused_data:
        raise gzip.BadGzipFile("it is not one whole gzip member")
    return found


def lines(file: BinaryIO, cap: int) -> Iterator[bytes]:
    """Yield the lines of `file`.

    Raises:
        OSError: one is longer than `LONGEST_LINE`, or all together have more than `cap` bytes.
    """
    size = number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        size += len(line)
        if len(line) > LONGEST_LINE:
            raise OSError(EFBIG, f"line {number} has more than {LONGEST_LINE:,} bytes")
        if size > cap:
            raise _too_large(cap)
        yield line


def _at_most(file: BinaryIO, cap: int) -> bytes:
    data = file.read(cap + 1)
    if len(data) > cap:
        raise _too_large(cap)
    return data


def _too_large(cap: int) -> OSError:
    return OSError(EFBIG, f"it has more than {cap:,} bytes")
