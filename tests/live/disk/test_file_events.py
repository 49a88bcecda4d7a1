"""Whether events are enough, as the changes that come without one say."""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aion.live.disk.file_events import ROUNDS, FileEvents
from aion.live.disk.watcher import Changes


def events(root: Path, tell: Callable[[Changes], None] = lambda changes: None) -> FileEvents:
    made = FileEvents(root, ("data",), lambda path: path.endswith(".json"), tell)
    made.open()
    made.begin_build()
    made.end_build((), {})
    return made


def build(made: FileEvents, differing: set[str]) -> None:
    made.begin_build()
    made.end_build(differing, {})


async def test_change_without_an_event_makes_each_look_compare_until_there_is_none_for_long(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").mkdir()
    made = events(tmp_path)
    assert made.are_enough
    (tmp_path / "data" / "a.json").write_text("1")
    build(made, {"data/a.json"})
    assert made.are_enough  # told before the build was over
    build(made, {"data/mapped.json"})
    assert not made.are_enough
    with caplog.at_level(logging.WARNING, "aion.live"):
        made.end_round()
        assert not caplog.messages  # its event may be on the way
        made.end_round()
    assert "data/mapped.json changed without an event" in caplog.text
    for _ in range(ROUNDS):
        assert not made.are_enough
        made.end_round()
    assert made.are_enough
    made.close()


async def test_event_that_comes_after_the_scan_settles_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "data").mkdir()
    made = events(tmp_path)
    build(made, {"data/a.json"})
    assert not made.are_enough
    (tmp_path / "data" / "a.json").write_text("1")
    made.look()
    made.end_round()
    assert made.are_enough
    made.end_round()
    assert "without an event" not in caplog.text
    made.close()


async def test_root_on_a_file_system_without_events_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "root"
    root.symlink_to("/proc/self/fdinfo")
    told: list[Changes] = []
    with caplog.at_level(logging.WARNING, "aion.live"):
        made = events(root, told.append)
        for _ in range(3):
            made.end_round()
    assert not made.are_enough
    assert len(caplog.messages) == 1 and "is on proc" in caplog.text  # said once
    (tmp_path / "here" / "data").mkdir(parents=True)
    (tmp_path / "part").symlink_to("here")
    os.replace(tmp_path / "part", root)
    made.end_round()
    assert made.are_enough and told[-1].rescan
    assert "reliable again" in caplog.text
    (tmp_path / "here" / "data" / "a.json").write_text("1")
    await asyncio.sleep(0)
    made.look()
    assert told[-1].paths == {"data/a.json"}
    made.close()
