"""Tapes and plans at random, of which laws hold."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import Phase
from hypothesis import strategies as st

from aion.market.calendar import MarketSession
from aion.model import ZERO, Bar, OrderType, Side, TimeInForce
from aion.trading.broker import PaperBroker
from tests.trading.paper import ADJUSTED, AZN, BABA, MSFT, OPEN

MARKETS = {
    "us-equity": MSFT,
    "us-equity-bps": ADJUSTED,
    "uk-share": AZN,
    "uk-cfd": AZN,
    "hk-share": BABA,
    "crypto-bps": ADJUSTED,
    "kraken-spot": ADJUSTED,
    "coinbase-advanced": ADJUSTED,
    "bybit-spot": ADJUSTED,
    "crypto-unknown": ADJUSTED,
    "zero": MSFT,
}


MINUTES_A_DAY = 8


PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)


def price_text(value: int) -> Decimal:
    return Decimal(value) / 10_000


def make_tape(symbol: str, steps: list[tuple[int, int, int, int, int]]) -> list[Bar]:
    """Return a walk of bars, eight a day."""
    tape, last = [], 1_000_000
    for number, (gap, up, down, place, volume) in enumerate(steps):
        opened = last + last * gap // 10_000
        high, low = opened + opened * up // 10_000, opened - opened * down // 10_000
        last = low + (high - low) * place // 100
        day, minute = divmod(number, MINUTES_A_DAY)
        ts = OPEN + timedelta(days=day, minutes=minute + 1)
        tape.append(Bar(symbol, ts, *map(price_text, (opened, high, low, last)), Decimal(volume)))
    return tape


@st.composite
def plans(draw: st.DrawFn) -> dict[str, object]:
    """One order as fractions of what the account and the price are then."""
    return {
        "side": draw(st.sampled_from(list(Side))),
        "size": Decimal(draw(st.integers(1, 250))) / 100,
        "type": draw(st.sampled_from(list(OrderType))),
        "away": Decimal(draw(st.integers(-150, 150))) / 10_000,
        "stop": draw(st.one_of(st.integers(1, 200), st.none())),
        "target": draw(st.one_of(st.integers(1, 200), st.none())),
        "tif": draw(st.sampled_from(list(TimeInForce))),
        "reduce_only": draw(st.integers(0, 4)) == 4,
        "weight_sign": draw(st.sampled_from([0, 0, 1, -1])),  # 0: sized at the decision
    }


def session_for(bar: Bar) -> MarketSession:
    opened = OPEN + timedelta(days=(bar.ts - OPEN).days)
    return MarketSession("XNAS", opened.date(), opened, opened + timedelta(hours=6))


def place(broker: PaperBroker, plan: dict[str, object], bar: Bar) -> None:
    equity = broker.portfolio.equity()
    quantity = broker.quantity_for(bar.symbol, max(equity, ZERO) * plan["size"], bar.close)
    if not quantity:
        return
    side: Side = plan["side"]
    price = bar.close * (1 + plan["away"])
    stop, target = plan["stop"], plan["target"]
    by_weight = plan["weight_sign"]
    broker.submit(
        broker.order(
            bar.symbol,
            side,
            ZERO if by_weight else quantity,
            bar.ts,
            "drawn",
            type=plan["type"],
            time_in_force=plan["tif"],
            limit_price=price if plan["type"] is OrderType.LIMIT else None,
            stop_price=price if plan["type"] is OrderType.STOP else None,
            stop_loss=None if stop is None else price * (1 - side.sign * Decimal(stop) / 10_000),
            take_profit=None if target is None else price * (1 + side.sign * Decimal(target) / 10_000),
            reduce_only=plan["reduce_only"],
            weight=min(plan["size"], Decimal(1)) * by_weight if by_weight else None,
        )
    )
