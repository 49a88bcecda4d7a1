"""What is traded is said once, at the import, and stays with its bars: kind, steps, multiplier, margin, currency."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aion.command.app import app
from aion.errors import ConfigError
from aion.market.feed import FolderFeed
from aion.market.importing.reader import Import, Imported, import_files
from aion.market.instrument import Contract
from aion.model import Instrument

NOW = datetime(2030, 1, 1, tzinfo=UTC)
START = datetime(2024, 3, 4, tzinfo=UTC)
ALWAYS = Import("24/7", currency="USD", price_basis="raw", form="csv")
ES = Contract("future", Decimal("0.25"), multiplier=Decimal(50), margin=Decimal("0.1"))


def file_of(tmp_path: Path, prices: list[str], volume: str = "10", name: str = "X.csv", after: int = 0) -> Path:
    lines = ["time,open,high,low,close,volume"]
    for number, price in enumerate(prices, after):
        ends = (prices[0], max(prices[0], price, key=Decimal), min(prices[0], price, key=Decimal), price)
        lines.append(",".join([(START + timedelta(minutes=number)).isoformat(), *ends, volume]))
    path = tmp_path / name
    path.write_text("\n".join(lines))
    return path


def bring(tmp_path: Path, about: Import, prices: list[str], volume: str = "10", after: int = 0) -> Imported:
    (done,) = import_files([file_of(tmp_path, prices, volume, after=after)], tmp_path / "bars", about, NOW)
    assert not done.refused, done.refused
    return done


def traded(tmp_path: Path) -> Instrument:
    return FolderFeed(tmp_path / "bars").instruments("minute")["X"]


def test_contract_when_said_then_the_feed_says_it_and_a_second_import_keeps_it(tmp_path: Path) -> None:
    bring(tmp_path, replace(ALWAYS, contract=ES), ["4000", "4000.25"])
    expected = Instrument("X", "24/7", "USD", Decimal("0.25"), kind="future", multiplier=Decimal(50),
                          margin=Decimal("0.1"))  # fmt: skip
    assert traded(tmp_path) == expected and expected.is_settled
    bring(tmp_path, ALWAYS, ["4001", "4002"], after=2)
    found = traded(tmp_path)
    assert found == expected
    assert len(FolderFeed(tmp_path / "bars").history("minute", "X", NOW, 10)) == 4
    bring(tmp_path, replace(ALWAYS, is_replaced=True), ["4001", "4002"])
    assert (traded(tmp_path).kind, traded(tmp_path).multiplier) == ("coin", 1)


def test_index_when_nothing_is_said_then_it_is_written_as_before(tmp_path: Path) -> None:
    bring(tmp_path, ALWAYS, ["1", "2"])
    (entry,) = json.loads((tmp_path / "bars/index.json").read_bytes())["series"].values()
    assert not {"instrument_kind", "multiplier", "margin", "settlement", "has_volume"} & set(entry)
    assert traded(tmp_path).kind == "coin"


@pytest.mark.parametrize(
    ("kind", "has_volume", "said"),
    [("fx", False, "paper orders fill on them whatever their size"), (None, True, "say --kind fx or --kind index")],
)
def test_series_when_its_source_counts_no_volume_then_it_is_traded_where_its_kind_is(
    tmp_path: Path, kind: str | None, has_volume: bool, said: str
) -> None:
    about = replace(ALWAYS, contract=Contract(kind))  # type: ignore[arg-type]
    done = bring(tmp_path, about, ["1.0712", "1.0713", "1.0711"], volume="0")
    assert traded(tmp_path).has_volume is has_volume and any(said in each for each in done.report.warnings)


@pytest.mark.parametrize(
    ("prices", "tick"),
    [
        (["0.00000412", "0.00000413"], "0.00000001"),
        (["0.000000000000412345", "0.0000000000005"], "0.000000000000000001"),
        (["1.23", "1.2300000000000002"], "0.0001"),
        (["0.000123456", "0.00012357945599999998"], "0.000000000001"),
        (["50000", "51000"], "0.0001"),
        (["7.5e-06", "8E-6"], "0.0000001"),
    ],
)
def test_coin_when_its_prices_are_tiny_then_its_tick_and_each_digit_stay(
    tmp_path: Path, prices: list[str], tick: str
) -> None:
    bring(tmp_path, ALWAYS, prices)
    assert traded(tmp_path).tick == Decimal(tick)
    assert [bar.close for bar in FolderFeed(tmp_path / "bars").history("minute", "X", NOW, 9)] == [
        *map(Decimal, prices)
    ]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("instrument_kind", "swap", "its instrument_kind is 'swap'; known: share, fund, coin, perpetual"),
        ("multiplier", "0", "multiplier 0 must be a number above 0"),
        ("multiplier", "NaN", "multiplier NaN must be a number above 0"),
        ("margin", "-1", "margin -1 must be a number above 0"),
        ("multiplier", 50, "its multiplier is 50, no text"),
        ("has_volume", "no", "its has_volume is 'no': true or false"),
        ("tick", "0", "tick 0 must be a number above 0"),
    ],
)
def test_entry_when_what_it_says_cannot_be_then_it_alone_is_left_out_by_name(
    tmp_path: Path, name: str, value: object, why: str
) -> None:
    bring(tmp_path, ALWAYS, ["1", "2"])
    path = tmp_path / "bars/index.json"
    index = json.loads(path.read_bytes())
    entry = index["series"]["minute:X"]
    index["series"]["minute:Y"] = {**entry, "symbol": "Y", name: value}
    path.write_text(json.dumps(index))
    feed = FolderFeed(tmp_path / "bars")
    assert set(feed.instruments("minute")) == {"X"}
    (complaint,) = feed.complaints
    assert "minute:Y is left out" in complaint and why in complaint


def test_command_takes_what_is_said_and_refuses_what_cannot_be(tmp_path: Path) -> None:
    path = file_of(tmp_path, ["4000", "4000.25"])
    base = ["import", str(path), "--exchange", "24/7", "--currency", "USD", "--price-basis", "raw", "--format", "csv",
            "--to", str(tmp_path / "bars")]  # fmt: skip
    said = "--kind future --tick 0.25 --multiplier 50 --margin 0.1 --lot 2 --step 1 --settlement USD"
    done = CliRunner().invoke(app, [*base, *said.split()])
    assert done.exit_code == 0, done.output
    expected = Instrument("X", "24/7", "USD", Decimal("0.25"), Decimal(2), kind="future", multiplier=Decimal(50),
                          settlement="USD", margin=Decimal("0.1"))  # fmt: skip
    assert traded(tmp_path) == expected
    for option, value in (("--multiplier", "0"), ("--tick", "a"), ("--kind", "swap"), ("--margin", "inf")):
        refused = CliRunner().invoke(app, [*base, option, value])
        assert isinstance(refused.exception, ConfigError) and f"{option} {value!r}" in str(refused.exception)


@pytest.mark.parametrize("exchange", ["24/7", "24/5"])
def test_tick_that_was_said_stays_as_bars_are_added_and_changes_as_another_is_said(
    tmp_path: Path, exchange: str
) -> None:
    base = ["import", str(file_of(tmp_path, ["4000", "4002"])), "--currency", "USD", "--price-basis", "raw",
            "--format", "csv", "--to", str(tmp_path / "bars"), "--exchange", exchange]  # fmt: skip
    for said, tick in (("--kind future --tick 0.25", "0.25"), ("", "0.25"), ("--tick 0.5", "0.5"), ("", "0.5")):
        assert CliRunner().invoke(app, [*base, *said.split()]).exit_code == 0
        assert traded(tmp_path).tick == Decimal(tick)


@pytest.mark.parametrize(
    ("prices", "tick"), [(["1.07195", "1.0722"], "0.00001"), (["1.0719512", "1.072"], "0.0000001")]
)
def test_currency_gets_the_tick_of_its_prices_and_a_finer_one_as_they_do(
    tmp_path: Path, prices: list[str], tick: str
) -> None:
    pair = replace(ALWAYS, exchange="24/5")
    bring(tmp_path, pair, ["1.1", "1.2"])
    assert traded(tmp_path).tick == Decimal("0.0001")
    bring(tmp_path, pair, prices, after=2)
    assert traded(tmp_path).tick == Decimal(tick)
