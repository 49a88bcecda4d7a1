"""The Alpaca and Yahoo feeds, by their own libraries, against a server that speaks their protocols (`stock.py`)."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from aion.clock import FixedClock
from aion.config import Settings
from aion.errors import ConfigError, FeedError
from aion.market.action import CorporateAction
from aion.market.feed import open_feed
from aion.market.feed.online import OnlineFeed
from aion.market.provider.protocol import Caller, GoneError, LimitError, Provider
from tests.market.provider import server as faults
from tests.market.provider.recorded import alpaca, yahoo
from tests.market.provider.stock import DAYS, END, MINUTES, StockServer

DAY = datetime(2022, 5, 19, tzinfo=UTC)


@pytest.fixture(params=[alpaca, yahoo], ids=["alpaca", "yahoo"])
def provider(request: pytest.FixtureRequest, server: StockServer) -> Provider:
    made: Callable[[StockServer], Provider] = request.param
    return made(server)


def test_instrument_is_raw_in_dollars_with_whole_shares(provider: Provider) -> None:
    found = provider.instruments(["MSFT"])["MSFT"]
    assert (found.currency, found.price_basis, found.tick, found.lot) == ("USD", "raw", Decimal("0.01"), Decimal(1))
    assert found.exchange in ("XNYS", "XNAS")


def test_minutes_of_a_session_are_those_that_were_recorded(provider: Provider) -> None:
    provider.instruments(["MSFT"])
    after, until = DAY.replace(hour=13, minute=30), DAY.replace(hour=20)
    got = list(provider.bars("minute", "MSFT", after, until).bars)
    assert got == [bar for bar in MINUTES if after < bar.ts <= until]
    assert len(got) > 380


def test_days_close_with_their_session_and_the_present_one_is_no_bar_yet(provider: Provider) -> None:
    provider.instruments(["MSFT"])
    after, until = DAY - timedelta(days=10), DAY.replace(hour=15)
    got = list(provider.bars("day", "MSFT", after, until).bars)
    assert got == [bar for bar in DAYS if after < bar.ts <= until]
    assert got[-1].ts == datetime(2022, 5, 18, 20, tzinfo=UTC)
    assert provider.bars("day", "MSFT", after, DAY.replace(hour=20)).bars[-1].ts.day == 19


def test_bars_of_extended_hours_are_left_out_without_being_called_wrong(
    provider: Provider, server: StockServer
) -> None:
    provider.instruments(["MSFT"])

    def extend(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        early = dict(rows[0], t="2022-05-19T12:00:00Z")
        return [early, *rows]

    server.change = extend
    answer = provider.bars("minute", "MSFT", DAY.replace(hour=11), DAY.replace(hour=14))
    assert answer.bars[0].ts.hour == 13 and not answer.refused


def test_rows_that_are_no_bars_are_named_and_the_others_pass(provider: Provider, server: StockServer) -> None:
    provider.instruments(["MSFT"])

    def spoil(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        rows[3] = rows[3] | {"l": -1.0}
        rows[5] = rows[5] | {"h": 1.0}
        return rows

    server.change = spoil
    answer = provider.bars("minute", "MSFT", DAY.replace(hour=13, minute=30), DAY.replace(hour=14))
    assert answer.refused == {"impossible prices": 2} and len(answer.bars) == 28


def test_span_without_bars_is_empty_and_an_unknown_symbol_is_gone(provider: Provider, server: StockServer) -> None:
    provider.instruments(["MSFT"])
    sunday = datetime(2022, 5, 22, tzinfo=UTC)
    assert list(provider.bars("minute", "MSFT", sunday, sunday + timedelta(hours=5)).bars) == []
    with pytest.raises(GoneError, match=r"has no .*bars of ZZZZ"):
        provider.instruments(["ZZZZ"])


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.status(503, b"busy"), FeedError),
        (faults.status(200, b"<html>no json</html>"), FeedError),
        (faults.cut, FeedError),
        (faults.status(429, {"code": 42910000, "message": "rate limit exceeded"}), LimitError),
    ],
)
def test_fault_is_a_sentence_and_passes(
    provider: Provider, server: StockServer, fault: faults.Fault, kind: type[FeedError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    provider.instruments(["MSFT"])
    caller = Caller(provider, pause=lambda seconds: None)

    def ask() -> list[Any]:
        return list(provider.bars("minute", "MSFT", DAY.replace(hour=13, minute=30), DAY.replace(hour=14)).bars)

    server.faults = [fault]
    with pytest.raises(FeedError) as caught:
        caller.once(ask)
    assert isinstance(caught.value, kind) and not isinstance(caught.value, GoneError)
    assert "\n" not in str(caught.value)
    server.faults = []
    assert len(caller.once(ask)) == 30


def test_alpaca_pages_are_put_together(server: StockServer) -> None:
    server.page = 100
    made = alpaca(server)
    made.instruments(["MSFT"])
    got = made.bars("minute", "MSFT", DAY.replace(hour=13, minute=30), DAY.replace(hour=20)).bars
    assert len(got) > 380 and sum(path == "/v2/stocks/bars" for path, _ in server.calls) == 4
    asked = next(query for path, query in server.calls if path == "/v2/stocks/bars")
    assert (asked["feed"], asked["adjustment"]) == ("iex", "raw")


def test_alpaca_that_refuses_the_key_is_not_asked_again(server: StockServer) -> None:
    server.faults = [faults.status(403, {"message": "forbidden."})]
    with pytest.raises(ConfigError, match="refuses the key"):
        OnlineFeed(alpaca(server), ("MSFT",))
    assert len(server.calls) == 1


def test_alpaca_without_a_key_says_where_one_goes() -> None:
    with pytest.raises(ConfigError, match="AION_ALPACA_KEY and AION_ALPACA_SECRET"):
        open_feed("alpaca", Settings(symbols=("MSFT",)))


def test_alpaca_splits_and_dividends_after_a_day(server: StockServer) -> None:
    row = {"symbol": "MSFT", "cusip": "1", "process_date": "2022-06-06", "record_date": "2022-06-06"}
    server.actions = {
        "forward_splits": [
            row | {"id": "1", "new_rate": 20, "old_rate": 1, "ex_date": "2022-06-06"},
            row | {"id": "2", "new_rate": 2, "old_rate": 1, "ex_date": "2022-05-19"},
        ],
        "reverse_splits": [row | {"id": "3", "new_rate": 1, "old_rate": 10, "ex_date": "2022-06-07"}],
        "cash_dividends": [row | {"id": "4", "rate": 0.62, "special": False, "ex_date": "2022-06-08"}],
        "name_changes": [{"id": "5", "old_symbol": "MSFT", "new_symbol": "X"}],
    }  # fmt: skip
    assert list(alpaca(server).actions(["MSFT"], DAY)) == [
        CorporateAction("MSFT", date(2022, 6, 6), "split", Decimal(20)),
        CorporateAction("MSFT", date(2022, 6, 7), "split", Decimal(1), Decimal(10)),
        CorporateAction("MSFT", date(2022, 6, 8), "dividend", Decimal("0.62")),
    ]


def test_alpaca_actions_of_every_type(server: StockServer) -> None:
    day = {"process_date": "2024-04-02", "ex_date": "2024-04-02"}
    at = {"process_date": "2023-11-24", "effective_date": "2023-11-22"}
    server.actions = {
        "reverse_splits": [day | {"symbol": "THIRD", "new_rate": 1, "old_rate": 3}],
        "stock_dividends": [day | {"symbol": "STK", "rate": 0.05}],
        "spin_offs": [day | {"source_symbol": "GE", "source_rate": 4, "new_symbol": "GEV", "new_rate": 1}],
        "cash_mergers": [at | {"acquiree_symbol": "TWTR", "rate": 54.2}],
        "stock_mergers": [
            at | {"acquiree_symbol": "OLD", "acquiree_rate": 1, "acquirer_symbol": "N", "acquirer_rate": 0.5},
        ],
        "stock_and_cash_mergers": [
            at | {"acquiree_symbol": "VMW", "acquiree_rate": 1, "acquirer_symbol": "AVGO", "acquirer_rate": 0.126,
                  "cash_rate": 71.25},
        ],
        "name_changes": [
            {"old_symbol": "FB", "new_symbol": "META", "process_date": "2022-06-09"},
            {"old_symbol": "SAME", "new_symbol": "SAME", "process_date": "2022-06-09"},
        ],
        "redemptions": [at | {"symbol": "SPAC", "rate": 10.1}],
        "worthless_removals": [at | {"symbol": "GONE"}],
        "rights_distributions": [day | {"source_symbol": "RTS", "new_symbol": "RTSR", "rate": 1}],
        "unit_splits": [at | {"old_symbol": "UNIT"}],
        "spin_offs_of_tomorrow": [at | {"symbol": "NEW"}],
    }  # fmt: skip
    server.actions["spin_offs"].append(
        day | {"source_symbol": "BAD", "source_rate": "x", "new_symbol": "B2", "new_rate": 1}
    )
    found = {each.symbol: each for each in alpaca(server).actions(["GE"], DAY - timedelta(days=1))}
    assert {symbol: each.text for symbol, each in found.items()} == {
        "THIRD": "split of THIRD (1 for 3), 2024-04-02",
        "STK": "stock dividend of STK (0.05 for 1), 2024-04-02",
        "GE": "spin-off of GE into GEV (1 for 4), 2024-04-02",
        "TWTR": "merger of TWTR (54.2 a unit), 2023-11-22",
        "OLD": "merger of OLD into N (0.5 for 1), 2023-11-22",
        "VMW": "merger of VMW into AVGO (0.126 for 1, 71.25 a unit), 2023-11-22",
        "FB": "rename of FB into META, 2022-06-09",
        "SPAC": "delisting of SPAC (10.1 a unit), 2023-11-24",
        "GONE": "delisting of GONE (0 a unit), 2023-11-24",
        "RTS": "rights distribution of RTS, 2024-04-02",
        "UNIT": "unit split of UNIT, 2023-11-22",
        "NEW": "spin offs of tomorrow of NEW, 2023-11-22",
        "BAD": "spin off of BAD, 2024-04-02",
    }
    assert "cannot be read" in found["BAD"].problem and found["THIRD"].units(Decimal(300)) == 100


def test_yahoo_splits_and_dividends_after_a_day(server: StockServer) -> None:
    stamps = {day: int(datetime(2022, 6, day, 13, 30, tzinfo=UTC).timestamp()) for day in (6, 8)}
    server.events = {
        "splits": {str(stamps[6]): {"date": stamps[6], "numerator": 20, "denominator": 1, "splitRatio": "20:1"}},
        "dividends": {str(stamps[8]): {"date": stamps[8], "amount": 0.62}},
    }
    made = yahoo(server)
    made.instruments(["MSFT"])
    assert list(made.actions(["MSFT"], DAY)) == [
        CorporateAction("MSFT", date(2022, 6, 6), "split", Decimal(20)),
        CorporateAction("MSFT", date(2022, 6, 8), "dividend", Decimal("0.62")),
    ]
    assert list(made.actions(["MSFT"], DAY + timedelta(days=40))) == []


def test_yahoo_with_many_symbols_starts_however_long_all_of_them_take(server: StockServer) -> None:
    names = [f"S{number:02d}" for number in range(12)]
    server.symbols = set(names)
    answer = server.serve

    def slow(call: faults.Call) -> None:
        time.sleep(0.05)
        answer(call)

    server.serve = slow  # type: ignore[method-assign]
    caller = Caller(yahoo(server), call_s=0.9, pause=lambda seconds: None)  # of 12 symbols no call can be as short
    began = time.monotonic()
    feed = OnlineFeed(caller.provider, names, FixedClock(END), caller, has_thread=False)
    assert list(feed.instruments("minute")) == names
    assert list(feed.actions(frozenset(names))) == []
    assert time.monotonic() - began > 0.9
    assert feed.grace("minute", 50) > timedelta(seconds=30), "one request after the other takes its time"


class Asking(OnlineFeed):
    """Asks for splits and dividends when told to."""

    def ask_once(self) -> None:
        self._ask_actions(self._caller.once)


def test_yahoo_splits_are_known_although_one_symbol_vanished_and_are_not_asked_for_twice(server: StockServer) -> None:
    names = ("AAA", "BBB", "MSFT")
    server.symbols = set(names)
    feed = Asking(yahoo(server), names, FixedClock(END), has_thread=False)
    server.symbols.remove("AAA")
    at = int(datetime(2022, 6, 6, 13, 30, tzinfo=UTC).timestamp())
    server.events = {"splits": {str(at): {"date": at, "numerator": 20, "denominator": 1, "splitRatio": "20:1"}}}
    feed.know_start(DAY, DAY)
    server.calls.clear()
    answer = server.serve
    server.serve = lambda call: (  # type: ignore[method-assign]
        call.answer(500, b"busy") if "MSFT" in call.path else answer(call)
    )
    with pytest.raises(FeedError):
        feed.ask_once()
    server.serve = answer  # type: ignore[method-assign]
    server.calls.clear()
    assert [each.symbol for each in feed.actions(frozenset(names))] == ["BBB", "MSFT"]
    asked = {path.rsplit("/", 1)[1] for path, _ in server.calls if "/chart/" in path}
    assert asked == {"MSFT"}, "what was heard before the failure stands"


@pytest.mark.parametrize(
    ("code", "body"), [(403, {"x": 1}), (200, {}), (200, {"chart": {"result": None, "error": None}}), (500, b"busy")]
)
def test_yahoo_that_is_not_itself_does_not_make_a_symbol_gone(server: StockServer, code: int, body: object) -> None:
    made = yahoo(server)
    made.instruments(["MSFT"])
    server.faults = [faults.status(code, body)]
    for ask in (
        lambda: made.bars("minute", "MSFT", DAY.replace(hour=14), DAY.replace(hour=15)),
        lambda: made.actions(["MSFT"], DAY),
        lambda: made.instruments(["MSFT"]),
    ):
        with pytest.raises(FeedError) as caught:
            ask()
        assert not isinstance(caught.value, GoneError)
    server.faults = []
    assert made.bars("minute", "MSFT", DAY.replace(hour=14), DAY.replace(hour=15)).bars
    server.symbols.clear()
    with pytest.raises(GoneError):
        made.bars("minute", "MSFT", DAY.replace(hour=14), DAY.replace(hour=16))


def test_yahoo_in_pence_gives_pounds_and_an_unknown_exchange_is_refused(server: StockServer) -> None:
    server.symbols.add("AZN.L")
    london = {"currency": "GBp", "exchangeName": "LSE", "exchangeTimezoneName": "Europe/London"}
    server.meta |= london
    made = yahoo(server)
    found = made.instruments(["AZN.L"])["AZN.L"]
    assert (found.exchange, found.currency) == ("XLON", "GBP")
    bars = made.bars("minute", "AZN.L", DAY.replace(hour=13, minute=30), DAY.replace(hour=14)).bars
    same = [bar for bar in MINUTES if bar.ts == bars[0].ts]
    assert bars[0].close == (same[0].close / 100).quantize(Decimal("0.0001"))
    server.meta |= {"exchangeName": "MIL"}
    with pytest.raises(GoneError, match="trades on MIL, whose sessions are not known here"):
        made.instruments(["AZN.L"])


def test_yahoo_says_that_it_is_late(server: StockServer) -> None:
    feed = OnlineFeed(yahoo(server), ("MSFT",), FixedClock(END), has_thread=False)
    assert feed.delay_s == 1200 and feed.real_time


@pytest.mark.parametrize(("name", "extra"), [("alpaca", "alpaca"), ("yahoo", "yahoo")])
def test_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str, extra: str) -> None:
    def gone(module: str) -> object:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module.split(".")[0])

    monkeypatch.setattr("importlib.import_module", gone)
    with pytest.raises(ConfigError, match=rf"pip install 'aion\[{extra}\]'"):
        open_feed(name, Settings(symbols=("MSFT",), alpaca_key="k", alpaca_secret="s"))
