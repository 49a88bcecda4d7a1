"""Records of a day or a run: what they count without making documents is what these show."""

from dataclasses import replace
from decimal import Decimal

import pytest

from aion.model import Bar, Fill, Side, Trade
from aion.output.day_record import MOST_TAKEN, Record
from aion.trading.events import Changes
from tests.bot.desk import at

TS = at("2022-05-19T14:00Z")
BAR = Bar("A", TS, *[Decimal(10)] * 4, Decimal(100))
FILL = Fill(id="f", bot="b", filled_at=TS, symbol="A", side=Side.BUY, quantity=Decimal(1), price=Decimal(10),
            fees={}, slippage=Decimal(0), reason="r", order_id="o", decided_at=TS, known_at=TS,
            price_source="open", bar=BAR, realized_pnl=None)  # fmt: skip
TRADE = Trade(id="t", bot="b", symbol="A", side=Side.BUY, quantity=Decimal(1), entry_price=Decimal(10),
              exit_price=Decimal(11), opened_at=TS, closed_at=TS, fees=Decimal(0), slippage=Decimal(0),
              realized_pnl=Decimal(1), reason="r")  # fmt: skip


@pytest.mark.parametrize("kept", [0, 7, MOST_TAKEN + 40])
@pytest.mark.parametrize("count", [0, 5, MOST_TAKEN + 20])
def test_counts_when_asked_before_the_entries_then_they_are_those_of_the_entries(kept: int, count: int) -> None:
    record = Record()
    if kept:
        record.keep(kept)
    for number in range(count):
        trades = [replace(TRADE, id=f"t{number}")] if number % 2 else []
        record.add(Changes(fills=[replace(FILL, id=f"f{number}")], trades=trades))
    counted = record.fill_count, record.trade_count
    assert counted == (len(record.fills), len(record.trades))
    assert counted == (record.fill_count, record.trade_count)
