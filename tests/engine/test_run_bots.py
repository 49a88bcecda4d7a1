"""Bots of a run are made, restored and fed in one place, whoever drives them: replay, live feed or backtest."""

import ast
from collections.abc import Iterator
from pathlib import Path

from aion.engine import run_bots

CODE = Path(run_bots.__file__).parents[1]
ONLY_THERE = {"IntradayBot", "SwingBot", "DayTradingJob", "SwingJob", "DeskGate", "restore_accounts", "watch_again"}


def test_only_run_bots_makes_and_restores_bots() -> None:
    found = {(name, path.name) for path in CODE.rglob("*.py") for name in _called(path)}
    assert found == {(name, "run_bots.py") for name in ONLY_THERE}


def test_only_run_bots_merges_the_bars_of_two_kinds() -> None:
    both = [path.name for path in (CODE / "engine").glob("*.py") if "heapq" in path.read_text("utf-8")]
    both += [path.name for path in (CODE / "backtest").glob("*.py") if "heapq" in path.read_text("utf-8")]
    assert both == ["run_bots.py"]


def _called(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ONLY_THERE:
            yield node.func.id
