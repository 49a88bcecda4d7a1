"""What days and trades come to: against pandas, and by hand over HTTP."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion.store.document.base import made
from aion.store.document.part import Flow, Trade
from aion.web import analysis
from tests.web.conftest import RunningDesk
from tests.web.sample import at

Json = dict[str, Any]
MONDAY = datetime(2024, 1, 1, 12, tzinfo=UTC)


def trade_of(minutes: float, result: float, opened: datetime = MONDAY, reason: str = "stop") -> Trade:
    return made(Trade)(
        symbol="X", side="buy", quantity=1, entry_price=1, exit_price=1, opened_at=opened,
        ts=opened + timedelta(minutes=minutes), fees=0.25, realized_pnl=result, reason=reason,
    )  # fmt: skip


closes = st.lists(st.floats(50, 150).map(lambda value: round(value, 2)), min_size=32, max_size=90)


@given(closes)
def test_ratios_are_those_that_pandas_gives(values: list[float]) -> None:
    days = pandas.bdate_range("2024-01-01", periods=len(values))
    found, rolling = analysis.ratios(
        {str(day.date()): value for day, value in zip(days, values, strict=True)}, [], window=20
    )
    returns = pandas.Series(values, index=days).pct_change().dropna()
    assert found.returns == len(returns) and found.periods_a_year == 252
    assert found.total_return == pytest.approx(values[-1] / values[0] - 1, abs=1e-7)
    series = pandas.Series(values)
    assert found.max_drawdown == pytest.approx((1 - series / series.cummax()).max(), abs=1e-7)
    assert found.up_days == (returns > 0).sum()
    assert found.best is not None and found.best.value == pytest.approx(returns.max(), abs=1e-7)
    if returns.std() > 1e-9:
        assert found.volatility == pytest.approx(returns.std() * 252**0.5, rel=1e-6)
        assert found.sharpe == pytest.approx(returns.mean() / returns.std() * 252**0.5, rel=1e-5, abs=1e-6)
    expected = (returns.rolling(20).mean() / returns.rolling(20).std() * 252**0.5).dropna()
    for day, value in expected.items():
        if returns.rolling(20).std()[day] > 1e-6:
            assert rolling[str(day.date())] == pytest.approx(value, rel=1e-4, abs=1e-6)


def test_money_that_is_paid_in_is_no_result_and_a_day_that_is_not_known_is_no_return() -> None:
    days: dict[str, float | None] = {
        "2024-01-01": 100.0,
        "2024-01-02": 210.0,
        "2024-01-03": None,
        "2024-01-04": 231.0,
    }
    paid = made(Flow)(ts=datetime(2024, 1, 2, 9, tzinfo=UTC), amount=100.0)
    found, rolling = analysis.ratios(days, [paid], window=20)
    assert found.total_return == pytest.approx(1.1 * 1.1 - 1)
    assert found.returns == 1 and found.best is not None and found.best.day == "2024-01-02"
    assert found.sharpe is None and found.volatility is None and rolling == {}, "of one return nothing can be said"


def test_a_bot_that_trades_at_weekends_has_365_periods_a_year() -> None:
    days = {f"2024-01-{day:02}": 100.0 + day % 3 for day in range(1, 32)}
    found, _ = analysis.ratios(days, [], window=20)
    assert found.periods_a_year == 365 and found.returns == 30 and found.sharpe is not None
    assert found.annual_growth is None, "a month says nothing of a year"


@given(st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 2)), min_size=1, max_size=60))
def test_no_trade_lies_outside_the_classes_and_none_is_counted_twice(results: list[float]) -> None:
    found = analysis.bins(results)
    assert sum(each.trades for each in found) == len(results) and len(found) <= analysis.MOST_BINS
    assert [each.high for each in found[:-1]] == [each.low for each in found[1:]]
    for each in found:
        inside = [result for result in results if each.low <= result < each.high]
        assert abs(len(inside) - each.trades) <= sum(
            abs(result - each.low) < 1e-9 or abs(result - each.high) < 1e-9 for result in results
        )
    assert any(each.low == 0 or each.high == 0 for each in found) or min(results) > 0 or max(results) < 0


def test_groups_add_up_to_all_trades() -> None:
    trades = [
        trade_of(number, 1.5 if number % 3 else -2.0, reason=f"stop at {100 + number}.50") for number in range(40)
    ]
    found = analysis.groups(trades, lambda trade: str((trade.ts - trade.opened_at).seconds), most=5)
    assert len(found) == 5 and found[analysis.REST].trades == 36
    assert sum(group.trades for group in found.values()) == 40
    assert analysis.reason_of("stop at 101.50") == analysis.reason_of("stop at 99,200.00") == "stop at …"
    assert analysis.reason_of("  ") == "no reason"


@pytest.mark.parametrize(
    ("seconds", "name"),
    [(59, "under 1 min"), (60, "1 to 5 min"), (3600, "1 to 4 h"), (86_400, "1 to 7 days"), (9e6, "over 4 weeks")],
)
def test_durations_begin_where_their_class_says(seconds: float, name: str) -> None:
    closed = [trade_of(seconds / 60, 1.0)]
    found = analysis.groups(closed, analysis.duration_class, [each for each, _ in analysis.DURATIONS])
    assert list(found) == [name]


def written_trade(minute: int, result: float, reason: str) -> Json:
    return {"symbol": "MSFT", "side": "buy", "quantity": 1, "entry_price": 250.5, "exit_price": 251.5,
            "opened_at": at(minute), "ts": at(minute + 3), "fees": 1.0, "realized_pnl": result,
            "reason": reason}  # fmt: skip


def test_analysis_of_an_intraday_bot_reads_all_its_days_and_names_one_that_is_broken(desk: RunningDesk) -> None:
    for number in range(1, 5):
        trades = {f"t{number}": written_trade(number, 10.0 * number - 25, f"stop at {number}.5")}
        desk.write.day("orb_ny", 10, day=f"2022-05-{15 + number}", equity=100_000.0 + 100 * number, trades=trades)
    (desk.write.layout.sim_logs / "2022-05-18_orb_ny.json").write_text("{")
    found = desk.get("/api/bots/orb_ny/analysis?zone=America/New_York").json()
    assert found["days"] == found["total_days"] == 4 and list(found["errors"]) == ["2022-05-18"]
    assert (found["first"], found["last"]) == ("2022-05-16", "2022-05-19")
    assert found["ratios"]["returns"] == 1 and "sharpe" not in found["ratios"]
    assert found["trades"]["trades"] == 3 and found["trades"]["net"] == -15 - 5 + 15
    assert found["trades"]["fees"] == 3 and found["trades"]["longest_losing"] == 2
    assert found["reasons"] == {"stop at …": {"trades": 3, "wins": 1, "net": -5.0}}
    assert list(found["hours"]) == ["09"] and list(found["weekdays"]) == ["Thursday"], (
        "of the zone that was asked for"
    )
    assert list(desk.get("/api/bots/orb_ny/analysis").json()["hours"]) == ["13"]
    assert list(found["durations"]) == ["1 to 5 min"]


def test_analysis_of_a_swing_bot_takes_its_curve_and_trades(desk: RunningDesk) -> None:
    begun = datetime(2024, 1, 1, 21, tzinfo=UTC)
    curve = {(begun + timedelta(days=day)).isoformat(): 100_000.0 + 40 * day * (-1) ** day for day in range(200)}
    desk.write.swing("trend", equity_curve=curve, trades={"a": written_trade(1, 5.0, "rebalance")})
    found = desk.get("/api/bots/trend/analysis?window=20").json()
    assert found["total_days"] == 200 and found["ratios"]["returns"] == 199
    assert found["ratios"]["annual_growth"] < 0 and len(found["rolling_sharpe"]) == 180
    assert found["trades"]["trades"] == 1 and "expectancy" not in found["trades"]
    fewer = desk.get("/api/bots/trend/analysis?limit=50").json()
    assert fewer["days"] == 50 and fewer["total_days"] == 200


def test_refusals_name_the_value(desk: RunningDesk) -> None:
    desk.write.swing("trend")
    refused = desk.get("/api/bots/trend/analysis?zone=Mars/Olympus")
    assert refused.status_code == 400 and "Mars/Olympus" in refused.json()["detail"]
    assert desk.get("/api/bots/trend/analysis?zone=/etc/passwd").status_code == 400
    assert desk.get("/api/bots/nobody/analysis").status_code == 404
    assert Counter(desk.get(f"/api/bots/trend/analysis?window={n}").status_code for n in (0, 19, 253)) == {422: 3}
