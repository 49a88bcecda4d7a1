"""A bot of one's own: what it says appears in valid files, and nothing that is wrong gets in or stops a loop."""

import logging
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aion_client import Bot, ClientError

from tests.clients.books import START, check_files, read_state, written

AT = datetime(2026, 11, 30, 9, tzinfo=UTC)


def later(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


def test_fills_when_told_then_state_has_trades_positions_and_plain_sums(tmp_path: Path) -> None:
    with Bot("mine", currency="USDT", start=1000, mode="live", every="1m", data=tmp_path) as bot:
        assert bot.fill("BTC/USDT:USDT", "sell", 0.05, 60000, fee=-0.6, fee_currency="USDT", tag="breakout", at=AT)
        assert bot.fill("BTC/USDT:USDT", "buy", 0.02, 59000, fee=0.3, at=later(1))
        assert bot.fill("BTC/USDT:USDT", "buy", 0.05, 59500, fee=0.5, at=later(2), tag="turn")
        assert bot.funding("BTC/USDT:USDT", -1.25, at=later(3))
        assert bot.mark({"BTC/USDT:USDT": 60100}, at=later(4))
        state = written(bot, tmp_path)
    closed = 0.02 * 1000 + 0.03 * 500
    assert state["cash"] == pytest.approx(1000 + closed + 0.6 - 0.3 - 0.5 - 1.25, abs=1e-12)
    assert state["equity"] == pytest.approx(state["cash"] + 0.02 * 600, abs=1e-12)
    assert state["total_pnl"] == {
        "gross": 47.0, "fees": 0.2, "slippage": 0.0, "funding": -1.25, "net": 45.55, "net_return": 0.04555,
    }  # fmt: skip
    assert list(state["fills"]) == ["f1", "f2", "f3", "f3b"], "a fill that turns a position closes and opens"
    [trade] = state["trades"].values()
    assert trade["quantity"] == 0.05 and trade["entry_price"] == 60000 and trade["exit_price"] == 59300
    assert trade["realized_pnl"] == pytest.approx(35 + 0.6 - 0.3 - 0.3, abs=1e-12)
    [held] = state["positions"].values()
    assert held["quantity"] == 0.02 and held["average_price"] == 59500 and held["funding"] == -1.25
    assert state["as_of"] == "2026-11-30T09:04Z" and state["mode"] == "live"
    assert state["equity_curve"]["2026-11-30T09:04Z"] == state["equity"]


def test_restart_then_goes_on_where_the_file_ends(tmp_path: Path) -> None:
    quantities = ("0.1", "0.2", "0.000000000000000003")
    for number, quantity in enumerate(quantities):
        with Bot("mine", currency="ETH", start="1.000000000000000001", decimals=18, data=tmp_path) as bot:
            assert bot.fill("X/ETH", "buy", quantity, "0.000000000000000007", at=later(number), id=number)
            assert not bot.fill("X/ETH", "buy", quantity, 1, at=later(number), id=number), "told again"
            assert bot.position("X/ETH") == pytest.approx(sum(map(float, quantities[: number + 1])))
            state = written(bot, tmp_path)
    assert '"quantity":"0.300000000000000003"' in state["memo"], "no digit is lost over restarts"
    assert list(state["fills"]) == ["f-0", "f-1", "f-2"] and len(state["equity_curve"]) == 3
    day = (tmp_path / "swing/bot_logs/1d/bot_activity_2026-11-30_mine.json").read_text()
    assert all(f'"f-{number}"' in day for number in range(3))


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda bot: bot.fill("A", "buy", math.nan, 1), "quantity=nan"),
        (lambda bot: bot.fill("A", "buy", 0, 1), "quantity=0"),
        (lambda bot: bot.fill("A", "buy", 1, "12,5"), "price='12,5'"),
        (lambda bot: bot.fill("A", "buy", 1, None), "price=None"),
        (lambda bot: bot.fill("A", "hodl", 1, 1), "side='hodl'"),
        (lambda bot: bot.fill("", "buy", 1, 1), "symbol=''"),
        (lambda bot: bot.fill("9988", "buy", 1, 1), "symbol='9988'"),
        (lambda bot: bot.fill("A", "buy", 1, 1, at=datetime(2026, 1, 1)), "at=datetime.datetime(2026, 1, 1"),  # noqa: DTZ001
        (lambda bot: bot.fill("A", "buy", 1, 1, at="soon"), "at='soon'"),
        (lambda bot: bot.fill("A", "buy", 1, 1, at=4e9), "at=2096"),
        (lambda bot: bot.fill("A", "buy", 1, 1, slippage=-1), "slippage=-1"),
        (lambda bot: bot.fill("A", "buy", 1, 1, multiplier=0), "multiplier=0"),
        (lambda bot: bot.fill("A", "buy", 1e101, 1), "quantity=1e+101"),
        (lambda bot: bot.fill("A", "buy", True, 1), "quantity=True"),
        (lambda bot: bot.mark("A"), "prices['A']=None"),
        (lambda bot: bot.mark({"A": math.inf}), "prices['A']=inf"),
        (lambda bot: bot.mark(3), "prices=3"),
        (lambda bot: bot.funding("A", "x"), "amount='x'"),
        (lambda bot: bot.deposit(math.nan), "amount=nan"),
        (lambda bot: bot.orders({"1": {"symbol": "A", "side": "buy"}}), "quantity=None"),
    ],
)
def test_wrong_argument_then_named_in_log_and_card_and_raised_where_asked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, call: Callable[[Bot], Any], name: str
) -> None:
    with Bot("mine", data=tmp_path, start=5) as bot, caplog.at_level(logging.WARNING, "aion_client"):
        assert call(bot) is False
        assert bot.fill("B", "buy", 1, 1), "the loop goes on"
        assert name in caplog.text and name in written(bot, tmp_path)["note"]
        assert bot.equity == 5
    with Bot("other", data=tmp_path, strict=True) as bot, pytest.raises(ClientError) as caught:
        call(bot)
    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"name": "a/b"}, "name='a/b'"), ({"name": "desk"}, "name='desk'"), ({"currency": "$"}, "currency='$'"),
        ({"mode": "real"}, "mode='real'"), ({"every": "soon"}, "every='soon'"), ({"decimals": 19}, "decimals=19"),
        ({"start": math.nan}, "start=nan"), ({"every": 0}, "every=0"),
    ],
)  # fmt: skip
def test_bot_that_cannot_be_opened_then_its_argument_is_named(
    tmp_path: Path, arguments: dict[str, Any], name: str
) -> None:
    with pytest.raises(ClientError) as caught:
        Bot(**{"name": "mine", "data": tmp_path, **arguments})
    assert name in str(caught.value) and list(tmp_path.iterdir()) == []


def test_file_of_another_account_then_refused_and_kept(tmp_path: Path) -> None:
    Bot("mine", currency="USD", start=10, data=tmp_path).close()
    before = read_state(tmp_path)
    with pytest.raises(ClientError, match=r"currency='EUR'.*'USD'"):
        Bot("mine", currency="EUR", data=tmp_path)
    assert read_state(tmp_path) == before
    with Bot("mine", currency="EUR", start=3, run="2", data=tmp_path) as bot:
        assert bot.equity == 3, "another run begins anew"


def test_marks_when_one_is_nan_then_the_others_count(tmp_path: Path) -> None:
    with Bot("mine", start=100, data=tmp_path) as bot:
        bot.fill("A", "buy", 1, 10, at=AT)
        assert not bot.mark({"A": 12, "B": math.nan, "C": None}, at=later(1))
        assert bot.equity == 102


def test_prices_that_are_not_floats_then_read_as_written(tmp_path: Path) -> None:
    np = pytest.importorskip("numpy")
    with Bot("mine", start=100, data=tmp_path, strict=True) as bot:
        bot.fill("A", "buy", np.int64(2), np.float32(0.1), at=AT, fee=np.float64(0.3))
        assert bot.cash == 99.5


def test_fee_in_an_unknown_coin_then_in_no_sum_and_said(tmp_path: Path) -> None:
    with Bot("mine", currency="USDT", start=100, data=tmp_path) as bot:
        bot.fill("A/USDT", "buy", 1, 10, fee=0.25, fee_currency="BNB", at=AT)
        state = written(bot, tmp_path)
        assert state["total_pnl"]["fees"] == 0 and "Fees of 0.25 BNB are in no sum" in state["note"]
        bot.mark({"BNB/USDT": 600}, at=later(1))
        bot.fill("A/USDT", "sell", 1, 10, fee=0.25, fee_currency="BNB", at=later(2))
        assert written(bot, tmp_path)["total_pnl"]["fees"] == 150


def test_days_when_time_passes_midnight_then_each_has_its_result(tmp_path: Path) -> None:
    with Bot("mine", start=100, data=tmp_path) as bot:
        bot.fill("A", "buy", 1, 10, fee=1, at=AT)
        bot.mark({"A": 15}, at=later(60))
        bot.deposit(50, at=later(60 * 20))
        bot.mark({"A": 13}, at=later(60 * 24))
        state = written(bot, tmp_path)
    assert state["days"]["2026-11-30"] == {
        "gross": 5.0, "fees": 1.0, "slippage": 0.0, "net": 4.0, "net_return": 0.04,
    }  # fmt: skip
    assert state["day"] == "2026-12-01" and state["day_pnl"]["net"] == -2
    assert state["total_pnl"]["net"] == 2 and state["equity"] == 152


def test_curve_when_it_is_long_then_short_in_the_file_and_as_deep(tmp_path: Path) -> None:
    with Bot("mine", start=100, data=tmp_path, batch=3600) as bot:
        bot.fill("A", "buy", 1, 100, at=AT)
        prices = [100 + 30 * math.sin(number / 300) - (90 if number == 2500 else 0) for number in range(6000)]
        for number, price in enumerate(prices):
            bot.mark({"A": price}, at=later(number / 60))
        state = written(bot, tmp_path)
    curve = list(state["equity_curve"].values())
    assert len(curve) <= 1000 and curve[-1] == state["equity"]
    peak, worst = 0.0, 0.0
    for value in curve:
        peak = max(peak, value)
        worst = max(worst, (peak - value) / peak)
    assert worst == pytest.approx(state["stats"]["max_drawdown"], abs=1e-12), (
        "the figure beside it is that of the curve"
    )


def test_finished_then_never_due_again(tmp_path: Path) -> None:
    bot = Bot("mine", every="1m", data=tmp_path)
    bot.mark({"A": 1}, at=START)
    assert written(bot, tmp_path)["due_at"] > "2026"
    bot.finish()
    state = read_state(tmp_path)
    assert state["kind"] == "finished" and state["finished_at"] == "2026-11-30T09:00Z" and "due_at" not in state
    assert bot.mark({"A": 2}) is False
    check_files(tmp_path)
