"""Costs of one's own: a broker's price list as a table of the settings, down to what a backtest charges."""

import re
import sqlite3
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion.bot.settings_check import check_bot
from aion.command.app import main
from aion.config import load
from aion.errors import ConfigError
from aion.model import Side
from aion.money import unit_of
from aion.section import CostSettings
from aion.trading.cost import COST_MODELS, cost_model
from aion.trading.fee import CostModel

DAY = date(2026, 3, 2)
MINE = """
[costs.mine]
currency = "USD"
per_unit = "0.0035"
minimum = "0.35"
maximum_rate = 0.01
sell_tax = 0.0000206
spread_bps = 0
impact = false

[bots.orb_ny]
cost = "mine"
"""


def own(**table: object) -> CostModel:
    return cost_model("mine", CostSettings.model_validate(table)).of(unit_of("USD"))


def known(name: str) -> CostModel:
    return COST_MODELS[name].of(unit_of("USD"))


def charged(model: CostModel, side: Side, quantity: str, price: str) -> dict[str, str]:
    fees = model.fees(side, Decimal(quantity), Decimal(quantity) * Decimal(price), DAY)
    return {name: str(amount) for name, amount in fees.items()}


@pytest.mark.parametrize(
    ("table", "side", "quantity", "price", "fees"),
    [
        # IBKR Pro tiered, US shares: 0.0035 a share, at least 0.35, at most 1 %
        ({"currency": "USD", "per_unit": "0.0035", "minimum": "0.35", "maximum_rate": "0.01"},
         Side.BUY, "1000", "50", {"commission": "3.50"}),
        ({"currency": "USD", "per_unit": "0.0035", "minimum": "0.35", "maximum_rate": "0.01"},
         Side.BUY, "10", "50", {"commission": "0.35"}),
        ({"currency": "USD", "per_unit": "0.0035", "minimum": "0.35", "maximum_rate": "0.01"},
         Side.BUY, "10", "1", {"commission": "0.10"}),
        # a European broker: 4.90 EUR and 0.25 % an order, 9.90 to 69.90 EUR
        ({"currency": "EUR", "per_order": "4.90", "rate": "0.0025", "minimum": "9.90", "maximum": "69.90"},
         Side.BUY, "10", "100", {"commission": "9.90"}),
        ({"currency": "EUR", "per_order": "4.90", "rate": "0.0025", "minimum": "9.90", "maximum": "69.90"},
         Side.SELL, "100", "100", {"commission": "29.90"}),
        ({"currency": "EUR", "per_order": "4.90", "rate": "0.0025", "minimum": "9.90", "maximum": "69.90"},
         Side.SELL, "1000", "100", {"commission": "69.90"}),
        # a duty on buys alone, a tax on sales alone
        ({"rate": "0.001", "buy_tax": "0.005", "sell_tax": "0.001"},
         Side.BUY, "100", "100", {"commission": "10.00", "tax": "50.00"}),
        ({"rate": "0.001", "buy_tax": "0.005", "sell_tax": "0.001"},
         Side.SELL, "100", "100", {"commission": "10.00", "tax": "10.00"}),
        ({}, Side.BUY, "100", "100", {}),
    ],
)  # fmt: skip
def test_own_model_charges_what_the_price_list_says(
    table: dict[str, object], side: Side, quantity: str, price: str, fees: dict[str, str]
) -> None:
    assert charged(own(**table), side, quantity, price) == fees


VALUES = st.decimals(min_value="0.01", max_value=1_000_000, places=2)


@given(quantity=VALUES, price=VALUES, waited=st.decimals(min_value=0, max_value=1, places=2))
def test_tables_of_known_models_charge_the_same_to_the_cent(
    quantity: Decimal, price: Decimal, waited: Decimal
) -> None:
    kraken = own(taker="0.0040", maker="0.0025")
    value = quantity * price
    made = (quantity * waited, value * waited)
    for side in Side:
        assert kraken.fees(side, quantity, value, DAY, made) == known("kraken-spot").fees(
            side, quantity, value, DAY, made
        )
    cfd = own(currency="GBP", rate="0.0005", minimum=3)
    assert cfd.fees(Side.BUY, quantity, value, DAY) == known("uk-cfd").fees(Side.BUY, quantity, value, DAY)
    us = own(currency="USD", per_unit="0.005", minimum=1, maximum_rate="0.01")
    assert us.fees(Side.BUY, quantity, value, DAY) == known("us-equity").fees(Side.BUY, quantity, value, DAY)
    borrow = own(borrow="0.005").overnight(-value, 3, DAY)
    assert borrow == COST_MODELS["us-equity"].overnight(-value, 3, DAY)
    assert own(borrow="0.005").overnight(value, 3, DAY) is None
    financing = own(financing="0.06").overnight(value, 1, DAY)
    assert (
        financing is not None
        and financing[0] == "financing"
        and abs(financing[1] - value * Decimal("0.06") / 365) < Decimal("1e-20")
    )
    assert own(financing="0.06").overnight(-value, 1, DAY) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[costs.mine]\nminimum = 1", "costs.mine cannot work: per_unit, per_order, minimum and maximum are money"),
        ("[costs.mine]\ncurrency = 'USD'\nminimum = 5\nmaximum = 2", "maximum 2 is below minimum 5"),
        ("[costs.mine]\nrate = 1.5", "costs.mine.rate = 1.5 cannot work"),
        ("[costs.mine]\nrate = -0.001", "costs.mine.rate = -0.001 cannot work"),
        ("[costs.mine]\nrate = nan", "costs.mine.rate = nan cannot work"),
        ("[costs.mine]\nrate = '0,1'", "costs.mine.rate = '0,1' cannot work"),
        ("[costs.mine]\ncommission = 1", "there is no setting 'costs.mine.commission'"),
        ("[costs]\nmine = 1", "costs.mine = 1 cannot work"),
        ("[bots.orb_ny]\nown_cost = {rate = 0}", "there is no setting bots.orb_ny.own_cost"),
    ],
)
def test_table_that_cannot_be_is_refused_by_its_name(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "aion.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=re.escape(said)):
        load(file, {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[costs.us-equity]\nrate = 0\n[bots.orb_ny]\ncost = "us-equity"', "is a model that Aion has"),
        ('[costs.mine]\nrate = 0\n[bots.orb_ny]\ncost = "mien"', "or add a table [costs.mien]"),
    ],
)
def test_bot_whose_model_is_not_one_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "aion.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=re.escape(said)):
        check_bot("orb_ny", load(file, {}).bots["orb_ny"])


def backtest(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, *more: str) -> int:
    (folder / "aion.toml").write_text(text)
    monkeypatch.chdir(folder)
    words = [
        "aion",
        "backtest",
        "--bot",
        "orb_ny",
        "--from",
        "2022-05-19",
        "--to",
        "2022-05-20",
        "--out",
        "done",
        *more,
    ]
    monkeypatch.setattr("sys.argv", words)
    return main()


def test_backtest_charges_the_table_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert backtest(tmp_path, monkeypatch, MINE) == 0
    capfd.readouterr()
    with sqlite3.connect(f"file:{tmp_path / 'done' / 'ledger.sqlite'}?mode=ro", uri=True) as ledger:
        fills = ledger.execute("select side, quantity, price, fees from fills").fetchall()
    assert fills
    for side, quantity, price, fees in fills:
        value = Decimal(quantity) * Decimal(price)
        assert re.findall(r'"(\w+)"', fees)[0] == "commission"
        assert (
            str(
                max(Decimal("0.35"), Decimal(quantity) * Decimal("0.0035")).quantize(Decimal("0.01"), "ROUND_CEILING")
            )
            in fees
        )
        assert ("tax" in fees) == (side == "sell") and value > 0


def test_backtest_when_the_table_charges_in_another_currency_then_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert backtest(tmp_path, monkeypatch, MINE.replace('"USD"', '"EUR"')) == 2
    said = "aion: bots.orb_ny: cost model 'mine' charges in EUR, the account is in USD\n"
    assert capfd.readouterr().err == said


def test_backtest_takes_the_table_by_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    text = MINE.partition("[bots")[0].replace("[costs.mine]", '[costs.mine]\ntitle = "My <broker>"')
    assert backtest(tmp_path, monkeypatch, text, "--cost", "mine") == 0
    assert "My &lt;broker&gt;" in (tmp_path / "done" / "report.html").read_text()
    assert "hold MSFT" in capfd.readouterr().out
