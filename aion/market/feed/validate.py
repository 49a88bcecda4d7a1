"""Bars from anywhere, checked before anyone trades on them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

from aion.clock import parse_iso
from aion.model import PRICE_STEP, Bar


@dataclass(slots=True)
class Report:
    """What became of the rows of one series."""

    symbol: str
    read: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    """Reason -> rows."""
    examples: list[str] = field(default_factory=list)
    """The first few refused rows with their reason."""

    def drop(self, reason: str, detail: str) -> None:
        """Count one row left out for `reason`; `detail` names row and value."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        if len(self.examples) < 5:
            self.examples.append(f"{detail}: {reason}")

    def sentence(self) -> str:
        """Say it for people."""
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(self.dropped.items()))
        return f"{self.symbol}: kept {self.kept} of {self.read} bars" + (f"; left out {why}" if why else "")


def clean(
    symbol: str, rows: Iterable[Mapping[str, str]], report: Report, *, unit: Decimal = Decimal(1)
) -> Iterator[Bar]:
    """Yield the good bars of `rows` in order; bad ones are counted in `report` with their reason.

    Args:
        symbol: their symbol.
        rows: mappings with `ts` (ISO 8601 with a zone, the close), `open`, `high`, `low`, `close`, `volume`.
        report: filled while iterating.
        unit: what a price is multiplied by, 0.01 for pence.
    """
    last: datetime | None = None
    previous: Bar | None = None
    for row in rows:
        report.read += 1
        where = f"row {report.read}"
        try:
            bar = _bar(symbol, row, unit)
        except _BadRowError as error:
            report.drop(error.args[0], f"{where} ({error.args[1]})")
            continue
        except ValueError as error:
            report.drop("impossible prices", f"{where} ({error})")
            continue
        if last is not None and bar.ts <= last:
            report.drop("duplicate time" if bar.ts == last else "out of order", f"{where} ({bar.ts.isoformat()})")
            continue
        last = bar.ts
        if previous is not None and _is_filled_forward(bar, previous):
            report.drop("filled forward without a print", f"{where} ({bar.ts.isoformat()})")
            continue
        previous = bar
        report.kept += 1
        yield bar


class _BadRowError(Exception):
    pass


def _bar(symbol: str, row: Mapping[str, str], unit: Decimal) -> Bar:
    try:
        ts = parse_iso(row["ts"])
    except KeyError as error:
        raise _BadRowError("missing column", str(error)) from None
    except (ValueError, TypeError):
        raise _BadRowError("no time with a zone", repr(row["ts"])) from None
    values: list[Decimal] = []
    for name in ("open", "high", "low", "close", "volume"):
        try:
            value = Decimal(row[name])
        except KeyError as error:
            raise _BadRowError("missing column", str(error)) from None
        except (InvalidOperation, TypeError, ValueError):
            raise _BadRowError("not a number", f"{name} {row[name]!r}") from None
        if not value.is_finite():
            raise _BadRowError("not a number", f"{name} {row[name]!r}")
        values.append(value)
    if unit != 1:
        values[:4] = [(value * unit).quantize(PRICE_STEP) for value in values[:4]]
    return Bar(symbol, ts, *values)


def _is_filled_forward(bar: Bar, previous: Bar) -> bool:
    return bar.volume == 0 and bar.open == bar.high == bar.low == bar.close == previous.close
