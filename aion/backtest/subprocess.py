"""A backtest in a process of its own, so that a strategy's call that never comes back ends that one alone.

`watchdog` ends a process whose strategy neither returns nor can be interrupted. The process that started it is still
there, says whose call it was and where it stood, and takes away what was half done.
"""

import ctypes
import json
import os
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

from aion.errors import AionError, said
from aion.store.layout import Layout
from aion.strategy.hang_killer import STUCK_S, read_stuck

_PR_SET_PDEATHSIG = 1
_FORWARDED = (signal.SIGTERM, signal.SIGHUP)
_SIGNALLED = 128  # added to the number of a signal, as a shell does
INTERRUPTED = 130


class StuckError(AionError):
    """A strategy's call that never came back and could not be interrupted."""

    exit_status = 1


def run_apart(work: Callable[[Path], int]) -> int:
    """Do `work` in a child and return its exit status.

    Args:
        work: is handed the path of the file for `watchdog.watched`; `tell` puts beside it what there is to name.

    Raises:
        StuckError: a strategy got stuck in it.
    """
    with tempfile.TemporaryDirectory(prefix="aion-") as folder:
        path = Path(folder) / "call"
        sys.stdout.flush()
        sys.stderr.flush()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads of the caller, which the child needs not
            child = os.fork()
        if not child:
            _do(work, path)
        return _wait_for(child, path)


def tell(path: Path, folder: Path, strategies: dict[str, str]) -> None:
    """Say where a backtest writes, and the strategy of each bot, for whoever finds its process ended."""
    path.with_suffix(".json").write_text(json.dumps([str(folder), strategies]), "utf-8")


def tidy(layout: Layout) -> None:
    """Take away the ledger of a backtest that did not come to its end, and the folder when nothing else is in it."""
    for path in layout.root.glob(f"{layout.ledger.stem}.*"):
        path.unlink(missing_ok=True)
    for empty in (layout.logs, layout.root):
        if empty.is_dir() and not any(empty.iterdir()):
            empty.rmdir()


def _do(work: Callable[[Path], int], path: Path) -> NoReturn:
    status = 1
    try:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        status = work(path)
    except AionError as error:
        sys.stderr.write(said(error))
        status = error.exit_status
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BaseException:  # noqa: BLE001 - the edge of this process, which never returns to its caller
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _wait_for(child: int, path: Path) -> int:
    def forward(number: int, frame: FrameType | None) -> None:
        os.kill(child, number)

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        while True:
            try:
                _, ended = os.waitpid(child, 0)
                break
            except KeyboardInterrupt:  # the terminal told the child as well
                continue
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    status = os.waitstatus_to_exitcode(ended)
    if status >= 0:
        return status
    bot, where = read_stuck(path)
    if -status != signal.SIGPROF or not bot:
        return _SIGNALLED - status
    folder, strategies = json.loads(path.with_suffix(".json").read_text("utf-8"))
    tidy(Layout(Path(folder)))
    line = f" ({where})" if where else ""
    raise StuckError(
        f"bots.{bot}: strategy {strategies[bot]} did not come back within {STUCK_S:g} s and could not be "
        f"interrupted{line}; the backtest is ended and nothing of it is kept: mend the strategy, or leave its bot out"
    )
