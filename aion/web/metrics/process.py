"""What the process that answers costs the machine: memory, threads, open files, and the room left on the disk."""

import os
import platform
import shutil
import threading
import time
from pathlib import Path

from aion.web.state import Json

_STATM = Path("/proc/self/statm")
_FILES = "/proc/self/fd"


def process_figures() -> Json:
    """Return `ProcessFigures` of this process; what its system does not tell is left out."""
    found: Json = {
        "pid": os.getpid(),
        "threads": threading.active_count(),
        "cpu_s": round(time.process_time(), 2),
        "cores": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.release()}",
    }
    try:
        pages = int(_STATM.read_text("ascii").split()[1])
        found["memory_bytes"] = pages * os.sysconf("SC_PAGE_SIZE")
        found["open_files"] = len(os.listdir(_FILES))
    except (OSError, ValueError, IndexError):
        return found  # no procfs: not Linux
    return found


def disk_figures(folder: Path) -> Json | None:
    """Return `DiskFigures` of the file system that holds `folder`, None where it does not answer."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return {"total_bytes": usage.total, "free_bytes": usage.free}
