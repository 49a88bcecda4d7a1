"""Small markets and accounts for the tests of trading."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from aion.market.calendar import MarketSession
from aion.market.grid import Grid
from aion.model import Bar, Instrument
from aion.trading.broker import PaperBroker
from aion.trading.cost import cost_model
from aion.trading.portfolio import Portfolio
from aion.trading.slippage import SLIPPAGE_MODELS

MINUTE = timedelta(minutes=1)
OPEN = datetime(2022, 5, 19, 13, 30, tzinfo=UTC)
SESSION = MarketSession("XNAS", date(2022, 5, 19), OPEN, OPEN + timedelta(hours=6, minutes=30))
MSFT = Instrument("MSFT", "XNAS", "USD")
AZN = Instrument("AZN.L", "XLON", "GBP", tick=Decimal("0.02"))
BABA = Instrument("9988.HK", "XHKG", "HKD", tick=Decimal("0.05"), lot=Decimal(100))
ADJUSTED = Instrument(
    "AAPL", "XNYS", "USD", Decimal("0.0001"), Decimal("0.0001"), Decimal("0.0001"), price_basis="adjusted"
)


def session_of(day: int) -> MarketSession:
    """Return the session `day` days after the first one."""
    step = timedelta(days=day)
    return MarketSession("XNAS", SESSION.day + step, SESSION.open + step, SESSION.close + step)


def at(minute: int) -> datetime:
    """Return the market time `minute` minutes after the open."""
    return OPEN + minute * MINUTE


def bar(minute: int, open: str, high: str, low: str, close: str, volume: int = 100_000, symbol: str = "MSFT") -> Bar:
    """Return the bar that closes `minute` minutes after the open."""
    return Bar(symbol, at(minute), Decimal(open), Decimal(high), Decimal(low), Decimal(close), Decimal(volume))


def day_bar(day: int, open: str, high: str, low: str, close: str, symbol: str = "AAPL") -> Bar:
    """Return the daily bar of `session_of(day)`."""
    prices = (Decimal(open), Decimal(high), Decimal(low), Decimal(close))
    return Bar(symbol, session_of(day).close, *prices, Decimal(1_000_000))


def make_broker(
    *instruments: Instrument,
    cash: str = "100000",
    cost: str = "zero",
    slippage: str | None = None,
    allow_short: bool = False,
    is_daily: bool = False,
) -> PaperBroker:
    """Return a broker with an account of its own."""
    known = instruments or (MSFT,)
    return PaperBroker(
        "orb",
        "1",
        Portfolio(known[0].currency, Decimal(cash)),
        {each.symbol: each for each in known},
        cost_model(cost),
        grid=None if is_daily else Grid(MINUTE),
        slippage=SLIPPAGE_MODELS[slippage] if slippage else None,
        allow_short=allow_short,
    )
