"""Common code of share providers: leaves out bars outside sessions; days close with their session."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from aion.market import calendar
from aion.market.bar_check import Report, clean
from aion.market.provider.protocol import Answer
from aion.market.series import Kind

MINUTE = timedelta(minutes=1)


def session_rows(
    rows: Iterable[Mapping[str, str]], kind: Kind, exchange: str, zone: str, after: datetime, until: datetime
) -> list[dict[str, str]]:
    """Return the rows of complete bars of sessions, with `ts` as the UTC close.

    Rows of extended hours are left out silently; a row with an unreadable time stays, so that `clean` reports it.

    Args:
        rows: with `ts` as ISO 8601: the open of a minute, or the midnight that begins a day in `zone`.
        kind: kind of the bars.
        exchange: MIC.
        zone: zone of the exchange.
        after: bars close after this, aware UTC,
        until: and not after this.
    """
    found = []
    for row in rows:
        try:
            at = datetime.fromisoformat(row["ts"])
        except (KeyError, ValueError):
            found.append(dict(row))
            continue
        close = _close(at, kind, exchange, zone)
        if close is not None and after < close <= until:
            found.append({**row, "ts": close.isoformat()})
    return found


def session_answer(
    symbol: str,
    rows: Iterable[Mapping[str, str]],
    *,
    unit: Decimal = Decimal(1),
    step: Decimal | None = None,
    is_repaired: bool = False,
) -> Answer:
    """Return what a provider says by the rows of `session_rows`; arguments as of `clean`."""
    report = Report(symbol)
    bars = list(clean(symbol, rows, report, unit=unit, step=step, is_repaired=is_repaired))
    return Answer(bars, report.silent, report.refused, report.examples)


def _close(at: datetime, kind: Kind, exchange: str, zone: str) -> datetime | None:
    if kind == "minute":
        close = at.astimezone(UTC) + MINUTE
        return close if calendar.session_at(exchange, close) is not None else None
    day = at.astimezone(ZoneInfo(zone)).date()
    return calendar.session_closes(exchange, day, day).get(day)
