"""Files of bars in the layouts that people have: how each is written, how it is imported, and its name in the table."""

# ruff: noqa: E501 - a layout a line

import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pandas

from aion.market import calendar
from aion.market.importing.reader import Import
from aion.market.importing.text.layout import read_columns
from aion.market.importing.text.table import Reading

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DOCS = Path(__file__).parents[3] / "docs" / "feeds.md"
SHARES = Import("XNAS", currency="USD", price_basis="raw", form="csv")
COINS = Import("24/7", currency="USDT", price_basis="raw", form="csv")
NEW_YORK = replace(SHARES, zone="America/New_York")
DAYS = [each.day for each in calendar.sessions("XNAS", date(2022, 5, 16), date(2022, 6, 3))]
FRAME = pandas.DataFrame(
    {
        "Open": [100 + i + 0.25 for i in range(len(DAYS))],
        "High": [102 + i + 0.5 for i in range(len(DAYS))],
        "Low": [99 + i + 0.1 for i in range(len(DAYS))],
        "Close": [101 + i + 0.75 for i in range(len(DAYS))],
        "Volume": [1_000_000 + i for i in range(len(DAYS))],
    },
    index=pandas.DatetimeIndex(DAYS, name="Date"),
)
MINUTES = FRAME.set_axis(
    pandas.date_range("2022-05-19 13:30", periods=len(DAYS), freq="min", tz="UTC", name="time"), axis=0
)
Write = Callable[[Path], Path]


def csv(text: str, name: str = "GOOG.csv", encoding: str = "utf-8") -> Write:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(text.encode(encoding))
        return folder / name

    return write


def frame(made: pandas.DataFrame, name: str = "GOOG.csv", **how: object) -> Write:
    return csv(made.to_csv(**how), name)  # type: ignore[arg-type]


def parquet(made: pandas.DataFrame) -> Write:
    def write(folder: Path) -> Path:
        made.to_parquet(folder / "GOOG.parquet")
        return folder / "GOOG.parquet"

    return write


def packed(members: dict[str, str], name: str = "GOOG.zip") -> Write:
    def write(folder: Path) -> Path:
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, text in members.items():
                archive.writestr(member, text)
        return folder / name

    return write


def lines(stamp: Callable[[int], str], head: str = "Date,Open,High,Low,Close,Volume", between: str = ",") -> str:
    """Return the frame as text, each row with its own stamp."""
    shown = [
        between.join([stamp(i), *(f"{value:g}" for value in row[:4]), str(int(row[4]))])
        for i, row in enumerate(FRAME.itertuples(index=False))
    ]
    return "\n".join([head, *shown] if head else shown) + "\n"


def day(pattern: str) -> Callable[[int], str]:
    return lambda i: DAYS[i].strftime(pattern)


def minute(pattern: str, zone: str = "UTC") -> Callable[[int], str]:
    return lambda i: MINUTES.index[i].tz_convert(zone).strftime(pattern)


def epoch(scale: int) -> Callable[[int], str]:
    return lambda i: str(int(MINUTES.index[i].timestamp()) * scale)


def levels(
    made: pandas.DataFrame, symbols: tuple[str, ...] = ("GOOG",), names: tuple = ("Price", "Ticker")
) -> pandas.DataFrame:
    both = pandas.concat({symbol: made for symbol in symbols}, axis=1).swaplevel(axis=1)
    both.columns.names = list(names)
    return both


def european(value: float) -> str:
    return f"{value:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")


THOUSANDS = FRAME[["Open", "High", "Low", "Close"]] * 10
KRAKEN = "".join(
    f"{epoch(1)(i)},{o:g},{h:g},{low:g},{c:g},{v:.1f},17\n"
    for i, (o, h, low, c, v) in enumerate(FRAME.itertuples(index=False))
)
BINANCE = "".join(
    f"{epoch(1000)(i)},{o:g},{h:g},{low:g},{c:g},{v:.1f},{int(epoch(1000)(i)) + 59999},1.5,10,1,1,0\n"
    for i, (o, h, low, c, v) in enumerate(FRAME.itertuples(index=False))
)
BINANCE_HEAD = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n"
CDD = (
    "https://www.CryptoDataDownload.com\nunix,date,symbol,open,high,low,close,Volume BTC,Volume USDT,tradecount\n"
    + "".join(
        reversed(
            [
                f"{epoch(1000)(i)},{minute('%Y-%m-%d %H:%M:%S')(i)},GOOG,{o:g},{h:g},{low:g},{c:g},{v:.1f},9.5,17\n"
                for i, (o, h, low, c, v) in enumerate(FRAME.itertuples(index=False))
            ]
        )
    )
)
STOOQ = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n" + "".join(
    f"GOOG,D,{day('%Y%m%d')(i)},000000,{o:g},{h:g},{low:g},{c:g},{v:.0f},0\n"
    for i, (o, h, low, c, v) in enumerate(FRAME.itertuples(index=False))
)
MT5 = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n" + "".join(
    f"{minute('%Y.%m.%d')(i)}\t{minute('%H:%M:%S')(i)}\t{o:g}\t{h:g}\t{low:g}\t{c:g}\t{v:.0f}\t0\t2\n"
    for i, (o, h, low, c, v) in enumerate(FRAME.itertuples(index=False))
)
LEAN = "".join(
    f"{34_200_000 + 60_000 * i},{o * 10_000:.0f},{h * 10_000:.0f},{low * 10_000:.0f},{c * 10_000:.0f},{v:.0f}\n"
    for i, (o, h, low, c, v) in enumerate(FRAME.itertuples(index=False))
)
LEAN_DAYS = "".join(
    f"{day('%Y%m%d')(i)} 00:00,{o * 10_000:.0f},{h * 10_000:.0f},{low * 10_000:.0f},{c * 10_000:.0f},{v:.0f}\n"
    for i, (o, h, low, c, v) in enumerate(FRAME.itertuples(index=False))
)
LEAN_COIN = "".join(
    f"{48_600_000 + 60_000 * i},{o:g},{h:g},{low:g},{c:g},{v:.0f}\n"
    for i, (o, h, low, c, v) in enumerate(FRAME.itertuples(index=False))
)
YAHOO_PAGE = (
    "Date\tOpen\tHigh\tLow\tClose Close price adjusted for splits.\tAdj Close Adjusted close price.\tVolume\n"
    + "".join(
        f"{day('%b %d, %Y')(i)}\t{o:,.2f}\t{h:,.2f}\t{low:,.2f}\t{c:,.2f}\t1.00\t{int(v):,}\n"
        for i, (o, h, low, c, v) in reversed(list(enumerate(FRAME.itertuples(index=False))))
    )
)
INVESTING = (
    "\ufeff"
    + '"Date","Price","Open","High","Low","Vol.","Change %"\n'
    + "".join(
        f'"{day("%m/%d/%Y")(i)}","{c:,.2f}","{o:,.2f}","{h:,.2f}","{low:,.2f}","{v / 1e6:.6f}M","0.10%"\n'
        for i, (o, h, low, c, v) in enumerate(FRAME.itertuples(index=False))
    )
)
NASDAQ = "Date,Close/Last,Volume,Open,High,Low\n" + "".join(
    f"{day('%m/%d/%Y')(i)},${c:.2f},{int(v)},${o:.2f},${h:.2f},${low:.2f}\n"
    for i, (o, h, low, c, v) in enumerate(FRAME.itertuples(index=False))
)
EXCEL_DE = "Datum;Erster;Hoch;Tief;Schlusskurs;Volumen\n" + "".join(
    f"{day('%d.%m.%Y')(i)};{european(o)};{european(h)};{european(low)};{european(c)};{european(v).partition(',')[0]}\n"
    for i, (o, h, low, c, v) in enumerate(FRAME.itertuples(index=False))
)


def swiss(value: float) -> str:
    return f"{value:,.2f}".replace(",", "'")


def german(factor: int, unit: str = "", write: Callable[[float], str] = european) -> str:
    """Return the frame without one number that a program would write."""
    return "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen\n" + "".join(
        f"{day('%d.%m.%Y')(i)};" + ";".join(write(value * factor) + unit for value in row[:4]) + f";{write(row[4])}\n"
        for i, row in enumerate(FRAME.itertuples(index=False))
    )


def evening(zone: str) -> Callable[[int], str]:
    return lambda i: str(int(pandas.Timestamp(DAYS[i], tz=zone).timestamp()))


D, M, C = "days", "minutes", "coins"
KEPT: dict[str, tuple[Write, Import, str]] = {
    "pandas, index named": (frame(FRAME), SHARES, D),
    "pandas, index without a name": (frame(FRAME.rename_axis(None)), SHARES, D),
    "pandas, `reset_index`": (frame(FRAME.reset_index()), SHARES, D),
    "pandas, index dropped": (frame(FRAME.reset_index(), index=False), SHARES, D),
    "pandas, days with a zone": (frame(FRAME.tz_localize("America/New_York")), SHARES, D),
    "pandas, days with midnight": (frame(FRAME, date_format="%Y-%m-%d %H:%M:%S"), SHARES, D),
    "pandas, days in UTC of New York's midnight": (frame(FRAME.tz_localize("America/New_York").tz_convert("UTC")), SHARES, D),
    "pandas, minutes in UTC": (frame(MINUTES), SHARES, M),
    "pandas, minutes with New York's offset": (frame(MINUTES.tz_convert("America/New_York")), SHARES, M),
    "pandas, `sep=';', decimal=','`": (frame(FRAME, sep=";", decimal=","), SHARES, D),
    "pandas, tabs": (frame(FRAME, sep="\t"), SHARES, D),
    "pandas, index of symbol and time": (frame(pandas.concat({"GOOG": MINUTES}, names=["symbol", "timestamp"])), SHARES, M),
    "pandas, Parquet": (parquet(FRAME), SHARES, D),
    "pandas, Parquet, prices of 32 bits": (parquet(FRAME.astype({name: "float32" for name in ("Open", "High", "Low", "Close")})), SHARES, D),
    "pandas, Parquet, index without a name": (parquet(FRAME.rename_axis(None)), SHARES, D),
    "pandas, Parquet, columns of two levels": (parquet(levels(FRAME)), SHARES, D),
    "yfinance, price over ticker": (frame(levels(FRAME)), SHARES, D),
    "yfinance, ticker over price": (frame(levels(FRAME).swaplevel(axis=1)), SHARES, D),
    "yfinance, levels without names": (frame(levels(FRAME, names=(None, None)).rename_axis(None)), SHARES, D),
    "yfinance, `Adj Close` beside": (frame(levels(FRAME.assign(**{"Adj Close": 1.0}))), SHARES, D),
    "yfinance, minutes": (frame(levels(MINUTES.rename_axis("Datetime"))), SHARES, M),
    "columns joined as `Close_GOOG`": (frame(FRAME.add_suffix("_GOOG")), SHARES, D),
    "R, `GOOG.Close` of quantmod": (frame(FRAME.add_prefix("GOOG.").rename_axis(None).assign(**{"GOOG.Adjusted": 1.0}), quoting=2), SHARES, D),
    "R, names of rows below no heading": (csv(lines(lambda i: f'"{DAYS[i]}"', '"Open","High","Low","Close","Volume"')), SHARES, D),
    "date and time below one heading": (csv(lines(minute("%Y-%m-%d,%H:%M:%S", "America/New_York"))), NEW_YORK, M),
    "Stooq": (csv(STOOQ, "goog.us.txt"), SHARES, D),
    "Yahoo's page, copied": (csv(YAHOO_PAGE), SHARES, D),
    "Yahoo's download": (frame(FRAME.assign(**{"Adj Close": 1.0})), SHARES, D),
    "TradingView, days": (csv(lines(lambda i: str(int(calendar.sessions("XNAS", DAYS[i], DAYS[i])[0].open.timestamp())), "time,open,high,low,close,Volume")), SHARES, D),
    "TradingView, minutes": (csv(lines(epoch(1), "time,open,high,low,close,Volume")), SHARES, M),
    "MetaTrader 4": (csv(lines(minute("%Y.%m.%d,%H:%M", "America/New_York"), "")), NEW_YORK, M),
    "MetaTrader 5": (csv(MT5), replace(SHARES, zone="UTC"), M),
    "MetaTrader 5 in UTF-16": (csv("\ufeff" + MT5, encoding="utf-16-le"), replace(SHARES, zone="UTC"), M),
    "Binance, without a heading": (csv(BINANCE), COINS, C),
    "Binance, in microseconds": (csv(re.sub(r"(?m)^(\d{13})", r"\g<1>000", BINANCE)), COINS, C),
    "Binance, with a heading": (csv(BINANCE_HEAD + BINANCE), COINS, C),
    "Binance, as its zip": (packed({"GOOG-1m.csv": BINANCE}), replace(COINS, symbol="GOOG"), C),
    "Kraken": (csv(KRAKEN), COINS, C),
    "CryptoDataDownload": (csv(CDD), COINS, C),
    "Dukascopy": (csv(lines(minute("%d.%m.%Y %H:%M:%S.000"), "Gmt time,Open,High,Low,Close,Volume")), SHARES, M),
    "Dukascopy, local time": (csv(lines(minute("%d.%m.%Y %H:%M:%S.000 GMT-0400", "America/New_York"), "Local time,Open,High,Low,Close,Volume")), SHARES, M),
    "Interactive Brokers, days": (csv(lines(day("%Y%m%d"), "date,open,high,low,close,volume")), SHARES, D),
    "Interactive Brokers, minutes": (csv(lines(minute("%Y%m%d %H:%M:%S US/Eastern", "America/New_York"), "date,open,high,low,close,volume")), SHARES, M),
    "Interactive Brokers, ib_insync": (frame(MINUTES.tz_convert("America/New_York").rename_axis("date").assign(average=1.0, barCount=5)), SHARES, M),
    "Alpaca": (frame(pandas.concat({"GOOG": MINUTES.rename(columns=str.lower)}, names=["symbol", "timestamp"]).assign(trade_count=3.0, vwap=1.0)), SHARES, M),
    "HistData, ASCII": (csv(lines(minute("%Y%m%d %H%M%S", "America/New_York"), "", ";")), NEW_YORK, M),
    "HistData, its zip with a report": (packed({"DAT.csv": lines(minute("%Y%m%d %H%M%S", "America/New_York"), "", ";"), "DAT.txt": "a report"}), replace(NEW_YORK, symbol="GOOG"), M),
    "LEAN, minutes of shares": (packed({"20220519_goog_minute_trade.csv": LEAN}, "20220519_trade.zip"), NEW_YORK, M),
    "LEAN, days of shares": (packed({"goog.csv": LEAN_DAYS}, "goog.zip"), SHARES, D),
    "LEAN, minutes of coins": (packed({"20220519_goog_minute_trade.csv": LEAN_COIN}, "20220519_trade.zip"), replace(COINS, zone="UTC"), C),
    "Kaggle-like, `Name` and lower case": (frame(FRAME.rename(columns=str.lower).assign(Name="GOOG")), SHARES, D),
    "Investing.com": (csv(INVESTING), SHARES, D),
    "Nasdaq.com": (csv(NASDAQ), SHARES, D),
    "Alpha Vantage": (csv(lines(day("%Y-%m-%d"), "timestamp,1. open,2. high,3. low,4. close,5. volume")), SHARES, D),
    "a German Excel": (csv(EXCEL_DE), SHARES, D),
    "thousands and decimal commas in all prices": (csv(german(10), "GOOG.csv"), replace(SHARES, unit=Decimal("0.1")), D),
    "thousands with apostrophes": (csv(german(10, write=swiss), "GOOG.csv"), replace(SHARES, unit=Decimal("0.1")), D),
    "prices with a currency": (csv(german(1, " €"), "GOOG.csv"), SHARES, D),
    "midnights of a zone further east": (csv(lines(evening("Europe/Helsinki"))), SHARES, D),
    "epoch in s": (csv(lines(epoch(1))), SHARES, M),
    "epoch in ms": (csv(lines(epoch(1000))), SHARES, M),
    "epoch in us": (csv(lines(epoch(10**6))), SHARES, M),
    "epoch in ns": (csv(lines(epoch(10**9))), SHARES, M),
    "European dates": (csv(lines(day("%d/%m/%Y"))), SHARES, D),
    "US dates": (csv(lines(day("%m/%d/%Y"))), SHARES, D),
    "US dates of two digits": (csv(lines(day("%m/%d/%y"))), SHARES, D),
    "months by name": (csv(lines(day("%d-%b-%Y"))), SHARES, D),
    "UTC behind the time": (csv(lines(minute("%Y-%m-%d %H:%M:%S UTC"))), SHARES, M),
    "twelve hours": (csv(lines(minute("%m/%d/%Y %I:%M %p", "America/New_York"))), NEW_YORK, M),
    "an offset and its zone, as Java writes it": (csv(lines(minute("%Y-%m-%dT%H:%M:%S-04:00[America/New_York]", "America/New_York"))), SHARES, M),
    "an offset and its zone, as JavaScript writes it": (csv(lines(minute("%a %b %d %Y %H:%M:%S GMT-0400 (Eastern Daylight Time)", "America/New_York"))), SHARES, M),
    "hyphens throughout": (csv(lines(minute("%Y-%m-%d-%H-%M", "America/New_York"))), NEW_YORK, M),
    "epoch in floating point": (csv(lines(lambda i: f"{MINUTES.index[i].timestamp():.10e}")), SHARES, M),
    "UTF-16 as Excel saves it": (csv("\ufeff" + lines(day("%Y-%m-%d"), between="\t", head="Date\tOpen\tHigh\tLow\tClose\tVolume"), encoding="utf-16-le"), SHARES, D),
    "newest first": (frame(FRAME[::-1]), SHARES, D),
    "date day first, said": (csv(lines(day("%d/%m/%Y"))), replace(SHARES, reading=Reading(dates="DMY")), D),
    "columns said by number": (csv(lines(day("%Y-%m-%d"), "a,b,c,d,e,f")), replace(SHARES, reading=Reading(read_columns("ts=1,open=2,high=3,low=4,close=5,volume=6"))), D),
}  # fmt: skip
