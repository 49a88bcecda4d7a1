"""Rebuild the recorded bars that ship with Aion from the packages they come from, or check that they are the same.

    python tools/recorded_data.py            # rebuild aion/market/feed/recorded/
    python tools/recorded_data.py --check    # compare with what is there; exit 1 on a difference

Needs pip and pyarrow; the packages are never dependencies of Aion.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

from aion.clock import iso
from aion.market.calendar import session_closes

TARGET = Path(__file__).parents[1] / "aion/market/feed/recorded"
STEP = Decimal("0.0001")
INTRADAY = {
    "MSFT": ("XNAS", "USD", "USD"),
    "AZN.L": ("XLON", "GBP", "GBX"),
    "9988.HK": ("XHKG", "HKD", "HKD"),
}
SOURCES = {
    "market-prices": {
        "requirement": "market-prices==0.12.14",
        "form": "sdist",
        "member": "docs/tutorials/resources/{}_T1.csv",
        "licence": "MIT",
        "homepage": "https://github.com/maread99/market_prices",
        "sha256": "3a45da206f7dbe237f8723a10d830d5bc368daea4352d4f68274f5055cf9a5f1",
    },
    "roboquant": {
        "requirement": "roboquant==2.0.1",
        "form": "wheel",
        "member": "roboquant/feeds/resources/us10.parquet",
        "licence": "Apache-2.0",
        "homepage": "https://github.com/neurallayer/roboquant.py",
        "sha256": "888499dfecf47c0b114d888155e513a520dd4458225155d32c7cd8b7fa73606e",
    },
}


PROVENANCE = """# Where the recorded bars come from

Written by `tools/recorded_data.py` from the pinned packages below; `python tools/recorded_data.py --check` builds
every file again and compares. Nothing is invented, interpolated or filled.

Prices originate from the vendors that the packages used. This is a small sample for demonstration and tests, comes
without any warranty, is not for trading decisions, and is removed on request.

## Packages

| package | file taken | licence | member | sha256 of the file |
|---|---|---|---|---|
{sources}
They are no dependencies of Aion. The licence of market-prices is in `LICENSE.market-prices.txt`; roboquant's is the
Apache License 2.0, as Aion's own `LICENSE`.

## What was changed

- **Shifted.** Every minute stamp in the source is the bar's open; here `ts` is its close, one minute later: all kept
  minute rows. Every daily stamp in the source is 21:00Z; here it is the close that the exchange's calendar gives for
  that day: 20:00Z in summer, 18:00Z or 17:00Z on half-days.
- **Dropped.** A minute with volume 0 and four equal prices was filled forward by the source: nobody traded. Such rows
  are left out, counted by day in `index.json`, and shown as gaps.
- **Kept without volume.** Minutes with volume 0 whose prices differ, mostly the first of a Hong Kong day: the auction
  moved the price, but nothing can be traded on them.
- **Rounded.** The sources hold 32-bit floats; prices are rounded half to even to four decimals, volumes to whole
  shares.
- **Units.** AZN.L is in pence (GBX) in the file and turned into pounds when it is read.
- **Price basis.** Minute prices are raw. Daily prices (all four of a bar) are adjusted for splits and dividends as of
  the end of 2024, so they are not prices at which anybody traded (MSFT 2022-05-18: 248.75 here, 254.08 then).

What is missing: volume of the opening and closing auctions (the minutes hold about half to four fifths of a day's),
and the parts of the first and last day outside the sample. The ten daily names are known winners, chosen with
hindsight.

## Series

`read`, `kept` and `dropped` count rows; `no volume` counts kept rows with volume 0.

| series | exchange | unit | price basis | first close | last close | read | kept | dropped | no volume | sha256 |
|---|---|---|---|---|---|---|---|---|---|---|
{counts}"""


def download(source: dict[str, str], folder: Path) -> Path:
    """Fetch one distribution file with pip, check that it is the pinned one and return its path."""
    kind = "--no-binary" if source["form"] == "sdist" else "--only-binary"
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", kind, ":all:", "-d", str(folder)]
    subprocess.run([*command, source["requirement"]], check=True)
    (found,) = folder.glob(f"{source['requirement'].split('==')[0].replace('-', '[-_]')}*")
    sha256 = hashlib.sha256(found.read_bytes()).hexdigest()
    if sha256 != source["sha256"]:
        raise SystemExit(f"{found.name} has sha256 {sha256}; the pinned file has {source['sha256']}")
    return found


def price(text: str | float) -> Decimal:
    """Return a price with four decimals: the sources hold 32-bit floats of at most that precision."""
    return Decimal(str(text)).quantize(STEP, rounding=ROUND_HALF_EVEN).normalize()


def plain(value: Decimal) -> str:
    """Return `value` without an exponent."""
    return format(value, "f")


def intraday(raw: bytes) -> tuple[list[list[str]], Counter[str], int]:
    """Return rows stamped at their close, dropped rows by day, and rows read."""
    rows: list[list[str]] = []
    dropped: Counter[str] = Counter()
    read = 0
    for row in csv.DictReader(io.StringIO(raw.decode())):
        read += 1
        close_at = datetime.fromisoformat(row["date"]).astimezone(UTC) + timedelta(minutes=1)
        prices = [price(row[name]) for name in ("open", "high", "low", "close")]
        volume = Decimal(row["volume"]).quantize(Decimal(1))
        if volume == 0 and len(set(prices)) == 1:
            dropped[close_at.date().isoformat()] += 1
            continue
        rows.append([iso(close_at), *map(plain, prices), plain(volume)])
    return rows, dropped, read


def daily(raw: bytes) -> dict[str, list[list[str]]]:
    """Return rows by symbol, stamped at the close that the exchange calendar gives for their day."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - only this script needs it

    table = pq.read_table(io.BytesIO(raw)).to_pylist()
    closes = session_closes("XNYS", date(2015, 1, 1), date(2024, 12, 31))
    series: dict[str, list[list[str]]] = {}
    for row in sorted(table, key=lambda each: (each["asset"], each["time"])):
        symbol = row["asset"].split(":")[1]
        *prices, volume = row["prices"]
        fixed = [price(each) for each in prices]
        stamp = iso(closes[row["time"].date()])
        series.setdefault(symbol, []).append(
            [stamp, *map(plain, fixed), plain(Decimal(str(volume)).quantize(Decimal(1)))]
        )
    return series


def packed(rows: list[list[str]]) -> bytes:
    """Return the rows as gzip of CSV, the same bytes for the same rows."""
    text = "ts,open,high,low,close,volume\n" + "".join(",".join(row) + "\n" for row in rows)
    return gzip.compress(text.encode(), 9, mtime=0)


def build() -> dict[str, bytes]:
    """Return every file of the folder by name, `index.json` and `PROVENANCE.md` included."""
    files: dict[str, bytes] = {}
    series: dict[str, dict[str, Any]] = {}

    def add(key: str, rows: list[list[str]], read: int, dropped: dict[str, int], **more: str) -> None:
        file = f"{key.replace(':', '_')}.csv.gz"
        files[file] = packed(rows)
        series[key] = {
            "file": file,
            "rows_read": read,
            "rows_kept": len(rows),
            "rows_without_volume": sum(row[5] == "0" for row in rows),
            "dropped": dict(sorted(dropped.items())),
            "first": rows[0][0],
            "last": rows[-1][0],
            "sha256": hashlib.sha256(files[file]).hexdigest(),
            **more,
        }

    with tempfile.TemporaryDirectory() as name:
        sdist, wheel = (download(source, Path(name)) for source in SOURCES.values())
        with tarfile.open(sdist) as archive:
            root = archive.getnames()[0].split("/")[0]

            def member(path: str) -> bytes:
                found = archive.extractfile(f"{root}/{path}")
                assert found is not None
                return found.read()

            for symbol, (exchange, currency, unit) in INTRADAY.items():
                rows, dropped, read = intraday(member(SOURCES["market-prices"]["member"].format(symbol)))
                about = {"exchange": exchange, "currency": currency, "unit": unit, "price_basis": "raw"}
                add(f"minute:{symbol}", rows, read, dropped, source="market-prices", **about)
            files["LICENSE.market-prices.txt"] = member("LICENSE.txt").replace(b"\r\n", b"\n")
        with zipfile.ZipFile(wheel) as parcel:
            days = daily(parcel.read(SOURCES["roboquant"]["member"]))
        for symbol, rows in sorted(days.items()):
            about = {"exchange": "XNYS", "currency": "USD", "unit": "USD", "price_basis": "adjusted"}
            add(f"day:{symbol}", rows, len(rows), {}, source="roboquant", **about)
    files["index.json"] = (
        json.dumps({"series": series, "sources": SOURCES}, indent=1, sort_keys=True) + "\n"
    ).encode()
    files["PROVENANCE.md"] = provenance(series).encode()
    return files


def provenance(series: dict[str, dict[str, Any]]) -> str:
    """Return the document that says where each bar comes from."""
    sources = "".join(
        f"| [{name}]({source['homepage']}) | `{source['requirement']}`, {source['form']} | {source['licence']} | "
        f"`{source['member'].format('<symbol>')}` | `{source['sha256']}` |\n"
        for name, source in SOURCES.items()
    )
    counts = "".join(
        f"| `{key}` | {entry['exchange']} | {entry['unit']} | {entry['price_basis']} | {entry['first']} "
        f"| {entry['last']} | {entry['rows_read']:,} | {entry['rows_kept']:,} | {sum(entry['dropped'].values())} "
        f"| {entry['rows_without_volume']} | `{entry['sha256'][:16]}` |\n"
        for key, entry in sorted(series.items())
    )
    return PROVENANCE.format(sources=sources, counts=counts)


def main() -> int:
    """Rebuild or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    check = parser.parse_args().check
    different = 0
    for name, data in build().items():
        path = TARGET / name
        if check:
            same = path.is_file() and path.read_bytes() == data
            different += not same
            print(("same      " if same else "DIFFERENT ") + name)
        else:
            path.write_bytes(data)
            print(f"{len(data):>8} {name}")
    return 1 if different else 0


if __name__ == "__main__":
    raise SystemExit(main())
