"""A report shows each amount with the decimals of its account, and each price with its own."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from aion.backtest import command
from aion.config import BotSettings, Rules
from aion.engine.backtest import Plan
from aion.model import ZERO, Bar, Instrument
from aion.strategy.registry import BUILT_IN
from tests.backtest.lab import INSTANT
from tests.bot.desk import ListFeed
from tests.bot.told import OneTrip

OPEN = datetime(2024, 3, 4, 0, 1, tzinfo=UTC)
EXPONENT = re.compile(r"\dE[+-]\d")


@pytest.mark.parametrize(
    ("currency", "tick", "prices", "cash", "shown"),
    [
        ("BTC", "0.00000001", ("0.00000412", "0.00000500"), "0.05", ("0.06067880", "0.05000000", "0.00000412")),
        ("JPY", "1", ("2500", "2513"), "1000000", ("1,005,200", "1,000,000", "2,500.0000")),
        ("KWD", "0.001", ("0.750", "0.751"), "1000", ("1,001.333", "1,000.000", "0.7500")),
    ],
)
def test_report_when_of_another_currency_than_dollars_then_no_digit_is_missing(
    currency: str, tick: str, prices: tuple[str, str], cash: str, shown: tuple[str, ...],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setitem(BUILT_IN, "one_trip", OneTrip)
    before, after = prices
    bars = [
        Bar("X", OPEN + number * timedelta(minutes=1), *[Decimal(price)] * 4, Decimal(10**9))
        for number, price in enumerate((before, before, before, after, after, after))
    ]
    rules = Rules(max_positions=1, max_alloc=Decimal(1), stop_loss=ZERO, daily_loss=ZERO)
    bot = BotSettings(kind="intraday", strategy="one_trip", symbols=("X",), exchange="24/7", currency=currency,
                      cash=Decimal(cash), cost="zero", parameters={"side": "buy"}, rules=rules)  # fmt: skip
    feed = ListFeed({"X": Instrument("X", "24/7", currency, Decimal(tick))}, minute=bars)
    command.run_plan(Plan({"b": bot}, feed, OPEN - INSTANT, bars[-1].ts, tmp_path))
    html = (tmp_path / "report.html").read_text()
    assert all(text in html for text in shown)
    assert not EXPONENT.search(re.sub(r"<script.*?</script>", "", html, flags=re.S))
