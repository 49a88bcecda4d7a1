"""Strategies: what they say on bars made for the purpose, their parameters, and that nothing grows with history."""

import pickle
from datetime import timedelta
from decimal import Decimal

import pytest

from aion.errors import ConfigError
from aion.strategy.base import Moment
from aion.strategy.builtin.session import SessionFigures
from aion.strategy.registry import make_strategy, strategy_names
from tests.bot.desk import at, bar

OPEN = at("2022-05-19T13:30Z")
CLOSE = at("2022-05-19T20:00Z")


class Tape:
    """Feeds one strategy minute by minute and keeps its newest signal."""

    def __init__(self, name: str, open_at=OPEN, close_at=CLOSE, **parameters: object) -> None:
        self.strategy = make_strategy(name, "intraday", ("AAA",), parameters)
        self.open, self.close, self.ts = open_at, close_at, open_at
        self.day = "2022-05-19"
        self.held = Decimal(0)

    def play(self, *prices: float, volume: int = 1000, **shape: float):
        for price in prices:
            self.ts += timedelta(minutes=1)
            positions = {"AAA": self.held} if self.held else {}
            moment = Moment(self.ts, self.day, self.open, self.close, positions)
            signal = self.strategy.on_bars({"AAA": bar("AAA", self.ts, price, volume, **shape)}, moment)["AAA"]
        return signal

    def next_day(self) -> None:
        self.day = "2022-05-20"
        self.open, self.close = self.open + timedelta(days=1), self.close + timedelta(days=1)
        self.ts = self.open


# registry and parameters


def test_registry_knows_the_strategies_of_each_kind() -> None:
    assert strategy_names("intraday") == [
        "intraday_momentum",
        "opening_range_breakout",
        "vwap_reversion",
        "vwap_trend",
    ]
    assert strategy_names("swing") == [
        "cross_sectional_momentum",
        "equal_weight",
        "short_term_reversal",
        "time_series_momentum",
    ]


def test_every_strategy_states_source_strength_and_threshold() -> None:
    for kind in ("intraday", "swing"):
        for name in strategy_names(kind):
            strategy = make_strategy(name, kind, ("AAA", "BBB"), {})
            text = type(strategy).__doc__
            assert "Source:" in text and "Strength =" in text and "hreshold" in text, name
            assert strategy.rule.endswith(".") and strategy.look_back >= 0


@pytest.mark.parametrize(
    ("name", "kind", "parameters", "message"),
    [
        ("nope", "intraday", {}, "there is no strategy 'nope'; known: cross_sectional_momentum,"),
        ("equal_weight", "intraday", {}, "strategy 'equal_weight' is for swing bots"),
        ("vwap_trend", "intraday", {"speed": 1}, "strategy vwap_trend has no parameter 'speed'; known: deviations,"),
        ("opening_range_breakout", "intraday", {"minutes": 0}, "opening_range_breakout: minutes = 0 cannot work"),
        ("equal_weight", "swing", {"x": 1}, "strategy equal_weight has no parameter 'x'; known: none"),
    ],
)
def test_strategy_that_cannot_work_is_refused_by_name(name: str, kind: str, parameters: dict, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_strategy(name, kind, ("AAA",), parameters)
    assert message in str(caught.value)


# figures of a session


def test_vwap_and_deviation_are_those_of_the_definition() -> None:
    figures = SessionFigures()
    for minute, (price, volume) in enumerate([(100, 10), (102, 30), (101, 60)]):
        figures.update(bar("AAA", OPEN + timedelta(minutes=minute + 1), price, volume), "d")
    vwap = (100 * 10 + 102 * 30 + 101 * 60) / 100
    assert figures.vwap == pytest.approx(vwap)
    variance = (10 * (100 - vwap) ** 2 + 30 * (102 - vwap) ** 2 + 60 * (101 - vwap) ** 2) / 100
    assert figures.deviation == pytest.approx(variance**0.5)
    assert figures.features()["return_since_open"] == pytest.approx(0.01)


def test_figures_start_anew_with_a_session_and_keep_the_close_before() -> None:
    figures = SessionFigures()
    figures.update(bar("AAA", OPEN, 100), "d1")
    assert figures.previous_close is None
    figures.update(bar("AAA", OPEN + timedelta(days=1), 110), "d2")
    assert (figures.previous_close, figures.open, figures.bars) == (100, 110, 1)


# opening range


def test_breakout_waits_for_the_range_and_buys_the_first_close_above_it() -> None:
    tape = Tape("opening_range_breakout", minutes=3)
    assert tape.play(100, 102).action == "hold"
    signal = tape.play(101)
    assert (signal.action, signal.confidence) == ("hold", 0)
    signal = tape.play(101.5)
    assert signal.action == "hold" and signal.confidence == pytest.approx(0.25)  # x = 0.5 of half the height
    signal = tape.play(103)
    assert signal.action == "buy" and signal.confidence == 1
    assert signal.stop_loss == Decimal("100.0000")
    assert signal.reason == "Above the 3-minute opening range 100.00 to 102.00 by 50% of its height"


def test_breakout_sells_below_and_puts_the_target_in_ranges() -> None:
    tape = Tape("opening_range_breakout", minutes=2, target_ranges=2)
    tape.play(100, 101)
    signal = tape.play(99.9)
    assert signal.action == "sell" and signal.stop_loss == Decimal("101.0000")
    assert signal.take_profit == Decimal("98.0000")


def test_breakout_enters_once_a_session() -> None:
    tape = Tape("opening_range_breakout", minutes=2)
    tape.play(100, 101)
    assert tape.play(102).action == "buy"
    tape.held = Decimal(10)
    assert tape.play(103).action == "hold"
    tape.held = Decimal(0)
    signal = tape.play(104)
    assert signal.action == "hold" and "already traded today" in signal.reason
    tape.next_day()
    tape.play(100, 101)
    assert tape.play(102).action == "buy"


def test_breakout_without_a_bar_in_the_range_has_no_view() -> None:
    tape = Tape("opening_range_breakout", minutes=2)
    tape.ts += timedelta(minutes=10)
    assert "No opening range" in tape.play(100).reason


# VWAP


def quiet(tape: Tape, minutes: int) -> None:
    tape.play(*[100 + (minute % 2) * 0.2 for minute in range(minutes)])


def test_reversion_buys_a_stretch_below_and_leaves_at_the_vwap() -> None:
    tape = Tape("vwap_reversion", warm_minutes=10)
    quiet(tape, 20)
    signal = tape.play(99)
    assert signal.action == "buy" and signal.confidence > 0.5 and "below VWAP 100." in signal.reason
    tape.held = Decimal(10)
    assert tape.play(99.5).action == "hold"
    signal = tape.play(100.3)
    assert signal.action == "exit" and "the stretch is over" in signal.reason


def test_reversion_waits_at_the_start_and_near_the_close() -> None:
    tape = Tape("vwap_reversion", warm_minutes=10)
    quiet(tape, 8)
    signal = tape.play(98)
    assert signal.action == "hold" and "the first 10 minutes" in signal.reason
    quiet(tape, 5)
    tape.ts = CLOSE - timedelta(minutes=21)
    signal = tape.play(95)
    assert signal.action == "hold" and "the last 30 minutes" in signal.reason


def test_reversion_leaves_a_stretch_alone_that_costs_would_eat() -> None:
    tape = Tape("vwap_reversion", warm_minutes=10, min_distance_bps=50)
    quiet(tape, 20)
    signal = tape.play(99.7)
    assert signal.action == "hold" and "costs would exceed the gain" in signal.reason


def test_trend_follows_the_side_and_leaves_on_the_cross() -> None:
    tape = Tape("vwap_trend", warm_minutes=10, max_entries=1)
    quiet(tape, 20)
    assert tape.play(101).action == "buy"
    tape.held = Decimal(10)
    assert tape.play(101).action == "hold"
    signal = tape.play(99)
    assert signal.action == "exit" and "Crossed VWAP" in signal.reason
    tape.held = Decimal(0)
    assert "1 positions today are enough" in tape.play(102).reason


# intraday momentum


def test_momentum_trades_the_last_half_hour_in_the_direction_of_the_first() -> None:
    tape = Tape("intraday_momentum")
    tape.play(*[100 + minute * 0.05 + (minute % 2) * 0.2 for minute in range(30)])
    signal = tape.play(101.4)
    assert signal.action == "hold" and "Waits for 19:30 UTC: first 30 minutes +1.65%" in signal.reason
    tape.ts = CLOSE - timedelta(minutes=31)
    signal = tape.play(101)
    assert signal.action == "buy" and signal.features["first_return"] == pytest.approx(0.0165)


def test_momentum_counts_from_the_close_before() -> None:
    tape = Tape("intraday_momentum")
    tape.play(100, 110)
    tape.next_day()
    tape.play(*[108 + (minute % 3) * 0.1 for minute in range(30)])
    tape.ts = tape.close - timedelta(minutes=31)
    signal = tape.play(109)
    assert signal.action == "sell" and "first 30 minutes -1.64%" in signal.reason


def test_momentum_too_weak_does_nothing() -> None:
    tape = Tape("intraday_momentum", threshold=0.9)
    tape.play(*[100 + (minute % 2) for minute in range(30)])
    tape.ts = CLOSE - timedelta(minutes=31)
    assert "Too weak" in tape.play(100).reason


# swing


def closes(name: str, series: dict[str, list[float]], **parameters: object) -> dict:
    strategy = make_strategy(name, "swing", tuple(series), parameters)
    signals = {}
    for day in range(len(next(iter(series.values())))):
        ts = OPEN + timedelta(days=day)
        bars = {symbol: bar(symbol, ts, values[day]) for symbol, values in series.items()}
        signals = strategy.on_bars(bars, Moment(ts, ts.date().isoformat(), ts, ts, {}))
    return signals


SERIES = {"AAA": [100, 100, 100, 130, 90], "BBB": [100, 100, 100, 110, 200], "CCC": [100, 100, 100, 90, 100]}


def test_cross_sectional_momentum_ranks_and_leaves_out_the_newest_days() -> None:
    signals = closes("cross_sectional_momentum", SERIES, look_back=2, skip=1)
    assert [signals[symbol].features["rank"] for symbol in ("AAA", "BBB", "CCC")] == [1, 2, 3]
    assert [signals[symbol].confidence for symbol in ("AAA", "BBB", "CCC")] == [1, 0.5, 0]
    assert [signals[symbol].action for symbol in ("AAA", "BBB", "CCC")] == ["buy", "buy", "exit"]
    assert signals["AAA"].features["score"] == pytest.approx(0.3)
    assert signals["AAA"].reason == "Rank 1 of 3: +30.0% in 2 days, up to 1 days ago"


def test_cross_sectional_momentum_without_history_has_no_view() -> None:
    signals = closes("cross_sectional_momentum", SERIES, look_back=10)
    assert {signal.action for signal in signals.values()} == {"hold"}
    assert "5 of 16 days of history" in signals["AAA"].reason


def test_short_term_reversal_ranks_the_other_way() -> None:
    signals = closes("short_term_reversal", SERIES, look_back=1)
    assert [signals[symbol].features["rank"] for symbol in ("AAA", "CCC", "BBB")] == [1, 2, 3]


def test_time_series_momentum_scales_by_volatility() -> None:
    calm = [100 * 1.001**day * (1 + 0.001 * (day % 2)) for day in range(40)]
    wild = [100 * 1.001**day * (1 + 0.01 * (day % 2)) for day in range(40)]
    down = [100 * 0.99**day * (1 + 0.01 * (day % 2)) for day in range(40)]
    signals = closes(
        "time_series_momentum", {"AAA": calm, "BBB": wild, "CCC": down}, look_back=30, volatility_days=20
    )
    assert [signals[symbol].action for symbol in ("AAA", "BBB", "CCC")] == ["buy", "buy", "exit"]
    features = [signals[symbol].features for symbol in ("AAA", "BBB")]
    assert features[0]["weight"] > 5 * features[1]["weight"]
    for each in features:
        assert each["weight"] * each["yearly_volatility"] * 3 == pytest.approx(0.4, rel=1e-3)


def test_equal_weight_wants_everything() -> None:
    signals = closes("equal_weight", SERIES)
    assert {(each.action, each.confidence, each.features["weight"]) for each in signals.values()} == {
        ("buy", 1.0, round(1 / 3, 6))
    }


@pytest.mark.parametrize("name", strategy_names("swing"))
def test_state_of_a_swing_strategy_does_not_grow(name: str) -> None:
    strategy = make_strategy(name, "swing", ("AAA",), {})

    def size_after(days: int) -> int:
        for day in range(days):
            ts = OPEN + timedelta(days=day)
            strategy.on_bars({"AAA": bar("AAA", ts, 100 + day % 7)}, Moment(ts, "d", ts, ts, {}))
        return len(pickle.dumps(strategy))

    assert size_after(1300) == pytest.approx(size_after(2000), abs=50)
