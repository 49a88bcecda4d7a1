"""The C library's allocator: how much freed memory a process keeps."""

import ctypes
import sys
from contextlib import suppress

_ARENAS, _MAPPED_BYTES = -8, -3  # M_ARENA_MAX and M_MMAP_THRESHOLD of malloc.h
MOST_ARENAS = 1
"""Python's lock lets one thread allocate at a time; a second arena would only keep what the build thread freed."""
MAPPED_BYTES = 512 << 10
"""Size from which on a block is given back as soon as it is free, such as each version of a large index.

Where nobody sets it, it grows to the largest block that was freed, and the gaps between large blocks stay. Giving
smaller blocks back costs more time, in page faults, than the memory is worth.
"""


def keep_less_freed(mapped_bytes: int = MAPPED_BYTES) -> None:
    """Keep less of the memory that is freed; to be called before there is a second thread.

    Does nothing where the C library is not glibc. Source: mallopt(3).

    Args:
        mapped_bytes: size from which on a block is given back as soon as it is free.
    """
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(_ARENAS, MOST_ARENAS)
            mallopt(_MAPPED_BYTES, mapped_bytes)
