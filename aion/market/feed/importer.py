"""`aion import`: files of bars that people have become a folder of checked bars, with a report of what was left out.

A series that cannot be trusted as a whole (an undeclared split, bars of two lengths) is refused and not written;
single bad rows are left out, counted and named.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from aion.errors import AionError, ConfigError, FeedError, printable
from aion.market import calendar
from aion.market.feed.barfile import BarFolder, Format, Series
from aion.market.feed.interval import find_grid
from aion.market.feed.protocol import Kind
from aion.market.feed.table import Row, is_day, parse_stamp, read_table
from aion.market.feed.validate import JUMP, NO_ZONE, OUTSIDE, Report, clean
from aion.market.grid import INSTANT, MINUTES, Grid
from aion.market.halt import Halt
from aion.market.instrument import instrument
from aion.model import Bar, CorporateAction, PriceBasis
from aion.store.file import write_bytes

REPORT = "import_report.json"
MAX_ROWS = 10_000_000  # of all files of one import, which are held at once
MAX_SERIES = 2000  # of one import: each becomes a file
MAX_SYMBOL = 64  # characters
_CURRENCIES = {"XNYS": "USD", "XNAS": "USD", "XLON": "GBP", "XHKG": "HKD"}
NO_DAY = "no session on that day"
OFF_GRID = "off the grid of its bars"


@dataclass(frozen=True, slots=True)
class Import:
    """What is known of the files beside their rows."""

    exchange: str
    """ISO 10383 MIC, or `24/7`."""
    symbol: str = ""
    """Of files without a column for it; empty for the name of each file."""
    currency: str = ""
    """Empty for that of the exchange."""
    price_basis: PriceBasis | None = None
    """None when it is not known: such bars are refused for bots that hold overnight."""
    zone: str = ""
    """IANA zone of stamps without one."""
    is_stamped_at_open: bool = True
    """True when an intraday bar is named by its start, as most vendors do."""
    interval: timedelta | None = None
    """Length that its intraday bars are said to have; None for what their times show."""
    unit: Decimal = Decimal(1)
    """What prices are multiplied by, 0.01 for pence."""
    actions: tuple[CorporateAction, ...] = ()
    """Splits and dividends that are declared."""
    form: Format = "parquet"


@dataclass(slots=True)
class Imported:
    """What became of one series."""

    symbol: str
    kind: Kind
    files: list[str]
    report: Report
    gaps: dict[str, int] = field(default_factory=dict)
    """Session day -> bars that are missing."""
    grid: Grid = MINUTES
    """How its bars lie in a session, where they are shorter than one."""
    refused: str = ""
    """Why the series was not written; empty when it was."""

    @property
    def length(self) -> str:
        """Length of its bars for people: `minute`, `5-minute` or `day`."""
        return self.kind if self.kind == "day" or self.grid == MINUTES else self.grid.text()

    def lines(self) -> list[str]:
        """Say it for people: one line, then details."""
        if self.refused:
            lines = [f"{printable(self.symbol)[:MAX_SYMBOL]}: refused, nothing written: {self.refused}"]
        else:
            lines = [f"{self.report.sentence()} ({self.length} bars)"]
        if self.gaps:
            worst = max(self.gaps, key=lambda day: self.gaps[day])
            lines.append(
                f"  gaps: {sum(self.gaps.values()):,} {self.length} bars of open sessions are missing, on "
                f"{len(self.gaps)} day{'s' if len(self.gaps) > 1 else ''}, most on {worst} ({self.gaps[worst]:,})"
            )
        lines += [f"  {example}" for example in self.report.examples]
        seen = "look at it" if self.refused else "kept, but look at it"
        lines += [f"  {seen}: {warning}" for warning in self.report.warnings]
        return lines


def import_files(files: Sequence[Path], folder: Path, about: Import, now: datetime) -> list[Imported]:
    """Bring `files` into `folder` and return what became of each series; the same stands in its report file.

    Args:
        files: CSV or Parquet.
        folder: is made when missing; series of before stay unless they come again.
        about: what is known of the files.
        now: wall time, for the report.

    Raises:
        ConfigError: an argument that cannot work.
        FeedError: a file that cannot be read at all; nothing is written then.
    """
    _check(about)
    target = BarFolder(folder)
    rows, names = _gather(files, about)
    target.declare(about.actions)
    done = []
    for symbol in sorted(rows):
        done.append(_import_series(symbol, rows[symbol], names[symbol], target, about))
    target.write_index()
    _write_report(folder, done, about, now)
    return done


def _check(about: Import) -> None:
    if about.exchange not in calendar.EXCHANGES:
        known = ", ".join(calendar.EXCHANGES)
        raise ConfigError(f"--exchange {about.exchange!r} is not known; known: {known}")
    if about.zone:
        _zone(about.zone)
    for action in about.actions:
        _check_basis(action, about.price_basis)


def _check_basis(action: CorporateAction, basis: PriceBasis | None) -> None:
    if basis == "adjusted" and action.kind != "jump":
        raise ConfigError(f"{action.symbol}: adjusted prices have no splits or dividends left to declare")
    if basis is None and action.kind != "jump":
        raise ConfigError(
            f"{action.symbol}: a {action.kind} is of raw prices, and nobody said that these are: import them with "
            "--price-basis raw"
        )


def declare_actions(folder: Path, actions: Sequence[CorporateAction]) -> list[str]:
    """Add `actions` to a folder of checked bars and return a line for people about each.

    Raises:
        ConfigError: nothing to declare, no such folder, or an action that cannot be of its bars.
        FeedError: an index that cannot be read.
    """
    if not actions:
        raise ConfigError("there is nothing to declare: give --split, --dividend or --jump")
    target = BarFolder(folder)
    series = {each.symbol: each for each in target.series.values()}
    for action in actions:
        found = series.get(action.symbol)
        if found is None:
            known = ", ".join(sorted(series)) or "no bars at all"
            raise ConfigError(f"{folder} has no bars of {action.symbol}; it has {known}")
        if not calendar.sessions(found.exchange, action.ex_date, action.ex_date):
            raise ConfigError(f"{action.symbol}: {action.ex_date} is no day with a session of {found.exchange}")
        _check_basis(action, found.price_basis)
    target.declare(actions)
    target.write_index()
    return [
        f"{each.symbol}: {each.kind}{'' if each.kind == 'jump' else f' of {each.amount:f}'} on {each.ex_date}"
        for each in actions
    ]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ConfigError(f"--zone {name!r} is not an IANA zone, such as America/New_York") from None


def _gather(files: Sequence[Path], about: Import) -> tuple[dict[str, list[Row]], dict[str, list[str]]]:
    rows: dict[str, list[Row]] = defaultdict(list)
    names: dict[str, list[str]] = defaultdict(list)
    count = 0
    for path in files:
        for row in read_table(path):
            count += 1
            if count > MAX_ROWS or len(rows) > MAX_SERIES:
                what = f"{MAX_ROWS:,} rows" if count > MAX_ROWS else f"{MAX_SERIES:,} symbols"
                raise FeedError(f"{path} and those before it have more than {what}: import them in parts")
            symbol = row.get("symbol") or about.symbol or path.stem
            if len(files) > 1:
                row["row"] = f"{row['row']} of {path.name}"
            rows[symbol].append(row)
            if path.name not in names[symbol][-1:]:
                names[symbol].append(path.name)
    if not rows:
        raise FeedError(f"there are no rows in {', '.join(path.name for path in files)}")
    return rows, names


def _import_series(symbol: str, rows: list[Row], names: list[str], target: BarFolder, about: Import) -> Imported:
    report = Report(symbol)
    kind: Kind = "day" if is_day(rows[0].get("ts", "")) else "minute"
    done = Imported(symbol, kind, names, report)
    try:
        if len(symbol) > MAX_SYMBOL or not symbol.isprintable():
            raise FeedError(f"a symbol has 1 to {MAX_SYMBOL} characters that can be printed")
        series = _series(symbol, kind, names, about)
        timed = _oldest_first(list(_stamped(rows, kind, report, about)), report)
        if kind == "minute":
            done.grid = find_grid(_times(timed), about.exchange, about.interval)
            series.interval_s, series.anchor = int(done.grid.interval.total_seconds()), done.grid.anchor
            timed = list(_closed(timed, done.grid, report, about))
        elif about.interval is not None:
            raise FeedError("its bars are daily ones, not as --interval says")
        is_traded_at = _is_traded(about.exchange, done.grid) if about.exchange != calendar.ALWAYS else None
        bars = list(clean(symbol, timed, report, unit=about.unit, is_traded_at=is_traded_at))
        _check_jumps(symbol, report, about)
        if not bars:
            raise FeedError(_nothing_left(report, about))
        done.gaps = find_gaps(kind, bars, report.dropped_days, about.exchange, done.grid, target.halts(symbol))
        series.dropped = report.dropped_days
        target.write(series, bars, about.form)
    except ConfigError:
        raise
    except AionError as error:
        done.refused = str(error)
    return done


def _nothing_left(report: Report, about: Import) -> str:
    """Say why there is no good bar, and what is most likely to help."""
    why = max(report.dropped, key=lambda each: report.dropped[each], default="")
    count = f" of {report.read:,} rows, {report.dropped[why]:,} are {why}" if why else ""
    hint = ""
    if why == NO_ZONE and not about.zone:
        hint = "; say the zone of its times: --zone America/New_York"
    elif why == OUTSIDE:
        hint = f"; if {about.exchange} is its exchange, its times are in another zone: see that they say which"
    return f"no good bar is left:{count}{hint}" if count else "no good bar is left"


def _series(symbol: str, kind: Kind, names: list[str], about: Import) -> Series:
    currency = about.currency or _CURRENCIES.get(about.exchange) or symbol.rpartition("/")[2]
    if about.exchange == calendar.ALWAYS and not about.currency and "/" not in symbol:
        raise ConfigError(f"{symbol}: say in which currency its prices are: --currency USDT")
    known = instrument(symbol, about.exchange, currency, about.price_basis or "raw")
    step = known.quantity_step if about.exchange != calendar.ALWAYS else Decimal("0.00000001")
    lot = known.lot if about.exchange != calendar.ALWAYS else step
    tick = known.tick if about.exchange != calendar.ALWAYS else Decimal("0.0001")
    return Series(
        kind, symbol, about.exchange, currency, about.price_basis, about.zone or "UTC",
        str(tick), str(lot), str(step), known.name, f"imported from {', '.join(names)}",
    )  # fmt: skip


def _stamped(rows: list[Row], kind: Kind, report: Report, about: Import) -> Iterator[dict[str, str]]:
    """Yield the rows with `ts` in UTC: the close of a day, the stamp of a shorter bar.

    Those whose stamp says nothing keep it, and `clean` names them.
    """
    zone = _zone(about.zone) if about.zone else None
    closes = _closes(rows, about.exchange) if kind == "day" else {}
    for row in rows:
        text = row.get("ts", "")
        if kind == "day":
            if text in closes:
                yield row | {"ts": closes[text].isoformat()}
            elif is_day(text):
                report.read += 1
                report.drop(NO_DAY, f"row {row['row']} ({text})")
            else:
                yield row
            continue
        try:
            yield row | {"ts": parse_stamp(text, zone).isoformat()}
        except (ValueError, OverflowError, OSError):
            yield row


def _closes(rows: list[Row], exchange: str) -> dict[str, datetime]:
    days = {row["ts"]: date.fromisoformat(row["ts"]) for row in rows if is_day(row.get("ts", ""))}
    known = calendar.session_closes(exchange, min(days.values()), max(days.values()))
    return {text: known[day] for text, day in days.items() if day in known}


def _oldest_first(rows: list[dict[str, str]], report: Report) -> list[dict[str, str]]:
    stamps = [row["ts"] for row in rows]
    if len(rows) > 1 and all(one > two for one, two in pairwise(stamps)):
        report.warn("the rows are newest first: they were read backwards")
        return rows[::-1]
    return rows


def _times(rows: Sequence[Mapping[str, str]]) -> list[datetime]:
    """Return the times that the rows name, in order."""
    found = set()
    for row in rows:
        with suppress(ValueError, KeyError, OverflowError):
            found.add(parse_stamp(row["ts"], None).astimezone(UTC))
    return sorted(found)


def _closed(rows: Sequence[dict[str, str]], grid: Grid, report: Report, about: Import) -> Iterator[dict[str, str]]:
    """Yield the rows with `ts` as the close of the bar, at the latest where the session or its half ends.

    A bar outside the sessions keeps a close outside, so that `clean` names it.
    """
    close_of = _close_of_open if about.is_stamped_at_open else _close_of_close
    for row in rows:
        try:
            at = parse_stamp(row["ts"], None).astimezone(UTC)
        except (ValueError, OverflowError):
            yield row
            continue
        close = close_of(at, grid, about.exchange)
        if close is None:
            report.read += 1
            report.drop(OFF_GRID, f"row {row['row']} ({row['ts']})")
        else:
            yield row | {"ts": close.isoformat()}


def _close_of_open(at: datetime, grid: Grid, exchange: str) -> datetime | None:
    """Return the close of the bar that begins at `at`, None where none does inside an open session."""
    session = calendar.session_around(exchange, at + INSTANT)
    close = grid.close(session, at) if session is not None else None
    if session is None or close is None:
        return at + grid.interval
    return close if grid.opened(session, close) == at else None


def _close_of_close(at: datetime, grid: Grid, exchange: str) -> datetime | None:
    """As `_close_of_open` for the end of a bar; one that names more than the session has is cut at its end."""
    session = calendar.session_around(exchange, at)
    if session is not None and grid.is_close(session, at):
        return at
    cut = _close_of_open(at - grid.interval, grid, exchange)
    if cut is not None and cut < at:
        return cut
    return at if session is None or not session.has(at) else None


def _is_traded(exchange: str, grid: Grid) -> Callable[[datetime], bool]:
    def is_traded_at(ts: datetime) -> bool:
        session = calendar.session_around(exchange, ts)
        return session is not None and grid.has(session, ts)

    return is_traded_at


def _check_jumps(symbol: str, report: Report, about: Import) -> None:
    real = {each.ex_date for each in about.actions if each.symbol == symbol and each.kind == "jump"}
    declared = {each.ex_date: each.amount for each in about.actions if each.symbol == symbol and each.kind == "split"}
    for ts, ratio in report.jumps:
        session = calendar.session_around(about.exchange, ts)
        if session is not None and session.day in real:
            continue
        amount = declared.get(session.day) if session else None
        if amount is not None and 1 / JUMP < ratio / amount < JUMP:
            continue
        shown = f"1:{ratio:.0f}" if ratio > 1 else f"{1 / ratio:.0f}:1"
        day = session.day if session else ts.date()
        raise FeedError(
            f"on {day} it opens at {shown} of the close before, as after a split that nobody declared; if it is one, "
            f"say so with --split {symbol}:{day}:{float(ratio):.3g}; if the price is real, with --jump "
            f"{symbol}:{day}; else leave the wrong rows out"
        )


def find_gaps(
    kind: Kind,
    bars: Sequence[Bar],
    dropped: Mapping[str, int],
    exchange: str,
    grid: Grid = MINUTES,
    halts: Sequence[Halt] = (),
) -> dict[str, int]:
    """Return how many bars each session between the first and the last bar lacks, by ISO day; none in a halt.

    Args:
        kind: of the bars.
        bars: in order of time.
        dropped: ISO day -> bars in which nobody traded, which are no gaps.
        exchange: MIC.
        grid: how bars that are shorter than a session lie in it.
        halts: of the symbol.
    """
    have: Counter[date] = Counter()
    for bar in bars:
        session = calendar.session_around(exchange, bar.ts)
        if session is not None:
            have[session.day] += 1
    gaps: dict[str, int] = {}
    for session in calendar.sessions(exchange, min(have), max(have)):
        mine = (each for each in halts if each.start < session.close and each.end > session.open)
        own = tuple((each.start, each.end) for each in mine)
        if kind == "day":
            missing = 0 if any(each.covers(session.open, session.close) for each in halts) else 1 - have[session.day]
        else:
            # the first bar itself is there, and counts
            begins = bars[0].ts - INSTANT
            halted = replace(session, halts=session.halts + own) if own else session
            wanted = grid.count(halted, max(session.open, begins), min(session.close, bars[-1].ts))
            missing = wanted - have[session.day] - dropped.get(session.day.isoformat(), 0)
        if missing > 0:
            gaps[session.day.isoformat()] = missing
    return gaps


def _write_report(folder: Path, done: Sequence[Imported], about: Import, now: datetime) -> None:
    value = {
        "schema": "aion/import_report/1",
        "written_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "exchange": about.exchange,
        "price_basis": about.price_basis,
        "series": {
            f"{each.kind}:{each.symbol}": {
                "files": each.files,
                "bars": each.length,
                "read": each.report.read,
                "kept": 0 if each.refused else each.report.kept,
                "refused": each.refused,
                "dropped": each.report.dropped,
                "examples": each.report.examples,
                "warnings": each.report.warnings,
                "gaps": each.gaps,
            }
            for each in done
        },
    }
    try:
        write_bytes(folder / REPORT, json.dumps(value, indent=1).encode())
    except OSError as error:
        raise ConfigError(f"{folder / REPORT} cannot be written: {error.strerror}") from None
