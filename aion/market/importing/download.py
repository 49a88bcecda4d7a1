"""`aion download`: stores history of a provider in a folder of checked bars; can be resumed."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from aion.errors import FeedError
from aion.market.action import CorporateAction
from aion.market.importing.bar_folder import BarFolder, Format, Series
from aion.market.importing.gap import find_gaps
from aion.market.importing.split_check import doubts
from aion.market.provider.protocol import Caller, GoneError, Provider, parts
from aion.market.series import Kind
from aion.model import Bar, Instrument

SAVE_S = 10.0  # between two writes of a series that is on its way: a stop loses no more than that

LEAST_STEP = {"minute": timedelta(minutes=1), "day": timedelta(hours=12)}
"""Least time between the closes of two bars; half-days end hours before the days around them."""

Progress = Callable[[str, float], None]
"""Told of a symbol and of the fraction, 0..1, of its span that is there."""


@dataclass(slots=True)
class Downloaded:
    """The series of one symbol after a download."""

    symbol: str
    kind: Kind
    fresh: int = 0
    """Bars that came now."""
    bars: list[Bar] = field(default_factory=list)
    """All that are there."""
    gaps: dict[str, int] = field(default_factory=dict)
    silent: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    jumps: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return it as lines for people."""
        if not self.bars:
            return [f"{self.symbol}: the provider has no {self.kind} bars of that time"]
        first, last = (f"{bar.ts:%Y-%m-%d %H:%M}" for bar in (self.bars[0], self.bars[-1]))
        count = f"{len(self.bars):,} {self.kind} bars"
        lines = [f"{self.symbol}: {count} from {first} to {last} UTC, {self.fresh:,} of them new"]
        if self.gaps:
            unit = "minutes" if self.kind == "minute" else "days"
            lines.append(f"  gaps: {sum(self.gaps.values()):,} {unit} without a bar, on {len(self.gaps)} days")
        if self.silent:
            lines.append(f"  {self.silent:,} left out because nobody traded")
        lines += [f"  {count:,} refused: {why}" for why, count in sorted(self.refused.items())]
        return lines + [f"  look at it: {jump}" for jump in self.jumps]


def download(
    caller: Caller,
    folder: BarFolder,
    kind: Kind,
    symbols: Sequence[str],
    span: tuple[datetime, datetime],
    form: Format = "parquet",
    progress: Progress = lambda symbol, part: None,
) -> list[Downloaded]:
    """Download the bars of `symbols` that close in `span` into `folder`; bars that are there are not requested.

    Args:
        caller: caller of the provider.
        folder: target folder.
        kind: kind of the bars.
        symbols: in the provider's spelling.
        span: start (exclusive) and end (inclusive), aware UTC.
        form: format of the files.
        progress: is called with the progress.

    Raises:
        FeedError: the provider does not answer, or has no such symbol; received bars are kept.
        ConfigError: the folder cannot be written.
    """
    provider = caller.provider
    instruments: dict[str, Instrument] = {}
    for part in parts(provider, symbols):
        instruments |= caller.patiently(partial(provider.instruments, part), 3)
    done = []
    for symbol in symbols:
        one = _Download(caller, folder, kind, instruments[symbol], form, progress)
        done.append(one.run(*span))
    _declare(caller, folder, symbols, span)
    return done


def _declare(caller: Caller, folder: BarFolder, symbols: Sequence[str], span: tuple[datetime, datetime]) -> None:
    provider = caller.provider
    found: list[CorporateAction] = []
    for part in parts(provider, symbols):
        found += caller.patiently(partial(provider.actions, part, span[0]))
    # where earlier prices were divided by a split already, it must not be applied again
    wanted = [each for each in found if not (each.is_unit_change and provider.is_history_adjusted)]
    folder.declare(each for each in wanted if each.ex_date <= span[1].date())
    folder.write_index()


class _Download:
    def __init__(
        self, caller: Caller, folder: BarFolder, kind: Kind, instrument: Instrument, form: Format, progress: Progress
    ) -> None:
        self._caller = caller
        self._provider: Provider = caller.provider
        self._folder = folder
        self._form = form
        self._progress = progress
        self._instrument = instrument
        self._saved_at = time.monotonic()
        self._done = Downloaded(instrument.symbol, kind)
        present = folder.series.get(f"{kind}:{instrument.symbol}")
        self._series = present or _new_series(kind, instrument, self._provider)
        self._done.bars = folder.read(present) if present is not None else []

    def run(self, first: datetime, until: datetime) -> Downloaded:
        """Download what is missing before and after the stored bars."""
        bars = self._done.bars
        spans = [(first, until)]
        if bars:
            spans = [(first, bars[0].ts - LEAST_STEP[self._done.kind]), (max(first, bars[-1].ts), until)]
        total = sum(max(0.0, (end - start).total_seconds()) for start, end in spans)
        passed = 0.0
        try:
            for start, end in spans:
                at = start
                while at < end:
                    following = min(end, at + self._provider.chunk[self._done.kind])
                    self._fetch(at, following)
                    passed += (following - at).total_seconds()
                    at = following
                    self._progress(self._done.symbol, passed / total)
        finally:
            if self._done.fresh:
                self._save()
        self._progress(self._done.symbol, 1.0)
        self._look()
        return self._done

    def _fetch(self, after: datetime, until: datetime) -> None:
        done, symbol = self._done, self._done.symbol
        try:
            answer = self._caller.patiently(lambda: self._provider.bars(done.kind, symbol, after, until))
        except GoneError:
            raise
        except FeedError as error:
            raise FeedError(f"{error}; received bars are kept: run the same command again to continue") from None
        fresh = list(answer.bars)
        if done.bars and fresh and fresh[0].ts < done.bars[0].ts:
            done.bars = [bar for bar in fresh if bar.ts < done.bars[0].ts] + done.bars
        else:
            done.bars += [bar for bar in fresh if not done.bars or bar.ts > done.bars[-1].ts]
        done.fresh += len(fresh)
        done.silent += len(answer.silent)
        for ts in answer.silent:
            day = ts.date().isoformat()
            self._series.dropped[day] = self._series.dropped.get(day, 0) + 1
        for why, count in answer.refused.items():
            done.refused[why] = done.refused.get(why, 0) + count
        if time.monotonic() - self._saved_at >= SAVE_S:
            self._save()

    def _save(self) -> None:
        self._folder.write(self._series, self._done.bars, self._form)
        self._saved_at = time.monotonic()

    def _look(self) -> None:
        done = self._done
        if not done.bars:
            return
        done.gaps = find_gaps(done.kind, done.bars, self._series.dropped, self._instrument.exchange)
        tick = self._instrument.tick if self._instrument.is_signed else None
        actions = self._folder.actions_of(self._instrument.price_basis)
        for found in islice(doubts(done.bars, self._instrument.exchange, actions, tick), 5):
            said = f"{found.bar.ts:%Y-%m-%d %H:%M} opens at {found.bar.open} after {found.before.close}"
            done.jumps.append(f"{said}: a split, or real? say so with aion declare")


def _new_series(kind: Kind, instrument: Instrument, provider: Provider) -> Series:
    return Series(
        kind,
        instrument.symbol,
        instrument.exchange,
        instrument.currency,
        instrument.price_basis,
        provider.timezone,
        format(instrument.tick, "f"),
        format(instrument.lot, "f"),
        format(instrument.quantity_step, "f"),
        instrument.name,
        f"downloaded: {provider.provenance}",
        venue=getattr(provider, "venue", ""),
        instrument_kind=instrument.kind if instrument.kind not in ("share", "coin") else "",
        multiplier=format(instrument.multiplier, "f"),
        margin=format(instrument.margin, "f"),
        settlement=instrument.settlement,
        has_volume=instrument.has_volume,
    )
