"""Each rule of an intraday bot has effect. Synthetic minutes: they test the code, not a strategy."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from aion.bot.intraday import IntradayBot
from aion.clock import iso
from aion.config import BotSettings, Risk, Rules
from aion.market import calendar
from aion.market.halt import NEVER, Halt
from aion.model import Bar, Signal
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.strategy.base import Moment
from aion.trading.risk import DeskGate
from tests.bot.desk import ListFeed, at, bar, instrument

DAY = calendar.sessions("XNYS", at("2021-06-01T00:00Z").date(), at("2021-06-02T00:00Z").date())
OPEN, CLOSE = DAY[0].open, DAY[0].close
MINUTE = timedelta(minutes=1)
Script = Callable[[Bar, Moment], str]


class Scripted:
    """A strategy that does what a test says."""

    name = "scripted"
    kind = "intraday"
    rule = "what the test says"
    look_back = 0

    def __init__(self, script: Script, confidence: float = 1.0, stop: str = "") -> None:
        self._script = script
        self._confidence = confidence

    def on_bars(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        return {
            symbol: Signal(symbol, moment.ts, self._script(each, moment), self._confidence, 0.5, "because", self.name)
            for symbol, each in bars.items()
        }


class Desk:
    """One bot and a made tape."""

    def __init__(
        self,
        folder: Path,
        script: Script,
        confidence: float = 1.0,
        symbols: tuple[str, ...] = ("AAA",),
        halted: tuple[Halt, ...] = (),
        sizing: str = "decision",
        **rules: object,
    ) -> None:
        made = BotSettings(
            kind="intraday",
            strategy="vwap_trend",
            symbols=symbols,
            exchange="XNYS",
            currency="USD",
            cash=100_000,
            cost="zero",
            sizing=sizing,
            rules=Rules(**{"max_positions": 1, "stop_loss": 0, "max_alloc": 0.5, **rules}),
        )
        feed = ListFeed({symbol: instrument(symbol, step="1") for symbol in symbols})
        feed.halted = halted
        self.log = ProcessLog(Layout(folder), "bots")
        self.bot = IntradayBot("b", made, "1", feed, self.log, OPEN)
        self.bot.mind.strategy = Scripted(script, confidence)
        self.ts = OPEN

    def play(self, *prices: float, symbol: str = "AAA", volume: int = 1_000_000, ts=None) -> None:
        for price in prices:
            self.ts = ts or self.ts + MINUTE
            self.bot.on_bars({symbol: bar(symbol, self.ts, price, volume)}, self.ts, f"c{self.ts:%H%M}")

    @property
    def refusals(self) -> list[str]:
        return [each["reason"] for each in self.bot.record.decisions.values() if each["action"] == "refused"]

    @property
    def held(self) -> float:
        return float(self.bot.portfolio.quantity("AAA"))


def always(action: str) -> Script:
    return lambda bar, moment: action


def first(action: str, then: str = "hold") -> Script:
    return lambda bar, moment: action if bar.ts == OPEN + MINUTE else then


def test_order_fills_at_the_open_of_the_next_bar(tmp_path: Path) -> None:
    desk = Desk(tmp_path, first("buy"))
    desk.play(100)
    assert desk.held == 0
    desk.play(101)
    fill = next(iter(desk.bot.record.fills.values()))
    assert (fill["price"], fill["quantity"], fill["ts"]) == (101, 500, "2021-06-01T13:31Z")
    assert fill["decided_at"] == "2021-06-01T13:31Z" and fill["known_at"] == "2021-06-01T13:32Z"


def test_entry_that_is_sized_at_the_fill_takes_the_price_of_the_fill(tmp_path: Path) -> None:
    quantities = {}
    for sizing in ("decision", "fill"):
        desk = Desk(tmp_path / sizing, first("sell"), sizing=sizing, allow_short=True)
        desk.play(100)
        waiting = desk.bot.document()["orders"]
        desk.play(110)
        quantities[sizing] = desk.held
    assert quantities == {"decision": -500, "fill": -454}
    (order,) = waiting.values()
    assert order["weight"] == -0.5 and "quantity" not in order


def test_min_confidence_refuses_a_weaker_entry(tmp_path: Path) -> None:
    desk = Desk(tmp_path, always("buy"), confidence=0.6, min_confidence=0.7)
    desk.play(100, 100, 100)
    assert desk.held == 0
    assert desk.refusals == ["strength 0.6 is below min_confidence 0.7; signal: because"]  # once, not once a minute


def test_short_sale_needs_allow_short(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "a", always("sell"))
    desk.play(100, 100)
    assert desk.held == 0 and desk.refusals == ["allow_short is off; signal: because"]
    desk = Desk(tmp_path / "b", always("sell"), allow_short=True)
    desk.play(100, 100)
    assert desk.held == -500


def test_max_positions_refuses_another_symbol(tmp_path: Path) -> None:
    desk = Desk(tmp_path, always("buy"), symbols=("AAA", "BBB"))
    desk.play(100, 100)
    desk.play(50, symbol="BBB")
    assert desk.held == 500
    assert desk.refusals == ["max_positions 1 is reached; signal: because"]


@pytest.mark.parametrize(("rules", "quantity"), [({"max_alloc": 0.2}, 200), ({"max_alloc": 1, "aggression": 0}, 500)])
def test_max_alloc_and_aggression_size_the_position(tmp_path: Path, rules: dict, quantity: int) -> None:
    desk = Desk(tmp_path, first("buy"), **rules)
    desk.play(100, 100)
    assert desk.held == quantity


def test_daily_loss_stops_new_positions_for_the_day(tmp_path: Path) -> None:
    desk = Desk(tmp_path, lambda bar, moment: "exit" if moment.positions else "buy", daily_loss=0.03)
    desk.play(100, 100, 90, 90, 90)
    assert desk.held == 0
    assert desk.refusals == ["daily_loss 3.00% is reached: -5000.00 today; signal: because"]


def test_stop_of_the_rules_closes_the_position(tmp_path: Path) -> None:
    desk = Desk(tmp_path, first("buy"), stop_loss=0.01)
    desk.play(100, 100, 98)
    assert desk.held == 0
    sale = list(desk.bot.record.fills.values())[-1]
    assert sale["price_source"] == "gap" and sale["price"] == 98
    assert len(desk.bot.record.trades) == 1


def test_opposite_signal_closes_before_it_turns(tmp_path: Path) -> None:
    desk = Desk(tmp_path, first("buy", then="sell"), allow_short=True)
    desk.play(100, 100)
    assert desk.held == 500
    desk.play(100)
    assert desk.held == 0
    desk.play(100, 100)
    assert desk.held == -500


def test_bot_is_flat_before_the_close_and_opens_nothing_then(tmp_path: Path) -> None:
    desk = Desk(tmp_path, always("buy"), flat_before_close=5)
    desk.play(100, 100)
    desk.ts = CLOSE - 6 * MINUTE
    desk.play(100)  # five minutes are left: it decides to leave
    assert desk.held == 500
    desk.play(100, 100, 100, 100, 100)
    assert desk.held == 0 and desk.ts == CLOSE
    exits = [each for each in desk.bot.record.decisions.values() if each["action"] == "exit"]
    assert [each["ts"] for each in exits] == ["2021-06-01T19:55Z"]
    assert "flat for the day: 5 minutes before the close" in exits[0]["reason"]


def test_position_without_a_bar_to_exit_on_is_carried_and_left_next_day(tmp_path: Path) -> None:
    desk = Desk(tmp_path, first("buy"), flat_before_close=5)
    desk.play(100, 100)
    desk.play(100, ts=CLOSE)  # no bar between: the exit is decided at the close and nothing can fill it
    assert desk.bot.document()["positions"]["AAA"]["carried"] == "no bar to exit on"
    assert [fill["side"] for fill in desk.bot.record.fills.values()] == ["buy"]
    desk.ts = DAY[1].open
    desk.play(103, 104, 105)
    sale = next(iter(desk.bot.record.fills.values()))
    assert (sale["side"], sale["price"]) in (("sell", 103), ("sell", 104))
    assert desk.held == 0 and desk.bot.document()["positions"] == {}


def test_bar_outside_the_session_trades_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, always("buy"))
    desk.play(100, ts=OPEN - 5 * MINUTE)
    desk.play(100, ts=OPEN - 4 * MINUTE)
    assert not desk.bot.record.orders and desk.held == 0


def test_bar_without_volume_fills_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, first("buy"))
    desk.play(100)
    desk.play(100, volume=0)
    assert desk.held == 0
    desk.play(100)
    assert desk.held == 500


def test_strategy_that_raises_puts_the_bot_in_error_with_the_reason(tmp_path: Path) -> None:
    desk = Desk(tmp_path, lambda bar, moment: {}["nothing"])
    desk.play(100, 100)
    value = desk.bot.document()
    assert value["state"] == "error"
    assert "strategy vwap_trend raised KeyError: 'nothing'" in value["state_reason"]
    assert value["bars_seen"] == 2  # it still marks
    assert "Traceback" in Layout(tmp_path).log("bots").read_text()


def test_strategy_that_returns_nonsense_puts_the_bot_in_error(tmp_path: Path) -> None:
    desk = Desk(tmp_path, always("hold"))
    desk.bot.mind.strategy.on_bars = lambda bars, moment: {"ZZZ": 1}
    desk.play(100)
    assert "instead of its signal" in desk.bot.document()["state_reason"]


def test_day_result_counts_from_the_close_before(tmp_path: Path) -> None:
    desk = Desk(tmp_path, lambda bar, moment: "exit" if moment.positions else "buy")
    desk.play(100, 100, 110, 110)
    assert desk.bot.document()["day_pnl"]["net"] == 5000
    desk.ts = DAY[1].open
    desk.play(110)
    value = desk.bot.document()
    assert value["day"] == "2021-06-02" and value["day_pnl"]["net"] == 0
    assert value["total_pnl"]["net"] == 5000


def trades_often(bar: Bar, moment: Moment) -> str:
    return "exit" if moment.positions else "buy"


def test_cool_down_leaves_a_symbol_alone_after_a_loss(tmp_path: Path) -> None:
    desk = Desk(tmp_path, trades_often, daily_loss=0, cool_down_minutes=5)
    desk.play(100, 100, 99, 99, 99, 99)
    assert len(desk.bot.record.trades) == 1 and desk.held == 0
    assert desk.refusals == ["cool_down_minutes after a loss: until 2021-06-01T13:37Z; signal: because"]
    desk.play(99, 99)
    assert desk.held > 0


def test_drawdown_stops_new_positions_until_the_rules_change(tmp_path: Path) -> None:
    desk = Desk(tmp_path, trades_often, daily_loss=0, max_drawdown=0.02)
    desk.play(100, 100, 90, 90, 90)
    assert desk.held == 0
    assert desk.refusals == ["max_drawdown 2.00% is reached: 95000.00 after 100000.00; signal: because"]


def test_orders_a_cycle_lets_the_strongest_of_the_bars_in_and_refuses_the_rest(tmp_path: Path) -> None:
    desk = Desk(tmp_path, always("buy"), symbols=("AAA", "BBB"), max_positions=2, max_alloc=0.2, orders_a_cycle=1)
    ts = OPEN + MINUTE
    desk.bot.on_bars({name: bar(name, ts, 100) for name in ("AAA", "BBB")}, ts, "c1")
    assert desk.refusals == ["orders_a_cycle 1 is reached; signal: because"]


def test_max_exposure_leaves_the_rest_in_cash(tmp_path: Path) -> None:
    desk = Desk(tmp_path, first("buy"), max_alloc=1, max_exposure=0.3)
    desk.play(100, 100)
    assert desk.held == 300


def test_desk_limit_refuses_an_entry_of_its_bots(tmp_path: Path) -> None:
    desk = Desk(tmp_path, always("buy"))
    desk.bot.desk_gate = DeskGate(Risk(max_positions=1), lambda: [desk.bot.portfolio, desk.bot.portfolio])
    desk.bot.desk_gate.entered()
    desk.play(100, 100)
    assert desk.held == 0 and desk.refusals == ["the desk's max_positions 1 is reached; signal: because"]


def halt(start: int, end: int) -> Halt:
    return Halt("AAA", OPEN + start * MINUTE, OPEN + end * MINUTE, "news")


def test_nothing_fills_in_a_halt_and_the_order_waits_for_the_bar_after_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, first("buy"), halted=(halt(2, 5),))
    desk.play(100)
    desk.play(100, volume=0)
    desk.play(90, 91, 92)  # a source that has bars of a halt: nobody could trade at them
    assert desk.held == 0 and desk.bot.portfolio.marks.get("AAA") == 100
    (noted,) = [each for each in desk.bot.record.decisions.values() if each["action"] == "halt"]
    assert noted["reason"].startswith("halted from ") and noted["reason"].endswith("(news): 1 order waits")
    desk.play(95)
    (fill,) = desk.bot.record.fills.values()
    assert desk.held > 0 and fill["ts"] == iso(OPEN + 5 * MINUTE) and fill["price"] == 95


def test_nothing_is_opened_in_a_halt_and_the_refusal_says_why(tmp_path: Path) -> None:
    desk = Desk(tmp_path, always("buy"), halted=(halt(0, 3),))
    desk.play(100, 100)
    assert not desk.bot.record.orders
    (refusal,) = desk.refusals
    assert refusal.startswith("halted from ") and "because" in refusal
    desk.play(100, 100)
    assert desk.held > 0


def test_halt_without_bars_is_recorded_at_the_first_cycle_after_it_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path, first("buy"), halted=(halt(3, 9),))
    desk.play(100, 100, 100)
    desk.play(80, ts=OPEN + 10 * MINUTE)
    desk.play(80, 80)
    noted = [each["reason"] for each in desk.bot.record.decisions.values() if each["action"] == "halt"]
    assert len(noted) == 1 and "held cannot be sold" in noted[0]
    assert desk.bot.document()["halts"] == {"AAA": {iso(OPEN + 3 * MINUTE): iso(OPEN + 9 * MINUTE)}}


def test_orders_of_a_day_expire_in_a_halt_that_lasts_and_what_is_held_is_carried(tmp_path: Path) -> None:
    lasting = Halt("AAA", OPEN + 3 * MINUTE, NEVER, "suspended")
    desk = Desk(tmp_path, first("buy"), halted=(lasting,), flat_before_close=5)
    desk.play(100, 100, 100)
    desk.play(100, ts=CLOSE - 4 * MINUTE)
    desk.play(100, ts=CLOSE)
    position = desk.bot.document()["positions"]["AAA"]
    assert position["carried"] == "no bar to exit on" and desk.held > 0
    assert [each["status"] for each in desk.bot.record.orders.values()][-1] == "expired"
    assert list(desk.bot.document()["halts"]["AAA"].values()) == [iso(CLOSE)]
