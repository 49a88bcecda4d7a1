"""Amounts as text in currencies of all kinds: decimals as on the page, plain digits, and what rounds to zero."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion.backtest import text
from aion.command.inspect import status_lines
from aion.config import BotSettings, default_bots
from aion.currency import COIN_DECIMALS, DIGITS, MINOR_UNITS, decimals_of, fixed, money, plain

PLAIN = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})*(\.[0-9]+)?")
BOT = default_bots()["orb_ny"].model_dump(exclude={"decimals"})
CURRENCIES = {"JPY": 0, "USD": 2, "KWD": 3, "BTC": 8}
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "currency", "shown"),
    [
        (1234.5, "JPY", "1,235"),
        (0.05021976, "BTC", "0.05021976"),
        (1005.25157218, "USDT", "1,005.25157218"),
        (-0.00000001, "BTC", "-0.00000001"),
        (-0.001, "USD", "0.00"),
        (1e21, "USD", "1,000,000,000,000,000,000,000.00"),
        (12.3456, "KWD", "12.346"),
        (123456789012.3, "PEPE", "123,456,789,012.30000000"),
        (0.1 + 0.2, "BTC", "0.30000000"),
    ],
)
def test_amount_has_the_decimals_of_its_currency(value: float, currency: str, shown: str) -> None:
    assert money(value, currency) == shown


@given(FINITE, st.sampled_from([*CURRENCIES.values(), 18]))
def test_amount_is_the_nearest_of_its_decimals_in_plain_digits(value: float, decimals: int) -> None:
    shown = fixed(value, decimals)
    assert PLAIN.fullmatch(shown)
    written = len(shown.partition(".")[2])
    if written < decimals:  # it has more digits than a double holds
        assert len(re.sub("[^0-9]", "", shown).lstrip("0")) >= DIGITS
    exact = Decimal(shown.replace(",", ""))
    last = max(-written, Decimal(value).adjusted() - DIGITS + 1)  # the last digit that is right: zeros may follow it
    assert written <= decimals and abs(exact - Decimal(value)) <= Decimal(5).scaleb(last - 1)
    again = fixed(float(exact), decimals)  # a whole number has its decimals, though they are all 0
    assert again.replace("0", "").rstrip(".") == shown.replace("0", "").rstrip(".")
    assert exact != 0 or not shown.startswith("-")


@given(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(0, 18))
def test_amount_that_a_double_holds_has_all_decimals_and_its_own_digits(digits: int, decimals: int) -> None:
    exact = Decimal(digits).scaleb(-decimals)
    shown = fixed(float(exact), decimals)
    assert Decimal(shown.replace(",", "")) == exact
    assert len(shown.partition(".")[2]) == decimals


@given(st.floats(min_value=-1e300, max_value=1e300))
def test_price_is_plain_digits_that_read_back_to_it(value: float) -> None:
    shown = plain(value)
    assert re.fullmatch(r"-?[0-9]+(\.[0-9]*[1-9])?", shown)
    assert float(shown) == pytest.approx(value, rel=1e-14, abs=0) or value == 0


def test_codes_are_those_of_the_page() -> None:
    source = (Path(__file__).parents[1] / "frontend/src/lib/currency.ts").read_text()
    lines = re.findall(r'^ {2}(\d): "([A-Z ]+)"', source, re.MULTILINE)
    assert {code: int(decimals) for decimals, codes in lines for code in codes.split()} == MINOR_UNITS
    assert f"COIN_DECIMALS = {COIN_DECIMALS};" in source
    assert {code: decimals_of(code) for code in CURRENCIES} == CURRENCIES


def test_status_shows_the_digits_of_a_small_coin_account(tmp_path: Path) -> None:
    state = {
        "schema": "aion/sim_log/1", "bot": "dust", "day": "2026-11-30", "as_of": "2026-11-30T06:50:00Z",
        "currency": "BTC", "equity": 0.00012345, "start_equity": 0.0001,
    }  # fmt: skip
    folder = tmp_path / "intraday" / "sim_logs"
    folder.mkdir(parents=True)
    (folder / "2026-11-30_dust.json").write_text(json.dumps(state))
    (line,) = status_lines(tmp_path)
    assert "0.00012345 BTC" in line and "net +0.00002345 since start" in line


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (1.1, 18, "1.100000000000000000"),
        (0.1 + 0.2, 18, "0.300000000000000"),
        (12345.678901234567, 18, "12,345.6789012346"),
        (2.0**53 + 2, 2, "9,007,199,254,740,994.00"),
        (0.0, 18, "0.000000000000000000"),
    ],
)
def test_digit_that_a_double_does_not_hold_is_not_shown(value: float, decimals: int, shown: str) -> None:
    assert fixed(value, decimals) == shown


def test_status_shows_the_decimals_that_the_file_says(tmp_path: Path) -> None:
    state = {
        "schema": "aion/sim_log/1", "bot": "wei", "day": "2026-11-30", "as_of": "2026-11-30T06:50:00Z",
        "currency": "ETH", "decimals": 18, "equity": 1.3, "start_equity": 1.2, "flows": {
            "a": {"ts": "2026-11-30T06:00:00Z", "amount": 0.1}, "b": {"ts": "2026-11-30T06:10:00Z", "amount": 0.2}},
    }  # fmt: skip
    folder = tmp_path / "intraday" / "sim_logs"
    folder.mkdir(parents=True)
    (folder / "2026-11-30_wei.json").write_text(json.dumps(state))
    (line,) = status_lines(tmp_path)
    assert " 1.300000000000000000 ETH" in line and "net -0.200000000000000000 since start" in line


def test_report_of_a_backtest_shows_the_digits_of_its_currency() -> None:
    btc, jpy = (BotSettings.model_validate({**BOT, "currency": currency}) for currency in ("BTC", "JPY"))
    assert text.money(Decimal("0.00002345"), btc, is_change=True) == "+0.00002345"
    assert text.money(Decimal("0.00002345"), btc, is_named=True) == "0.00002345\N{NO-BREAK SPACE}BTC"
    assert text.money(Decimal("-1234.5"), jpy, is_named=True) == "\N{MINUS SIGN}1,234\N{NO-BREAK SPACE}JPY"
