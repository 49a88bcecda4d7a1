"""What taking the market's price costs."""

from decimal import Decimal
from math import log, sqrt

from hypothesis import given
from hypothesis import strategies as st

from aion.model import Side
from aion.trading.slippage import SLIPPAGE_MODELS

from .paper import ADJUSTED, AZN, BABA, MSFT, bar


def test_price_when_the_bar_does_not_move_then_half_the_spread() -> None:
    flat = bar(1, "250", "250", "250", "250")
    model = SLIPPAGE_MODELS["large-cap"]
    assert model.price(Side.BUY, Decimal(250), Decimal(100), flat, MSFT) == Decimal("250.03")  # 2.5 cents, up
    assert model.price(Side.SELL, Decimal(250), Decimal(100), flat, MSFT) == Decimal("249.97")


def test_price_when_the_tick_is_wide_then_half_a_tick_at_least() -> None:
    flat = bar(1, "85", "85", "85", "85", symbol="9988.HK")
    assert SLIPPAGE_MODELS["tick-bound"].price(Side.BUY, Decimal(85), Decimal(100), flat, BABA) == Decimal("85.05")


def test_price_when_an_order_takes_a_share_of_the_bar_then_the_square_root_law() -> None:
    moving = bar(1, "100", "101", "99", "100", 40_000, symbol="AAPL")
    found = SLIPPAGE_MODELS["adjusted"].price(Side.BUY, Decimal(100), Decimal(400), moving, ADJUSTED)
    sigma = log(101 / 99) / (2 * sqrt(log(2)))
    assert abs(float(found) - 100 * (1 + 0.0002 + sigma * sqrt(0.01))) < 0.0001


@given(
    st.sampled_from(sorted(SLIPPAGE_MODELS)),
    st.sampled_from([MSFT, AZN, BABA, ADJUSTED]),
    st.sampled_from(list(Side)),
    st.integers(1, 10**7),
    st.integers(1, 10**6),
    st.integers(0, 10**5),
)
def test_price_when_anything_is_asked_then_never_better_and_on_the_tick(
    name, instrument, side, price, quantity, width
) -> None:
    reference = Decimal(price) / 10_000
    top = reference + Decimal(width) / 10_000
    market = bar(1, str(reference), str(top), str(reference), str(top), 10**6, symbol=instrument.symbol)
    found = SLIPPAGE_MODELS[name].price(side, reference, Decimal(quantity), market, instrument)
    assert found % instrument.tick == 0 and found > 0
    assert (found - reference) * side.sign >= 0 or found == instrument.tick
