"""The recorded bars are the ones that `PROVENANCE.md` describes, and they come in order."""

import hashlib
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from time import process_time

import pytest

from aion.errors import ConfigError, FeedError
from aion.market import calendar
from aion.market.bar_check import is_filled_forward
from aion.market.feed import RecordedFeed, open_feed
from aion.market.feed.recorded import FOLDER
from aion.market.feed.tape import Tape
from aion.market.instrument import instrument
from aion.market.series import Feed, Kind
from aion.model import Bar, Instrument

EXCHANGE = {"MSFT": "XNAS", "AZN.L": "XLON", "9988.HK": "XHKG"}
EVER = datetime(1990, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture(scope="module")
def feed() -> RecordedFeed:
    return RecordedFeed()


def series(feed: RecordedFeed, kind: Kind, symbol: str) -> list[Bar]:
    return feed.history(kind, symbol, datetime.max.replace(tzinfo=UTC), 1_000_000)


def test_folder_holds_what_the_index_names_and_is_small() -> None:
    index = json.loads((FOLDER / "index.json").read_bytes())
    for entry in index["series"].values():
        assert hashlib.sha256((FOLDER / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    named = {entry["file"] for entry in index["series"].values()}
    assert named == {path.name for path in FOLDER.glob("*.gz")}
    assert sum(path.stat().st_size for path in FOLDER.glob("*.*")) < 1_200_000


def test_provenance_names_package_hash_licence_and_counts_of_each_series() -> None:
    index = json.loads((FOLDER / "index.json").read_bytes())
    text = (FOLDER / "PROVENANCE.md").read_text("utf-8")
    for source in index["sources"].values():
        assert {source["requirement"], source["licence"], source["sha256"]} <= set(
            text.replace("`", " ").replace(",", " ").split()
        )
    for key, entry in index["series"].items():
        (line,) = [each for each in text.splitlines() if each.startswith(f"| `{key}` ")]
        cells = [cell.strip(" `") for cell in line.strip("|").split("|")]
        dropped = sum(entry["dropped"].values())
        assert cells[6:9] == [f"{entry['rows_read']:,}", f"{entry['rows_kept']:,}", str(dropped)]
        assert entry["rows_read"] - entry["rows_kept"] == dropped
        assert entry["sha256"].startswith(cells[10])


@pytest.mark.parametrize(
    ("symbol", "kept", "dropped", "first", "last"),
    [
        ("MSFT", 7433, 7, "2022-05-18T16:01Z", "2022-06-15T16:30Z"),
        ("AZN.L", 8963, 217, "2022-05-19T07:01Z", "2022-06-15T15:30Z"),
        ("9988.HK", 6265, 5, "2022-05-19T01:31Z", "2022-06-15T08:00Z"),
    ],
)
def test_minute_series_has_its_counts_and_ends(
    feed: RecordedFeed, symbol: str, kept: int, dropped: int, first: str, last: str
) -> None:
    bars = series(feed, "minute", symbol)
    assert len(bars) == kept
    assert (bars[0].ts, bars[-1].ts) == (at(first), at(last))
    days = {bar.ts.date().isoformat() for bar in bars}
    assert sum(feed.dropped(symbol, day) for day in days) == dropped
    assert not any(is_filled_forward(bar) for bar in bars)


@pytest.mark.parametrize("symbol", EXCHANGE)
def test_minute_bars_close_inside_sessions_and_gaps_are_the_dropped_ones(feed: RecordedFeed, symbol: str) -> None:
    bars = series(feed, "minute", symbol)
    by_day = Counter(bar.ts.date() for bar in bars)
    sessions = calendar.sessions(EXCHANGE[symbol], bars[0].ts.date(), bars[-1].ts.date())
    assert list(by_day) == [session.day for session in sessions]  # no bar on a holiday, no session without bars
    assert all(calendar.session_at(EXCHANGE[symbol], bar.ts) is not None for bar in bars)
    for session in sessions:
        opened, closed = max(session.open, bars[0].ts - timedelta(minutes=1)), min(session.close, bars[-1].ts)
        minutes = session.minutes_left(opened) - session.minutes_left(closed)
        # the source has no row at all for some minutes; what it filled forward is counted as dropped
        absent = minutes - by_day[session.day] - feed.dropped(symbol, session.day.isoformat())
        assert absent == 0, (symbol, session.day, absent)


def test_first_full_msft_bar_closes_a_minute_after_the_open(feed: RecordedFeed) -> None:
    bars = [bar for bar in series(feed, "minute", "MSFT") if bar.ts.date() == date(2022, 5, 19)]
    assert bars[0].ts == at("2022-05-19T13:31Z")
    assert bars[-1].ts == at("2022-05-19T20:00Z")
    first, second = bars[0], bars[1]
    assert (first.open, first.volume) == (Decimal("253.9"), Decimal(1265649))
    assert second.volume < first.volume  # the opening minute is the heavy one: not shifted the wrong way


def test_holidays_of_the_sample_have_no_bars(feed: RecordedFeed) -> None:
    holidays = {"MSFT": ["2022-05-30"], "AZN.L": ["2022-06-02", "2022-06-03"], "9988.HK": ["2022-06-03"]}
    for symbol, days in holidays.items():
        seen = {bar.ts.date().isoformat() for bar in series(feed, "minute", symbol)}
        assert not seen & set(days)
        assert {"2022-05-31", "2022-06-01"} <= seen


def test_hong_kong_has_no_bar_in_the_lunch_break(feed: RecordedFeed) -> None:
    for bar in series(feed, "minute", "9988.HK"):
        assert not at("2022-05-19T04:00Z").time() < bar.ts.time() <= at("2022-05-19T05:00Z").time()


def test_london_prices_are_pounds(feed: RecordedFeed) -> None:
    bars = series(feed, "minute", "AZN.L")
    assert bars[0].open == Decimal("101.82")
    assert all(90 < bar.close < 112 for bar in bars)
    assert feed.instruments("minute")["AZN.L"].currency == "GBP"


def test_prices_have_four_decimals_at_most(feed: RecordedFeed) -> None:
    for kind in ("minute", "day"):
        for symbol in feed.instruments(kind):
            for bar in series(feed, kind, symbol):
                assert bar.close == bar.close.quantize(Decimal("0.0001"))


def test_daily_series_closes_with_the_exchange_each_session(feed: RecordedFeed) -> None:
    closes = list(calendar.session_closes("XNYS", date(2015, 1, 2), date(2024, 12, 31)).values())
    assert len(closes) == 2516
    assert at("2015-11-27T18:00Z") in closes
    assert at("2019-07-03T17:00Z") in closes
    assert len(feed.instruments("day")) == 10
    for symbol in feed.instruments("day"):
        assert [bar.ts for bar in series(feed, "day", symbol)] == closes


def test_daily_prices_are_adjusted_and_say_so(feed: RecordedFeed) -> None:
    (bar,) = feed.history("day", "MSFT", at("2022-05-18T20:00Z"), 1)
    assert bar.ts == at("2022-05-18T20:00Z")
    assert bar.close.quantize(Decimal("0.01")) == Decimal("248.75")
    day, minute = feed.instruments("day")["MSFT"], feed.instruments("minute")["MSFT"]
    assert (day.price_basis, day.quantity_step) == ("adjusted", Decimal("0.0001"))
    assert (minute.price_basis, minute.quantity_step, minute.exchange) == ("raw", Decimal(1), "XNAS")


def test_instruments_carry_tick_and_lot(feed: RecordedFeed) -> None:
    hong_kong = feed.instruments("minute")["9988.HK"]
    assert (hong_kong.lot, hong_kong.tick, hong_kong.currency) == (Decimal(100), Decimal("0.05"), "HKD")


def test_history_ends_at_the_asked_time_and_never_looks_ahead(feed: RecordedFeed) -> None:
    before = at("2022-05-19T13:35Z")
    bars = feed.history("minute", "MSFT", before, 3)
    assert [bar.ts.minute for bar in bars] == [33, 34, 35]
    assert feed.history("minute", "MSFT", before - timedelta(seconds=1), 1)[0].ts.minute == 34
    assert feed.history("minute", "MSFT", EVER, 5) == []
    assert feed.history("minute", "MSFT", before, 0) == []


def test_batches_hold_every_bar_once_in_strict_order(feed: RecordedFeed) -> None:
    symbols = frozenset(feed.instruments("minute"))
    batches = list(feed.batches("minute", symbols, EVER))
    assert all(one.ts < two.ts for one, two in pairwise(batches))
    assert all(bar.ts == batch.ts for batch in batches for bar in batch.bars.values())
    for symbol in symbols:
        delivered = [batch.bars[symbol] for batch in batches if symbol in batch.bars]
        assert delivered == series(feed, "minute", symbol)


class Twice(Tape):
    """A series that has one moment twice."""

    def instruments(self, kind: Kind) -> dict[str, Instrument]:
        return dict.fromkeys("AB", instrument("A", "XNYS", "USD", "raw"))

    def read(self, kind: Kind, symbol: str) -> list[Bar]:
        times = [at(f"2022-05-19T13:3{minute}Z") for minute in (1, 1, 2)]
        return [Bar(symbol, ts, *[Decimal(number)] * 4, Decimal(1)) for number, ts in enumerate(times, start=1)]


@pytest.mark.parametrize("symbols", ["A", "AB"])
def test_batches_when_a_moment_comes_twice_then_the_later_bar_counts(symbols: str) -> None:
    batches = list(Twice().batches("minute", frozenset(symbols), EVER))
    assert [(batch.ts.minute, batch.bars["A"].close) for batch in batches] == [(31, Decimal(2)), (32, Decimal(3))]
    assert all(list(batch.bars) == list(symbols) for batch in batches)


def test_batches_after_a_time_start_behind_it(feed: RecordedFeed) -> None:
    after = at("2022-05-19T13:31Z")
    first = next(feed.batches("minute", frozenset({"MSFT", "AZN.L"}), after))
    assert first.ts == after + timedelta(minutes=1)
    assert set(first.bars) == {"MSFT", "AZN.L"}  # London is open until 15:30Z
    assert list(feed.batches("minute", frozenset({"MSFT"}), feed.span("minute")[1])) == []


def test_replay_day_opens_hong_kong_then_london_then_new_york(feed: RecordedFeed) -> None:
    opened: dict[str, datetime] = {}
    for batch in feed.batches("minute", frozenset(EXCHANGE), at("2022-05-19T00:00Z")):
        for symbol in batch.bars:
            opened.setdefault(symbol, batch.ts)
        if len(opened) == 3:
            break
    assert opened == {
        "9988.HK": at("2022-05-19T01:31Z"),
        "AZN.L": at("2022-05-19T07:01Z"),
        "MSFT": at("2022-05-19T13:31Z"),
    }


def test_unknown_series_is_refused_with_the_known_ones(feed: RecordedFeed) -> None:
    with pytest.raises(FeedError, match=r"no minute bars of 'TSLA'; it has 9988.HK, AZN.L, MSFT"):
        feed.history("minute", "TSLA", EVER, 1)
    with pytest.raises(ConfigError, match=r"feed 'tape' is unknown; use one of .*recorded"):
        open_feed("tape")


def test_damaged_file_is_refused_by_name(tmp_path: Path) -> None:
    for path in FOLDER.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    damaged = bytearray((tmp_path / "minute_MSFT.csv.gz").read_bytes())
    damaged[500] ^= 1
    (tmp_path / "minute_MSFT.csv.gz").write_bytes(damaged)
    feed = RecordedFeed(tmp_path)
    with pytest.raises(FeedError, match=r"minute_MSFT.csv.gz is not as shipped"):
        feed.history("minute", "MSFT", EVER, 1)
    (tmp_path / "minute_AZN.L.csv.gz").unlink()
    with pytest.raises(FeedError, match="install the package again"):
        feed.history("minute", "AZN.L", EVER, 1)
    (tmp_path / "index.json").write_text("{")
    with pytest.raises(FeedError, match="install the package again"):
        RecordedFeed(tmp_path)


def test_whole_tape_is_read_quickly() -> None:
    began = process_time()
    feed: Feed = RecordedFeed()
    for kind in ("minute", "day"):
        feed.span(kind)
    assert process_time() - began < 5  # half a second; the cap only catches another order of growth
