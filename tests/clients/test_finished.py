"""Finished runs: shown as such, replaced by the next one of their name, and never in place of a bot that runs."""

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aion_client import Bot, ClientError, NameTakenError
from aion_client.finished import write_finished

from tests.clients.books import check_files, read_state

BEGAN = datetime(2024, 1, 1, tzinfo=UTC)


def write(data: Path, values: list[float], **more: Any) -> None:
    curve = [(BEGAN + timedelta(hours=number), value) for number, value in enumerate(values)]
    write_finished("run", curve, start=100, data=data, **more)


def trade(day: int) -> dict[str, Any]:
    at = BEGAN.replace(day=day)
    prices = {"entry_price": 10.0, "exit_price": 11.0, "realized_pnl": 1.0, "fees": math.nan}
    return {"symbol": "A", "side": "buy", "quantity": 1, "opened_at": at, "ts": at, **prices}


def test_run_when_written_again_then_nothing_of_the_old_one_is_left(tmp_path: Path) -> None:
    write(tmp_path, [100, 120, 60, math.nan, 90], trades=[trade(1), trade(2)])
    state = read_state(tmp_path, "run")
    assert state["kind"] == "finished" and state["finished_at"] == "2024-01-01T04:00Z" and state["equity"] == 90
    assert state["stats"] == {"closed_trades": 2, "wins": 2, "max_drawdown": 0.5, "drawdown": 0.25}
    assert "fees" not in state["trades"]["t1"], "what is not known is left out"
    write(tmp_path, [100, 101], trades=[trade(3)])
    days = sorted(tmp_path.glob("swing/bot_logs/1d/*.json"))
    assert [each.name for each in days] == ["bot_activity_2024-01-03_run.json"]
    assert list(json.loads(days[0].read_text())["trades"]) == ["t1"]
    check_files(tmp_path)


def test_bot_that_runs_or_has_run_then_never_replaced(tmp_path: Path) -> None:
    with Bot("run", data=tmp_path), pytest.raises(NameTakenError):
        write(tmp_path, [1])
    before = read_state(tmp_path, "run")
    with pytest.raises(ClientError, match="name='run'"):
        write(tmp_path, [1])
    assert read_state(tmp_path, "run") == before


def test_finished_run_then_no_bot_goes_on_with_it(tmp_path: Path) -> None:
    write(tmp_path, [1], mode="paper")
    with pytest.raises(ClientError, match="cannot be resumed from"):
        Bot("run", data=tmp_path)


@pytest.mark.parametrize("curve", [[], [(0, 1.0)], [(BEGAN, math.nan)]])
def test_run_without_times_or_values_then_said(tmp_path: Path, curve: list[tuple[Any, float]]) -> None:
    with pytest.raises(ClientError, match=r"no time|no curve"):
        write_finished("run", curve, start=1, data=tmp_path)
    assert not list(tmp_path.rglob("*.gz"))
