"""History comes into a folder once, in order, and a download that was cut goes on where it stopped."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aion.command.app import main
from aion.errors import FeedError
from aion.market.feed import FolderFeed
from aion.market.importing.bar_folder import BarFolder
from aion.market.importing.download import Downloaded, download
from aion.market.provider.ccxt import CcxtProvider
from aion.market.provider.protocol import Caller, GoneError
from tests.market.provider import server as faults
from tests.market.provider.recorded import alpaca, yahoo
from tests.market.provider.stock import StockServer
from tests.market.provider.venue import Venue

BTC, ETH = "BTC/USDT", "ETH/USDT"
END = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def venue() -> Iterator[Venue]:
    made = Venue()
    made.url = made.start()
    yield made
    made.stop()


def bring(venue: Venue, folder: Path, minutes: int, end: datetime = END, *symbols: str, **options: object) -> list:
    provider = CcxtProvider("binance", venue.config(venue.url))
    caller = Caller(provider, pause=lambda seconds: None)
    span = end - timedelta(minutes=minutes), end
    return download(caller, BarFolder(folder), "minute", symbols or (BTC,), span, **options)  # type: ignore[arg-type]


def asked(venue: Venue) -> int:
    return sum(path.endswith("klines") for path, _ in venue.calls)


def test_download_is_a_folder_feed_afterwards(venue: Venue, tmp_path: Path) -> None:
    parts: list[tuple[str, float]] = []
    done = bring(venue, tmp_path, 2500, END, BTC, ETH, progress=lambda *part: parts.append(part))
    assert [(each.symbol, each.fresh, each.gaps) for each in done] == [(BTC, 2500, {}), (ETH, 2500, {})]
    assert [part for symbol, part in parts if symbol == BTC] == [0.4, 0.8, 1.0, 1.0]
    feed = FolderFeed(tmp_path)
    assert feed.span("minute") == (END - timedelta(minutes=2499), END)
    bought = feed.instruments("minute")[BTC]
    assert (bought.currency, bought.exchange, str(bought.quantity_step)) == ("USDT", "24/7", "0.00001")
    assert "downloaded: Public bars of binance" in feed.provenance


def test_second_download_asks_only_for_what_is_missing_before_and_after(venue: Venue, tmp_path: Path) -> None:
    bring(venue, tmp_path, 1000)
    before = asked(venue)
    (done,) = bring(venue, tmp_path, 1000)
    assert done.fresh == 0 and asked(venue) == before
    (done,) = bring(venue, tmp_path, 1600, END + timedelta(minutes=300))
    assert done.fresh == 600 and len(done.bars) == 1600 and not done.gaps
    assert asked(venue) == before + 2


def test_download_that_was_cut_keeps_what_came_and_goes_on(venue: Venue, tmp_path: Path) -> None:
    calls = [0]

    def break_later(call: faults.Call) -> bool:
        calls[0] += 1
        if calls[0] > 2:
            call.answer(503, b"busy")
            return True
        venue.klines(call)
        return True

    venue.faults = [break_later]
    with pytest.raises(FeedError, match="received bars are kept: run the same command again to continue"):
        bring(venue, tmp_path, 3500)
    assert len(FolderFeed(tmp_path).history("minute", BTC, END, 9999)) == 2000
    venue.faults = []
    (done,) = bring(venue, tmp_path, 3500)
    assert (done.fresh, len(done.bars), done.gaps) == (1500, 3500, {})


def test_gaps_bars_without_trades_and_jumps_are_told(venue: Venue, tmp_path: Path) -> None:
    def spoil(symbol: str, rows: list) -> list:
        rows = [row for row in rows if not 10 <= (row[0] // 60_000) % 1000 < 13]
        rows[20][1:6] = ["60000"] * 4 + ["0"]
        rows[30][4] = "NaN"
        return [[*row[:1], *(str(float(each) / 20) for each in row[1:5]), *row[5:]] if i >= 300 else row
                for i, row in enumerate(rows)]  # fmt: skip

    venue.change = spoil
    (done,) = bring(venue, tmp_path, 900)
    text = "\n".join(done.lines())
    assert done.silent == 1 and done.refused == {"not a number": 1}
    assert sum(done.gaps.values()) == 4 and "a split, or real?" in text and "1 left out because nobody traded" in text


def test_symbol_that_the_provider_does_not_have_is_refused(venue: Venue, tmp_path: Path) -> None:
    with pytest.raises(GoneError, match="no spot market 'X/USDT'"):
        bring(venue, tmp_path, 10, END, "X/USDT")
    assert not list(tmp_path.iterdir())
    assert "no minute bars of that time" in Downloaded("A", "minute").lines()[0]


@pytest.mark.parametrize("make", [alpaca, yahoo])
def test_shares_come_with_their_dividends_and_no_split_that_is_in_the_prices(tmp_path: Path, make: object) -> None:
    server = StockServer()
    server.url = server.start()
    stamp = {day: int(datetime(2022, 6, day, 13, 30, tzinfo=UTC).timestamp()) for day in (6, 8)}
    server.events = {
        "splits": {str(stamp[6]): {"date": stamp[6], "numerator": 20, "denominator": 1, "splitRatio": "20:1"}},
        "dividends": {str(stamp[8]): {"date": stamp[8], "amount": 0.62}},
    }
    common = {"symbol": "MSFT", "process_date": "2022-06-06", "id": "1"}
    server.actions = {
        "forward_splits": [common | {"new_rate": 20, "old_rate": 1, "ex_date": "2022-06-06"}],
        "cash_dividends": [common | {"rate": 0.62, "ex_date": "2022-06-08"}],
    }
    try:
        span = datetime(2022, 5, 18, tzinfo=UTC), datetime(2022, 6, 15, tzinfo=UTC)
        provider = make(server)  # type: ignore[operator]
        (done,) = download(Caller(provider), BarFolder(tmp_path), "day", ("MSFT",), span, "csv")
    finally:
        server.stop()
    assert len(done.bars) == 19 and not done.gaps
    kinds = [each.kind for each in FolderFeed(tmp_path).actions(frozenset({"MSFT"}))]
    assert kinds == (["dividend"] if make is yahoo else ["split", "dividend"])


def test_command_brings_bars_and_says_what_to_do_next(
    venue: Venue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "aion.market.feed.open_provider", lambda name, settings: CcxtProvider("binance", venue.config(venue.url))
    )
    day = datetime.fromtimestamp(time.time() - 2 * 86400, UTC).date()
    typed = ["aion", "download", "--feed", "ccxt", "--symbols", "BTC/USDT", "--from", str(day), "--to", str(day),
             "--folder", str(tmp_path)]  # fmt: skip
    monkeypatch.setattr("sys.argv", typed)
    assert main() == 0
    said = capsys.readouterr().out
    assert "BTC/USDT: 1,440 minute bars" in said and "aion up --feed folder" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"--from": "soon"}, "--from 'soon' is neither a day"),
        ({"--kind": "hour"}, "--kind 'hour' cannot work"),
        ({"--feed": "recorded"}, "there is no data provider 'recorded'; known: ccxt, alpaca, yahoo"),
        ({"--from": "2026-11-02", "--to": "2026-11-01"}, "is not before"),
    ],
)
def test_option_that_cannot_work_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], changes: dict, said: str
) -> None:
    options = {
        "--feed": "ccxt",
        "--symbols": "BTC/USDT",
        "--from": "2026-11-01",
        "--folder": str(tmp_path),
        **changes,
    }
    monkeypatch.setattr("sys.argv", ["aion", "download", *(text for pair in options.items() for text in pair)])
    assert main() == 2
    assert said in capsys.readouterr().err
