"""`aion import`: turns files of bars into a folder of checked bars, with a report of what was left out.

A series that is unreliable as a whole (an undeclared split, bars of two lengths) is refused and not written; single
bad rows are left out, counted and named.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from aion.clock import iso, parse_iso
from aion.currency import DIGITS, MOST_DECIMALS
from aion.errors import AionError, ConfigError, FeedError, printable
from aion.market import calendar
from aion.market.action import CorporateAction
from aion.market.bar_check import OUTSIDE, Report, clean
from aion.market.exchange import ALWAYS, exchange_of
from aion.market.grid import MINUTES, Grid
from aion.market.importing.bar_folder import BarFolder, Format, Series
from aion.market.importing.closing import close_bars, is_traded
from aion.market.importing.daily import EVENING, are_of_next_day, find_days, next_day
from aion.market.importing.gap import find_gaps
from aion.market.importing.interval import find_grid
from aion.market.importing.merge import merge
from aion.market.importing.split_check import check_jumps
from aion.market.importing.text.lean import UNIT
from aion.market.importing.text.localtime import NO_ZONE
from aion.market.importing.text.part import Part, rows_by_day, rows_by_time, settle_volume
from aion.market.importing.text.table import Reading, read_tables
from aion.market.instrument import UNCOUNTED, Contract, instrument
from aion.market.series import Kind
from aion.model import SIGNED, Bar, PriceBasis
from aion.money import decimals_in
from aion.store.file import write_bytes

REPORT = "import_report.json"
MAX_ROWS = 10_000_000  # of all files of one import, which are held at once
MAX_SERIES = 2000  # of one import: each becomes a file
MAX_SYMBOL = 64  # characters
_COIN_STEP = Decimal("0.00000001")
_USUAL = 8  # decimals that any price may have; what has more may have got them from floating point
_EXACT = Context(prec=100)
_DOUBLE = Context(prec=DIGITS)  # drops what a double cannot hold of a decimal number


@dataclass(frozen=True, slots=True)
class Import:
    """Information about the files besides their rows."""

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
    """Factor for all prices, such as 0.01 for pence."""
    actions: tuple[CorporateAction, ...] = ()
    """Splits and dividends that are declared."""
    form: Format = "parquet"
    reading: Reading = field(default_factory=Reading)
    """What is said of the way the files are written, where they leave a doubt."""
    contract: Contract = field(default_factory=Contract)
    """What is said of what is traded."""
    is_replaced: bool = False
    """True drops what the folder has of a series that comes again; False joins them."""


@dataclass(slots=True)
class Imported:
    """The result of importing one series."""

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
    joined: str = ""
    """What it was joined with in the folder."""

    @property
    def length(self) -> str:
        """Length of its bars for people: `minute`, `5-minute` or `day`."""
        return self.kind if self.kind == "day" or self.grid == MINUTES else self.grid.text()

    def lines(self) -> list[str]:
        """Return it for people: one line, then details."""
        if self.refused:
            lines = [f"{printable(self.symbol)[:MAX_SYMBOL]}: refused, nothing written: {self.refused}"]
        else:
            lines = [f"{self.report.sentence()} ({self.length} bars)"]
        if self.joined and not self.refused:
            lines.append(f"  {self.joined}")
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
    """Import `files` into `folder` and return the result for each series, which the report file also has.

    Args:
        files: text, Parquet, or zips of text.
        folder: created if missing; a series that is there already is merged.
        about: information about the files.
        now: wall time, for the report.

    Raises:
        ConfigError: an invalid argument.
        FeedError: a file cannot be read at all; nothing is written then.
    """
    _check(about)
    target = BarFolder(folder)
    parts = _gather(files, about)
    target.declare(about.actions)
    done = [_import_series(symbol, parts[symbol], target, about) for symbol in sorted(parts)]
    target.write_index()
    _write_report(folder, done, about, now)
    return done


def _check(about: Import) -> None:
    try:
        exchange_of(about.exchange)
    except ConfigError as error:
        raise ConfigError(f"--{error}") from None
    if about.zone:
        _zone(about.zone)
    for action in about.actions:
        _check_basis(action, about.price_basis)


def _check_basis(action: CorporateAction, basis: PriceBasis | None) -> None:
    if basis == "adjusted" and action.kind != "jump":
        raise ConfigError(f"{action.symbol}: adjusted prices have no splits or dividends left to declare")
    if basis is None and action.kind != "jump":
        raise ConfigError(
            f"{action.symbol}: a {action.kind} needs raw prices, and the price basis of these is unknown: import "
            "them with --price-basis raw"
        )


def declare_actions(folder: Path, actions: Sequence[CorporateAction]) -> list[str]:
    """Add `actions` to a folder of checked bars and return a line for people about each.

    Raises:
        ConfigError: nothing to declare, no such folder, or an action that does not fit its bars.
        FeedError: the index cannot be read.
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
            raise ConfigError(f"{action.symbol}: {action.ex_date} is not a trading day of {found.exchange}")
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


def _gather(files: Sequence[Path], about: Import) -> dict[str, list[Part]]:
    parts: dict[str, list[Part]] = defaultdict(list)
    count = 0
    for path in files:
        for table in read_tables(path, about.reading):
            mine: dict[str, Part] = {}
            for row, stamp in zip(table.rows, table.stamps, strict=True):
                count += 1
                symbol = row.get("symbol") or about.symbol or table.stem
                if symbol not in mine:
                    mine[symbol] = Part(table)
                    parts[symbol].append(mine[symbol])
                if count > MAX_ROWS or len(parts) > MAX_SERIES:
                    what = f"{MAX_ROWS:,} rows" if count > MAX_ROWS else f"{MAX_SERIES:,} symbols"
                    raise FeedError(f"{path} and those before it have more than {what}: import them in parts")
                mine[symbol].rows.append(row)
                mine[symbol].stamps.append(stamp)
    if not parts:
        raise FeedError(f"there are no rows in {', '.join(path.name for path in files)}")
    for found in parts.values():
        if len(found) > 1:
            for part in found:
                for row in part.rows:
                    row["row"] = f"{row['row']} of {Path(part.table.name).name}"
    return parts


def _import_series(symbol: str, parts: list[Part], target: BarFolder, about: Import) -> Imported:
    report = Report(symbol)
    names = list(dict.fromkeys(Path(part.table.name).name for part in parts))
    done = Imported(symbol, "minute", names, report)
    try:
        if len(symbol) > MAX_SYMBOL or not symbol.isprintable():
            raise FeedError(f"a symbol has 1 to {MAX_SYMBOL} characters that can be printed")
        stamps = [stamp for part in parts for stamp in part.stamps]
        days = find_days(stamps, about.exchange)
        done.kind = "day" if days is not None else "minute"
        if days is not None and are_of_next_day(days, stamps, about.exchange):
            days = [next_day(each) for each in days]
            report.warn(EVENING)
        old = None if about.is_replaced else target.series.get(f"{done.kind}:{symbol}")
        series = _series(symbol, done.kind, names, about, old)
        kind = series.instrument().kind
        is_uncounted = kind in UNCOUNTED
        has_volume = settle_volume(parts, report, is_traded=is_uncounted)
        series.has_volume = has_volume or not is_uncounted
        if days is not None:
            if about.interval is not None:
                raise FeedError("its bars are daily ones, not as --interval says")
            timed = rows_by_day(parts, days, report, about.exchange)
        else:
            moments = rows_by_time(parts, report, _zone(about.zone) if about.zone else None)
            done.grid = find_grid(sorted({at for _, at in moments}), about.exchange, about.interval)
            series.interval_s, series.anchor = int(done.grid.interval.total_seconds()), done.grid.anchor
            timed = list(
                close_bars(moments, done.grid, report, about.exchange, is_stamped_at_open=about.is_stamped_at_open)
            )
        traded = is_traded(about.exchange, done.grid) if about.exchange != ALWAYS else None
        unit = about.unit * UNIT if about.exchange != ALWAYS and parts[0].table.is_lean_share else about.unit
        if unit != about.unit:
            report.warn("prices were read as LEAN's ten-thousandths")
        bars = list(
            clean(
                symbol, timed, report, unit=unit, is_traded_at=traded,
                step=None, is_repaired=True, has_volume=has_volume, kind=kind,
            )
        )  # fmt: skip
        if not bars:
            raise FeedError(_nothing_left(report, about))
        series.tick = format(about.contract.tick or _tick(series, bars, old), "f")
        series.dropped = report.dropped_days
        signed_tick = Decimal(series.tick) if kind in SIGNED else None
        check_jumps(bars, about.exchange, target.actions_of(about.price_basis), signed_tick)
        if not about.is_replaced:
            bars, done.joined = merge(series, bars, target)
            if about.contract.tick is not None:
                series.tick = format(about.contract.tick, "f")  # a coarser one than before, too
            if done.joined:
                check_jumps(bars, about.exchange, target.actions_of(about.price_basis), signed_tick)
        done.gaps = find_gaps(done.kind, bars, series.dropped, about.exchange, done.grid, target.halts(symbol))
        target.write(series, bars, about.form)
    except ConfigError:
        raise
    except AionError as error:
        done.refused = str(error)
    return done


def _tick(series: Series, bars: Sequence[Bar], old: Series | None) -> Decimal:
    """Return the price step; for coins and currencies, one that fits their prices, without floating-point noise.

    That of `old` bars stays while the new prices keep to it.
    """
    if series.exchange != ALWAYS and series.instrument().kind != "fx":
        return Decimal(series.tick)
    prices = {price for bar in bars for price in (bar.open, bar.high, bar.low, bar.close)}
    if old is not None and not any(_EXACT.remainder(price, Decimal(old.tick)) for price in prices):
        return Decimal(old.tick)
    decimals = max(map(_real_decimals, prices))
    return Decimal(1).scaleb(-min(decimals, MOST_DECIMALS))


def _real_decimals(price: Decimal) -> int:
    """Return the decimals of a price, without those that come from floating point."""
    decimals = decimals_in(price)
    return decimals if decimals <= _USUAL else decimals_in(_DOUBLE.plus(price).normalize())


def _nothing_left(report: Report, about: Import) -> str:
    """Return why there is no good bar, and what is most likely to help."""
    why = max(report.dropped, key=lambda each: report.dropped[each], default="")
    count = f" of {report.read:,} rows, {report.dropped[why]:,} are {why}" if why else ""
    hint = ""
    if why == NO_ZONE and not about.zone:
        hint = "; say the zone of its times: --zone America/New_York"
    elif why == OUTSIDE:
        hint = f"; if {about.exchange} is its exchange, its times are in another zone: see that they say which"
    return f"no good bar is left:{count}{hint}" if count else "no good bar is left"


def _series(symbol: str, kind: Kind, names: list[str], about: Import, old: Series | None) -> Series:
    """Return a series as it is said to be; what is not said is as of `old`, or usual."""
    quoted = symbol.rpartition("/")[2].partition(":")[0] if "/" in symbol else ""
    currency = about.currency or exchange_of(about.exchange).currency or quoted
    if not currency:
        raise ConfigError(f"{symbol}: say in which currency its prices are: --currency USDT")
    known = instrument(symbol, about.exchange, currency, about.price_basis or "raw")
    said = about.contract
    traded = said.kind or (old.instrument_kind if old is not None else "")
    is_coin = about.exchange == ALWAYS and traded in ("", "coin", "perpetual")
    step = said.step or (Decimal(old.quantity_step) if old is not None else None)
    step = step or (_COIN_STEP if is_coin else known.quantity_step)
    tick = said.tick or (Decimal(old.tick) if old is not None else known.tick)
    lot = said.lot or (Decimal(old.lot) if old is not None and said.step is None else None)
    lot = lot or (step if is_coin or said.step is not None else known.lot)
    series = Series(
        kind, symbol, about.exchange, currency, about.price_basis, about.zone or "UTC",
        format(tick, "f"), format(lot, "f"), format(step, "f"), known.name,
        f"imported from {', '.join(names)}", instrument_kind=traded,
    )  # fmt: skip
    for name in ("multiplier", "margin", "settlement", "expiry", "strike", "right", "underlying", "final_price"):
        value = getattr(said, name)
        if name == "expiry" and value is not None:
            value = iso(_expiry(value, about.exchange))
        if value is not None:
            setattr(series, name, value if isinstance(value, str) else format(value, "f"))
        elif old is not None:
            setattr(series, name, getattr(old, name))
    return series


def _expiry(said: str, mic: str) -> datetime:
    """Return the end of what expires: a time, or the close of a market day of `mic`."""
    try:
        if len(said) > len("2020-04-21"):
            return parse_iso(said)
        day = date.fromisoformat(said)
    except ValueError:
        raise ConfigError(
            f"--expiry {said[:40]!r} is neither a market day, 2020-04-21, nor a time, 2020-04-21T18:30Z"
        ) from None
    closes = calendar.session_closes(mic, day, day)
    if day not in closes:
        raise ConfigError(f"--expiry {said}: {day} is not a trading day of {mic}")
    return closes[day]


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
