"""Bars that are offered, and what a batcher makes of them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from aion.market.feed.batcher import Gatherer
from aion.market.provider.protocol import Answer
from aion.model import Bar

START = datetime(2026, 11, 24, 12, tzinfo=UTC)


WAIT, GRACE = timedelta(seconds=22), timedelta(seconds=20)


def minute(count: float) -> datetime:
    return START + timedelta(minutes=count)


def bar(symbol: str, count: int, close: str = "100", opened: str = "100") -> Bar:
    prices = [Decimal(opened), Decimal(close)]
    return Bar(symbol, minute(count), prices[0], max(prices), min(prices), prices[1], Decimal(5))


def gatherer(*symbols: str, exchange: str = "24/7") -> Gatherer:
    return Gatherer("minute", dict.fromkeys(symbols or ("A", "B"), exchange), START, WAIT, GRACE)


def offer(made: Gatherer, *bars: Bar, at: float, silent: tuple[datetime, ...] = ()) -> None:
    symbol = bars[0].symbol if bars else "A"
    made.offer(symbol, Answer(bars, silent), minute(at))


def taken(made: Gatherer, at: float) -> list[tuple[int, str]]:
    return [((batch.ts - START).seconds // 60, "".join(batch.bars)) for batch in made.ready(minute(at))]
