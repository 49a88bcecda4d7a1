"""What makes a run quick on the machine that it finds; nothing here changes what is tested."""

import atexit
import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

import certifi
import psutil
from hypothesis import HealthCheck, settings

SHARED_MEMORY = "/dev/shm"
TEMPORARY = "PYTEST_DEBUG_TEMPROOT"
"""Where pytest keeps the folders of tests; whoever sets it says where."""
ROOM_BYTES = 4 << 30
"""A whole run needs less than half of it."""


def keep_compiled_modules() -> None:
    """Let Python keep what it has compiled, for this process and all that it starts.

    Images of containers often forbid it; then each of the thousand processes of a run compiles each module anew.
    """
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def keep_files_in_memory() -> None:
    """Let the tests' folders be in memory where there is room, so that no commit waits for a disk.

    Not where programs cannot be started from there, as in containers: tests write scripts and run them.
    """
    if TEMPORARY in os.environ or not os.access(SHARED_MEMORY, os.W_OK):
        return
    found = os.statvfs(SHARED_MEMORY)
    room = min(found.f_bavail * found.f_frsize, psutil.virtual_memory().available)
    if not found.f_flag & os.ST_NOEXEC and room > ROOM_BYTES:
        os.environ[TEMPORARY] = SHARED_MEMORY


def let_examples_take_their_time() -> None:
    """Take hypothesis's limits on time away: an example is slow where others use the machine, and no worse for it."""
    settings.register_profile("aion", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("aion")


def trust_one_authority() -> None:
    """Let a client of the tests read one certificate of an authority, not all 140: they ask this machine alone.

    httpx reads them for each client that it makes, which takes longer than the requests of most tests.
    """
    text = Path(certifi.where()).read_text("utf-8")
    end = "-----END CERTIFICATE-----"
    first = text[text.index("-----BEGIN CERTIFICATE-----") : text.index(end)] + end
    folder = Path(tempfile.mkdtemp(prefix="aion-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "authority.pem"
    path.write_text(first, "utf-8")
    certifi.where = lambda: str(path)


def leave_modules_alone() -> None:
    """Take all modules of all tests out of the garbage collector's sight: they stay, so it need not look again."""
    gc.freeze()
