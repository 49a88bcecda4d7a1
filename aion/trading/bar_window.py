"""How old or new a bar may be when it is handed in: nobody trades on a bar of yesterday, or of tomorrow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from aion.clock import iso
from aion.market.series import is_ahead
from aion.model import Bar

AGE = timedelta(days=1)
DAILY_MORE = timedelta(days=7)  # a bar of Friday that comes on Monday is the newest there is, holidays included


@dataclass(frozen=True, slots=True)
class Window:
    """The span around the bots' clock in which a bar has to close."""

    age: timedelta = AGE
    """How far in the past; daily bars may be `DAILY_MORE` older."""

    def refusal(self, ts: datetime, now: datetime, newest: datetime | None, *, is_daily: bool = False) -> str:
        """Return why a bar that closes at `ts` is not traded on, or an empty text.

        Args:
            ts: close of the bar.
            now: the bots' clock at which it is handed in.
            newest: close of the newest bar that was dealt with before; None for none.
            is_daily: True for a daily bar.
        """
        if ts == now and (newest is None or ts > newest):
            return ""  # each bar of a tape comes by here
        if newest is not None and ts <= newest:
            return f"a bar of {iso(ts)} came after one of {iso(newest)}: late, or a second time"
        if is_ahead(ts, now):
            return f"a bar of {iso(ts)} came at {iso(now)}: it lies in the future"
        if ts < now - self.age - (DAILY_MORE if is_daily else timedelta(0)):
            return f"a bar of {iso(ts)} came at {iso(now)}: too old to be traded on"
        return ""

    def refusals(
        self, bars: Mapping[str, Bar], last_ts: Mapping[str, datetime], now: datetime | None, *, is_daily: bool
    ) -> dict[str, str]:
        """Return why bars of one moment are not traded on, by symbol; empty when all are.

        Args:
            bars: by symbol.
            last_ts: close of the newest bar before, by symbol.
            now: the bots' clock; None where that is the clock of the bars delivered.
            is_daily: True for daily bars.
        """
        refused: dict[str, str] = {}
        for symbol, bar in bars.items():
            last = last_ts.get(symbol)
            if now is None and (last is None or bar.ts > last):
                continue
            if why := self.refusal(bar.ts, now or bar.ts, last, is_daily=is_daily):
                refused[symbol] = why
        return refused
