"""Reports of the command line about a data folder: accounts, logs, trades, audit."""

import csv
import heapq
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from aion.clock import iso
from aion.currency import money, plain
from aion.errors import NotFoundError, StateError, printable
from aion.store.document.left_out import lines as left_out_lines
from aion.store.document.state import Account, SimLog, SwingRolling
from aion.store.document_file import read_sound
from aion.store.file import parse_object
from aion.store.layout import Layout, check_day
from aion.store.newest import newest_states
from aion.store.regular_file import last_lines
from aion.web.bundle.exact import total

LEVELS = ("debug", "info", "warning", "error", "critical")
AUDIT_COLUMNS = ("at", "ts", "target", "action", "value", "by", "outcome", "reason", "id")
TRADE_COLUMNS = ("bot", "run", "symbol", "side", "quantity", "price", "fee", "decided_at", "filled_at")


def status_lines(folder: Path, kinds: Mapping[str, str] | None = None) -> list[str]:
    """Return a line for each bot with a state file below `folder`: equity, day, age; and one for each broken file.

    Args:
        folder: the data folder.
        kinds: as `newest_states`.

    Raises:
        NotFoundError: no bot has written there.
    """
    layout = Layout(folder)
    newest = newest_states(layout.states(), kinds or {})
    if not newest:
        raise NotFoundError(f"{folder}: no bot has written here yet; start with `aion up`, or set AION_DATA")
    lines = []
    for bot, place in newest.items():
        try:
            document = read_sound(layout.root / place.file, place.kind, name=place.file)
        except FileNotFoundError:
            continue
        except StateError as error:
            lines.append(printable(f"{bot:<16} UNREADABLE  {error}"))
            continue
        if isinstance(document, SimLog | SwingRolling):
            lines.append(_status_line(bot, document, datetime.now(UTC)))
            lines += _left_out(bot, document, place.file)
            doubted = (held.not_booked for held in document.positions.values() if held.not_booked is not None)
            lines += [printable(f"{bot:<16} NOT BOOKED  {why.removeprefix('not booked: ')}") for why in doubted]
    return lines


def _left_out(bot: str, account: Account, file: str) -> list[str]:
    """Return a line for each entry of its file that could not be read."""
    if account.left_out is None:
        return []
    return [printable(f"{bot:<16} LEFT OUT    {file}: {each}") for each in left_out_lines(account.left_out)]


def _status_line(bot: str, account: Account, now: datetime) -> str:
    said = None if account.total_pnl is None else account.total_pnl.net
    if said is None and account.start_equity is not None:
        said = total((account.equity, -account.start_equity, *(-flow.amount for flow in account.flows.values())))
    net = "" if said is None else f"net {money(said, account.currency, account.decimals, sign=True)} since start"
    late = ""
    if account.kind == "finished":
        late = "finished"
    elif account.due_at is not None and now > account.due_at:
        late = f"LATE {_age(now - account.due_at)}"
    held = f"{len(account.positions)} open" if account.positions else "flat"
    written = "" if account.written_at is None else f"written {_age(now - account.written_at)} ago"
    equity = money(account.equity, account.currency, account.decimals)
    parts = (held, net, f"as of {iso(account.as_of)}", written, late)
    return f"{bot:<16} {equity:>16} {account.currency}  " + "  ".join(part for part in parts if part)


def _age(span: object) -> str:
    seconds = int(getattr(span, "total_seconds")())  # noqa: B009 - timedelta, typed loosely for the subtraction above
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02} min"


def log_lines(folder: Path, count: int, level: str) -> list[str]:
    """Return the newest `count` lines of all processes' logs of at least `level`, in order of time.

    Raises:
        NotFoundError: `level` is unknown, or there is no log.
    """
    if level not in LEVELS:
        raise NotFoundError(f"level {level!r} is unknown; use one of {', '.join(LEVELS)}")
    wanted = set(LEVELS[LEVELS.index(level) :])
    files = Layout(folder).log_files()
    if not files:
        raise NotFoundError(f"{folder}: there are no logs yet; start with `aion up`, or set AION_DATA")
    newest = heapq.nlargest(count, (line for file in files for line in _parsed(file, wanted)))
    return [text for _, text in sorted(newest)]


def _parsed(file: Path, wanted: set[str], tail_bytes: int = 8 << 20) -> Iterator[tuple[str, str]]:
    lines: list[bytes] = []
    with suppress(OSError):  # no regular file, or rotated meanwhile
        lines = last_lines(file, tail_bytes)
    for line in lines:
        try:
            value = parse_object(line, file.name)
        except StateError:
            continue  # the last line may be half written
        level, ts = value.get("level"), str(value.get("ts", ""))
        if isinstance(level, str) and level in wanted:
            process = str(value.get("process", file.stem))
            yield ts, printable(f"{ts}  {level:<7} {process:<6} {value.get('event', '')}")


def trade_lines(folder: Path, bot: str | None, day: str | None, *, is_fills: bool, is_csv: bool) -> list[str]:
    """Return closed trades (or fills) from the ledger below `folder`, as CSV or aligned columns, a heading first.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
        NotFoundError: it has no such bot.
        ConfigError: an invalid day.
    """
    from aion.ledger.query import read_ledger  # noqa: PLC0415 - only this command needs it

    if day is not None:
        check_day(day)
    with read_ledger(Layout(folder).ledger) as ledger:
        if bot is not None and bot not in (known := ledger.bots()):
            raise NotFoundError(f"there is no bot {bot!r} in {ledger.path}; it has {', '.join(known) or 'none'}")
        rows = ledger.fills(bot, day) if is_fills else ledger.trades(bot, day)
    extra = (
        ("slippage", "price_source", "reason")
        if is_fills
        else ("entry_price", "slippage", "borrow", "funding", "realized_pnl", "reason")
    )
    return _table((*TRADE_COLUMNS, *extra), rows, is_csv=is_csv)


def audit_lines(folder: Path, target: str | None, *, is_csv: bool) -> list[str]:
    """Return the commands of people to the bots (to one of them, or to `desk`), as `trade_lines` does.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
    """
    from aion.ledger.query import read_ledger  # noqa: PLC0415 - only this command needs it

    with read_ledger(Layout(folder).ledger) as ledger:
        rows = [
            {name: iso(value) if isinstance(value, datetime) else value for name, value in asdict(each).items()}
            for each in ledger.audits(target)
        ]
    return _table(AUDIT_COLUMNS, rows, is_csv=is_csv)


def _table(columns: tuple[str, ...], rows: Sequence[Mapping[str, object]], *, is_csv: bool) -> list[str]:
    if is_csv:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([printable(_cell(row.get(name), zero="0")) for name in columns])
        return text.getvalue().split("\n")[:-1]
    table = [columns, *(tuple(printable(_cell(row.get(name))) for name in columns) for row in rows)]
    widths = [max(len(line[index]) for line in table) for index in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]


def _cell(value: object, *, zero: str = "") -> str:
    """Return a number in plain digits, other values unchanged; `zero` for the number 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return "" if value is None else str(value)
    if not value:
        return zero
    return f"{value:f}" if isinstance(value, Decimal) else plain(value) if math.isfinite(value) else str(value)
