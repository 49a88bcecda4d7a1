"""A feed without configured bots gets some, and they trade on it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from aion.config import load
from aion.engine.runner import run_all
from aion.errors import ConfigError
from aion.market.feed import RecordedFeed
from aion.market.importing.bar_folder import BarFolder, Series
from aion.market.importing.reader import Import, import_files
from aion.store.layout import Layout
from tests.bot.desk import VirtualWaiter, at, document, sim_logs

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def bring_recorded(folder: Path) -> None:
    """Two days of MSFT minutes and a year of four names' days, as a user would import them."""
    feed = RecordedFeed()
    for kind, symbols, end in (
        ("minute", ("MSFT",), at("2022-05-20T20:00Z")),
        ("day", ("AAPL", "JPM", "META", "XOM"), at("2022-06-30T20:00Z")),
    ):
        for symbol in symbols:
            bars = feed.history(kind, symbol, end, 600)
            path = folder.parent / f"{symbol}.csv"
            stamp = (lambda b: b.ts.isoformat()) if kind == "minute" else (lambda b: b.ts.date().isoformat())
            rows = [f"{stamp(b)},{b.open},{b.high},{b.low},{b.close},{b.volume}" for b in bars]
            path.write_text("\n".join(["ts,open,high,low,close,volume", *rows]))
            basis = "raw" if kind == "minute" else "adjusted"
            about = Import("XNAS" if kind == "minute" else "XNYS", price_basis=basis, is_stamped_at_open=False)
            import_files([path], folder, about, NOW)


def test_imported_folder_is_replayed_by_bots_made_for_it(tmp_path: Path) -> None:
    bring_recorded(tmp_path / "bars")
    flags = {"data": tmp_path / "data", "feed": "folder", "folder": tmp_path / "bars", "deterministic": True}
    made = load(environment={}, flags=flags)
    assert set(made.bots) == {"vwap_xnas", "xsmom_1w_xnys", "equal_4w_xnys"}
    waiter = VirtualWaiter()
    run_all(made, waiter, waiter.wall, runs=1)
    summary = document(Layout(tmp_path / "data").sim_summary)
    assert summary["mode"] == "replay" and summary["clock"]["feed"] == "folder"
    assert set(summary["bots"]) == {"vwap_xnas"}
    assert sim_logs(tmp_path / "data", "vwap_xnas")["2022-05-20"]["bars_seen"] > 300
    swing = document(Layout(tmp_path / "data").swing_rolling("xsmom_1w_xnys"))
    assert swing["price_basis"] == "adjusted" and swing["positions"]


def test_made_bots_group_by_exchange_and_currency_and_name_costs() -> None:
    def made(feed: str, *symbols: str) -> dict:
        flags = {"feed": feed, "symbols": ",".join(symbols)}
        bots = load(environment={}, flags=flags).bots
        return {name: (bot.exchange, bot.currency, bot.cost, len(bot.symbols)) for name, bot in bots.items()}

    assert made("ccxt", "BTC/USDT", "ETH/USDT", "BTC/EUR") == {
        "vwap_eur": ("24/7", "EUR", "crypto-bps", 1),
        "vwap_usdt": ("24/7", "USDT", "crypto-bps", 2),
        "tsmom_1w_eur": ("24/7", "EUR", "crypto-bps", 1),
        "equal_4w_eur": ("24/7", "EUR", "crypto-bps", 1),
        "tsmom_1w_usdt": ("24/7", "USDT", "crypto-bps", 2),
        "equal_4w_usdt": ("24/7", "USDT", "crypto-bps", 2),
    }
    assert made("alpaca", "AAPL", "JPM", "META", "MSFT") == {
        "vwap_xnys": ("XNYS", "USD", "us-equity", 4),
        "xsmom_1w_xnys": ("XNYS", "USD", "us-equity", 4),
        "equal_4w_xnys": ("XNYS", "USD", "us-equity", 4),
    }
    yahoo = made("yahoo", "MSFT", "AZN.L", "9988.HK", "BTC-USD")
    assert yahoo["vwap_xlon"] == ("XLON", "GBP", "uk-cfd", 1)
    assert yahoo["vwap_xhkg"] == ("XHKG", "HKD", "hk-share", 1)
    assert yahoo["vwap_usd"] == ("24/7", "USD", "crypto-bps", 1)
    assert yahoo["vwap_xnys"] == ("XNYS", "USD", "us-equity", 1)


@pytest.mark.parametrize(
    ("venue", "cost"),
    [
        ("binance", "crypto-bps"),
        ("kraken", "kraken-spot"),
        ("coinbase", "coinbase-advanced"),
        ("bybit", "bybit-spot"),
        ("okx", "crypto-unknown"),
    ],
)
def test_costs_of_made_bots_are_those_of_their_exchange(venue: str, cost: str) -> None:
    bots = load(environment={}, flags={"feed": "ccxt", "symbols": "BTC/USDT", "venue": venue}).bots
    assert {bot.cost for bot in bots.values()} == {cost}
    assert load(environment={}, flags={"feed": "yahoo", "symbols": "BTC-USD", "venue": venue}).bots[
        "vwap_usd"
    ].cost == ("crypto-bps")


def test_days_without_a_price_basis_get_no_bot_that_holds_overnight(tmp_path: Path) -> None:
    folder = BarFolder(tmp_path / "bars")
    bars = RecordedFeed().history("day", "XOM", NOW, 10)
    folder.write(Series("day", "XOM", "XNYS", "USD", None), bars, "csv")
    flags = {"feed": "folder", "folder": tmp_path / "bars", "data": tmp_path / "data"}
    with pytest.raises(ConfigError, match="do not say whether they are raw or adjusted"):
        run_all(load(environment={}, flags=flags), VirtualWaiter())


def test_folder_without_an_index_is_left_to_its_feed_to_name(tmp_path: Path) -> None:
    for text in (None, "{", '{"series": {"a": 1}}'):
        if text is not None:
            (tmp_path / "index.json").write_text(text)
        assert not load(environment={}, flags={"feed": "folder", "folder": tmp_path}).bots


def test_configured_bots_stay_and_none_is_made(tmp_path: Path) -> None:
    file = tmp_path / "aion.toml"
    file.write_text(
        'feed = "ccxt"\nsymbols = ["BTC/USDT"]\n[bots.mine]\nkind = "intraday"\nstrategy = "vwap_trend"\n'
        'symbols = ["BTC/USDT"]\nexchange = "24/7"\ncurrency = "USDT"\ncash = 1000\ncost = "crypto-bps"\n'
    )
    assert set(load(file, environment={}).bots) == {"mine"}


@pytest.mark.parametrize("text", ["yesterday", "2022-05-19T13:25", "2022-13-01T00:00Z"])
def test_start_that_is_no_time_with_a_zone_is_refused_under_the_name_of_its_option(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(environment={}, flags={"start": text})
    why = f"--from: start = {text!r} cannot work: use a time with its zone, such as 2022-05-19T13:25Z"
    assert str(caught.value) == why


def test_horizon_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "aion.toml").write_text("[bots.swing_1w]\nhorizon = 'weekly'\n")
    with pytest.raises(
        ConfigError, match=r"swing_1w.horizon = 'weekly' cannot work: use a number from 1 to 99 with d,"
    ):
        load(tmp_path / "aion.toml", environment={})
