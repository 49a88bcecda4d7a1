"""A bot whose file names deposits: its net result, return and drawdown are of its trading alone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from aion.store.document.base import to_json
from aion.store.document.state import SwingRolling
from aion.web.bundle.controls import Asked
from aion.web.bundle.view import Card

STATE = {
    "schema": "aion/swing_rolling/1", "bot": "paid", "as_of": "2026-03-05T00:00:00Z", "currency": "BTC",
    "equity": 0.16, "start_equity": 0.1,
    "flows": {"d1": {"ts": "2026-03-03T00:00:00Z", "amount": 0.1},
              "w1": {"ts": "2026-03-05T00:00:00Z", "amount": -0.05}},
    "equity_curve": {
        "2026-03-01T00:00:00Z": 0.1, "2026-03-02T00:00:00Z": 0.11, "2026-03-03T00:00:00Z": 0.21,
        "2026-03-04T00:00:00Z": 0.168,
    },
}  # fmt: skip


def shown(**change: Any) -> dict[str, Any]:
    doc = SwingRolling.model_validate(STATE | change)
    return to_json(Card(doc, "swing", "swing/rolling_paid.json.gz", Asked(), foreign=True).whole)


def test_return_and_drawdown_are_time_weighted_over_deposits() -> None:
    view = shown()
    assert view["net"] == pytest.approx(0.01)
    assert view["time_weighted_return"] == pytest.approx(0.1)
    assert view["stats"]["max_drawdown"] == pytest.approx(0.2)


def test_bot_without_deposits_has_no_time_weighted_return() -> None:
    view = shown(flows={})
    assert "time_weighted_return" not in view and view["net"] == pytest.approx(0.06)


def test_small_amounts_of_a_coin_are_kept() -> None:
    position = {"quantity": 3.0, "average_price": 1.2e-7, "last_price": 1.5e-7}
    view = shown(equity=0.10002345, flows={}, positions={"PEPE/BTC": position})
    assert view["net"] == 0.00002345
    assert view["positions"]["PEPE/BTC"]["market_value"] == 4.5e-7 == view["positions_value"]
    assert view["positions"]["PEPE/BTC"]["unrealized_pnl"] == 9e-8


def test_one_flow_with_a_wrong_time_is_named() -> None:
    with pytest.raises(ValueError, match=r"flows\.d1\.ts"):
        shown(flows={"d1": {"ts": "yesterday", "amount": 1}})
    assert to_json(SwingRolling.model_validate(STATE))["flows"]["d1"]["amount"] == 0.1
    assert SwingRolling.model_validate(STATE).flows["w1"].ts == datetime(2026, 3, 5, tzinfo=UTC)
