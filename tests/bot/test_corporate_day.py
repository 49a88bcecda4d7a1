"""An intraday bot that could not close its position over a corporate action. Synthetic minutes."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from aion.bot.intraday import IntradayBot
from aion.config import BotSettings, Rules
from aion.ledger.ledger import Ledger
from aion.market import calendar
from aion.market.action import CorporateAction
from aion.model import Bar, Signal
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.strategy.base import Moment
from tests.bot.desk import ListFeed, at, bar, instrument

ONE, TWO = calendar.sessions("XNYS", at("2021-06-01T00:00Z").date(), at("2021-06-02T00:00Z").date())
MINUTE = timedelta(minutes=1)
SPIN = CorporateAction("AAA", TWO.day, "spin_off", Decimal(1), Decimal(4), "KID")
RENAME = CorporateAction("AAA", TWO.day, "rename", into="NEW")


class BuyFirst:
    """Buys at the first bar of the first day."""

    name = "buy_first"
    kind = "intraday"
    rule = "buys once"
    look_back = 0

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        is_first = moment.ts == ONE.open + MINUTE
        return {
            symbol: Signal(symbol, moment.ts, "buy" if is_first else "hold", 1.0, 0.5, "because", self.name)
            for symbol in bars
        }


def held_over_night(folder: Path, *actions: CorporateAction) -> IntradayBot:
    """A bot that holds 500 AAA of 100 when the second day begins."""
    feed = ListFeed({symbol: instrument(symbol, step="1") for symbol in ("AAA", "KID", "NEW")})
    feed.given = actions
    rules = Rules(max_positions=1, stop_loss=Decimal("0.1"), max_alloc=Decimal("0.5"))
    made = BotSettings(
        kind="intraday", strategy="vwap_trend", symbols=("AAA",), exchange="XNYS", currency="USD", cash=100_000,
        cost="zero", rules=rules,
    )  # fmt: skip
    bot = IntradayBot("b", made, "1", feed, ProcessLog(Layout(folder), "bots"), ONE.open)
    bot.mind.strategy = BuyFirst()
    play(bot, ONE.open + MINUTE, AAA=100)
    play(bot, ONE.open + 2 * MINUTE, AAA=100)
    play(bot, ONE.close, AAA=100)
    assert bot.portfolio.quantities() == {"AAA": 500}
    return bot


def play(bot: IntradayBot, ts: object, **prices: float) -> None:
    bot.on_bars({symbol: bar(symbol, ts, price) for symbol, price in prices.items()}, ts, f"c{ts}")  # type: ignore[arg-type]


def test_spin_off_waits_for_the_first_price_and_marks_nothing_until_then(tmp_path: Path) -> None:
    bot = held_over_night(tmp_path, SPIN)
    play(bot, TWO.open + MINUTE, AAA=80)
    held = bot.document()["positions"]["AAA"]
    assert held["last_price"] == 100 and held["not_booked"].endswith("KID has no price yet")
    assert bot.equity == 100_000 and not bot.broker.open_orders(), (
        "no exit at a price that is not that of what is held"
    )
    play(bot, TWO.open + 2 * MINUTE, KID=80)  # nobody traded the other one in that minute
    assert bot.portfolio.quantities() == {"AAA": 500}
    play(bot, TWO.open + 3 * MINUTE, AAA=80, KID=80)
    assert bot.portfolio.quantities() == {"AAA": 500, "KID": 125} and bot.equity == 100_000
    for minute in range(4, 7):
        play(bot, TWO.open + minute * MINUTE, AAA=80, KID=80)
    assert bot.portfolio.is_flat, "carried: out at the first bar, what was spun off too"
    assert bot.equity == 100_000


def test_rename_over_night_lets_the_position_go_under_its_new_name(tmp_path: Path) -> None:
    bot = held_over_night(tmp_path, RENAME)
    play(bot, TWO.open + MINUTE, NEW=100, AAA=1)
    assert bot.portfolio.is_flat and bot.equity == 100_000, "the exit of the evening fills at the first open"
    assert [each["symbol"] for each in bot.record.fills.values()] == ["NEW"]


def test_bot_that_is_restored_while_an_action_waits_books_it_once(tmp_path: Path) -> None:
    bot = held_over_night(tmp_path, SPIN)
    play(bot, TWO.open + MINUTE, AAA=80)
    with Ledger(Layout(tmp_path).ledger, "replay", "1") as ledger:
        ledger.open_account("b", Decimal(100_000), ONE.open, {})
        ledger.commit([bot.take_cycle()])
        again = held_over_night(tmp_path / "again", SPIN)
        saved = ledger.load_account("b")
        assert saved is not None
        again.restore(saved, ledger)
    assert "not_booked" in again.document()["positions"]["AAA"]
    for each in (bot, again):
        play(each, TWO.open + 2 * MINUTE, AAA=80, KID=80)
        assert each.portfolio.quantities() == {"AAA": 500, "KID": 125} and each.equity == 100_000


def test_flatten_waits_until_it_is_known_what_is_held(tmp_path: Path) -> None:
    bot = held_over_night(tmp_path, SPIN)
    play(bot, TWO.open + MINUTE, AAA=80)
    bot.standing.leaving = "flatten, by ana"
    bot.leave_all(TWO.open + MINUTE)
    assert not bot.broker.open_orders() and bot.standing.leaving
    play(bot, TWO.open + 2 * MINUTE, AAA=80, KID=80)
    play(bot, TWO.open + 3 * MINUTE, AAA=80, KID=80)
    assert bot.portfolio.is_flat and not bot.standing.leaving
