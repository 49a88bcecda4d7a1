import os
from pathlib import Path

import pytest

from aion.errors import StateError
from aion.output import archive
from aion.store.file import write_json
from aion.store.layout import Layout

BOTS = ("mine", "slow")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    for path in (
        made.sim_log("2022-05-18", "mine"),
        made.sim_log("2022-05-19", "mine"),
        made.sim_log("2022-05-19", "foreign"),
        made.swing_rolling("slow"),
        made.swing_rolling("foreign_slow"),
        made.bot_activity("1w", "2022-05-19", "slow"),
        made.bot_activity("1w", "2022-05-19", "foreign_slow"),
        made.rolling,
        made.sim_summary,
        made.ledger,
    ):
        write_json(path, {"name": path.name})
    return made


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


MOVED = {
    "intraday/sim_logs/2022-05-18_mine.json",
    "intraday/sim_logs/2022-05-19_mine.json",
    "intraday/rolling.json.gz",
    "swing/rolling_slow.json.gz",
    "swing/bot_logs/1w/bot_activity_2022-05-19_slow.json",
    "ledger.sqlite",
}
KEPT = {
    "intraday/sim_logs/2022-05-19_foreign.json",
    "swing/rolling_foreign_slow.json.gz",
    "swing/bot_logs/1w/bot_activity_2022-05-19_foreign_slow.json",
    "intraday/sim_summary.json",
}


def test_put_away_moves_own_files_and_leaves_those_of_foreign_bots(layout: Layout) -> None:
    archive.put_away(layout, "1", BOTS)
    assert names(layout.runs / "1") == {*MOVED, "intraday/sim_summary.json", "archive.json"}
    assert {name for name in names(layout.root) if not name.startswith("runs/")} == KEPT


@pytest.mark.parametrize("step", range(1, 9))
def test_move_that_died_after_any_step_is_finished_at_the_next_start(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    real, left = os.replace, [step]

    def dies(source: Path, target: Path) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", dies)
    with pytest.raises(KeyboardInterrupt):
        archive.put_away(layout, "1", BOTS)
    monkeypatch.setattr(os, "replace", real)
    assert archive.finish_moves(layout) == ["1"]
    assert archive.finish_moves(layout) == []
    assert names(layout.runs / "1") == {*MOVED, "intraday/sim_summary.json", "archive.json"}
    assert archive.newest_run(layout) == 1


def test_prune_keeps_the_newest_runs(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    for run in (1, 2, 9, 10):
        write_json(layout.archive_marker(str(run)), {"run": str(run), "bots": [], "done": True})
    (layout.runs / "mine-keep").mkdir()
    assert archive.prune(layout, 2) == ["1", "2"]
    assert {path.name for path in layout.runs.iterdir()} == {"9", "10", "mine-keep"}


def test_record_of_a_move_that_is_not_one_is_refused_by_name(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    write_json(layout.archive_marker("3"), {"bots": "all"})
    with pytest.raises(StateError, match=r"runs/3/archive\.json"):
        archive.finish_moves(layout)
