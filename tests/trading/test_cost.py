"""What the cost models charge, worked out by hand, and the document that explains them."""

import importlib.util
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion.config import default_bots
from aion.errors import ConfigError
from aion.model import Side
from aion.money import unit_of
from aion.trading.cost import COST_MODELS, cost_model

ROOT = Path(__file__).parents[2]
WALK = date(2022, 5, 19)


def charge(model: str, side: Side, quantity: str, price: str, day: date = WALK) -> dict[str, str]:
    value = Decimal(quantity) * Decimal(price)
    fees = cost_model(model).of(unit_of("USD")).fees(side, Decimal(quantity), value, day)
    return {name: str(amount) for name, amount in fees.items()}


@pytest.mark.parametrize(
    ("model", "side", "quantity", "price", "day", "fees"),
    [
        # 0.005 x 400 = 2.00; 100,000 x 22.90 / 1e6 = 2.29; 400 x 0.00013 = 0.052
        ("us-equity", Side.SELL, "400", "250", WALK, {"commission": "2.00", "sec_fee": "2.29", "finra_taf": "0.06"}),
        ("us-equity", Side.BUY, "400", "250", WALK, {"commission": "2.00"}),
        ("us-equity", Side.BUY, "10", "250", WALK, {"commission": "1.00"}),
        ("us-equity", Side.BUY, "10", "2", WALK, {"commission": "0.20"}),  # 1 % of 20 USD beats the minimum
        # the day before the SEC's rate went from 5.10 to 22.90
        (
            "us-equity",
            Side.SELL,
            "400",
            "250",
            date(2022, 5, 13),
            {"commission": "2.00", "sec_fee": "0.51", "finra_taf": "0.06"},
        ),
        (
            "us-equity",
            Side.SELL,
            "60000",
            "1",
            WALK,
            {"commission": "300.00", "sec_fee": "1.38", "finra_taf": "6.49"},
        ),
        ("us-equity-bps", Side.SELL, "10.5", "100.01", WALK, {"commission": "0.11"}),
        # 12,000 x 0.05 % = 6.00; 0.5 % = 60.00; above 10,000
        ("uk-share", Side.BUY, "120", "100", WALK, {"commission": "6.00", "stamp_duty": "60.00", "ptm_levy": "1.00"}),
        ("uk-share", Side.SELL, "120", "100", WALK, {"commission": "6.00", "ptm_levy": "1.00"}),
        ("uk-share", Side.SELL, "100", "100", WALK, {"commission": "5.00"}),  # 10,000 is not above 10,000
        ("uk-share", Side.SELL, "120", "100", date(2024, 12, 2), {"commission": "6.00", "ptm_levy": "1.50"}),
        ("uk-cfd", Side.BUY, "120", "100", WALK, {"commission": "6.00"}),
        ("uk-cfd", Side.BUY, "10", "100", WALK, {"commission": "3.00"}),
        # 85,050 HKD: 42.525; 110.565; 0.0027 % 2.296; 0.00015 % 0.128; 0.005 % 4.2525; 0.002 % 1.70, at least 2
        (
            "hk-share",
            Side.BUY,
            "1000",
            "85.05",
            WALK,
            {
                "commission": "42.53",
                "stamp_duty": "111",
                "sfc_levy": "2.30",
                "afrc_levy": "0.13",
                "trading_fee": "4.26",
                "settlement_fee": "2.00",
            },
        ),
        (
            "hk-share",
            Side.SELL,
            "1000",
            "85.05",
            date(2025, 7, 1),
            {
                "commission": "42.53",
                "stamp_duty": "86",
                "sfc_levy": "2.30",
                "afrc_levy": "0.13",
                "trading_fee": "4.81",
                "settlement_fee": "3.58",
            },
        ),
        ("crypto-bps", Side.BUY, "0.1", "30000", WALK, {"taker_fee": "3.00"}),
        ("kraken-spot", Side.BUY, "0.1", "30000", WALK, {"taker_fee": "12.00"}),
        ("coinbase-advanced", Side.SELL, "0.1", "30000", WALK, {"taker_fee": "36.00"}),
        ("bybit-spot", Side.SELL, "0.1", "30000", WALK, {"taker_fee": "3.00"}),
        ("crypto-unknown", Side.BUY, "0.1", "30000", WALK, {"taker_fee": "12.00"}),
        ("zero", Side.BUY, "100", "30000", WALK, {}),
    ],
)
def test_fees_when_worked_out_by_hand_then_agree(model, side, quantity, price, day, fees) -> None:
    assert charge(model, side, quantity, price, day) == fees


def test_part_that_waited_at_its_own_price_pays_as_a_maker() -> None:
    kraken = cost_model("kraken-spot")
    made = (Decimal(1), Decimal(3000))
    fees = kraken.fees(Side.BUY, Decimal(3), Decimal(9000), WALK, made)
    assert fees == {"taker_fee": Decimal("24.00"), "maker_fee": Decimal("7.50")}
    assert kraken.fees(Side.BUY, Decimal(1), Decimal(3000), WALK, made) == {"maker_fee": Decimal("7.50")}
    assert cost_model("crypto-bps").fees(Side.BUY, Decimal(3), Decimal(9000), WALK, made) == {
        "taker_fee": Decimal("9.00")
    }


def test_models_by_value_alone_are_those_that_fit_adjusted_prices() -> None:
    by_value = {name for name, model in COST_MODELS.items() if model.is_by_value}
    assert by_value == set(COST_MODELS) - {"us-equity", "uk-share", "uk-cfd", "hk-share"}


@given(
    st.sampled_from(sorted(COST_MODELS)),
    st.sampled_from(list(Side)),
    st.dates(date(2012, 1, 1), date(2030, 1, 1)),
    st.lists(st.tuples(st.integers(1, 10**6), st.integers(100, 10**8)), min_size=1, max_size=5),
)
def test_fees_when_an_order_grows_then_never_fall(model, side, day, parts) -> None:
    before: dict[str, Decimal] = {}
    quantity = value = Decimal(0)
    for units, price in parts:
        quantity += units
        value += units * Decimal(price) / 10_000
        fees = cost_model(model).of(unit_of("USD")).fees(side, quantity, value, day)
        for amount in fees.values():
            assert amount > 0 and amount % Decimal("0.01") == 0
        assert all(fees.get(name, 0) >= amount for name, amount in before.items())
        before = fees


@pytest.mark.parametrize(
    ("model", "value", "nights", "day", "expected"),
    [
        # Bank Rate 1.00 % + 1.5 % on 50,000 for a weekend
        ("uk-cfd", "50000", 3, date(2022, 5, 20), ("financing", "10.27")),
        ("uk-cfd", "-50000", 1, date(2022, 5, 19), ("borrow", "0.68")),
        ("us-equity", "50000", 1, WALK, None),
        ("us-equity", "-36500", 1, WALK, ("borrow", "0.50")),
        ("zero", "-50000", 1, WALK, None),
    ],
)
def test_overnight_when_worked_out_by_hand_then_agrees(model, value, nights, day, expected) -> None:
    found = cost_model(model).overnight(Decimal(value), nights, day)
    assert (found and (found[0], str(round(found[1], 2)))) == expected


def test_cost_model_when_not_known_then_names_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"'us-shares' is unknown; use one of us-equity, us-equity-bps, uk-share"):
        cost_model("us-shares")


def test_default_bots_when_read_then_their_models_exist_in_their_currency() -> None:
    for bot in default_bots().values():
        model = cost_model(bot.cost)
        assert model.currency in ("", bot.currency)
        assert model.valid_from <= date(2022, 5, 1)


def test_document_when_a_rate_changes_then_it_is_written_again() -> None:
    spec = importlib.util.spec_from_file_location("cost_table", ROOT / "tools" / "cost_table.py")
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    _, marker, below = tool.DOCUMENT.read_text("utf-8").partition(tool.MARKER)
    assert marker, "docs/costs.md has lost its marker"
    assert below.strip() == tool.tables().strip(), "run: python tools/cost_table.py"
