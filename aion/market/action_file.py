"""Corporate actions from a table beside the bars, `actions.csv`.

Columns: `symbol`, `ex_date`, `kind`, and as the kind needs them `ratio`, `cash`, `currency`, `into`, `note`. A line
that cannot be read costs itself. Where it says at least of which symbol and day it is, what is held of that symbol is
marked as not booked, because without the line the prices before and after it do not fit together.
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import cast, get_args

from aion.errors import FeedError, printable
from aion.market.action import ActionKind, CorporateAction
from aion.model import ONE, ZERO
from aion.store.regular_file import lines, open_regular

FILE = "actions.csv"
MAX_BYTES = 16 << 20
LONGEST = 80  # characters of a text of the file in a message
_NEEDED = ("symbol", "ex_date", "kind")
_COLUMNS = (*_NEEDED, "ratio", "cash", "currency", "into", "note")
_NAMES = {
    "cash_dividend": "dividend", "special_dividend": "dividend", "reverse_split": "split", "stock_split": "split",
    "forward_split": "split", "bonus": "stock_dividend", "bonus_issue": "stock_dividend", "spinoff": "spin_off",
    "demerger": "spin_off", "acquisition": "merger", "takeover": "merger", "name_change": "rename",
    "symbol_change": "rename", "ticker_change": "rename", "delisted": "delisting", "bankruptcy": "delisting",
}  # fmt: skip
"""What others call a kind."""
_RATIO = re.compile(r"(?P<new>[0-9.]+)\s*(?:for|:|/|-for-)\s*(?P<old>[0-9.]+)", re.IGNORECASE)
_HOW = "such as 1 for 4 (new for old), 0.25 or 25%"
_MOST = Decimal(10) ** 9


@dataclass(slots=True)
class ActionTable:
    """The actions of a file."""

    actions: list[CorporateAction] = field(default_factory=list)
    """By day, then symbol."""
    complaints: list[str] = field(default_factory=list)
    """What could not be read, for people."""


class _BadFieldError(Exception):
    """A field that cannot be read, and why."""


def read_actions(path: Path) -> ActionTable:
    """Return the corporate actions of a file; none if there is no file.

    Raises:
        FeedError: it cannot be read at all, or lacks a column.
    """
    table = ActionTable()
    try:
        with open_regular(path) as file:
            text = io.StringIO(b"".join(lines(file, MAX_BYTES)).decode("utf-8-sig"), newline="")
            reader = csv.DictReader(text, skipinitialspace=True)
            names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
            missing = [name for name in _NEEDED if name not in names]
            if missing:
                raise FeedError(f"{path} has no column {', '.join(missing)}: it needs {', '.join(_NEEDED)}")
            unknown = [name for name in names if name not in _COLUMNS]
            if unknown:
                table.complaints.append(
                    f"{path}: column {printable(unknown[0])[:LONGEST]!r} is not read; known: {', '.join(_COLUMNS)}"
                )
            reader.fieldnames = names
            first: dict[tuple[str, date, str], tuple[int, CorporateAction]] = {}
            for row in reader:
                _take(row, path, reader.line_num, table, first)
    except FileNotFoundError:
        return table
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FeedError(f"{path} cannot be read: {error}; save it as CSV in UTF-8") from None
    table.actions.sort(key=lambda each: (each.ex_date, each.symbol))
    return table


def _take(
    row: Mapping[str, str | None],
    path: Path,
    number: int,
    table: ActionTable,
    first: dict[tuple[str, date, str], tuple[int, CorporateAction]],
) -> None:
    """Add the action of a line, or a complaint."""
    said = {name: (row.get(name) or "").strip() for name in _COLUMNS}
    if not any(said.values()):
        return
    where = f"{path}, line {number}"
    try:
        symbol, day = _symbol(said["symbol"]), _day(said["ex_date"])
    except _BadFieldError as why:
        table.complaints.append(f"{where}: {why}; the line is left out: put it right and start again")
        return
    try:
        action = _action(symbol, day, said, len(row.get(None) or ()))  # type: ignore[call-overload]
    except _BadFieldError as why:
        table.complaints.append(f"{where}: {why}; what is held of {symbol} is not booked until it is put right")
        what = printable(said["kind"])[:LONGEST].replace("_", " ")
        action = CorporateAction(symbol, day, "other", note=what or "action", problem=f"line {number}: {why}")
    before = first.setdefault((symbol, day, action.kind), (number, action))
    if before[1] == action and before[0] != number:
        return  # said twice
    if before[0] != number and action.kind not in ("dividend", "other"):
        why_not = f"lines {before[0]} and {number} say different things"
        table.complaints.append(
            f"{where}: a {action.kind} of {symbol} on {day} stands in line {before[0]} otherwise; nothing held of "
            f"{symbol} is booked until one of them is gone"
        )
        if before[1] in table.actions:
            table.actions.remove(before[1])
        action = CorporateAction(symbol, day, "other", note=action.kind.replace("_", " "), problem=why_not)
    table.actions.append(action)


def _symbol(text: str) -> str:
    if not text:
        raise _BadFieldError("it has no symbol")
    return text[:64]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _BadFieldError(f"ex_date {printable(text)[:LONGEST]!r} is not a day such as 2024-04-02") from None


def _action(symbol: str, day: date, said: Mapping[str, str], spare: int) -> CorporateAction:
    if spare:
        raise _BadFieldError(f"it has {spare} fields too many: put texts that have a comma into quotes")
    name = re.sub(r"[\s-]+", "_", said["kind"].lower())
    name = _NAMES.get(name, name)
    if not name:
        raise _BadFieldError("it has no kind")
    note = printable(said["note"])[:LONGEST]
    if name not in get_args(ActionKind):
        # rights, tender offers, and what else there may be: known to happen, and not to be reckoned
        return CorporateAction(symbol, day, "other", note=printable(said["kind"])[:LONGEST])
    kind = cast("ActionKind", name)
    amount, per = _ratio(said["ratio"], kind)
    cash = _money(said["cash"])
    if kind == "dividend":
        if cash is None:
            raise _BadFieldError("a dividend without cash: say how much a unit pays")
        amount, per, cash = cash, ONE, None
    if kind == "split" and not amount:
        raise _BadFieldError(f"a split without a ratio, {_HOW}")
    if kind == "jump":
        amount = ONE
    currency = said["currency"].upper()
    if not re.fullmatch(r"|[A-Z0-9]{3,10}", currency):
        raise _BadFieldError(f"currency {printable(said['currency'])[:LONGEST]!r} is none, such as USD or GBP")
    try:
        return CorporateAction(symbol, day, kind, amount, per, said["into"][:64], cash, currency, note)
    except ValueError as error:
        raise _BadFieldError(str(error)) from None


def _ratio(text: str, kind: ActionKind) -> tuple[Decimal, Decimal]:
    """Return the new units and the old ones that they are for; 0 new ones where nothing is said."""
    if not text:
        return ZERO, ONE
    found = _RATIO.fullmatch(text)
    if found is not None:
        return _number("ratio", found["new"], _HOW), _above_zero(_number("ratio", found["old"], _HOW), text)
    if text.endswith("%"):
        if kind not in ("stock_dividend", "spin_off"):
            raise _BadFieldError(f"ratio {text!r}: only a stock dividend or a spin-off is said in per cent")
        return _number("ratio", text[:-1].strip(), _HOW), Decimal(100)
    return _number("ratio", text, _HOW), ONE


def _above_zero(value: Decimal, text: str) -> Decimal:
    if value <= 0:
        raise _BadFieldError(f"ratio {text!r} is for no old unit: it has to be {_HOW}")
    return value


def _money(text: str) -> Decimal | None:
    return _number("cash", text, "such as 54.20, in the currency of the prices (pounds, not pence)") if text else None


def _number(name: str, text: str, how: str) -> Decimal:
    try:
        value = Decimal(text) if re.fullmatch(r"[0-9.]+", text) else None
    except InvalidOperation:
        value = None
    if value is None or value >= _MOST:
        raise _BadFieldError(f"{name} {printable(text)[:LONGEST]!r} is not a number, {how}")
    return value
