"""A journal or a broker's statement as a CSV file, read by a map of its columns."""

import codecs
import csv
import io
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from aion.adapter.account.book import Book, Fill, in_order, valued
from aion.adapter.account.by_fills import account_of, currency_of
from aion.adapter.account.document import Reading
from aion.adapter.account.file import FileSource, Read
from aion.adapter.problem import AwayError, WrongError
from aion.errors import printable
from aion.model import ZERO
from aion.section import AttachSettings
from aion.store.regular_file import open_regular

MOST_BYTES = 64 << 20
MOST_COMPLAINTS = 3  # that the card names
DELIMITERS = ",;\t|"
SETTLED_S = 2.0  # since the last write, until a last line without an end counts
AHEAD_S = 300.0  # of a time in the file, from which it is taken for wrong
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_UNIT_BEHIND = re.compile(r"(.*?)\s*([A-Z][A-Z0-9]{1,9})?", re.DOTALL)
_UNIT_AFTER = re.compile(r"^[0-9.,+-]+\s*")
_BUY = frozenset({"b", "buy", "bot", "bought", "kauf", "koop", "achat", "compra", "long"})
_SELL = frozenset({"s", "sell", "sld", "sold", "verkauf", "verkoop", "vente", "venta", "short"})
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True)
class Row:
    """One execution, and the currency that it is in."""

    fill: Fill
    currency: str
    base: str
    """Coin that is bought, where it is one."""


class StatementSource(FileSource):
    """One file."""

    rule = "csv"

    def read(self, now: datetime) -> Read:
        """Read the file.

        Raises:
            AttachError: it cannot be read, or has not the columns that the settings name.
        """
        rows, complaints, left_out = parse(
            self._bytes(), self.path.name, self.settings, now, is_settled=self._is_settled()
        )
        currencies = sorted({row.currency for row in rows})
        currency = currency_of(currencies, self.settings.currency)
        fills = in_order(valued(row.fill, currency, {}, row.base) for row in rows if row.currency in ("", currency))
        book = Book(fills, is_fifo=self.settings.cost_basis == "fifo")
        reading = Reading(currency, self.settings.mode or "live", now, ZERO)
        account_of(book, reading, self.settings.wallet)
        if complaints:
            more = f" and {len(complaints) - MOST_COMPLAINTS} more" if len(complaints) > MOST_COMPLAINTS else ""
            reading.notes.insert(0, f"Left out of {self.path.name}: {'; '.join(complaints[:MOST_COMPLAINTS])}{more}.")
        others = [each for each in currencies if each not in ("", currency)]
        if others:
            reading.notes.append(f"It also has fills in {', '.join(others)}: attach it once more to see those.")
        if left_out:
            reading.notes.append(f"{left_out} repeated rows of one id are counted once.")
        if len(book.fills) < len(self.book.fills):
            reading.notes.append(f"It had {len(self.book.fills)} fills before and now has {len(book.fills)}.")
        return book, reading

    def _sign(self) -> Any:
        return super()._sign(), self._is_settled()

    def _is_settled(self) -> bool:
        """Tell whether nobody wrote to the file for a while."""
        try:
            return abs(time.time() - self.path.stat().st_mtime) > SETTLED_S
        except OSError:
            return True

    def _bytes(self) -> bytes:
        try:
            with open_regular(self.path, follow=True) as file:
                data = file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            raise AwayError(f"{self.path}: file not found") from None
        except OSError as error:
            raise AwayError(f"{self.path} cannot be read: {error.strerror}") from None
        if len(data) > MOST_BYTES:
            raise WrongError(f"{self.path.name} has more than {MOST_BYTES:,} bytes")
        return data

    def describe(self) -> str:
        """Return what was read."""
        assert self.reading is not None
        return f"{self.path.name}: {len(self.book.fills)} fills in {self.reading.currency}"


def parse(
    data: bytes, name: str, settings: AttachSettings, now: datetime, *, is_settled: bool = True
) -> tuple[list[Row], list[str], int]:
    """Return the executions in a file, what is wrong with the rows left out, and how many were repeated.

    Args:
        data: of the file.
        name: of the file, for errors.
        settings: the map of columns.
        now: wall time; a time after it is wrong.
        is_settled: False while it may be written to: a last line without an end is then left for later.

    Raises:
        WrongError: it is no such file.
    """
    text = decoded(data, name, settings.encoding)
    if not is_settled and not text.endswith(("\n", "\r")):
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1]
    lines = text.splitlines(keepends=True)
    first = next((index for index, line in enumerate(lines) if _has_columns(line, settings)), None)
    if first is None:
        raise WrongError(f"{name} has no line with the columns {', '.join(sorted(_named(settings)))}")
    delimiter = settings.delimiter or _delimiter(lines[first], settings)
    reader = csv.reader(io.StringIO("".join(lines[first:]), newline=""), delimiter=delimiter)
    columns = [each.strip() for each in next(reader)]
    repeated = [each for each in _named(settings) if columns.count(each) > 1]
    if repeated:
        raise WrongError(f"{name} has the column {repeated[0]!r} twice")
    rows, complaints, seen, left_out = list[Row](), list[str](), Counter[str](), 0
    try:
        values = [each for each in reader]
    except csv.Error as error:
        raise WrongError(f"{name} is no CSV file: {error}") from None
    for number, cells in enumerate(values, first + 2):
        if not any(each.strip() for each in cells) or [each.strip() for each in cells] == columns:
            continue
        row = {column: cell.strip() for column, cell in zip(columns, cells, strict=False)}
        if len(cells) < len(columns):
            complaints.append(f"line {number} (it has {len(cells)} of {len(columns)} columns)")
            continue
        if not all(row.get(column) in allowed for column, allowed in settings.keep.items()):
            continue
        try:
            read = _row(row, settings, now, seen)
        except ValueError as error:
            complaints.append(f"line {number} ({printable(str(error))[:160]})")
            continue
        if read is None:
            left_out += 1
        else:
            rows.append(read)
    return rows, complaints, left_out


def decoded(data: bytes, name: str, encoding: str) -> str:
    """Return the text of a file.

    Raises:
        WrongError: it is not in that encoding.
    """
    found = next((each for mark, each in _BOMS if data.startswith(mark)), "")
    used = found or encoding or "utf-8"
    try:
        text = codecs.getincrementaldecoder(used)().decode(data)  # half a character is still being written
    except UnicodeDecodeError as error:
        raise WrongError(
            f'{name} is not {used} at byte {error.start}: say its encoding, such as encoding = "cp1252"'
        ) from None
    if "\0" in text:
        raise WrongError(f'{name} has NUL characters: if it is UTF-16, say encoding = "utf-16"')
    return text


def _named(settings: AttachSettings) -> set[str]:
    """Return the columns that the settings name; a time may be in two, joined by `+`."""
    return {each for name in settings.columns.values() for each in name.split("+")} | set(settings.keep)


def _has_columns(line: str, settings: AttachSettings) -> bool:
    delimiters = settings.delimiter or DELIMITERS
    return any(_named(settings) <= _cells(line, each) for each in delimiters)


def _delimiter(line: str, settings: AttachSettings) -> str:
    return next(each for each in DELIMITERS if _named(settings) <= _cells(line, each))


def _cells(line: str, delimiter: str) -> set[str]:
    return {each.strip() for each in next(csv.reader([line], delimiter=delimiter), [])}


def _row(row: Mapping[str, str], settings: AttachSettings, now: datetime, seen: Counter[str]) -> Row | None:
    """Return the execution in a row; None for one whose id was there before."""

    def cell(what: str) -> str:
        names = settings.columns.get(what, "").split("+")
        return " ".join(row.get(each, "") for each in names if each).strip()  # a column may have no name

    given = cell("id")
    if given and seen[f"id {given}"]:
        return None
    at = _time(cell("time"), settings, now)
    symbol = cell("symbol")
    if not symbol:
        raise ValueError("it has no symbol")
    quantity, base = with_unit(cell("quantity"), settings.decimal, "quantity")
    price = number(cell("price"), settings.decimal, "price")
    side = _side(cell("side"), quantity)
    if not quantity:
        raise ValueError("its quantity is 0")
    fee, coin = with_unit(cell("fee"), settings.decimal, "fee") if cell("fee") else (ZERO, "")
    fee, coin = -fee if settings.is_fee_negative else fee, cell("fee_currency").upper() or coin
    currency = _UNIT_AFTER.sub("", cell("currency")).upper()
    multiplier = number(cell("multiplier"), settings.decimal, "multiplier") if cell("multiplier") else Decimal(1)
    if multiplier <= 0:
        raise ValueError(f"its multiplier is {multiplier}")
    key = given or sha256("\0".join(row.values()).encode()).hexdigest()[:24]
    seen[f"id {key}"] += 1  # without an id two equal rows are two executions: an order filled twice at one price
    fill = Fill(
        f"f-{key}" if seen[f"id {key}"] == 1 else f"f-{key}-{seen[f'id {key}']}",
        at, symbol[:128], side, abs(quantity), price, fee=fee,
        fee_currency="" if not fee or coin == currency else coin, multiplier=multiplier, reason=cell("type")[:200],
    )  # fmt: skip
    return Row(fill, currency, base or symbol.partition("/")[0])


def _side(said: str, quantity: Decimal) -> str:
    word = said.lower().partition(" ")[0].strip("().")
    if not said:
        return "sell" if quantity < 0 else "buy"
    if word in _BUY or word in _SELL:
        return "buy" if word in _BUY else "sell"
    raise ValueError(f"its side is {said!r}: neither buy nor sell")


def with_unit(said: str, decimal: str, what: str) -> tuple[Decimal, str]:
    """Return a number and the coin that is written behind it, as `number`; "" where there is none."""
    match = _UNIT_BEHIND.fullmatch(said.strip())
    figure, unit = match.groups() if match is not None else (said, "")
    return number(figure, decimal, what), unit or ""


def number(said: str, decimal: str, what: str) -> Decimal:
    """Return a number of a statement, such as `1.234,50` or `0.1BTC`.

    Args:
        said: the cell.
        decimal: the decimal point; the other one groups thousands.
        what: names it in errors.

    Raises:
        ValueError: it is none.
    """
    other = "," if decimal == "." else "."
    text = said.strip().replace("\u2212", "-").replace("\u00a0", "").replace("\u202f", "").replace("'", "")
    if other in text:
        whole, _, part = text.partition(decimal)
        if not re.fullmatch(r"[+-]?[0-9]{1,3}(" + re.escape(other) + r"[0-9]{3})+", whole) or other in part:
            raise ValueError(f"its {what} is {said!r}: with decimal = {decimal!r} that is no number")
        text = text.replace(other, "")
    text = text.replace(decimal, ".")
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"its {what} is {said!r}: no number")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"its {what} is {said!r}: no number") from None


def _time(said: str, settings: AttachSettings, now: datetime) -> datetime:
    try:
        if settings.time_format:
            at = datetime.strptime(said, settings.time_format)  # noqa: DTZ007 - the zone of the settings follows
        else:
            at = datetime.fromisoformat(said.replace(";", " ").replace(", ", " "))
    except ValueError:
        wanted = settings.time_format or "ISO 8601, such as 2026-11-30 14:30:00"
        raise ValueError(f"its time is {said!r}, not as {wanted}: give time_format") from None
    at = (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(settings.timezone))).astimezone(UTC)
    if (at - now).total_seconds() > AHEAD_S:
        raise ValueError(f"its time {said!r} is in the future: is the timezone {settings.timezone} right?")
    return at
