"""Folders of checked bars on disk: an index that describes each series, and one file for each.

`index.json` is written last, so that every series that it names is complete. Prices and volumes are exact decimals.
Parquet needs the extra `parquet`; CSV needs nothing.
"""

import csv
import gzip
import hashlib
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, timedelta
from decimal import Context, Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from aion.clock import iso, parse_iso
from aion.errors import ConfigError, FeedError
from aion.extras import need
from aion.market.action import ACTION_KINDS, CorporateAction
from aion.market.action_file import FILE as ACTIONS
from aion.market.action_file import read_actions
from aion.market.bar_check import exact_price
from aion.market.exchange import ALWAYS, WEEKDAYS, exchange_of
from aion.market.grid import Anchor, Grid
from aion.market.halt import FILE as HALTS
from aion.market.halt import Halt, read_halts
from aion.market.importing.text.table import parquet_batches
from aion.market.series import Kind
from aion.model import INSTRUMENT_KINDS, SIGNED, Bar, Instrument, PriceBasis, why_no_bar
from aion.store.bar_index import check_entry
from aion.store.file import write_bytes
from aion.store.regular_file import inflate, open_regular, read_regular

INDEX = "index.json"
MAX_INDEX_BYTES = 64 << 20
MAX_FILE_BYTES = 512 << 20  # of a series, packed or not: ten years of minutes have under 200 MB
MAX_STEM = 100  # characters of a symbol in the name of its file
SCHEMA = "aion/bars/1"
MOST_SAID = 20  # complaints of a table that are told one by one
Format = Literal["parquet", "csv"]
RIGHTS: tuple[Literal["", "call", "put"], ...] = ("", "call", "put")
_COLUMNS = ("ts", "open", "high", "low", "close", "volume")
_PRICE_DECIMALS, _VOLUME_DECIMALS = 4, 8  # at the least; what most prices have, and what exchanges of coins count in
_WHOLE_DIGITS = 16  # of the largest number that is read
_EXACT = Context(prec=100)


@dataclass(slots=True)
class Series:
    """One series of a folder, as described by its index."""

    kind: Kind
    symbol: str
    exchange: str
    """ISO 10383 MIC, or `24/7`."""
    currency: str
    price_basis: PriceBasis | None
    """None when whoever brought the bars did not say."""
    timezone: str = "UTC"
    """Zone in which the source stamped its bars; the file has UTC."""
    tick: str = "0.01"
    lot: str = "1"
    quantity_step: str = "1"
    name: str = ""
    source: str = ""
    """Where the bars come from, for people."""
    file: str = ""
    rows: int = 0
    first: str = ""
    last: str = ""
    dropped: dict[str, int] = field(default_factory=dict)
    """Market day -> bars left out because nobody traded."""
    venue: str = ""
    """Exchange of coins, by its name in ccxt."""
    interval_s: int = 60
    """Length of a bar of the kind `minute` that nothing cuts, s."""
    anchor: Anchor = "open"
    """From where such bars are counted."""
    instrument_kind: str = ""
    """`share`, `coin` ...; empty for a coin of a market that never closes, and a share of others."""
    multiplier: str = "1"
    margin: str = "1"
    settlement: str = ""
    has_volume: bool = True
    expiry: str = ""
    """When a future or option ends, ISO 8601 UTC; empty where nothing ends it."""
    strike: str = ""
    right: str = ""
    underlying: str = ""
    final_price: str = ""

    @property
    def key(self) -> str:
        """Name in the index, e.g. `minute:MSFT`."""
        return f"{self.kind}:{self.symbol}"

    @property
    def grid(self) -> Grid:
        """The grid of its bars, if they are intraday bars."""
        return Grid(timedelta(seconds=self.interval_s), self.anchor)

    def instrument(self) -> Instrument:
        """Return what is traded.

        Raises:
            ValueError: a kind that is not known, or a number that is not above 0.
        """
        kind = self.instrument_kind or {ALWAYS: "coin", WEEKDAYS: "fx"}.get(self.exchange, "share")
        if kind not in INSTRUMENT_KINDS:
            raise ValueError(f"its instrument_kind is {kind[:80]!r}; known: {', '.join(INSTRUMENT_KINDS)}")
        return Instrument(
            self.symbol,
            self.exchange,
            self.currency,
            Decimal(self.tick),
            Decimal(self.lot),
            Decimal(self.quantity_step),
            self.price_basis,
            self.name,
            kind,
            Decimal(self.multiplier),
            self.settlement,
            Decimal(self.margin),
            self.has_volume,
            parse_iso(self.expiry) if self.expiry else None,
            Decimal(self.strike) if self.strike else None,
            _right(self.right),
            self.underlying,
            Decimal(self.final_price) if self.final_price else None,
        )

    def entry(self) -> dict[str, Any]:
        """Return its entry of the index, without what an index of before this was said would not have."""
        found = asdict(self)
        return {name: value for name, value in found.items() if name not in _LATER or value != _LATER[name]}


_LATER = {
    "instrument_kind": "", "multiplier": "1", "margin": "1", "settlement": "", "has_volume": True,
    "expiry": "", "strike": "", "right": "", "underlying": "", "final_price": "",
}  # fmt: skip


def _right(text: str) -> Literal["", "call", "put"]:
    for known in RIGHTS:
        if text == known:
            return known
    raise ValueError(f"its right is {text[:80]!r}: call and put are known")


class BarFolder:
    """The series of one folder."""

    def __init__(self, folder: Path) -> None:
        """Read the index; a folder without one has no series yet.

        Raises:
            FeedError: the index cannot be read at all.
        """
        self.folder = folder
        self.series: dict[str, Series] = {}
        self.actions: list[CorporateAction] = []
        self.left_out: dict[str, str] = {}
        """What the index names and nobody can use, by its name there, and why. It stays in the index as it is."""
        self._bad_series: dict[str, Any] = {}
        self._bad_actions: list[Any] = []
        self.table = read_actions(folder / ACTIONS)
        """What `actions.csv` says."""
        path = folder / INDEX
        try:
            index = orjson.loads(read_regular(path, MAX_INDEX_BYTES))
            if index["schema"] != SCHEMA:
                raise ValueError(f"it has schema {index['schema']!r}, this version reads {SCHEMA}")
            entries, actions = index["series"].items(), iter(index["actions"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
            raise FeedError(f"{path} cannot be read: {error}; import the bars again with `aion import`") from None
        for key, entry in entries:
            self._take_series(key, entry)
        for number, entry in enumerate(actions, 1):
            self._take_action(number, entry)
        self._check_table()

    def _check_table(self) -> None:
        """Complain of lines of `actions.csv` that concern no series here, or prices that have them in them."""
        basis = {each.symbol: each.price_basis for each in self.series.values()}
        for each in self.table.actions:
            if each.symbol not in basis:
                why = f"the folder has no bars of {each.symbol}"
            elif basis[each.symbol] == "adjusted" and each.is_of_raw_prices:
                why = f"the prices of {each.symbol} are adjusted and have it in them"
            else:
                continue
            self.table.complaints.append(f"{self.folder / ACTIONS}: {each.text} changes nothing: {why}")

    @property
    def all_actions(self) -> list[CorporateAction]:
        """Those of the index and those of `actions.csv`, by day; what both have is as the file says."""
        said = self.table.actions
        known = {(each.symbol, each.ex_date, each.kind) for each in said}
        of_index = [each for each in self.actions if (each.symbol, each.ex_date, each.kind) not in known]
        return sorted([*of_index, *said], key=lambda each: (each.ex_date, each.symbol, each.kind))

    def _take_series(self, key: str, entry: Any) -> None:
        try:
            series = Series(**check_entry(key, entry))
            exchange_of(series.exchange)
            series.instrument()
            ZoneInfo(series.timezone)
        except (ConfigError, ValueError, TypeError, ArithmeticError, OSError, ZoneInfoNotFoundError) as error:
            self._bad_series[key] = entry
            self.left_out[key] = str(error) or type(error).__name__
            return
        self.series[series.key] = series

    def _take_action(self, number: int, entry: Any) -> None:
        """Take a declared split, dividend or jump; without one that cannot be read its symbol's bars are not true."""
        try:
            self.actions.append(_action(entry))
        except (ValueError, KeyError, TypeError, ArithmeticError, AttributeError) as error:
            self._bad_actions.append(entry)
            symbol = entry.get("symbol") if isinstance(entry, dict) else None
            why = f"action {number} cannot be read ({error})"
            spoiled = [key for key, series in self.series.items() if series.symbol == symbol]
            for key in spoiled:
                self._bad_series[key] = self.series.pop(key).entry()
                self.left_out[key] = f"{why}, and without it the prices do not fit together"
            if not spoiled:
                self.left_out[f"action {number}"] = why

    def actions_of(self, basis: PriceBasis | None) -> list[CorporateAction]:
        """Return the actions that count for a series of `basis`."""
        return [each for each in self.all_actions if basis != "adjusted" or not each.is_of_raw_prices]

    def complaints(self) -> list[str]:
        """Return a message for each entry that was left out."""
        todo = "import it again with `aion import`, or take it out of the index"
        left_out = [
            f"{self.folder / INDEX}: {name} is left out: {why}; {todo}" for name, why in self.left_out.items()
        ]
        said = self.table.complaints
        more = [f"{self.folder / ACTIONS}: and {len(said) - MOST_SAID:,} lines more"] if len(said) > MOST_SAID else []
        return left_out + said[:MOST_SAID] + more

    def read(self, series: Series) -> list[Bar]:
        """Return the bars of a series in order of time.

        Raises:
            FeedError: the file is missing, damaged or does not match the index.
        """
        path = self.folder / series.file
        try:
            read = _read_parquet if path.suffix == ".parquet" else _read_csv
            bars = read(path, series.symbol, series.rows)
        except (OSError, ValueError, ArithmeticError, KeyError, EOFError) as error:
            raise FeedError(f"{path} cannot be read: {error}; import it again with `aion import`") from None
        kind = series.instrument().kind
        if kind not in SIGNED and (why := next((why_no_bar(kind, bar) for bar in bars if bar.low <= 0), "")):
            raise FeedError(f"{path} cannot be read: {why}; import it again with `aion import`")
        if len(bars) != series.rows or any(one.ts >= two.ts for one, two in pairwise(bars)):
            raise FeedError(f"{path} is not what {INDEX} says of it; import it again with `aion import`")
        return bars

    def write(self, series: Series, bars: Sequence[Bar], form: Format = "parquet") -> None:
        """Write a series and its index entry, replacing the previous one.

        Raises:
            ConfigError: the folder cannot be written, or the extra for Parquet is missing.
        """
        old = self.series.get(series.key)
        old_file = old.file if old is not None else ""
        series.file = self._free_name(series, "parquet" if form == "parquet" else "csv.gz")
        series.rows = len(bars)
        series.first, series.last = (iso(bars[0].ts), iso(bars[-1].ts)) if bars else ("", "")
        data = _parquet(bars) if form == "parquet" else _csv(bars)
        self.series[series.key] = series
        self._bad_series.pop(series.key, None)
        self._replace(series.file, data)
        self.write_index()
        bad = [each.get("file") for each in self._bad_series.values() if isinstance(each, dict)]
        if old_file and old_file not in [*(each.file for each in self.series.values()), *bad]:
            (self.folder / old_file).unlink(missing_ok=True)

    def _free_name(self, series: Series, suffix: str) -> str:
        """Return the file name of a series: its symbol with allowed characters, made unique if another series has it.

        `BTC/USDT` and `BTC_USDT` would get the same name, and on some disks `msft` and `MSFT`.
        """
        plain = re.sub(r"[^A-Za-z0-9.-]", "_", series.symbol)[:MAX_STEM]
        taken = {each.file.lower() for each in self.series.values() if each.key != series.key}
        taken |= {str(each.get("file")).lower() for each in self._bad_series.values() if isinstance(each, dict)}
        for stem in (plain, f"{plain}-{hashlib.sha256(series.symbol.encode()).hexdigest()[:16]}"):
            name = f"{series.kind}_{stem}.{suffix}"
            if name.lower() not in taken:
                break
        return name

    def halts(self, symbol: str) -> list[Halt]:
        """Return the halts of `symbol` in the folder's table.

        Raises:
            FeedError: the table cannot be read.
        """
        return [each for each in read_halts(self.folder / HALTS) if each.symbol == symbol]

    def declare(self, actions: Iterable[CorporateAction]) -> None:
        """Add splits and dividends; a known one is not added twice."""
        known = {(each.symbol, each.ex_date, each.kind): each for each in self.actions}
        known |= {(each.symbol, each.ex_date, each.kind): each for each in actions}
        self.actions = sorted(known.values(), key=lambda each: (each.ex_date, each.symbol, each.kind))

    def write_index(self) -> None:
        """Write the index.

        Raises:
            ConfigError: the folder cannot be written.
        """
        good = {key: each.entry() for key, each in self.series.items()}
        index = {
            "schema": SCHEMA,
            "series": dict(sorted((self._bad_series | good).items())),
            "actions": [_action_entry(each) for each in self.actions] + self._bad_actions,
        }
        self._replace(INDEX, json.dumps(index, indent=1).encode())

    def _replace(self, name: str, data: bytes) -> None:
        try:
            write_bytes(self.folder / name, data)
        except OSError as error:
            raise ConfigError(f"{self.folder / name} cannot be written: {error.strerror}") from None


def _action_entry(action: CorporateAction) -> dict[str, str]:
    """Return the entry of the index; what is as usual is not said."""
    entry = {"symbol": action.symbol, "ex_date": action.ex_date.isoformat(), "kind": action.kind}
    entry["amount"] = str(action.amount)
    if action.per != 1:
        entry["per"] = str(action.per)
    if action.cash is not None:
        entry["cash"] = str(action.cash)
    for name in ("into", "currency", "note"):
        if said := getattr(action, name):
            entry[name] = said
    return entry


def _action(entry: dict[str, Any]) -> CorporateAction:
    kind = entry["kind"]
    if kind not in ACTION_KINDS:
        raise ValueError(f"kind {kind!r} is not known; known: {', '.join(ACTION_KINDS)}")
    cash = entry.get("cash")
    return CorporateAction(
        entry["symbol"], date.fromisoformat(entry["ex_date"]), kind, Decimal(entry["amount"]),
        Decimal(entry.get("per", "1")), entry.get("into", ""), Decimal(cash) if cash is not None else None,
        entry.get("currency", ""), entry.get("note", ""),
    )  # fmt: skip


def _parquet(bars: Sequence[Bar]) -> bytes:
    arrow, parquet = need("pyarrow", "parquet"), need("pyarrow.parquet", "parquet")
    decimals = max((_decimals(price) for bar in bars for price in _prices(bar)), default=0)
    price = _decimal(arrow, 20, max(_PRICE_DECIMALS, decimals))
    volume = _decimal(arrow, 30, max(_VOLUME_DECIMALS, *(_decimals(bar.volume) for bar in bars), 0))
    kinds = [arrow.timestamp("us", "UTC"), price, price, price, price, volume]
    columns = {
        name: arrow.array([_value(bar, name, kind) for bar in bars], kind)
        for name, kind in zip(_COLUMNS, kinds, strict=True)
    }
    sink = io.BytesIO()
    parquet.write_table(arrow.table(columns), sink, compression="zstd")
    return sink.getvalue()


def _decimal(arrow: Any, digits: int, decimals: int) -> Any:
    """Return a decimal type for every digit: the usual one, or a wider one if that is not enough."""
    usual = {20: _PRICE_DECIMALS, 30: _VOLUME_DECIMALS}[digits]
    if decimals == usual:
        return arrow.decimal128(digits, decimals)
    digits = _WHOLE_DIGITS + decimals
    return arrow.decimal128(38, decimals) if digits <= 38 else arrow.decimal256(76, decimals)


def _prices(bar: Bar) -> tuple[Decimal, ...]:
    return bar.open, bar.high, bar.low, bar.close


def _decimals(value: Decimal) -> int:
    exponent = int(value.as_tuple().exponent)
    return len(format(value, "f").partition(".")[2].rstrip("0")) if exponent < -_PRICE_DECIMALS else 0


def _value(bar: Bar, name: str, kind: Any) -> Any:
    value = getattr(bar, name)
    return value.quantize(Decimal(1).scaleb(-kind.scale), context=_EXACT) if name != "ts" else value


def _read_parquet(path: Path, symbol: str, rows: int) -> list[Bar]:
    bars: list[Bar] = []
    with open_regular(path) as file:
        for columns in parquet_batches(file, list(_COLUMNS), rows):
            utc = [ts.astimezone(UTC) for ts in columns["ts"]]
            volumes = (_plain(volume) for volume in columns["volume"])
            prices = (_plain_prices(columns[name]) for name in ("open", "high", "low", "close"))
            bars += [Bar(symbol, *row) for row in zip(utc, *prices, volumes, strict=True)]
    return bars


def _plain_prices(column: list[Decimal]) -> list[Decimal]:
    """Return prices of one exponent without the trailing zeros of a wider column."""
    if not column or int(column[0].as_tuple().exponent) >= -_PRICE_DECIMALS:
        return column
    return [exact_price(price) for price in column]


def _csv(bars: Sequence[Bar]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for bar in bars:
        writer.writerow((iso(bar.ts), *(format(price, "f") for price in _prices(bar)), _plain(bar.volume)))
    return gzip.compress(text.getvalue().encode(), mtime=0)


def _read_csv(path: Path, symbol: str, rows: int) -> list[Bar]:
    text = inflate(read_regular(path, MAX_FILE_BYTES), MAX_FILE_BYTES)
    if text.count(b"\n") > rows + 1:
        raise ValueError(f"it has more than the {rows:,} rows of {INDEX}")
    found = csv.reader(text.decode().splitlines()[1:])
    return [Bar(symbol, parse_iso(ts), *map(Decimal, numbers)) for ts, *numbers in found]


def _plain(value: Decimal) -> Decimal:
    """Return `value` without trailing zeros and exponent, the same however it was stored."""
    text = format(value, "f")
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)
