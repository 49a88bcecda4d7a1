"""What is charged for a night is shown wherever a result is: state files, totals of the page, backtest. Synthetic."""

import csv
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from aion.backtest import command
from aion.command.inspect import trade_lines
from aion.config import BotSettings, Rules
from aion.engine.backtest import Plan
from aion.errors import ConfigError, NotFoundError
from aion.market import calendar
from aion.model import Signal
from aion.section import CostSettings
from aion.store.layout import Layout
from aion.strategy.registry import BUILT_IN
from tests.backtest.lab import INSTANT
from tests.bot.desk import (
    ListFeed,
    at,
    bar,
    daily,
    document,
    instrument,
    ledger_rows,
    replay,
    settings,
    sim_logs,
    swing_bot,
)

DAYS = calendar.sessions("XNYS", at("2022-05-17T00:00Z").date(), at("2022-05-19T00:00Z").date())


class Short:
    """Sells at each bar; the tape ends early, so that the position is carried over the night."""

    name = "short"
    kind = "intraday"
    look_back = 0
    rule = "Sells."

    def __init__(self, symbols, parameters) -> None:
        pass

    def on_bars(self, bars, moment):
        return {symbol: Signal(symbol, moment.ts, "sell", 1.0, 0.5, "sells", self.name) for symbol in bars}


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILT_IN, "short", Short)


def feed() -> ListFeed:
    bars = [
        bar("AAA", session.open + timedelta(minutes=minute), 100 + minute % 5 / 4)
        for session in DAYS
        for minute in range(1, 12)
    ]
    return ListFeed({"AAA": instrument("AAA", step="1")}, minute=bars)


def bot() -> BotSettings:
    rules = Rules(max_positions=1, stop_loss=0, max_alloc=1, allow_short=True)
    return swing_bot(("AAA",)).model_copy(
        update={"kind": "intraday", "strategy": "short", "rules": rules, "cost": "us-equity"}
    )


RUN = {"start": DAYS[0].open, "speed": 36_000, "closed_gap_s": 0, "bots": {"s": bot()}, "run_pause_s": 0}


def nights(data: Path) -> list[Decimal]:
    rows = ledger_rows(data / "ledger.sqlite")["movements"]
    return [Decimal(row.amount) for row in rows if "borrow" in row]


def check(pnl: dict) -> float:
    borrow = pnl.get("borrow", 0)
    assert pnl["gross"] - pnl["fees"] - pnl["slippage"] - borrow == pytest.approx(pnl["net"], abs=1e-6)
    return borrow


def test_night_of_a_short_stands_in_every_result_of_the_state_files(tmp_path: Path) -> None:
    replay(settings(tmp_path, **RUN), feed())
    charged = nights(tmp_path)
    assert len(charged) == 2 and all(each < 0 for each in charged)
    logs = sim_logs(tmp_path, "s")
    of_days = [check(logs[session.day.isoformat()]["day_pnl"]) for session in DAYS]
    assert of_days[0] == 0 and sorted(-each for each in of_days[1:]) == sorted(map(float, charged))
    last = logs[DAYS[-1].day.isoformat()]
    assert check(last["total_pnl"]) == pytest.approx(-float(sum(charged)))
    assert last["total_pnl"]["fees"] == pytest.approx(
        sum(fill["fee"] for day in logs.values() for fill in day["fills"].values())
    )
    summary = document(Layout(tmp_path).sim_summary)
    assert check(summary["bots"]["s"]["day_pnl"]) == of_days[-1]
    earlier = summary["days"][DAYS[1].day.isoformat()]["s"]
    assert check(earlier["day_pnl"]) == of_days[1] and check(earlier["total_pnl"]) == of_days[1]
    replay(settings(tmp_path, **RUN), feed())
    again = document(Layout(tmp_path).sim_summary)["days"][DAYS[1].day.isoformat()]["s"]
    for span in ("day_pnl", "total_pnl"):
        assert again[span]["borrow"] == earlier[span]["borrow"] and check(again[span]), "from the ledger alone"


def test_trades_list_what_their_nights_cost_beside_their_fees(tmp_path: Path) -> None:
    class Turns(Short):
        """Leaves on the third day what it sold on the first."""

        def on_bars(self, bars, moment):
            action = "exit" if moment.day == DAYS[2].day.isoformat() else "sell"
            return {symbol: Signal(symbol, moment.ts, action, 1.0, 0.5, "turns", self.name) for symbol in bars}

    BUILT_IN["short"] = Turns
    replay(settings(tmp_path, **RUN), feed())
    head, *lines = trade_lines(tmp_path, None, None, is_fills=False, is_csv=True)
    assert head.startswith("bot,run,symbol,side,quantity,price,fee,decided_at,filled_at,")
    rows = list(csv.DictReader([head, *lines]))
    fills = list(csv.DictReader(trade_lines(tmp_path, None, None, is_fills=True, is_csv=True)))
    assert [Decimal(row["borrow"]) for row in rows] == [-each for each in nights(tmp_path)] and len(rows) == 2
    for row, pair in zip(rows, (fills[:2], fills[2:]), strict=True):
        values = [Decimal(fill["price"]) * int(fill["quantity"]) for fill in pair]
        assert Decimal(row["fee"]) == sum(Decimal(fill["fee"]) for fill in pair)
        costs = Decimal(row["fee"]) + Decimal(row["borrow"])
        assert abs(values[0] - values[1] - costs - Decimal(row["realized_pnl"])) <= Decimal("0.01")
    with pytest.raises(NotFoundError, match=r"there is no bot 'nobody' in .*; it has s$"):
        trade_lines(tmp_path, "nobody", None, is_fills=False, is_csv=False)
    with pytest.raises(ConfigError, match="day '2022-13-45' is not a date such as"):
        trade_lines(tmp_path, None, "2022-13-45", is_fills=True, is_csv=True)
    (shown,) = sim_logs(tmp_path, "s")[DAYS[2].day.isoformat()]["trades"].values()
    assert (shown["borrow"], shown["fees"]) == (float(rows[1]["borrow"]), float(rows[1]["fee"]))


def test_night_of_a_swing_bot_is_in_the_file_of_the_day_after_it_and_stays_there(tmp_path: Path) -> None:
    made = ListFeed({"AAA": instrument("AAA", step="1")}, day=daily("AAA", "2022-05-17", [100.0] * 6))
    bots = {
        "s": swing_bot(("AAA",), rules={"max_alloc": 1, "daily_loss": 0}).model_copy(
            update={"cost": "mine", "own_cost": CostSettings(rate=Decimal("0.0005"), financing=Decimal("0.03"))}
        )
    }
    run = settings(tmp_path, start=at("2022-06-20T21:00Z"), bots=bots, run_pause_s=0)
    replay(run, made)
    files = sorted((tmp_path / "swing" / "bot_logs" / "1w").glob("*.json"))
    charged = {row[3]: -Decimal(row.amount) for row in ledger_rows(tmp_path / "ledger.sqlite")["movements"]
               if "financing" in row}  # fmt: skip
    written = {document(path)["day"]: document(path) for path in files}
    assert len(charged) >= 3 and {day: each["borrow"] for day, each in written.items() if "borrow" in each} == {
        day[:10]: float(money) for day, money in charged.items()
    }
    for path in files:
        path.unlink()
    replay(run, made)
    again = {document(path)["day"]: document(path) for path in files}
    assert {day: each.get("borrow") for day, each in again.items()} == {
        day: each.get("borrow") for day, each in written.items()
    }, "from the ledger alone"


def test_night_of_a_short_is_a_line_from_gross_to_net_of_a_backtest(tmp_path: Path) -> None:
    made = command.run_plan(Plan({"s": bot()}, feed(), DAYS[0].open - INSTANT, DAYS[-1].close, tmp_path))
    (result,) = made.results
    costs = result.costs
    assert costs.borrow == -sum(nights(tmp_path)) > 0 and "borrow" not in costs.fees
    fees = sum(costs.fees.values(), Decimal(0))
    assert costs.gross - fees - costs.slippage - costs.borrow == costs.net == result.end - result.start
    value = json.loads((tmp_path / "result.json").read_text())["bots"]["s"]
    assert Decimal(value["borrow"]) == costs.borrow
    assert "<span>Borrow</span>" in made.report.read_text("utf-8")
