"""The limits of the desk hold in a backtest as they do in a replay of the same bars."""

from datetime import timedelta
from pathlib import Path

import pytest

from aion.backtest.plan import Options, make_plan
from aion.backtest.result import read_results
from aion.config import Risk, default_bots
from aion.ledger.query import read_ledger
from aion.store.layout import Layout
from tests.backtest.lab import run_plan
from tests.bot.desk import at, ledger_rows, recorded, replay, settings

SWING = {name: bot for name, bot in default_bots().items() if name in ("swing_1w", "swing_2w")}
START, END = at("2020-03-02T00:00Z"), at("2020-07-01T00:00Z")
YEAR = timedelta(days=365)


@pytest.mark.parametrize(
    ("risk", "said"),
    [
        (Risk(max_positions=4), "the desk's max_positions 4 is reached"),
        (Risk(max_drawdown=0.02), "the desk's max_drawdown 2.00% is reached"),
        (Risk(daily_loss=0.005, orders_a_cycle=2), "the desk's daily_loss 0.50% is reached"),
        (Risk(orders_a_cycle=1), "the desk's orders_a_cycle 1 is reached"),
        (Risk(max_exposure=0.4), "the desk's max_exposure 40% is reached"),
    ],
)
def test_backtest_under_a_limit_of_the_desk_refuses_what_a_replay_refuses(
    risk: Risk, said: str, tmp_path: Path
) -> None:
    replay(settings(tmp_path / "live", bots=SWING, start=START + YEAR, risk=risk), recorded(END))
    run = run_plan(tmp_path / "past", SWING, recorded(), START, END, risk=risk)
    live, past = (ledger_rows(tmp_path / name / "ledger.sqlite") for name in ("live", "past"))
    refused = [row for row in past["decisions"] if row[5] == "refused" and said in row[6]]
    assert len(refused) >= 2
    for table in ("decisions", "orders", "fills", "equity"):
        assert past[table] == live[table], table
    with read_ledger(Layout(tmp_path / "past").ledger) as ledger:
        results = read_results(run, ledger)
    assert all("Limits of the desk over all bots together: " in result.notes[-1] for result in results)


def test_plan_takes_the_limits_of_the_settings(tmp_path: Path) -> None:
    made = settings(tmp_path, bots=SWING, risk=Risk(max_positions=4))
    assert make_plan(made, Options(bots=("swing_1w",)), recorded(), tmp_path / "out").risk == made.risk
