"""Price lists of brokers and exchanges, written as tables of the settings; the figures were worked out by hand.

Each is a published price list as people who use it know it, its date unknown: the test is that it can be written.
"""

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from aion.market.grid import Grid
from aion.model import Bar, Fill, Instrument, OrderType, Side
from aion.money import unit_of
from aion.section import CostSettings
from aion.trading.broker import PaperBroker
from aion.trading.cost import cost_model
from aion.trading.portfolio import Portfolio
from tests.trading.paper import MINUTE, OPEN, at, session_of

DAY = date(2026, 3, 2)
LISTS = """
[ibkr_us_fixed]
currency = "USD"
per_unit = "0.005"
minimum = 1
maximum_rate = "0.01"

[ibkr_us_tiered]
currency = "USD"
per_unit = "0.0035"
minimum = "0.35"
maximum_rate = "0.01"
tier_by = "units"
tier_days = 0
tiers = [{above = 300000, per_unit = "0.0020"}, {above = 3000000, per_unit = "0.0015"}]
fees = [
    {name = "sec_fee", side = "sell", rate = "0.0000278"},
    {name = "finra_taf", side = "sell", per_unit = "0.000166", maximum = "8.30"},
    {name = "clearing", per_unit = "0.0002", maximum_rate = "0.005"},
    {name = "exchange_fee", liquidity = "taker", per_unit = "0.0030"},
    {name = "exchange_rebate", liquidity = "maker", per_unit = "-0.0020"},
]

[ibkr_uk]
currency = "GBP"
rate = "0.0005"
minimum = 3
buy_tax = "0.005"
fees = [{name = "ptm_levy", per_order = "1.50", above = 10000}]

[degiro_us]
currency = "EUR"
currency_symbol = "EUR/USD"
per_order = 2

[binance_spot_bnb]
taker = "0.00075"
maker = "0.00075"

[binance_perpetual]
taker = "0.0005"
maker = "0.0002"

[kraken_pro]
taker = "0.0040"
maker = "0.0025"
tiers = [
    {above = 10000, taker = "0.0035", maker = "0.0020"},
    {above = 50000, taker = "0.0024", maker = "0.0014"},
    {above = 10000000, taker = "0.0008", maker = "0"},
]

[bybit_perpetual_maker]
taker = "0.0003"
maker = "-0.00005"

[cme_es]
currency = "USD"
per_unit = "0.85"
fees = [
    {name = "exchange_fee", per_unit = "1.38"},
    {name = "nfa_fee", per_unit = "0.02"},
]

[alpaca]
currency = "USD"
fees = [
    {name = "sec_fee", side = "sell", rate = "0.0000080", since = 2023-02-27},
    {name = "sec_fee", side = "sell", rate = "0.0000278", since = 2024-05-22},
    {name = "finra_taf", side = "sell", per_unit = "0.000166", maximum = "8.30"},
]

[ig_index]
spread = 1
spread_bps = 0
impact = false

[hong_kong]
currency = "HKD"
rate = "0.0008"
minimum = 18
fees = [{name = "stamp_duty", rate = "0.001", step = 1}]
"""


def table(name: str) -> CostSettings:
    return CostSettings.model_validate(tomllib.loads(LISTS)[name])


@dataclass(frozen=True)
class Case:
    list: str
    side: Side
    quantity: str
    price: str
    fees: dict[str, str]
    multiplier: str = "1"
    is_maker: bool = False


BUY, SELL = Side.BUY, Side.SELL
CASES = (
    Case("ibkr_us_fixed", BUY, "100", "25", {"commission": "1.00"}),  # 0.50, at least 1
    Case("ibkr_us_fixed", BUY, "1000", "25", {"commission": "5.00"}),
    Case("ibkr_us_fixed", BUY, "1000", "0.25", {"commission": "2.50"}),  # 5, at most 1 % of 250
    # 400 x 0.0035; 20,000 x 0.0000278 = 0.556; 400 x 0.000166 = 0.0664; 0.08; taker 1.20
    Case("ibkr_us_tiered", SELL, "400", "50",
         {"commission": "1.40", "sec_fee": "0.56", "finra_taf": "0.07", "clearing": "0.08", "exchange_fee": "1.20"}),
    # who waits gets 400 x 0.002 = 0.80 back
    Case("ibkr_us_tiered", BUY, "400", "50",
         {"commission": "1.40", "clearing": "0.08", "exchange_rebate": "-0.80"}, is_maker=True),
    # 100,000 x 0.000166 = 16.60, at most 8.30
    Case("ibkr_us_tiered", SELL, "100000", "10",
         {"commission": "350.00", "sec_fee": "27.80", "finra_taf": "8.30", "clearing": "20.00",
          "exchange_fee": "300.00"}),
    Case("ibkr_uk", BUY, "100", "40", {"commission": "3.00", "tax": "20.00"}),  # 2, at least 3; 0.5 % of 4,000
    Case("ibkr_uk", BUY, "500", "40", {"commission": "10.00", "tax": "100.00", "ptm_levy": "1.50"}),
    Case("ibkr_uk", SELL, "250", "40", {"commission": "5.00"}),  # 10,000 is not above 10,000
    Case("binance_spot_bnb", BUY, "2", "3000", {"taker_fee": "4.50"}),
    Case("binance_perpetual", BUY, "2", "3000", {"taker_fee": "3.00"}),
    Case("binance_perpetual", BUY, "2", "3000", {"maker_fee": "1.20"}, is_maker=True),
    Case("kraken_pro", BUY, "1", "2500", {"taker_fee": "10.00"}),
    Case("kraken_pro", BUY, "1", "2500", {"maker_fee": "6.25"}, is_maker=True),
    Case("bybit_perpetual_maker", SELL, "1", "2500", {"maker_rebate": "-0.12"}, is_maker=True),  # 0.125, down
    Case("cme_es", BUY, "3", "5000", {"commission": "2.55", "exchange_fee": "4.14", "nfa_fee": "0.06"}, "50"),
    Case("alpaca", BUY, "1000", "50", {}),
    Case("alpaca", SELL, "1000", "50", {"sec_fee": "1.39", "finra_taf": "0.17"}),
    Case("ig_index", BUY, "1", "8000", {}),
    Case("hong_kong", BUY, "1000", "80.25", {"commission": "64.20", "stamp_duty": "81.00"}),  # 80.25, whole dollars
)  # fmt: skip


def owed(case: Case) -> dict[str, str]:
    model = cost_model("mine", table(case.list)).of(unit_of("USD"))
    quantity = Decimal(case.quantity)
    value = quantity * Decimal(case.price) * Decimal(case.multiplier)
    made = (quantity, value) if case.is_maker else (Decimal(0), Decimal(0))
    return {name: str(fee) for name, fee in model.fees(case.side, quantity, value, DAY, made).items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.list} {case.side} {case.quantity}")
def test_price_list_when_written_as_a_table_then_charges_what_it_says(case: Case) -> None:
    assert owed(case) == case.fees


def test_dated_fee_when_the_day_is_before_then_the_earlier_rate_is_due() -> None:
    model = cost_model("mine", table("alpaca")).of(unit_of("USD"))
    due = {
        day: model.fees(SELL, Decimal(1000), Decimal(50_000), date.fromisoformat(day))["sec_fee"]
        for day in ("2020-01-02", "2024-05-21", "2024-05-22")
    }
    assert due == {"2020-01-02": Decimal("0.40"), "2024-05-21": Decimal("0.40"), "2024-05-22": Decimal("1.39")}


# what an account is charged


def broker_of(own: CostSettings, currency: str = "USD", prices: Any = None, **more: Any) -> PaperBroker:
    instrument = Instrument("X", "XNAS", currency, Decimal("0.01"))
    return PaperBroker(
        "b", "1", Portfolio(currency, Decimal(10_000_000)), {"X": instrument}, cost_model("mine", own),
        grid=Grid(MINUTE), allow_short=True, **({"price_of": prices} if prices else {}), **more,
    )  # fmt: skip


def flat(minute: int, price: str, day: int = 0) -> Bar:
    value = Decimal(price)
    return Bar("X", at(minute) + timedelta(days=day), value, value, value, value, Decimal(10**8))


def trade(broker: PaperBroker, quantity: int, day: int, side: Side = BUY, limit: str | None = None) -> Fill:
    """Order at the first minute of a day and return its fill in the second."""
    session = session_of(day)
    broker.on_bar(flat(1, "100", day), session)
    kind = OrderType.LIMIT if limit else OrderType.MARKET
    broker.submit(
        broker.order("X", side, Decimal(quantity), session.open + MINUTE, "as planned", type=kind,
                     limit_price=Decimal(limit) if limit else None)
    )  # fmt: skip
    price = Decimal(100)
    low, high = price - 1, price + 1
    bar = Bar("X", OPEN + timedelta(days=day) + 2 * MINUTE, price, high, low, price, Decimal(10**8))
    (fill,) = broker.on_bar(bar, session)
    return fill


QUIET = {"spread_bps": "0", "impact": False}


def test_tier_when_enough_was_traded_before_the_day_then_its_rates_are_due() -> None:
    tiers = [{"above": 5000, "taker": "0.002"}, {"above": 20000, "taker": "0.001"}]
    own = CostSettings.model_validate({"taker": "0.004", "tiers": tiers, "tier_days": 30, **QUIET})
    broker = broker_of(own)
    # nothing before; 10,000 before; 20,000 before; day 32 no longer counts day 0 and 1
    found = {day: trade(broker, 100, day).fees["taker_fee"] for day in (0, 1, 2, 32, 70)}
    value = Decimal("10000")
    assert {day: fee / value for day, fee in found.items()} == {
        0: Decimal("0.004"), 1: Decimal("0.002"), 2: Decimal("0.001"), 32: Decimal("0.002"), 70: Decimal("0.004"),
    }  # fmt: skip


def test_tier_when_the_account_is_restored_then_it_is_the_same() -> None:
    own = CostSettings.model_validate({"taker": "0.004", "tiers": [{"above": 5000, "taker": "0.002"}], **QUIET})
    whole, broken = broker_of(own), broker_of(own)
    for broker in (whole, broken):
        trade(broker, 100, 0)
        trade(broker, 10, 1)
    again = broker_of(own)
    again.portfolio = Portfolio.from_state(broken.portfolio.state())
    again.restore(broken.state())
    more = [
        (each.submit(each.order("X", BUY, Decimal(10), session_of(1).open + 2 * MINUTE, "more")),
         each.on_bar(flat(3, "100", 1), session_of(1)))[1]
        for each in (whole, again)
    ]  # fmt: skip
    assert more[0] == more[1] and more[0][0].fees == {"taker_fee": Decimal("2.00")}
    assert again.state() == whole.state()


def test_month_when_it_ends_then_its_tier_does() -> None:
    own = CostSettings.model_validate(
        {"currency": "USD", "per_unit": "0.01", "tier_by": "units", "tier_days": 0,
         "tiers": [{"above": 100, "per_unit": "0.005"}], **QUIET}
    )  # fmt: skip
    broker = broker_of(own)
    first = session_of(0).day
    last = (date(first.year, first.month + 1, 1) - first).days
    due = [trade(broker, 100, day).fees["commission"] for day in (0, last - 1, last)]
    assert due == [Decimal("1.00"), Decimal("0.50"), Decimal("1.00")]


def test_rebate_when_an_order_waited_then_cash_grows_by_it_rounded_down() -> None:
    own = CostSettings.model_validate({"taker": "0.0003", "maker": "-0.00005", **QUIET})
    broker = broker_of(own)
    fill = trade(broker, 3, 0, limit="99.50")
    assert fill.fees == {"maker_rebate": Decimal("-0.01")}, "0.014925, down"
    account = broker.portfolio
    assert account.cash == account.start_cash - Decimal("298.50") + Decimal("0.01")
    assert account.fees == Decimal("-0.01") and fill.fee == Decimal("-0.01")
    total = account.total_result()
    assert total.gross - total.fees - total.slippage - total.borrow == total.net


def test_fee_in_another_currency_when_it_has_a_price_then_is_charged_at_it() -> None:
    asked = []

    def price_of(symbol: str, when: Any) -> Decimal | None:
        asked.append((symbol, when))
        return Decimal("1.1037")

    broker = broker_of(CostSettings.model_validate(tomllib.loads(LISTS)["degiro_us"] | QUIET), prices=price_of)
    fill = trade(broker, 10, 0)
    assert fill.fees == {"commission": Decimal("2.21")}, "2 EUR are 2.2074 USD, up to the cent"
    assert set(asked) == {("EUR/USD", at(2))}


def test_fee_in_another_currency_when_it_has_no_price_then_nothing_is_entered() -> None:
    broker = broker_of(table("degiro_us"), prices=lambda symbol, when: None)
    session = session_of(0)
    broker.on_bar(flat(1, "100"), session)
    broker.submit(broker.order("X", BUY, Decimal(10), at(1), "as planned"))
    assert broker.on_bar(flat(2, "100"), session) == [] and broker.portfolio.is_flat
    (record,) = broker.take_changes().orders.values()
    assert record.detail == "cost model 'mine' charges in EUR, and EUR/USD has no price"


def test_spread_in_points_when_traded_then_half_of_it_is_paid() -> None:
    broker = broker_of(table("ig_index"))
    fill = trade(broker, 10, 0)
    assert fill.price == Decimal("100.50") and fill.slippage == Decimal("5.00") and not fill.fees


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"maker": "-1"}, "greater than -1"),
        ({"fees": [{"name": "levy", "rate": "-0.1", "minimum": 1}]}, "levy is a rebate and cannot have a minimum"),
        ({"fees": [{"name": "levy"}]}, "levy takes nothing"),
        ({"fees": [{"name": "levy", "per_order": 1}]}, "say in which currency"),
        ({"fees": [{"name": "Levy", "rate": "0.1"}]}, "should match pattern"),
        ({"fees": [{"name": "tax", "rate": "0.1"}]}, "fee tax is there twice"),
        ({"fees": [{"name": "levy", "rate": "0.1"}, {"name": "levy", "rate": "0.2"}]}, "fee levy is there twice"),
        ({"fees": [{"name": "levy", "rate": "0.1", "side": "both"}]}, "Input should be"),
        ({"tiers": [{"above": 5}, {"above": 5}]}, "tiers must rise, and 5, 5 do not"),
        ({"tiers": [{"above": 5, "per_unit": 1}]}, "say in which currency"),
        ({"tiers": [{"above": 0}]}, "greater than 0"),
        ({"currency_symbol": "EUR/USD"}, "is the price of a currency: say which"),
        ({"currency": "EUR", "currency_symbol": "EUR/USD", "tiers": [{"above": 5}]}, "tier_by units"),
        ({"spread": "nan"}, "finite number"),
    ],
)
def test_table_that_cannot_be_when_read_then_says_why(said: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        CostSettings.model_validate(said)
