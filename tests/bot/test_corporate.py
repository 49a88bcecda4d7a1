"""Corporate actions of history, through a whole bot. The dates, ratios and amounts are real; the bars are made up."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from aion.market import calendar
from aion.model import Bar, CorporateAction, Instrument
from aion.store.layout import Layout
from tests.bot.desk import ListFeed, VirtualWaiter, at, bar, document, ledger_rows, replay, settings, swing_bot

Prices = Mapping[str, Sequence[float]]

SPIN = CorporateAction("GE", date(2024, 4, 2), "spin_off", Decimal(1), Decimal(4), "GEV")
SOLV = CorporateAction("MMM", date(2024, 4, 1), "spin_off", Decimal(1), Decimal(4), "SOLV")
META = CorporateAction("FB", date(2022, 6, 9), "rename", into="META")
TWTR = CorporateAction("TWTR", date(2022, 10, 28), "delisting", cash=Decimal("54.20"))
VMW = CorporateAction("VMW", date(2023, 11, 22), "merger", Decimal("0.126"), into="AVGO", cash=Decimal("71.25"))


def bars_of(symbol: str, first: str, prices: Sequence[float], opens: Mapping[int, float] | None = None) -> list[Bar]:
    """Daily bars from `first` on; each opens at its close, but for `opens` by number."""
    days = calendar.sessions("XNYS", date.fromisoformat(first), date(2024, 12, 31))
    return [
        bar(symbol, session.close, price, open=(opens or {}).get(number, price))
        for number, (session, price) in enumerate(zip(days, prices, strict=False))
    ]


def tape(actions: Sequence[CorporateAction], *series: Sequence[Bar], step: str = "1", **currency: str) -> ListFeed:
    symbols = sorted({each.symbol for bars in series for each in bars})
    made = ListFeed(
        {
            symbol: Instrument(symbol, "XNYS", currency.get(symbol, "USD"), quantity_step=Decimal(step))
            for symbol in symbols
        },
        day=[each for bars in series for each in bars],
    )
    made.given = tuple(actions)
    return made


def run(
    data: Path,
    feed: ListFeed,
    symbols: tuple[str, ...],
    start: str,
    horizon: str = "52w",
    until: str = "",
    **more: object,
) -> dict:
    """Replay `feed`, whole or until the bot has marked the day `until`, and return the bot's state."""
    path = Layout(data).swing_rolling("s")

    def stop(waiter: VirtualWaiter, seconds: float) -> None:
        waiter.is_stopped = bool(until) and path.exists() and document(path)["day"] >= until

    bots = {"s": swing_bot(symbols, horizon=horizon, rules={"max_alloc": 1, "daily_loss": 0}, **more)}
    replay(settings(data, start=at(f"{start}T01:00Z"), bots=bots, run_pause_s=0), feed, VirtualWaiter(stop))
    return document(path)


def moved(data: Path, kind: str) -> list[str]:
    rows = ledger_rows(data / "ledger.sqlite")["movements"]
    return [each.amount for each in rows if each.kind == kind]


def said(data: Path, action: str) -> list[str]:
    return [each.reason for each in ledger_rows(data / "ledger.sqlite")["decisions"] if each.action == action]


def test_spin_off_gives_the_new_symbol_at_its_first_price_and_equity_stays(tmp_path: Path) -> None:
    ge = bars_of("GE", "2024-03-28", [175, 175, 140, 140, 140])
    gev = bars_of("GEV", "2024-04-02", [140, 140, 140])
    value = run(tmp_path, tape([SPIN], ge, gev), ("GE",), "2024-03-27")
    held = value["positions"]
    assert {symbol: each["quantity"] for symbol, each in held.items()} == {"GE": 565, "GEV": 141}
    assert moved(tmp_path, "spin_off") == ["35.00"], "a quarter of a GEV at 140, in cash"
    assert value["equity"] == 100_000, "140 and a quarter of 140 are the 175 of before"
    assert held["GE"]["average_price"] == 140 and held["GEV"]["average_price"] == 140
    assert value["hold_equity"] == pytest.approx(100_000, abs=1)
    assert said(tmp_path, "spin_off") == [
        "spin-off of GE into GEV (1 for 4), 2024-04-02: 141 GEV at 140 beside 565 held, and 35.00 in cash for what is "
        "left over"
    ]


def test_spun_off_symbol_that_the_bot_does_not_name_is_sold_at_its_next_rebalance(tmp_path: Path) -> None:
    ge = bars_of("GE", "2024-03-28", [175, 175, *[140] * 12])
    gev = bars_of("GEV", "2024-04-02", [140] * 12)
    value = run(tmp_path, tape([SPIN], ge, gev), ("GE",), "2024-03-27", horizon="1w")
    assert list(value["positions"]) == ["GE"] and value["equity"] == pytest.approx(100_000, abs=0.01)
    assert [each["symbol"] for each in value["trades"].values()] == ["GEV"]


def test_spin_off_into_a_symbol_without_bars_is_not_booked_and_nothing_of_it_is_traded(tmp_path: Path) -> None:
    mmm = bars_of("MMM", "2024-03-25", [106, 106, 106, 106, *[90] * 12])
    value = run(tmp_path, tape([SOLV], mmm), ("MMM",), "2024-03-22", horizon="1w")
    held = value["positions"]["MMM"]
    assert held["not_booked"] == (
        "not booked: spin-off of MMM into SOLV (1 for 4), 2024-04-01: the list feed has no bars of SOLV here; "
        "add them and start again"
    )
    assert held["last_price"] == 106 and value["equity"] == pytest.approx(100_000, abs=0.01), "no loss that is none"
    refused = said(tmp_path, "refused")
    assert [text for text in refused if text.startswith("not booked: spin-off of MMM into SOLV")]
    assert not [each for each in value["fills"].values() if each["ts"] > "2024-04-01"]


def test_spin_off_that_was_not_booked_is_booked_once_its_bars_are_there(tmp_path: Path) -> None:
    mmm = bars_of("MMM", "2024-03-25", [106, 106, 106, 106, *[88] * 6])
    solv = bars_of("SOLV", "2024-04-01", [72] * 8)
    before = run(tmp_path, tape([SOLV], mmm), ("MMM",), "2024-03-22", until="2024-04-03")
    assert before["day"] == "2024-04-03" and "not_booked" in before["positions"]["MMM"]
    value = run(tmp_path, tape([SOLV], mmm, solv), ("MMM",), "2024-03-22")
    assert {symbol: each["quantity"] for symbol, each in value["positions"].items()} == {"MMM": 933, "SOLV": 233}
    assert value["equity"] == pytest.approx(100_000, abs=0.01) and moved(tmp_path, "spin_off") == ["18.00"]
    assert "not_booked" not in value["positions"]["MMM"]


def test_rename_goes_on_under_the_new_name_with_stop_and_history(tmp_path: Path) -> None:
    fb = bars_of("FB", "2022-05-20", [190, 191, 192, 190, 191, 193, 190, 195, 193, 194, 196, 196, 195])
    meta = bars_of("META", "2022-06-09", [190, 192])
    more = {"strategy": "time_series_momentum", "parameters": {"look_back": 3, "volatility_days": 5}}
    value = run(tmp_path, tape([META], fb, meta), ("FB",), "2022-05-19", horizon="1d", **more)
    assert value["symbols"] == ["META"] and "FB" not in value["signals"]
    assert "no view yet" not in value["signals"]["META"]["reason"], "its history of before goes on"
    rows = ledger_rows(tmp_path / "ledger.sqlite")
    assert not [each for each in rows["movements"] if each.kind == "rename"], "nothing is paid"


@pytest.mark.parametrize("symbols", [("FB",), ("FB", "META")])
def test_rename_keeps_the_position_and_the_bracket(tmp_path: Path, symbols: tuple[str, ...]) -> None:
    fb = bars_of("FB", "2022-06-01", [190, 195, 193, 194, 196, 196, 500])
    meta = [*bars_of("META", "2022-05-31", [15] * 3), *bars_of("META", "2022-06-09", [190, 192, 150])]
    bots = {"s": swing_bot(symbols, horizon="52w", rules={"max_alloc": 1, "daily_loss": 0, "stop_loss": 0.1})}
    replay(settings(tmp_path, start=at("2022-05-31T01:00Z"), bots=bots, run_pause_s=0), tape([META], fb, meta))
    value = document(Layout(tmp_path).swing_rolling("s"))
    (trade,) = value["trades"].values()
    assert (trade["symbol"], trade["entry_price"], trade["exit_price"]) == ("META", 195, 150)
    assert trade["reason"].startswith("stop 175.5") and not value["positions"]
    assert value["hold_equity"] == pytest.approx(100_000 * 150 / 190, rel=1e-6), "one company, one part"
    assert [
        text for text in said(tmp_path, "refused") if text.startswith("bars of FB after the rename of FB into META")
    ]


def test_delisting_for_cash_closes_the_position_at_that_price(tmp_path: Path) -> None:
    twtr = bars_of("TWTR", "2022-10-24", [52, 52.5, 53, 53.7])
    other = bars_of("AAA", "2022-10-24", [10] * 8)
    value = run(tmp_path, tape([TWTR], twtr, other), ("TWTR", "AAA"), "2022-10-21")
    (trade,) = value["trades"].values()
    assert (trade["symbol"], trade["exit_price"], trade["reason"]) == (
        "TWTR", 54.2, "delisting of TWTR (54.20 a unit), 2022-10-28"
    )  # fmt: skip
    assert list(value["positions"]) == ["AAA"]
    (paid,) = moved(tmp_path, "delisting")
    assert Decimal(paid) == Decimal(str(trade["quantity"])) * Decimal("54.20")


def test_delisting_that_does_not_say_its_worth_keeps_the_last_mark_and_says_so(tmp_path: Path) -> None:
    gone = CorporateAction("TWTR", date(2022, 10, 28), "delisting")
    twtr = bars_of("TWTR", "2022-10-24", [52, 52.5, 53, 53.7])
    other = bars_of("AAA", "2022-10-24", [10] * 8)
    value = run(tmp_path, tape([gone], twtr, other), ("TWTR", "AAA"), "2022-10-21")
    held = value["positions"]["TWTR"]
    assert held["last_price"] == 53.7
    assert held["not_booked"].startswith(
        "not booked: delisting of TWTR, 2022-10-28: nobody says what a unit is worth"
    )


def test_merger_for_cash_and_shares_pays_and_converts(tmp_path: Path) -> None:
    vmw = bars_of("VMW", "2023-11-16", [190, 191, 192, 194])
    avgo = bars_of("AVGO", "2023-11-16", [980] * 8)
    value = run(tmp_path, tape([VMW], vmw, avgo), ("VMW",), "2023-11-15")
    assert list(value["positions"]) == ["AVGO"]
    rows = ledger_rows(tmp_path / "ledger.sqlite")
    bought = sum(Decimal(each.quantity) for each in rows["fills"])
    cash, rest = moved(tmp_path, "merger")
    assert Decimal(cash) == bought * Decimal("71.25")
    left = bought * Decimal("0.126") % 1
    assert Decimal(rest) == (left * 980).quantize(Decimal("0.01"), "ROUND_FLOOR")
    assert value["positions"]["AVGO"]["quantity"] == int(bought * Decimal("0.126"))
    assert not value["trades"], "the position goes on"


def test_merger_that_the_price_contradicts_asks_and_a_jump_answers(tmp_path: Path) -> None:
    wrong = CorporateAction("TWTR", date(2022, 10, 28), "merger", cash=Decimal("5420"))
    twtr = bars_of("TWTR", "2022-10-24", [52, 52.5, 53, 53.7])
    other = bars_of("AAA", "2022-10-24", [10] * 8)
    value = run(tmp_path / "one", tape([wrong], twtr, other), ("TWTR", "AAA"), "2022-10-21")
    assert (
        "the prices contradict it: it is 5420 a unit and the price before is 53.7"
        in (value["positions"]["TWTR"]["not_booked"])
    )
    real = CorporateAction("TWTR", date(2022, 10, 28), "jump", Decimal(1))
    value = run(tmp_path / "two", tape([wrong, real], twtr, other), ("TWTR", "AAA"), "2022-10-21")
    assert list(value["positions"]) == ["AAA"] and value["equity"] > 1_000_000
