"""Validates bars before they are traded on: invalid ones are named, counted and left out."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal, InvalidOperation

from aion.clock import iso, parse_iso
from aion.market.jump import is_near, wrong_unit
from aion.model import Bar, InstrumentKind, why_no_bar

EXAMPLES = 5
NO_ZONE = "no time with a zone"
OUTSIDE = "outside a market session"
FILLED = "filled forward without a print"
LARGEST = Decimal(10) ** 15  # far above any price in any currency and any volume of a coin; keeps arithmetic exact
USUAL_DECIMALS = 4  # with which prices are written at the least, so that those of a share are all written alike
MOST_DECIMALS = 40  # a number of floating point has at most 17 digits, the smallest price known begins after 12 zeros
REPAIRABLE = Decimal("0.1")
"""Part of a price by which open or close may lie outside low and high and still be taken as the nearer of them.
Sources such as Yahoo put them together from two places; a price further off is a wrong one."""
_EXACT = Context(prec=100)


@dataclass(slots=True)
class Report:
    """The result of checking the rows of one series."""

    symbol: str
    read: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    """Reason -> rows."""
    repaired: dict[str, int] = field(default_factory=dict)
    """What was set right -> rows."""
    dropped_days: dict[str, int] = field(default_factory=dict)
    """Market day (UTC) -> rows left out because nobody traded."""
    silent: list[datetime] = field(default_factory=list)
    """Closes of the bars left out because nobody traded."""
    examples: list[str] = field(default_factory=list)
    """The first few refused rows with their reason."""
    warnings: list[str] = field(default_factory=list)
    """What was kept but looks odd, the first few."""
    jumps: list[tuple[datetime, Decimal]] = field(default_factory=list)
    """Close of each bar that opens beyond `JUMP`, with the ratio of the close before to its open."""

    @property
    def refused(self) -> dict[str, int]:
        """Rows left out by reason, but for those in which nobody traded, which are `silent`."""
        return {why: count for why, count in self.dropped.items() if why != FILLED}

    def drop(self, reason: str, detail: str) -> None:
        """Count one row that is left out for `reason`; `detail` names row and value."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{detail}: {reason}")

    def repair(self, what: str, detail: str) -> None:
        """Count one row that is kept with a corrected price; `detail` names row and values."""
        if what not in self.repaired:
            self.warn(f"{detail}: {what}")
        self.repaired[what] = self.repaired.get(what, 0) + 1

    def warn(self, text: str) -> None:
        """Record a warning about a row that is kept."""
        if len(self.warnings) < EXAMPLES:
            self.warnings.append(text)

    def sentence(self) -> str:
        """Return it as a sentence for people."""
        why = ", ".join(f"{count:,} ({reason})" for reason, count in sorted(self.dropped.items()))
        right = ", ".join(f"{count:,} ({what})" for what, count in sorted(self.repaired.items()))
        text = f"{self.symbol}: kept {self.kept:,} of {self.read:,} bars" + (f"; left out {why}" if why else "")
        return text + (f"; repaired {right}" if right else "")


def clean(
    symbol: str,
    rows: Iterable[Mapping[str, str]],
    report: Report,
    *,
    unit: Decimal = Decimal(1),
    is_traded_at: Callable[[datetime], bool] | None = None,
    step: Decimal | None = None,
    is_repaired: bool = False,
    has_volume: bool = True,
    kind: InstrumentKind = "share",
) -> Iterator[Bar]:
    """Yield the good bars of `rows` in order; bad ones are counted in `report` with their reason.

    Args:
        symbol: symbol of the rows.
        rows: mappings with `ts` (ISO 8601 with a zone, the close), `open`, `high`, `low`, `close`, `volume`, and
            `row`, its number for people, if that is not its index in `rows`.
        report: filled while iterating.
        unit: factor for prices, 0.01 for pence.
        is_traded_at: tells whether a bar may close at a time; None for markets that never close. It detects a series
            with the wrong time zone, or with stamps at the open of its bars.
        step: prices are rounded to it, half to even; None keeps every digit.
        is_repaired: True to set an open or close a little outside low and high to the nearer of them, and report it.
        has_volume: False for a source without volume, where four equal prices without volume are a bar.
        kind: of what is traded: the prices of some may be 0 and below.
    """
    last: datetime | None = None
    previous: Bar | None = None
    for row in rows:
        report.read += 1
        where = f"row {row.get('row', report.read)}"
        try:
            bar = _bar(symbol, row, unit, step, report if is_repaired else None, where)
            if bar.low <= 0 and (why := why_no_bar(kind, bar)):
                raise ValueError(why)
        except _BadRowError as error:
            report.drop(error.args[0], f"{where} ({error.args[1]})")
            continue
        except ValueError as error:
            report.drop("impossible prices", f"{where} ({error})")
            continue
        if last is not None and bar.ts <= last:
            report.drop("duplicate time" if bar.ts == last else "out of order", f"{where} ({iso(bar.ts)})")
            continue
        last = bar.ts
        if is_traded_at is not None and not is_traded_at(bar.ts):
            report.drop(OUTSIDE, f"{where} ({iso(bar.ts)})")
            continue
        if has_volume and is_filled_forward(bar):
            report.drop(FILLED, f"{where} ({iso(bar.ts)})")
            report.silent.append(bar.ts)
            day = bar.ts.date().isoformat()
            report.dropped_days[day] = report.dropped_days.get(day, 0) + 1
            continue
        if previous is not None and min(bar.open, previous.close) > 0 and not is_near(bar.open, previous.close):
            report.jumps.append((bar.ts, previous.close / bar.open))
            report.warn(f"{where} ({iso(bar.ts)}): opens at {bar.open} after {previous.close}: an undeclared split?")
        previous = bar
        report.kept += 1
        yield bar


def is_filled_forward(bar: Bar) -> bool:
    """Tell whether `bar` only fills a gap: no volume and four equal prices."""
    return bar.volume == 0 and bar.open == bar.high == bar.low == bar.close


class _BadRowError(Exception):
    pass


def _bar(
    symbol: str, row: Mapping[str, str], unit: Decimal, step: Decimal | None, repairs: Report | None, where: str
) -> Bar:
    try:
        ts = parse_iso(row["ts"])
    except KeyError as error:
        raise _BadRowError("missing column", str(error)) from None
    except (ValueError, TypeError, OverflowError):
        raise _BadRowError(NO_ZONE, repr(row["ts"])[:40]) from None
    opened, high, low, closed = (
        _price(_EXACT.multiply(_number(row, name), unit), step) for name in ("open", "high", "low", "close")
    )
    if min(opened, low, closed) > 0 and (what := wrong_unit(opened, high, low, closed)):
        raise _BadRowError("one price about 100 times off the others", what)
    if repairs is not None and 0 < low <= high:
        opened = _inside(opened, "open", low, high, repairs, f"{where} ({iso(ts)})")
        closed = _inside(closed, "close", low, high, repairs, f"{where} ({iso(ts)})")
    return Bar(symbol, ts, opened, high, low, closed, _number(row, "volume"))


def _price(value: Decimal, step: Decimal | None) -> Decimal:
    return exact_price(value) if step is None else value.quantize(step)


def exact_price(value: Decimal) -> Decimal:
    """Return `value` with all its digits, without zeros beyond the fourth decimal."""
    text = format(value, "f")
    decimals = len(text.partition(".")[2].rstrip("0"))
    return value.quantize(Decimal(1).scaleb(-max(USUAL_DECIMALS, decimals)), context=_EXACT)


def _inside(value: Decimal, name: str, low: Decimal, high: Decimal, report: Report, where: str) -> Decimal:
    nearest = min(max(value, low), high)
    if value == nearest or abs(value - nearest) > REPAIRABLE * nearest:
        return value
    report.repair(
        f"{name} outside low and high, taken as the nearer of them",
        f"{where}: {name} {value:f} of {low:f} to {high:f}",
    )
    return nearest


def _number(row: Mapping[str, str], name: str) -> Decimal:
    try:
        value = Decimal(row[name])
    except KeyError as error:
        raise _BadRowError("missing column", str(error)) from None
    except (InvalidOperation, TypeError, ValueError):
        raise _BadRowError("not a number", f"{name} {row[name]!r}"[:60]) from None
    # `abs` would round, which ends in an error of its own for 1e999999999
    if not value.is_finite() or value.copy_abs() > LARGEST or int(value.as_tuple().exponent) < -MOST_DECIMALS:
        raise _BadRowError("not a number", f"{name} {row[name]!r}"[:60])
    return value
