"""Figures of the process and of the disk."""

import os
import sys
from pathlib import Path

import psutil

from aion.web.metrics.process import disk_figures, process_figures
from aion.web.status.document import DiskFigures, ProcessFigures


def test_process_when_asked_then_its_figures_are_those_of_this_one() -> None:
    found = ProcessFigures.model_validate(process_figures())
    assert found.pid == os.getpid() and found.threads >= 1 and found.cpu_s > 0
    if sys.platform == "linux":
        held = psutil.Process().memory_info().rss  # no growth is looked at: other tests' threads let go of theirs
        assert abs((found.memory_bytes or 0) - held) < 32 << 20 < held
        assert (found.open_files or 0) >= 3


def test_disk_when_folder_is_there_then_room_is_told_and_else_nothing(tmp_path: Path) -> None:
    found = DiskFigures.model_validate(disk_figures(tmp_path))
    assert 0 <= found.free_bytes <= found.total_bytes
    assert disk_figures(tmp_path / "gone") is None
