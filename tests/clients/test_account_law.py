"""The client's account and that of Aion's own bots, given the same fills, agree to the last digit."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from aion_client.account import Account, Fill, divided
from aion_client.argument import EXACT, moment
from hypothesis import given
from hypothesis import strategies as st

from aion.model import Bar, Instrument, Side
from aion.model import Fill as OwnFill
from aion.model import Trade as OwnTrade
from aion.trading.portfolio import Portfolio

BEGAN = datetime(2026, 11, 30, 9, tzinfo=UTC)
START = Decimal(10_000)
SYMBOLS = ("AAPL", "SPY", "BTC/USD:USD")
CENT = Decimal("0.01")

cents = st.integers(-500, 50_000).map(lambda units: units * CENT)
STEPS = st.lists(
    st.tuples(st.sampled_from(SYMBOLS), st.booleans(), st.integers(1, 9), cents, st.integers(-30, 99), cents),
    min_size=1,
    max_size=30,
)


def own_parts(account: Portfolio, fill: OwnFill) -> list[OwnFill]:
    """The fill as Aion's broker books it: a position is closed before another one is opened."""
    held = account.quantity(fill.symbol)
    if held * fill.side.sign >= 0 or fill.quantity <= abs(held):
        return [fill]
    sizes = (abs(held), fill.quantity - abs(held))
    fees = (fill.fee, Decimal(0))
    return [
        own_fill(f"{fill.id}{index}", fill.symbol, fill.side, size, fill.price, fees[index], fill.filled_at)
        for index, size in enumerate(sizes)
    ]


def own_fill(
    name: str, symbol: str, side: Side, quantity: Decimal, price: Decimal, fee: Decimal, at: datetime
) -> OwnFill:
    return OwnFill(
        id=name, bot="mine", filled_at=at, symbol=symbol, side=side, quantity=quantity, price=price,
        fees={"commission": fee}, slippage=Decimal(0), reason="", order_id="", decided_at=at, known_at=at,
        price_source="open", bar=Bar(symbol, at, price, price, price, price, Decimal(1)),
        multiplier=Decimal(100) if symbol == "SPY" else None,
    )  # fmt: skip


@given(STEPS)
def test_same_fills_then_same_cash_equity_positions_and_trades(
    steps: list[tuple[str, bool, int, Decimal, int, Decimal]],
) -> None:
    own, mine = Portfolio("USD", START), Account("USD", START)
    for number, (symbol, is_buy, units, price, fee_cents, mark) in enumerate(steps):
        at = BEGAN + timedelta(minutes=number)
        quantity, side = Decimal(units), Side.BUY if is_buy else Side.SELL
        held = own.quantity(symbol)
        turns = held * side.sign < 0 and quantity > abs(held)
        fee = Decimal(0) if turns else fee_cents * CENT  # a fee is divided by shares, which have more digits
        instrument = Instrument(symbol, "X", "USD", kind="perpetual" if ":" in symbol else "share")
        own_trades: list[OwnTrade] = []
        for part in own_parts(own, own_fill(f"f{number}", symbol, side, quantity, price, fee, at)):
            _, trade = own.apply(part, instrument)
            own_trades += [trade] if trade is not None else []
        own.mark(symbol, mark)
        with localcontext(EXACT):
            told = Fill(
                name=f"f{number}", at=at, symbol=symbol, side=str(side), quantity=quantity, price=price, fee=fee,
                multiplier=Decimal(100 if symbol == "SPY" else 1),
            )  # fmt: skip
            _, trades = mine.apply(told)
            mine.mark({symbol: Decimal(mark)}, at)
            assert mine.equity == own.equity(), "equity"
            assert mine.fees == own.fees
            assert {name: held.quantity for name, held in mine.holdings.items()} == own.quantities()
            assert [(each.holding.realized, each.holding.exit_quantity) for each in trades] == [
                (each.realized_pnl, each.quantity) for each in own_trades
            ], "a round trip is the sum of its cash changes, whatever its parts are rounded to"
            for symbol_held, position in own.positions().items():
                found = mine.holdings[symbol_held]
                assert abs(found.average - position.average_price) <= Decimal("0.00005")
                assert found.opened_at == position.opened_at
            if not any(holding.contract for holding in mine.holdings.values()):
                assert mine.cash == own.cash


COINS = st.decimals(min_value=Decimal("1e-18"), max_value=Decimal("1e9"), places=18)


@given(st.lists(st.tuples(st.booleans(), COINS, COINS, COINS), min_size=1, max_size=20))
def test_eighteen_decimals_then_cash_is_the_plain_sum(steps: list[tuple[bool, Decimal, Decimal, Decimal]]) -> None:
    mine, cash, held = Account("ETH", Decimal(0)), Fraction(0), Fraction(0)
    for number, (is_buy, quantity, price, fee) in enumerate(steps):
        with localcontext(EXACT):
            mine.apply(
                Fill(name=f"f{number}", at=BEGAN, symbol="X/ETH", side="buy" if is_buy else "sell", quantity=quantity,
                     price=price, fee=fee)
            )  # fmt: skip
        sign = 1 if is_buy else -1
        cash -= sign * Fraction(quantity) * Fraction(price) + Fraction(fee)
        held += sign * Fraction(quantity)
        assert Fraction(mine.cash) == cash
        with localcontext(EXACT):
            assert Fraction(mine.equity) == cash + held * Fraction(price)
            parts = sum((each.realized for each in mine.holdings.values()), Decimal(0))
            unrealized = sum((each.value - each.basis for each in mine.holdings.values()), Decimal(0))
            assert mine.net == mine.gains - mine.losses + parts + unrealized, "closed + realized + unrealized = net"


@given(STEPS)
def test_account_when_written_and_read_then_goes_on_the_same(
    steps: list[tuple[str, bool, int, Decimal, int, Decimal]],
) -> None:

    with localcontext(EXACT):
        one, other = Account("USD", START), Account("USD", START)
        for number, (symbol, is_buy, units, price, fee, _) in enumerate(steps):
            for account in (one, other):
                account.apply(
                    Fill(name=f"f{number}", at=BEGAN, symbol=symbol, side="buy" if is_buy else "sell",
                         quantity=divided(Decimal(units), Decimal(7)), price=price, fee=fee * CENT)
                )  # fmt: skip
            other = Account.of_state("USD", other.state(), moment)
        assert other.state() == one.state()
        assert other.equity == one.equity


@pytest.mark.parametrize(
    ("fee", "held", "cash", "fees"),
    [
        (("0.1", "USDT", None), "1", "-100.1", "0.1"),
        (("-0.1", "USDT", None), "1", "-99.9", "-0.1"),
        (("0.001", "BTC", None), "0.999", "-100", "0.1"),
        (("0.0005", "BNB", "0.3"), "1", "-100.3", "0.3"),
    ],
)
def test_fee_when_in_a_currency_then_taken_from_that(
    fee: tuple[str, str, str | None], held: str, cash: str, fees: str
) -> None:
    account = Account("USDT", Decimal(0))
    amount, coin, value = fee
    with localcontext(EXACT):
        account.apply(
            Fill(name="f1", at=BEGAN, symbol="BTC/USDT", side="buy", quantity=Decimal(1), price=Decimal(100),
                 fee=Decimal(amount), fee_currency=coin, fee_value=Decimal(value) if value else None)
        )  # fmt: skip
        assert account.holdings["BTC/USDT"].quantity == Decimal(held)
        assert (account.cash, account.fees) == (Decimal(cash), Decimal(fees))
        assert account.net == -account.fees, "at the price that was paid, only the fee is lost"
