"""A strategy that follows a script, bars drawn at random, and a run of both; synthetic, for laws alone."""

import random
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from aion.config import BotSettings, Rules
from aion.market import calendar
from aion.market.action import CorporateAction
from aion.market.halt import Halt
from aion.model import Bar, Instrument, Signal
from tests.backtest.lab import INSTANT, run_plan
from tests.bot.desk import ListFeed, at

SESSIONS = calendar.sessions("XNYS", at("2022-05-19T00:00Z").date(), at("2022-05-23T00:00Z").date())
SYMBOLS = ("AAA", "BBB")
INSTRUMENTS = {symbol: Instrument(symbol, "XNYS", "USD") for symbol in SYMBOLS}
STEPS = 25  # bars of a session that are played, so that a test is quick
ACTIONS = ("hold", "buy", "sell", "exit")


class Scripted:
    """Says what its script says, bar after bar, with stops and targets now and then."""

    name = "scripted"
    kind = "intraday"
    look_back = 0
    rule = "Follows a script."

    def __init__(self, symbols: tuple[str, ...], parameters: Mapping[str, object]) -> None:
        self._script = str(parameters["script"])
        self._at = 0

    def on_bars(self, bars: Mapping[str, Bar], moment) -> dict[str, Signal]:
        found = {}
        for symbol, bar in sorted(bars.items()):
            letter = ord(self._script[self._at % len(self._script)])
            self._at += 1
            action = ACTIONS[letter % 4]
            sign = 1 if action == "buy" else -1
            stop = bar.close * (1 - sign * Decimal("0.002")) if letter % 3 == 0 else None
            target = bar.close * (1 + sign * Decimal("0.003")) if letter % 5 == 0 else None
            found[symbol] = Signal(
                symbol,
                moment.ts,
                action,
                1.0,
                0.5,
                f"letter {letter}",
                self.name,
                {},
                stop_loss=stop,
                take_profit=target,
            )
        return found


class Eventful(ListFeed):
    """A split of one name on the second session, a dividend of the other, and a halt."""

    given = (
        CorporateAction(SYMBOLS[0], date(2022, 5, 20), "split", Decimal(2)),
        CorporateAction(SYMBOLS[1], date(2022, 5, 20), "dividend", amount=Decimal("0.25")),
    )
    halted = (Halt(SYMBOLS[1], at("2022-05-19T19:45Z"), at("2022-05-19T19:50Z"), "news"),)


def tape(seed: random.Random) -> list[Bar]:
    """Bars of two names over three sessions: jumps, flat bars, bars without volume, bars that are missing."""
    bars = []
    for symbol in SYMBOLS:
        cents = 5_000 + seed.randrange(10_000)
        for session in SESSIONS:
            cents = max(100, round(cents * seed.choice((1.0, 1.0, 0.9, 1.1))))
            near_the_close = [session.close - timedelta(minutes=left) for left in range(STEPS - 1, -1, -1)]
            for ts in near_the_close:
                if seed.random() < 0.05:
                    continue
                opened = max(100, cents + seed.randrange(-20, 21))
                closed = max(100, opened + seed.randrange(-60, 61))
                high = max(opened, closed) + seed.randrange(20)
                low = max(1, min(opened, closed) - seed.randrange(20))
                volume = seed.choice((0, 50, 2_000, 100_000))
                prices = (Decimal(each).scaleb(-2) for each in (opened, high, low, closed))
                bars.append(Bar(symbol, ts, *prices, Decimal(volume)))
                cents = closed
    return sorted(bars, key=lambda bar: bar.ts)


def bot(script: str, cost: str, *, allow_short: bool, aggression: str) -> BotSettings:
    rules = Rules(
        max_positions=2,
        max_alloc=Decimal("0.6"),
        stop_loss=Decimal("0.01"),
        daily_loss=Decimal("0.05"),
        allow_short=allow_short,
        flat_before_close=3,
        aggression=Decimal(aggression),
    )
    return BotSettings(
        kind="intraday",
        strategy="scripted",
        symbols=SYMBOLS,
        exchange="XNYS",
        currency="USD",
        cash=Decimal(20_000),
        cost=cost,
        parameters={"script": script},
        rules=rules,
    )


def play(folder: str, made: BotSettings, bars: list[Bar], feed: ListFeed | None = None) -> Path:
    path = Path(folder)
    run_plan(
        path,
        {"b": made},
        feed or ListFeed(INSTRUMENTS, minute=bars),
        bars[0].ts - INSTANT,
        bars[-1].ts,
        is_deterministic=True,
    )
    return path
