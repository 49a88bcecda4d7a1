"""Recognizes the columns of a table: from the headings of many vendors, otherwise from the figures.

A heading may follow lines of other text, and may have two lines, fields and symbols, as pandas writes columns of two
levels. Without a heading, the figures have to show which columns are open, high, low and close.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from aion.errors import ConfigError, FeedError
from aion.market.importing.text.number import is_plain, plain_number
from aion.market.importing.text.stamp import is_stamp

FIELDS = ("open", "high", "low", "close", "volume")
_PRICES = FIELDS[:4]
HEAD_LINES = 12  # in which a heading is looked for
NONE = "none"

_NAMES: dict[str, tuple[str, ...]] = {
    "ts": (
        "unix", "unix_timestamp", "epoch", "ts", "ts_event", "timestamp", "open_time", "opentime", "start_time",
        "starttime", "window_start", "datetime", "date_time", "time", "gmt_time", "local_time", "utc_time",
        "time_utc", "date_utc", "date", "t", "index", "day", "datum", "zeit", "fecha", "data",
    ),
    "open": ("open", "o", "open_price", "opening_price", "erster", "eröffnung", "ouverture", "apertura"),
    "high": ("high", "h", "high_price", "max", "hoch", "tageshoch", "haut", "plus_haut", "máximo"),
    "low": ("low", "l", "low_price", "min", "tief", "tagestief", "bas", "plus_bas", "mínimo"),
    "close": (
        "close", "c", "close/last", "last", "close_price", "closing_price", "price", "latest", "schluss",
        "schlusskurs", "letzter", "zuletzt", "clôture", "dernier", "cierre", "último",
    ),
    "volume": ("volume", "vol", "v", "base_volume", "qty", "quantity", "tick_volume", "tickvol", "volumen", "stücke"),
    "symbol": ("symbol", "ticker", "sym", "instrument", "code", "tic"),
    "tick_volume": ("tickvol", "tick_volume", "tickvolume", "ticks"),
}  # fmt: skip
_QUOTES = frozenset({"usd", "usdt", "usdc", "busd", "eur", "gbp", "jpy", "currency", "quote"})
_ADJUSTED = re.compile(r"adj|split|dividend")
_ZONES = {"utc": "UTC", "gmt": "UTC", "eet": "EET"}
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_TUPLE = re.compile(r"\('([^']*)', '([^']*)'\)")
_SAMPLE = 50
_CONSISTENT = 0.95


@dataclass(slots=True)
class Layout:
    """The columns of the fields."""

    columns: dict[str, dict[str, tuple[int, ...]]]
    """Symbol (empty for that of the row or the file) -> field -> columns; a date and a time are put together."""
    first: int = 0
    """Place of the first row of data among the first lines."""
    width: int = 0
    """Columns that the heading names."""
    zone: str = ""
    """IANA zone of its times, where the heading says it."""
    has_head: bool = True
    notes: list[str] = field(default_factory=list)


def read_columns(text: str) -> dict[str, str]:
    """Return the columns of the fields in a text such as `ts=Datum,close=5`: a name, or a number from 1 on.

    Raises:
        ConfigError: it is invalid.
    """
    found: dict[str, str] = {}
    for part in text.split(",") if text else []:
        name, equals, column = (each.strip() for each in part.partition("="))
        name = {"date": "ts", "timestamp": "ts"}.get(name.lower(), name.lower())
        if not equals or not column or name not in ("ts", "time", "symbol", *FIELDS):
            raise ConfigError(
                f"--columns {part.strip()!r} cannot be read: it wants ts, time, open, high, low, close, volume or "
                "symbol, = and a name or a number, as ts=1,open=2; volume=none where there is none"
            )
        found[name] = column
    if "time" in found and "ts" not in found:
        found["ts"] = found.pop("time")
    return found


def find_layout(lines: Sequence[Sequence[str]], stated: Mapping[str, str], what: str = "it") -> Layout:
    """Return the columns of the fields.

    Args:
        lines: cells of the first lines of a table.
        stated: columns given by the user, as `read_columns` returns them.
        what: the file, for messages.

    Raises:
        FeedError: a column is missing or ambiguous.
    """
    if not lines or not any(any(cells) for cells in lines):
        raise FeedError(f"{what} is empty: it has no line with the names of its columns")
    for place, cells in enumerate(lines):
        layout = _headed(lines, place, stated, what)
        if layout is not None:
            return layout
        if _is_data(cells):
            heading = next((above for above in range(place) if len(lines[above]) == len(cells)), None)
            if heading is not None:  # in words that are not known: which is open and which close cannot be seen
                return _single(lines[heading], heading, stated, what)
            return _headless(lines, place, stated, what)
    head = next(cells for cells in lines if any(cells))
    return _single(head, lines.index(head), stated, what)


def names(cells: Sequence[str]) -> list[str]:
    """Return normalized headings: `Adj Close*` is `adj_close`, `<VOL>` is `vol`, `1. open` is `open`."""
    found = []
    for cell in cells:
        text = cell.strip().strip("\ufeff<>\"'*").lower()
        text = re.sub(r"^\d+\.\s+", "", text)
        text = re.sub(r"^(close|adj close) (close price|adjusted close).*", r"\1", text)
        text = re.sub(r"\s*\((btc|eth|utc|gmt|eet|currency|[a-z]+/[a-z_]+)\)", r"_\1", text)
        found.append(re.sub(r"[\s_]+", "_", text).strip("_."))
    return found


def _is_data(cells: Sequence[str]) -> bool:
    return len(cells) > len(_PRICES) and any(is_stamp(cell) for cell in cells[:2]) and _number(cells[-2]) is not None


def _number(cell: str) -> Decimal | None:
    """Return a number as any program or table writes it: `6.083,20`, `6'083.20`, `608,32 €`."""
    text = cell.strip()
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        if text[-1:].isalpha():
            return None  # 3M is a company
    for decimals in ("point", "comma"):
        if is_plain(found := plain_number(text, decimals)):
            return Decimal(found)
    return None


def _headed(lines: Sequence[Sequence[str]], place: int, stated: Mapping[str, str], what: str) -> Layout | None:
    cells = _completed(lines[place], lines[place + 1 :], stated)
    plain = names(cells)
    pairs = [_TUPLE.fullmatch(cell.strip()) for cell in cells]
    if sum(pair is not None for pair in pairs) >= len(_PRICES):  # pandas writes columns of two levels so to Parquet
        fields = names([pair[1] if pair else cell for pair, cell in zip(pairs, cells, strict=True)])
        symbols = [pair[2] if pair else "" for pair in pairs]
        if not _known(fields):
            symbols, fields = (
                [pair[1] if pair else "" for pair in pairs],
                names([pair[2] if pair else cell for pair, cell in zip(pairs, cells, strict=True)]),
            )
        return _levels(fields, symbols, place + 1, what)
    if not _known(plain) and not any(name in plain for name in names(list(stated.values()))):
        return _flattened(cells, place, what)
    values = _values(plain)
    if any(plain.count(plain[index]) > 1 for index in values):
        return _two_lines(lines, place, plain, values, what)
    after = lines[place + 1] if place + 1 < len(lines) else []
    if len(after) == len(cells) and values and _are_symbols(after, values):
        return _two_lines(lines, place, plain, values, what)
    before = lines[place - 1] if place else []
    if len(before) == len(cells) and values and _are_symbols(before, values):
        return _two_lines(lines, place, plain, values, what)
    return _single(cells, place, stated, what)


def _completed(cells: Sequence[str], after: Sequence[Sequence[str]], stated: Mapping[str, str]) -> Sequence[str]:
    """Return a heading that names one column less than the rows have with that name.

    R writes the names of rows below no heading, and a date and its time may stand in two cells below one.
    """
    rows = [row for row in after if any(row)]
    if not rows or "ts" in stated or any(len(row) != len(cells) + 1 or not row[-1] for row in rows):
        return cells
    place = _find("ts", names(cells), "it")
    if place is None:
        return ["", *cells] if all(is_stamp(row[0]) for row in rows) else cells
    if all(_CLOCK.fullmatch(row[place + 1].strip()) for row in rows):
        return [*cells[:place], "Date", "Time", *cells[place + 1 :]]
    return cells


def _known(plain: Sequence[str]) -> bool:
    return sum(any(name in plain for name in _NAMES[each]) for each in _PRICES) >= len(_PRICES) - 1


def _values(plain: Sequence[str]) -> list[int]:
    """Return the columns of prices and volumes; each field has the first of its names that exists."""
    chosen = {next((name for name in _NAMES[each] if name in plain), None) for each in FIELDS}
    return [index for index, name in enumerate(plain) if name and name in chosen]


def _are_symbols(cells: Sequence[str], values: Sequence[int]) -> bool:
    return all(cells[index].strip() and _number(cells[index]) is None for index in values)


def _two_lines(
    lines: Sequence[Sequence[str]], place: int, plain: list[str], values: Sequence[int], what: str
) -> Layout:
    """Read a line of fields with a line of symbols above or below it, and a third one with the name of the index."""
    width = len(plain)
    first = place + 1
    symbols: Sequence[str] = ()
    if first < len(lines) and len(lines[first]) == width and _are_symbols(lines[first], values):
        symbols, first = lines[first], first + 1
    elif place and len(lines[place - 1]) == width and _are_symbols(lines[place - 1], values):
        symbols = lines[place - 1]
    if not symbols:
        double = next(plain[index] for index in values if plain.count(plain[index]) > 1)
        raise FeedError(f"{what} has several columns {double}: say which is meant by --columns {double}=NUMBER")
    if (
        first < len(lines)
        and lines[first][:1]
        and lines[first][0]
        and not any(lines[first][index] for index in values)
    ):
        plain = [lines[first][0].strip().lower() if not index else name for index, name in enumerate(plain)]
        first += 1
    return _levels(plain, [symbol.strip() for symbol in symbols], first, what)


def _levels(plain: Sequence[str], symbols: Sequence[str], first: int, what: str) -> Layout:
    values = _values(plain)
    rest = [index for index in range(len(plain)) if index not in values and not _ADJUSTED.search(plain[index])]
    stamp = next((index for name in _NAMES["ts"] for index in rest if plain[index] == name), None)
    if stamp is None:
        stamp = next((index for index in rest if index == 0 or not plain[index]), None)
    if stamp is None:
        raise FeedError(f"{what} has no column for the time: say which it is by --columns ts=NUMBER")
    columns: dict[str, dict[str, tuple[int, ...]]] = {}
    for index in values:
        name = next(each for each in FIELDS if plain[index] in _NAMES[each])
        columns.setdefault(symbols[index], {"ts": (stamp,)})[name] = (index,)
    for symbol, found in columns.items():
        missing = [each for each in FIELDS if each not in found]
        if missing:
            raise FeedError(f"{what} has no column for {missing[0]} of {symbol}")
    return Layout(columns, first, len(plain))


def _flattened(cells: Sequence[str], place: int, what: str) -> Layout | None:
    """Read joined columns of two levels: `Close_GOOG`, `GOOG_Close`, or R's `GOOG.Close`."""
    fields, symbols = [], []
    for cell in cells:
        between = next((each for each in "_." if each in cell), " ")
        head, _, tail = cell.strip().partition(between)
        front, _, back = cell.strip().rpartition(between)
        if head.lower() in FIELDS and tail:
            fields.append(head.lower())
            symbols.append(tail)
        elif back.lower() in FIELDS and front:
            fields.append(back.lower())
            symbols.append(front)
        else:
            fields.append(names([cell])[0])
            symbols.append("")
    if sum(bool(symbol) for symbol in symbols) < len(FIELDS) or not _known(fields):
        return None
    return _levels(fields, symbols, place + 1, what)


def _single(cells: Sequence[str], place: int, stated: Mapping[str, str], what: str) -> Layout:
    plain = names(cells)
    layout = Layout({}, place + 1, len(cells))
    found: dict[str, tuple[int, ...]] = {}
    for each in ("ts", *FIELDS, "symbol"):
        if each == "volume":  # that there are several is not the reason where there are no prices either
            _need(("ts", *_PRICES), found, cells, what)
        if each in stated:
            found[each] = _stated(each, stated[each], plain, cells, what)
        elif (index := _find(each, plain, what)) is not None:
            found[each] = (index,)
        elif each == "ts" and "" in plain:
            found["ts"] = (plain.index(""),)  # pandas gives an index without a name an empty heading
    if "ts" not in stated and "date" in plain and "time" in plain and plain[found["ts"][0]] in ("date", "time"):
        found["ts"] = (plain.index("date"), plain.index("time"))
    if "ts" in stated and "time" in stated:
        found["ts"] += _stated("time", stated["time"], plain, cells, what)
    if "volume" in found and found["volume"] != () and (tick := _find("tick_volume", plain, what)) is not None:
        found["tick_volume"] = (tick,)
    _need(("ts", *FIELDS), found, cells, what)
    heading = plain[found["ts"][0]]
    zone = next((zone for part, zone in _ZONES.items() if part in heading.split("_")), "")
    if not zone and (named := re.search(r"\(([A-Za-z]+/[A-Za-z_]+)\)", cells[found["ts"][0]])):
        zone = named[1]
    layout.zone = zone
    layout.columns = {"": found}
    return layout


def _find(each: str, plain: Sequence[str], what: str) -> int | None:
    for name in _NAMES[each]:
        if name in plain:
            return plain.index(name)
    if each == "ts":
        dates = [i for i, name in enumerate(plain) if re.match(r"(date|time|datetime|timestamp|open_time)_", name)]
        return dates[0] if dates else None
    if each == "volume":
        counted = [index for index, name in enumerate(plain) if re.match(r"vol(ume)?_(?!ma$)", name)]
        base = [index for index in counted if plain[index].rpartition("_")[2] not in _QUOTES]
        if len(base) > 1:
            several = ", ".join(plain[index] for index in base)
            raise FeedError(f"{what} has several columns for volume ({several}): say which by --columns volume=NAME")
        return next(iter(base or counted), None)
    return None


def _need(wanted: Sequence[str], found: Mapping[str, object], cells: Sequence[str], what: str) -> None:
    for each in wanted:
        if each not in found:
            raise FeedError(_missing(each, cells, what))


def _missing(each: str, cells: Sequence[str], what: str) -> str:
    if len(cells) == 1 and len(cells[0].split()) >= len(FIELDS):
        return f"{what} has spaces between its columns: save it with commas, semicolons or tabs between them"
    text = f"{what} has no column for {'the time' if each == 'ts' else each}; it has {', '.join(cells)}"
    if each == "volume":
        return f"{text}; where its source counts none, say --columns volume=none"
    return f"{text}; if one of them is it, say --columns {each}=NAME"


def _stated(each: str, column: str, plain: Sequence[str], cells: Sequence[str], what: str) -> tuple[int, ...]:
    if each == "volume" and column.lower() == NONE:
        return ()
    if (wanted := names([column])[0]) in plain:
        return (plain.index(wanted),)
    if column.isdecimal() and 1 <= int(column) <= len(cells):
        return (int(column) - 1,)
    raise FeedError(f"{what} has no column {column!r}, as --columns {each}={column} says; it has {', '.join(cells)}")


def _headless(lines: Sequence[Sequence[str]], place: int, stated: Mapping[str, str], what: str) -> Layout:
    """Read a table without a heading: the dumps of Binance, Kraken, MetaTrader 4, HistData and LEAN."""
    rows = [cells for cells in lines[place : place + _SAMPLE] if any(cells)]
    width = len(rows[0])
    if stated:
        numbered = [str(index + 1) for index in range(width)]
        layout = _single(numbered, place - 1, stated, what)
        layout.has_head = False
        return layout
    ask = (
        "it has no line with the names of its columns, and its figures do not show them: say them, as --columns "
        "ts=1,open=2,high=3,low=4,close=5,volume=6"
    )
    stamp: tuple[int, ...] = (0, 1) if _CLOCK.fullmatch(rows[0][1].strip()) else (0,)
    start = len(stamp)
    if not is_stamp(rows[0][0].strip()) or width < start + len(FIELDS) or not _is_ohlc(rows, start):
        raise FeedError(f"{what}: {ask}")
    binance, kraken = 12, 7
    if width not in (start + len(FIELDS), binance, kraken + start - 1):
        raise FeedError(f"{what}: {ask}")
    columns = {"ts": stamp} | {name: (start + index,) for index, name in enumerate(FIELDS)}
    return Layout({"": columns}, place, width, has_head=False)


def _is_ohlc(rows: Sequence[Sequence[str]], start: int) -> bool:
    """Tell whether four columns are open, high, low and close; bars without a range do not show it."""
    good = shows = 0
    for cells in rows:
        prices = [_number(cell) for cell in cells[start : start + 4]]
        if len(prices) < len(_PRICES) or None in prices:
            continue
        opened, high, low, closed = (price or Decimal(0) for price in prices)
        good += low <= min(opened, closed) <= max(opened, closed) <= high
        shows += high > low
    return good >= _CONSISTENT * len(rows) and shows > 0
