"""Freed memory goes back to the system, though something that is kept lies behind each large block."""

import platform
import subprocess
import sys

PROGRAM = """
import sys
from pathlib import Path
from aion.allocator import keep_less_freed

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

if sys.argv[1] == "set":
    keep_less_freed()
bytes(8 << 20)  # freed at once: by itself the library now keeps blocks up to this size
before = resident_mb()
large, kept = [], []
for _ in range(40):
    large.append(b"x" * (1 << 20))
    kept.append(b"y" * (64 << 10))
large.clear()
print(resident_mb() - before)
"""


def grown_mb(how: str) -> float:
    return float(
        subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True).stdout
    )


def test_allocator_when_large_blocks_are_freed_between_kept_ones_gives_them_back() -> None:
    grown = grown_mb("set")
    if platform.libc_ver()[0] != "glibc":  # no other library's allocator is set: it only has to do no harm
        assert grown <= grown_mb("unset") + 10
        return
    assert grown < 10 < 35 < grown_mb("unset")
