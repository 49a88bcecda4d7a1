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
    "market-prices": ("market-prices==0.12.14", "sdist", "docs/tutorials/resources/{}_T1.csv", "MIT"),
    "roboquant": ("roboquant==2.0.1", "wheel", "roboquant/feeds/resources/us10.parquet", "Apache-2.0"),
}


def download(requirement: str, form: str, folder: Path) -> Path:
    """Fetch one distribution file with pip and return its path."""
    kind = ["--no-binary", ":all:"] if form == "sdist" else ["--only-binary", ":all:"]
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", *kind, "-d", str(folder), requirement]
    subprocess.run(command, check=True)
    (found,) = folder.glob(f"{requirement.split('==')[0].replace('-', '[-_]')}*")
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
    """Return every file of the folder by name, `index.json` included."""
    files: dict[str, bytes] = {}
    index: dict[str, object] = {"series": {}, "sources": {}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sdist = download(*SOURCES["market-prices"][:2], folder)
        wheel = download(*SOURCES["roboquant"][:2], folder)
        for key, path in (("market-prices", sdist), ("roboquant", wheel)):
            requirement, form, member, licence = SOURCES[key]
            index["sources"][key] = {  # type: ignore[index]
                "requirement": requirement,
                "form": form,
                "member": member,
                "licence": licence,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
        with tarfile.open(sdist) as archive:
            root = archive.getnames()[0].split("/")[0]
            for symbol, (exchange, currency, unit) in INTRADAY.items():
                member = archive.extractfile(f"{root}/{SOURCES['market-prices'][2].format(symbol)}")
                assert member is not None
                rows, dropped, read = intraday(member.read())
                file = f"minute_{symbol}.csv.gz"
                files[file] = packed(rows)
                index["series"][f"minute:{symbol}"] = {  # type: ignore[index]
                    "file": file,
                    "exchange": exchange,
                    "currency": currency,
                    "unit": unit,
                    "price_basis": "raw",
                    "rows_read": read,
                    "rows_kept": len(rows),
                    "dropped": dict(sorted(dropped.items())),
                    "source": "market-prices",
                }
        with zipfile.ZipFile(wheel) as archive:
            series = daily(archive.read(SOURCES["roboquant"][2]))
        for symbol, rows in sorted(series.items()):
            file = f"day_{symbol}.csv.gz"
            files[file] = packed(rows)
            index["series"][f"day:{symbol}"] = {  # type: ignore[index]
                "file": file,
                "exchange": "XNYS",
                "currency": "USD",
                "unit": "USD",
                "price_basis": "adjusted",
                "rows_read": len(rows),
                "rows_kept": len(rows),
                "dropped": {},
                "source": "roboquant",
            }
    for entry in index["series"].values():  # type: ignore[attr-defined]
        entry["sha256"] = hashlib.sha256(files[entry["file"]]).hexdigest()
    files["index.json"] = (json.dumps(index, indent=1, sort_keys=True) + "\n").encode()
    return files


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
