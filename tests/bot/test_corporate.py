"""Corporate actions of history, through a whole bot. The dates, ratios and amounts are real; the bars are made up."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from aion.backtest import command
from aion.command.inspect import status_lines
from aion.config import BotSettings
from aion.engine.backtest import Plan
from aion.market import calendar
from aion.market.action import CorporateAction
from aion.model import Bar, Instrument
from aion.store.layout import Layout
from tests.backtest.lab import INSTANT, run_plan
from tests.bot.desk import (
    ListFeed,
    VirtualWaiter,
    at,
    bar,
    document,
    ledger_rows,
    log_events,
    replay,
    settings,
    state_files,
    swing_bot,
)

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
        "spin-off of GE into GEV (1 for 4), 2024-04-02: 141 GEV at 140 beside 565 held, and 35.00 in cash for what "
        "is left over"
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
    (line,) = [each for each in status_lines(tmp_path) if "NOT BOOKED" in each]
    assert line.startswith(
        "s                NOT BOOKED  spin-off of MMM into SOLV (1 for 4), 2024-04-01: the list feed"
    )
    assert [each["event"] for each in log_events(tmp_path) if each["event"].startswith("not booked: spin-off of MMM")]
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


def test_symbol_that_another_company_had_before_is_traded(tmp_path: Path) -> None:
    before = CorporateAction("META", date(2022, 1, 31), "rename", into="METV")
    feed = tape([before], bars_of("META", "2022-06-09", [190, 192, 195]), bars_of("METV", "2022-06-09", [9, 9, 9]))
    value = run(tmp_path, feed, ("META",), "2022-06-08")
    assert list(value["positions"]) == ["META"] and value["symbols"] == ["META"]


def test_bot_that_begins_after_a_rename_trades_the_new_name(tmp_path: Path) -> None:
    feed = tape([META], bars_of("FB", "2022-01-03", [300, 301]), bars_of("META", "2022-06-13", [190, 192, 195]))
    value = run(tmp_path, feed, ("FB", "META"), "2023-06-12")
    assert list(value["positions"]) == ["META"] and value["symbols"] == ["META"]
    assert value["hold_equity"] == pytest.approx(100_000 * 195 / 190, rel=1e-6)


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


def split_of(ratio: str, symbol: str = "AAA", kind: str = "split", day: int = 4) -> CorporateAction:
    return CorporateAction(symbol, date(2024, 3, day), kind, Decimal(ratio))


FELL = [100, 100, *[5] * 7]  # as after a split of 20 on 2024-03-05, the third session


def fell() -> list[Bar]:
    return bars_of("AAA", "2024-03-01", FELL)


def split_20() -> CorporateAction:
    return split_of("20", day=5)


def test_split_that_is_declared_days_after_its_bars_is_booked_then(tmp_path: Path) -> None:
    before = run(tmp_path, tape([], fell()), ("AAA",), "2024-02-29", until="2024-03-07")
    assert before["positions"]["AAA"]["quantity"] == 990 and before["positions"]["AAA"]["last_price"] == 100
    value = run(tmp_path, tape([split_20()], fell()), ("AAA",), "2024-02-29")
    held = value["positions"]["AAA"]
    assert (held["quantity"], held["last_price"], held["average_price"]) == (19_800, 5, 5)
    assert value["equity"] == 100_000 and len(said(tmp_path, "split")) == 1


def test_split_at_a_wrong_ratio_is_not_booked_until_it_is_put_right(tmp_path: Path) -> None:
    wrong = split_of("2", day=5)
    before = run(tmp_path, tape([wrong], fell()), ("AAA",), "2024-02-29", until="2024-03-07")
    held = before["positions"]["AAA"]
    assert (held["quantity"], held["last_price"], before["equity"]) == (990, 100, 100_000)
    assert "it opens at 5 and a price of 100 before makes 50" in held["not_booked"]
    value = run(tmp_path, tape([split_20()], fell()), ("AAA",), "2024-02-29")
    held = value["positions"]["AAA"]
    assert (held["quantity"], value["equity"]) == (19_800, 100_000) and "not_booked" not in held


def test_split_on_a_wrong_day_is_booked_on_the_right_one_and_once(tmp_path: Path) -> None:
    bars = bars_of("AAA", "2024-03-01", [100, 100, 100, *[5] * 6])
    early, right = split_of("20", day=5), split_of("20", day=6)
    before = run(tmp_path, tape([early], bars), ("AAA",), "2024-02-29", until="2024-03-05")
    assert "the prices contradict it" in before["positions"]["AAA"]["not_booked"]
    value = run(tmp_path, tape([right], bars), ("AAA",), "2024-02-29")
    assert value["positions"]["AAA"]["quantity"] == 19_800 and value["equity"] == 100_000
    assert len(said(tmp_path, "split")) == 1
    assert "not_booked" not in value["positions"]["AAA"]


@pytest.mark.parametrize(("amount", "is_booked"), [("0.62", True), ("5", True), ("62", False), ("5000", False)])
def test_dividend_that_is_100_times_off_is_not_booked(tmp_path: Path, amount: str, is_booked: bool) -> None:
    paid = split_of(amount, kind="dividend", day=5)
    value = run(tmp_path, tape([paid], bars_of("AAA", "2024-03-01", [60] * 6)), ("AAA",), "2024-02-29")
    assert len(moved(tmp_path, "dividend")) == is_booked
    assert ("not_booked" in value["positions"]["AAA"]) is not is_booked


def test_dividend_as_large_as_the_fall_of_the_price_is_booked(tmp_path: Path) -> None:
    paid = split_of("15", kind="dividend", day=5)
    run(tmp_path, tape([paid], bars_of("AAA", "2024-03-01", [60, 60, 46, 47, 48])), ("AAA",), "2024-02-29")
    assert len(moved(tmp_path, "dividend")) == 1


def test_stock_dividend_of_a_third_has_no_rest(tmp_path: Path) -> None:
    action = CorporateAction("AAA", date(2024, 3, 5), "stock_dividend", Decimal(1), Decimal(3))
    value = run(tmp_path, tape([action], bars_of("AAA", "2024-03-01", [100, 100, 75, 75])), ("AAA",), "2024-02-29")
    assert value["positions"]["AAA"]["quantity"] == 990 * 4 / 3 and value["equity"] == 100_000
    assert not moved(tmp_path, "stock_dividend")


def test_not_booked_action_of_one_symbol_stops_no_other_one(tmp_path: Path) -> None:
    rights = CorporateAction("AAA", date(2024, 3, 5), "other", note="rights issue")
    feed = tape([rights], bars_of("AAA", "2024-03-01", [100] * 12), bars_of("BBB", "2024-03-01", [50, 51] * 6))
    value = run(tmp_path, feed, ("AAA", "BBB"), "2024-02-29", horizon="1w")
    assert value["positions"]["AAA"]["not_booked"].startswith("not booked: rights issue of AAA, 2024-03-05: ")
    assert "not_booked" not in value["positions"]["BBB"]
    assert {each["symbol"] for each in value["fills"].values() if each["ts"] > "2024-03-05"} == {"BBB"}


def test_currency_that_is_another_is_not_booked(tmp_path: Path) -> None:
    deal = CorporateAction("AAA", date(2024, 3, 5), "merger", cash=Decimal(80), currency="GBP")
    feed = tape([deal], bars_of("AAA", "2024-03-01", [100, 100]), bars_of("BBB", "2024-03-01", [50] * 6))
    value = run(tmp_path, feed, ("AAA", "BBB"), "2024-02-29")
    assert "it pays in GBP and the account is in USD" in value["positions"]["AAA"]["not_booked"]


def test_acquirer_of_another_currency_is_not_booked(tmp_path: Path) -> None:
    deal = CorporateAction("AAA", date(2024, 3, 5), "merger", Decimal(2), into="EUN")
    series = [bars_of(symbol, "2024-03-01", [price] * count) for symbol, price, count in
              (("AAA", 100, 2), ("BBB", 50, 6), ("EUN", 50, 6))]  # fmt: skip
    both = tape([deal], *series, EUN="EUR")
    value = run(tmp_path, both, ("AAA", "BBB"), "2024-02-29")
    assert "EUN trades in EUR and the account is in USD" in value["positions"]["AAA"]["not_booked"]


class StoppedAfter(VirtualWaiter):
    """Asks to stop at one of its looks at the clock."""

    def __init__(self, looks: int) -> None:
        super().__init__(drift_s=1.0)
        self.looks = looks

    def monotonic(self) -> float:
        self.looks -= 1
        self.is_stopped = self.is_stopped or self.looks <= 0
        return super().monotonic()


def history() -> tuple[ListFeed, tuple[str, ...]]:
    """A spin-off, a rename, a merger, and a delisting in twelve days."""
    actions = [
        CorporateAction("AAA", date(2024, 3, 5), "spin_off", Decimal(1), Decimal(4), "KID"),
        CorporateAction("BBB", date(2024, 3, 7), "rename", into="BNEW"),
        CorporateAction("CCC", date(2024, 3, 11), "merger", Decimal("0.5"), into="AAA", cash=Decimal(7)),
        CorporateAction("DDD", date(2024, 3, 12), "delisting", cash=Decimal("9.99")),
    ]
    series = [
        bars_of("AAA", "2024-03-01", [100, 101, 80, 81, 82, 83, 82, 81, 80, 81, 82]),
        bars_of("KID", "2024-03-05", [84, 83, 82, 84, 85, 84, 83, 82, 84]),
        bars_of("BBB", "2024-03-01", [20, 21, 20, 22]),
        bars_of("BNEW", "2024-03-07", [22, 23, 22, 21, 22, 23, 24]),
        bars_of("CCC", "2024-03-01", [48, 47, 48, 49, 48, 48]),
        bars_of("DDD", "2024-03-01", [10, 9.9, 9.8, 9.9, 9.9, 10, 9.9]),
    ]
    return tape(actions, *series), ("AAA", "BBB", "CCC", "DDD")


RULES = {"equal_weight": {}, "short_term_reversal": {"look_back": 2}}


def bots_of(strategy: str, symbols: tuple[str, ...]) -> dict[str, BotSettings]:
    rules = {"max_alloc": 1, "daily_loss": 0, "stop_loss": 0.3, "max_positions": 4}
    return {"s": swing_bot(symbols, horizon="1d", rules=rules, strategy=strategy, parameters=RULES[strategy])}


def play(data: Path, strategy: str, waiter: VirtualWaiter) -> None:
    feed, symbols = history()
    bots = bots_of(strategy, symbols)
    replay(settings(data, start=at("2024-02-29T01:00Z"), bots=bots, run_pause_s=0), feed, waiter)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """A run that nothing stopped, by strategy."""
    made = {}
    for strategy in RULES:
        made[strategy] = tmp_path_factory.mktemp(strategy)
        play(made[strategy], strategy, VirtualWaiter(drift_s=1.0))
    return made


@pytest.mark.parametrize("strategy", RULES)
@pytest.mark.parametrize("looks", range(13, 47, 6))
def test_run_that_is_stopped_anywhere_books_each_action_once(
    looks: int, strategy: str, whole: Mapping[str, Path], tmp_path: Path
) -> None:
    waiter = StoppedAfter(looks)
    play(tmp_path, strategy, waiter)
    assert waiter.is_stopped
    play(tmp_path, strategy, VirtualWaiter(drift_s=1.0))
    one, other = (ledger_rows(data / "ledger.sqlite") for data in (whole[strategy], tmp_path))
    for table in ("fills", "orders", "trades", "movements", "decisions", "equity", "accounts"):
        assert one[table] == other[table], table
    assert state_files(tmp_path) == state_files(whole[strategy])


def test_backtest_books_what_a_replay_books(whole: Mapping[str, Path], tmp_path: Path) -> None:
    feed, symbols = history()
    batches = feed.batches("day", frozenset(feed.instruments("day")), at("2000-01-01T00:00Z"))
    times = [batch.ts for batch in batches]
    run_plan(tmp_path, bots_of("equal_weight", symbols), feed, times[0] - INSTANT, times[-1])
    one, other = (
        [(each.kind, each.ts, each.symbol, each.amount) for each in ledger_rows(Layout(data).ledger)["movements"]]
        for data in (whole["equal_weight"], tmp_path)
    )
    one, other = ({each for each in found if each[0] != "deposit"} for found in (one, other))
    assert one == other and {kind for kind, *_ in one} == {"fill", "spin_off", "merger", "delisting"}


def test_report_of_a_backtest_says_what_is_not_booked(tmp_path: Path) -> None:
    feed = tape([SOLV], bars_of("MMM", "2024-03-25", [106, 106, 106, 106, *[90] * 12]))
    first, last = feed.span("day")
    bots = {"s": swing_bot(("MMM",), horizon="52w", rules={"max_alloc": 1, "daily_loss": 0})}
    (result,) = command.play(Plan(bots, feed, first - INSTANT, last, tmp_path)).results
    assert [note for note in result.notes if note.startswith("not booked: spin-off of MMM into SOLV (1 for 4)")]
    assert "its prices do not count, for holding too" in " ".join(result.notes)
