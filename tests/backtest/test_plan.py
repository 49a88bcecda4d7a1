"""What may be asked for, and what is refused by name."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from aion.backtest.plan import Options, make_plan, parse_moment, parse_money, parse_values
from aion.config import Settings
from aion.errors import ConfigError
from tests.bot.desk import ListFeed, at, daily, instrument, recorded

LAST = at("2022-06-16T00:00Z")


def plan(tmp_path: Path, feed=None, **asked: object):
    return make_plan(Settings(), Options(**asked), feed or recorded(LAST), tmp_path / "out")


def refused(tmp_path: Path, feed=None, **asked: object) -> str:
    with pytest.raises(ConfigError) as caught:
        plan(tmp_path, feed, **asked)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_bot_of_the_settings_is_taken_as_it_is(tmp_path: Path) -> None:
    made = plan(tmp_path, bots=("orb_ny",))
    assert made.bots == {"orb_ny": Settings().bots["orb_ny"]}
    assert at("2022-05-18T16:00Z") < made.first < at("2022-05-18T16:01Z") and made.last == at("2022-06-15T16:30Z")


def test_everything_that_is_asked_for_is_changed(tmp_path: Path) -> None:
    bot = plan(
        tmp_path,
        bots=("orb_ny",),
        strategy="vwap_trend",
        parameters={"deviations": 0.8},
        rules={"stop_loss": 0.02},
        cash=Decimal(5000),
        cost="zero",
    ).bots["orb_ny"]
    assert (bot.strategy, dict(bot.parameters), bot.cash, bot.cost) == (
        "vwap_trend",
        {"deviations": 0.8},
        5000,
        "zero",
    )
    assert bot.rules.stop_loss == Decimal("0.02") and bot.rules.allow_short is True


def test_strategy_alone_gets_a_bot_of_its_market(tmp_path: Path) -> None:
    bot = plan(tmp_path, strategy="equal_weight").bots["equal_weight"]
    assert (len(bot.symbols), bot.exchange, bot.currency, bot.cost) == (10, "XNYS", "USD", "us-equity-bps")
    assert bot.rules.max_positions == 10 and bot.horizon == "1w"
    bot = plan(tmp_path, strategy="vwap_trend", symbols=("AZN.L",)).bots["vwap_trend"]
    assert (bot.exchange, bot.currency, bot.cost, bot.rules.max_positions) == ("XLON", "GBP", "uk-cfd", 1)


def test_start_left_out_is_where_the_look_back_is_full(tmp_path: Path) -> None:
    feed = ListFeed({"AAA": instrument("AAA")}, day=daily("AAA", "2020-01-02", [100.0] * 30))
    made = plan(tmp_path, feed, strategy="short_term_reversal", parameters={"look_back": 5})
    sixth = daily("AAA", "2020-01-02", [100.0] * 6)[-1].ts
    assert made.first == sixth - timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"bots": ("nobody",)}, "there is no bot 'nobody'; known: momo_hk"),
        ({"strategy": "magic"}, "there is no strategy 'magic'; known: cross_sectional_momentum"),
        ({"bots": ("orb_ny",), "strategy": "equal_weight"}, "strategy 'equal_weight' is for swing bots"),
        (
            {"strategy": "vwap_trend", "symbols": ("ZZZ",)},
            "the recorded feed has no minute bars of 'ZZZ'; it has 9988",
        ),
        ({"bots": ("orb_ny",), "symbols": ("MSFT", "AZN.L")}, "AZN.L trades in GBP, the account is in USD"),
        (
            {"strategy": "equal_weight", "symbols": ("AAPL", "MSFT", "XOM"), "rules": {"max_positions": 20}},
            "bots.equal_weight: max_positions 20 is more than the 3 symbols",
        ),
        (
            {"bots": ("orb_ny",), "rules": {"max_positions": 20}},
            "bots.orb_ny: max_positions 20 is more than the one symbol",
        ),
        ({"bots": ("orb_ny",), "rules": {"stop": 1}}, "there is no 'rules.stop'; known rules: max_positions"),
        ({"bots": ("orb_ny",), "rules": {"stop_loss": 7}}, "bots.orb_ny: rules.stop_loss = 7 cannot work"),
        ({"bots": ("orb_ny",), "cost": "free"}, "bots.orb_ny: cost model 'free' is unknown; use one of us-equity"),
        (
            {"bots": ("orb_ny",), "parameters": {"minutes": 0}, "first": at("2022-05-20T00:00Z")},
            "strategy opening_range_breakout: minutes = 0 cannot work",
        ),
        (
            {"bots": ("orb_ny",), "parameters": {"minuts": 3}},
            "bots.orb_ny: strategy opening_range_breakout has no parameter 'minuts'",
        ),
        ({"bots": ("orb_ny",), "first": LAST, "last": at("2022-05-01T00:00Z")}, "is not before --to"),
        (
            {"bots": ("orb_ny",), "first": at("2022-07-01T00:00Z"), "last": at("2022-08-01T00:00Z")},
            "the recorded feed has bars from 2022-05-18T16:01Z to 2022-06-15T16:30Z, none from 2022-07-01T00:00Z",
        ),
    ],
)
def test_what_cannot_work_is_refused_by_name(tmp_path: Path, asked: dict, why: str) -> None:
    assert why in refused(tmp_path, **asked)


def test_look_back_longer_than_the_series_is_refused(tmp_path: Path) -> None:
    feed = ListFeed({"AAA": instrument("AAA")}, day=daily("AAA", "2020-01-02", [100.0] * 30))
    why = refused(tmp_path, feed, strategy="short_term_reversal", parameters={"look_back": 40})
    assert "short_term_reversal looks back 40 day bars and the list feed has no more than that" in why


def test_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("x")
    assert "out is not empty: choose another folder with --out" in refused(tmp_path, bots=("orb_ny",))


def test_days_are_whole_and_times_need_a_zone() -> None:
    assert parse_moment("2022-05-19", is_end=False) == at("2022-05-19T00:00Z")
    assert parse_moment("2022-05-19", is_end=True) == at("2022-05-20T00:00Z")
    assert parse_moment("2022-05-19T13:30Z", is_end=True) == at("2022-05-19T13:30Z")
    for text in ("yesterday", "2022-05-19T13:30", "2022-13-01"):
        with pytest.raises(ConfigError, match="is neither a day"):
            parse_moment(text, is_end=False)


def test_values_are_what_they_look_like() -> None:
    assert parse_values(["a=1", "b=0.5", "c=true", "d=x=y"], "--param") == {"a": 1, "b": 0.5, "c": True, "d": "x=y"}
    with pytest.raises(ConfigError, match="--param 'a' is not name=value"):
        parse_values(["a"], "--param")
    assert parse_money("100,000.50") == Decimal("100000.50")
    for text in ("0", "-1", "nan", "much"):
        with pytest.raises(ConfigError, match="is not an amount above 0"):
            parse_money(text)
