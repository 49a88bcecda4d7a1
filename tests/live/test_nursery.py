"""Processes of the nursery end as others do, and none outlives a test run."""

import signal
from pathlib import Path

import psutil

from tests.live.nursery import Nursery, Started


def born(nursery: Nursery, folder: Path) -> Started:
    folder.mkdir()
    return nursery.start(folder / "status", str(folder), str(folder / "port"), "upgraded", "events", "15")


def test_application_when_killed_or_told_to_end_then_its_status_says_so(tmp_path: Path, nursery: Nursery) -> None:
    one, other = (born(nursery, tmp_path / name) for name in ("one", "other"))
    one.kill()
    assert one.wait(60) == -signal.SIGKILL
    assert other.poll() is None
    other.kill()
    assert other.wait(60) == -signal.SIGKILL


def test_applications_when_nobody_can_ask_for_more_then_they_end(tmp_path: Path) -> None:
    nursery = Nursery()
    found = [psutil.Process(born(nursery, tmp_path / name).pid) for name in ("one", "other")]
    nursery.close()
    assert not any(each.is_running() for each in found)


def test_application_when_it_cannot_be_then_its_status_is_one(tmp_path: Path, nursery: Nursery) -> None:
    started = nursery.start(tmp_path / "status", str(tmp_path), str(tmp_path / "port"), "upgraded", "events", "soon")
    assert started.wait(60) == 1
