"""Prices of zero and below, for the kinds that have them: the oil of May 2020, which was sold at -37.63.

The daily prices of 17 to 21 April 2020 (CLK20) are those that newspapers printed.
"""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion.bot.buy_and_hold import BuyAndHold
from aion.errors import FeedError
from aion.market.bar_check import Report, clean
from aion.market.feed import FolderFeed
from aion.market.importing.split_check import check_jumps
from aion.market.jump import Screen
from aion.model import INSTRUMENT_KINDS, SIGNED, Bar, Fill, Instrument, OrderStatus, OrderType, Side, why_no_price
from aion.money import unit_of
from aion.section import CostSettings
from aion.trading.broker import PaperBroker
from aion.trading.cost import cost_model
from aion.trading.order_check import to_tick
from aion.trading.portfolio import Portfolio
from aion.trading.slippage import SLIPPAGE_MODELS
from tests.trading.paper import session_of

OIL = Instrument("CLK20", "XNAS", "USD", Decimal("0.01"), kind="future", multiplier=Decimal(1000),
                 margin=Decimal("0.5"))  # fmt: skip
WTI = (
    ("19.92", "20.12", "17.33", "18.27"),
    ("17.73", "17.85", "-40.32", "-37.63"),
    ("-14.00", "13.86", "-16.74", "10.01"),
)


def bar(day: int, *prices: str, symbol: str = "CLK20", volume: int = 10**6) -> Bar:
    return Bar(symbol, session_of(day).close, *map(Decimal, prices), Decimal(volume))


def broker_of(instrument: Instrument = OIL, cost: CostSettings | None = None, slippage: str = "none") -> PaperBroker:
    model = cost_model("mine", cost) if cost is not None else cost_model("zero")
    return PaperBroker(
        "b", "1", Portfolio("USD", Decimal(1_000_000)), {instrument.symbol: instrument}, model, grid=None,
        slippage=None if cost is not None else SLIPPAGE_MODELS[slippage], allow_short=True,
    )  # fmt: skip


def step(broker: PaperBroker, day: int, *prices: str, symbol: str = "CLK20") -> list[Fill]:
    return broker.on_bar(bar(day, *prices, symbol=symbol), session_of(day))


def enter(broker: PaperBroker, day: int, side: Side, quantity: int, **more: Any) -> Any:
    symbol = next(iter(broker.terms.instruments))
    order = broker.order(symbol, side, Decimal(quantity), session_of(day).close, "as planned", **more)
    return broker.submit(order)


@pytest.mark.parametrize(("side", "gain"), [(Side.BUY, -31_730), (Side.SELL, 31_730)])
def test_future_when_its_price_falls_below_0_then_who_holds_it_loses_the_whole_way(side: Side, gain: int) -> None:
    broker = broker_of()
    step(broker, 0, *WTI[0])
    enter(broker, 0, side, 1)
    step(broker, 1, *WTI[1])  # in at 17.73
    account = broker.portfolio
    assert account.equity() == 1_000_000 + side.sign * (Decimal("-37.63") - Decimal("17.73")) * 1000
    assert account.market_value("CLK20") == side.sign * Decimal("-37630.00")
    assert account.margin("CLK20") == Decimal("18815.00") and account.exposure() == Decimal("37630.00")
    enter(broker, 1, side.opposite, 1)
    step(broker, 2, *WTI[2])  # out at -14
    changes = broker.take_changes()
    (trade,) = changes.trades
    assert (trade.entry_price, trade.exit_price) == (Decimal("17.7300"), Decimal("-14.0000"))
    assert trade.realized_pnl == gain and account.cash == account.equity() == 1_000_000 + gain


def test_fill_when_its_price_is_below_0_then_slippage_and_fees_are_against_the_account() -> None:
    own = CostSettings.model_validate({"rate": "0.001", "spread_bps": "100", "impact": True, "currency": "USD"})
    for side, price in ((Side.BUY, Decimal("-29.40")), (Side.SELL, Decimal("-30.60"))):
        broker = broker_of(cost=own)
        step(broker, 0, "-25", "-20", "-30", "-30")
        enter(broker, 0, side, 2)
        (fill,) = step(broker, 1, "-30", "-10", "-40", "-20")
        # half of 100 bp of 30 is 0.15; at prices below 0 no impact is known
        assert fill.price == Decimal("-30") + side.sign * Decimal("0.15")
        assert abs(fill.price - price) < 1 and fill.slippage == Decimal("300.00")
        assert fill.fees == {"commission": abs(fill.price) * 2}


def test_order_when_its_price_is_below_0_then_it_rests_and_fills_where_the_kind_has_such_prices() -> None:
    broker = broker_of()
    step(broker, 0, *WTI[0])
    enter(broker, 0, Side.BUY, 1, type=OrderType.LIMIT, limit_price=Decimal("-30.005"),
          stop_loss=Decimal("-45"), take_profit=Decimal("-10"))  # fmt: skip
    (fill,) = step(broker, 1, *WTI[1])
    assert fill.price == Decimal("-30.01"), "away from a fill"
    assert broker.exit_levels("CLK20") == (Decimal("-45.00"), Decimal("-10.00"))
    (out,) = step(broker, 2, *WTI[2])
    assert (out.price, out.price_source) == (Decimal("-10.00"), "target")
    assert out.realized_pnl == Decimal("20010.00")


def test_stop_when_the_price_falls_through_0_then_fills_at_it() -> None:
    broker = broker_of()
    step(broker, 0, *WTI[0])
    enter(broker, 0, Side.BUY, 1, stop_loss=Decimal(0))
    fills = step(broker, 1, *WTI[1])
    assert [each.price for each in fills] == [Decimal("17.73"), Decimal("0.00")]
    assert broker.portfolio.cash == 1_000_000 - 17_730


@pytest.mark.parametrize("kind", INSTRUMENT_KINDS)
def test_order_when_its_price_is_none_of_its_kind_then_it_is_refused_by_name(kind: Any) -> None:
    broker = broker_of(replace(OIL, kind=kind))
    step(broker, 0, "5", "5", "5", "5")
    for price in ("0", "-1"):
        record = enter(broker, 0, Side.BUY, 1, type=OrderType.LIMIT, limit_price=Decimal(price))
        may = kind in SIGNED or (kind == "option" and price == "0")
        assert (record.status is OrderStatus.OPEN) is may, record.detail
        if not may:
            assert f"limit_price {price} is " in record.detail and f"{kind} is" in record.detail


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("price", ["-0.004", "0", "0.004", "-37.633"])
def test_tick_when_below_0_then_rounds_against_the_account(side: Side, price: str) -> None:
    found = to_tick(Decimal(price), side, OIL)
    assert (found - Decimal(price)) * side.sign >= 0 and abs(found - Decimal(price)) < Decimal("0.01")
    share = replace(OIL, kind="share")
    assert to_tick(Decimal(price), side, share) >= share.tick


INDEX = replace(OIL, symbol="SPREAD", kind="index", multiplier=Decimal(1))


@pytest.mark.parametrize("side", list(Side))
def test_index_when_bought_below_0_then_its_value_is_owed(side: Side) -> None:
    broker = broker_of(INDEX)
    step(broker, 0, "-5", "-4", "-6", "-5", symbol="SPREAD")
    enter(broker, 0, side, 1000)
    step(broker, 1, "-5", "-4", "-6", "-5", symbol="SPREAD")
    account = broker.portfolio
    assert account.cash == 1_000_000 + side.sign * 5000, "who buys below 0 is paid"
    assert account.equity() == 1_000_000 and account.market_value("SPREAD") == -side.sign * 5000
    assert account.free_cash() == account.cash - 10_000
    enter(broker, 1, side.opposite, 1000)
    step(broker, 2, "3", "3", "3", "3", symbol="SPREAD")
    assert account.cash == account.equity() == 1_000_000 + side.sign * 8000 and account.is_flat


STEPS = st.lists(st.tuples(st.integers(-300, 300), st.integers(0, 200), st.integers(0, 200)), min_size=4, max_size=12)


@given(STEPS, st.lists(st.integers(-3, 3), min_size=12, max_size=12), st.sampled_from([OIL, INDEX]),
       st.booleans())  # fmt: skip
def test_account_when_prices_cross_0_then_every_law_holds(walk, orders, instrument: Instrument, has_costs) -> None:
    own = CostSettings.model_validate({"rate": "0.001", "maker": "-0.0002", "spread_bps": "20"})
    broker = broker_of(instrument, own if has_costs else None)
    account, symbol, last = broker.portfolio, instrument.symbol, 100
    moved = trades = Decimal(0)
    fills: list[Fill] = []
    for day, ((change, up, down), wanted) in enumerate(zip(walk, orders, strict=False)):
        opened, last = last + change // 2, last + change
        high, low = max(opened, last) + up, min(opened, last) - down
        prices = [str(Decimal(each) / 100) for each in (opened, high, low, last)]
        new = step(broker, day, *prices, symbol=symbol)
        for fill in new:
            bar_ = fill.bar
            assert fill.slippage >= 0 and (fill.fee >= 0 or fill.fees.keys() == {"maker_rebate"})
            slack = abs(bar_.open) / 100 + instrument.tick
            assert bar_.low - slack <= fill.price <= bar_.high + slack
            if fill.price_source == "open":
                assert (fill.price - bar_.open) * fill.side.sign >= 0, "never better than the open"
        fills += new
        changes = broker.take_changes()
        moved += sum(each.amount for each in changes.movements)
        trades += sum(each.realized_pnl for each in changes.trades)
        total = account.total_result()
        assert account.cash == 1_000_000 + moved
        assert total.gross - total.fees - total.slippage - total.borrow + total.funding == total.net
        held = account.position(symbol)
        rest = held.realized_pnl + account.unrealized_pnl(symbol) if held else 0
        assert total.net == trades + rest == account.equity() - 1_000_000
        flow = sum((account.unit.cost(each.value) if each.side is Side.BUY else -account.unit.income(each.value))
                   + each.fee for each in fills)  # fmt: skip
        mark = account.marks.get(symbol, Decimal(0))
        assert account.equity() == 1_000_000 - flow + account.unit.round(
            account.quantity(symbol) * instrument.multiplier * mark
        )
        if wanted:
            enter(broker, day, Side.BUY if wanted > 0 else Side.SELL, abs(wanted))
        state = json.loads(json.dumps([account.state(), broker.state()]))
        assert Portfolio.from_state(state[0]).state() == account.state()


# bars


def rows(*prices: tuple[str, str, str, str]) -> list[dict[str, str]]:
    names = ("open", "high", "low", "close")
    return [
        {"ts": f"{session_of(day).close:%Y-%m-%dT%H:%MZ}", **dict(zip(names, each, strict=True)), "volume": "5"}
        for day, each in enumerate(prices)
    ]


@pytest.mark.parametrize("kind", INSTRUMENT_KINDS)
def test_bars_when_below_0_then_are_kept_where_the_kind_has_such_prices(kind: Any) -> None:
    report = Report("CLK20")
    kept = list(clean("CLK20", rows(*WTI), report, kind=kind))
    assert len(kept) == (3 if kind in SIGNED else 1)
    if kind not in SIGNED:
        assert report.refused == {"impossible prices": 2}
        assert f"which no price of a{'n' if kind == 'option' else ''} {kind} is" in report.examples[0]
        assert "row 2" in report.examples[0] and "low -40.3200" in report.examples[0]


def test_option_when_its_price_is_0_then_it_is_one() -> None:
    assert not why_no_price("option", Decimal(0)) and why_no_price("option", Decimal("-0.01"))
    assert len(list(clean("C", rows(("1", "1", "0", "0")), Report("C"), kind="option"))) == 1


def test_jump_when_oil_falls_below_0_then_it_is_believed_and_a_wrong_print_is_not() -> None:
    bars = [bar(day, *each) for day, each in enumerate(WTI)]
    check_jumps(bars, "XNYS", (), OIL.tick)
    screen = Screen((), "day", {"CLK20": OIL})
    for day, each in enumerate(bars):
        found = screen.admit({"CLK20": each}, date(2020, 4, 17) + timedelta(days=day))
        assert found.bars, found.refused
    wrong = bar(3, "-3763", "-3763", "-3763", "-3763")
    found = screen.admit({"CLK20": wrong}, date(2020, 4, 20))
    assert "jumps from 10.01 to -3763, further than its prices moved before" in found.refused["CLK20"]
    back = screen.admit({"CLK20": bar(4, "-2", "1", "-3", "0.5")}, date(2020, 4, 21))
    assert back.bars and "CLK20" in back.admitted
    with pytest.raises(FeedError, match=r"opens at -3763.* after 10\.01.*--jump CLK20"):
        check_jumps([*bars, wrong], "XNYS", (), OIL.tick)


@pytest.mark.parametrize("price", ["0", "-1"])
def test_share_when_its_feed_sends_0_or_less_then_the_bar_is_refused_by_name(price: str) -> None:
    for screen in (Screen(()), Screen((), "day", {"CLK20": replace(OIL, kind="share")})):
        found = screen.admit({"CLK20": bar(0, "5", "5", price, "5")}, date(2020, 4, 17))
        assert not found.bars
        assert f"low {price} is not above 0, which no price of a share is" in found.refused["CLK20"]


def test_folder_when_its_bars_are_below_0_then_each_digit_comes_back_in_both_forms(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from aion.market.importing.reader import Import, import_files
    from aion.market.instrument import Contract

    lines = ["ts,open,high,low,close,volume"]
    lines += [f"2020-04-{day},{','.join(each)},1000" for day, each in zip((17, 20, 21), WTI, strict=True)]
    (tmp_path / "CLK20.csv").write_text("\n".join(lines))
    for form in ("csv", "parquet"):
        for kind in ("future", "share"):
            about = Import("CMES", price_basis="raw", form=form, contract=Contract(kind=kind))  # type: ignore[arg-type]
            folder = tmp_path / form / kind
            (done,) = import_files([tmp_path / "CLK20.csv"], folder, about, datetime(2030, 1, 1, tzinfo=UTC))
            assert not done.refused and done.report.kept == (3 if kind == "future" else 1)
            bars = FolderFeed(folder).history("day", "CLK20", datetime(2030, 1, 1, tzinfo=UTC), 9)
            expected = WTI if kind == "future" else WTI[:1]
            assert [(each.open, each.high, each.low, each.close) for each in bars] == [
                tuple(map(Decimal, each)) for each in expected
            ]
        index = tmp_path / form / "future" / "index.json"
        index.write_text(index.read_text().replace('"future"', '"share"'))
        with pytest.raises(FeedError, match="which no price of a share is; import it again"):
            FolderFeed(index.parent).history("day", "CLK20", datetime(2030, 1, 1, tzinfo=UTC), 9)


def test_holding_when_prices_cross_0_then_it_loses_what_the_way_cost() -> None:
    unit = unit_of("USD")
    hold = BuyAndHold(Decimal(17_730), ("CLK20",), unit)
    hold.see(bar(1, *WTI[1]))
    assert hold.equity == Decimal("-37630.00"), "1000 barrels"
    hold.see(bar(2, *WTI[2]))
    assert hold.equity == Decimal("10010.00")
    below = BuyAndHold(Decimal(14_000), ("CLK20",), unit)
    below.see(bar(2, *WTI[2]))  # in at -14
    assert below.equity == 14_000 + (Decimal("10.01") + 14) * 1000
    again = BuyAndHold(Decimal(14_000), ("CLK20",), unit)
    again.restore(below.state())
    assert again.equity == below.equity
    free = BuyAndHold(Decimal(100), ("CLK20",), unit)
    free.see(bar(1, "0", "1", "-1", "1"))
    assert free.equity == 100
