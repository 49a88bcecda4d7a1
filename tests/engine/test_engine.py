"""One engine runs all bots: drivers say where bars come from, what the clock is, when to commit and what is kept."""

import ast
from collections.abc import Iterator
from pathlib import Path

from aion.engine import engine

CODE = Path(engine.__file__).parents[1]
ONLY_THERE = {
    "IntradayBot", "SwingBot", "DayTradingJob", "SwingJob", "DeskGate", "Intake", "ledger_cursor", "restore_accounts",
    "watch_again",
}  # fmt: skip
"""What makes and restores the bots of a run and decides which bars they take."""
STEPS = {"admit", "begin_cycle", "end_days", "on_batch", "take_cycle"}
"""The steps of a cycle, in the order of their names."""


def test_only_the_engine_makes_and_restores_bots() -> None:
    found = {(name, path.name) for path in CODE.rglob("*.py") for name in _called(path) if name in ONLY_THERE}
    assert found == {(name, "engine.py") for name in ONLY_THERE}


def test_only_the_engine_merges_the_bars_of_two_kinds() -> None:
    both = [path.name for path in (CODE / "engine").glob("*.py") if "heapq" in path.read_text("utf-8")]
    both += [path.name for path in (CODE / "backtest").glob("*.py") if "heapq" in path.read_text("utf-8")]
    assert both == ["engine.py"]


def test_no_driver_runs_a_cycle_of_its_own() -> None:
    drivers = [CODE / "engine" / f"{name}.py" for name in ("desk_driver", "replay", "live", "backtest")]
    found = {(path.stem, name) for path in drivers for name in _called(path) if name in STEPS}
    # what people do to bots happens outside a cycle, and is committed with the next
    assert found == {("desk_driver", "take_cycle")}


def _called(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr
