"""How fast a backtest is: under a synthetic load, as history grows, and beside two peers on real bars.

Run: python -m bench.backtest [--sessions N] [--compiled]

The load is made by a random walk with a fixed seed. It is no market data and nothing of it is shipped: it says how
long the work takes, never what a rule is worth.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from aion.config import BotSettings, Rules
from aion.engine.backtest import RUN, Backtest, Plan, Run
from aion.ledger.ledger import Ledger
from aion.market import calendar
from aion.market.action import CorporateAction
from aion.market.feed import Batch, Kind, RecordedFeed
from aion.market.funding import FundingRate
from aion.market.grid import Anchor
from aion.market.halt import Halt
from aion.model import Bar, Instrument
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.strategy.registry import BUILT_IN
from bench.tool import HERE, OUT, Missing, nautilus

SYMBOLS = 20
INTERVAL = timedelta(minutes=5)
YEAR = (date(2023, 1, 1), date(2023, 12, 31))
LIMIT_S = 20.0
YEAR_SESSIONS = 250
REPEATS = 5
INSTANT = timedelta(microseconds=1)
CENT = Decimal("0.01")


class SyntheticFeed:
    """Bars of a random walk, held in memory: a load, not a market."""

    name = "synthetic"
    real_time = False
    delay_s = 0.0
    timezone = "UTC"
    interval = INTERVAL
    anchor: Anchor = "open"
    provenance = "SYNTHETIC LOAD: a random walk with a fixed seed, for timing alone."

    def __init__(self, symbols: int, sessions: int) -> None:
        """Make `symbols` series over the first `sessions` sessions of the year."""
        self.symbols = tuple(f"SYN{number:02d}" for number in range(symbols))
        self._instruments = {symbol: Instrument(symbol, "XNYS", "USD") for symbol in self.symbols}
        self._batches = list(self._walk(calendar.sessions("XNYS", *YEAR)[:sessions]))

    def _walk(self, sessions: Sequence[calendar.MarketSession]) -> Iterator[Batch]:
        chance = random.Random(20230103)
        cents = dict.fromkeys(self.symbols, 10_000)
        for session in sessions:
            ts = session.open + INTERVAL
            while ts <= session.close:
                bars: dict[str, Bar] = {}
                for symbol in self.symbols:
                    opened = cents[symbol]
                    closed = cents[symbol] = max(100, opened + round(chance.gauss(0, opened * 0.001)))
                    high = max(opened, closed) + chance.randrange(6)
                    low = max(1, min(opened, closed) - chance.randrange(6))
                    prices = (Decimal(each).scaleb(-2) for each in (opened, high, low, closed))
                    bars[symbol] = Bar(symbol, ts, *prices, Decimal(chance.randrange(1_000, 200_000)))
                yield Batch(ts, "minute", bars)
                ts += INTERVAL

    def instruments(self, kind: Kind) -> Mapping[str, Instrument]:
        """Return all instruments."""
        return self._instruments

    def history(self, kind: Kind, symbol: str, before: datetime, count: int) -> list[Bar]:
        """Return the newest bars of a series."""
        return [batch.bars[symbol] for batch in self._batches if batch.ts <= before][-count:]

    def batches(self, kind: Kind, symbols: frozenset[str], after: datetime) -> Iterator[Batch]:
        """Yield the batches after `after`."""
        return (batch for batch in self._batches if batch.ts > after)

    def span(self, kind: Kind) -> tuple[datetime, datetime]:
        """Return the first and the last close."""
        return self._batches[0].ts, self._batches[-1].ts

    def dropped(self, symbol: str, day: str) -> int:
        """Return 0."""
        return 0

    def actions(self, symbols: frozenset[str]) -> Sequence[CorporateAction]:
        """Return none."""
        return ()

    def funding(self, symbols: frozenset[str]) -> Sequence[FundingRate]:
        """Return none."""
        return ()

    def halts(self, symbols: frozenset[str]) -> Sequence[Halt]:
        """Return none."""
        return ()


class Watch:
    """Wall and processor seconds; the second says more on a machine that others use too."""

    def __init__(self) -> None:
        self.wall, self.cpu = -time.perf_counter(), -time.process_time()

    def stop(self) -> None:
        self.wall += time.perf_counter()
        self.cpu += time.process_time()


def bot_of(strategy: str, symbols: tuple[str, ...], positions: int, **parameters: Any) -> BotSettings:
    """Return an intraday bot in New York."""
    rules = Rules(
        max_positions=positions,
        stop_loss=Decimal("0.01"),
        daily_loss=Decimal(0),
        allow_short=True,
        flat_before_close=5,
    )
    return BotSettings(
        kind="intraday",
        strategy=strategy,
        symbols=symbols,
        exchange="XNYS",
        currency="USD",
        cash=Decimal(1_000_000),
        cost="us-equity",
        parameters=parameters,
        rules=rules,
    )


def run(
    feed: Any, bots: Mapping[str, BotSettings], first: datetime, last: datetime, marks: list[float] | None = None
) -> tuple[Run, Watch]:
    """Run a backtest in a new folder, ledger and state files included.

    Args:
        feed: where the bars come from.
        bots: by name.
        first: close of the first bar.
        last: close of the last bar.
        marks: gets the processor time at each session's end.
    """
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder))
        plan = Plan(bots, feed, first - INSTANT, last, Path(folder))
        watch = Watch()
        with Ledger(layout.ledger, "backtest", RUN) as ledger:
            test = Backtest(plan, ledger, ProcessLog(layout, "backtest", "error", console_level="error"))
            found = test.run(None if marks is None else lambda ts: marks.append(time.process_time()))
        watch.stop()
        return found, watch


def load(sessions: int) -> dict[str, Any]:
    """Measure the load: two bots on all symbols, and what a session costs at the start and at the end."""
    feed = SyntheticFeed(SYMBOLS, sessions)
    bots = {
        "breakout": bot_of("opening_range_breakout", feed.symbols, 10, minutes=30),
        "reversion": bot_of("vwap_reversion", feed.symbols, 10),
    }
    marks: list[float] = []
    found, watch = run(feed, bots, *feed.span("minute"), marks)
    spans = [after - before for before, after in pairwise(marks)]
    tenth = max(1, len(spans) // 10)
    early, late = (sorted(part)[len(part) // 2] for part in (spans[:tenth], spans[-tenth:]))
    return {
        "bars": found.bars // len(bots),
        "handed": found.bars,
        "wall_s": watch.wall,
        "year_s": watch.wall * YEAR_SESSIONS / sessions,
        "cpu_s": watch.cpu,
        "bars_a_second": found.bars / watch.wall,
        "trades": sum(len(bot.realized) for bot in found.bots.values()),
        "session_ms_early": early * 1000,
        "session_ms_late": late * 1000,
    }


def side_by_side(repeats: int = REPEATS) -> dict[str, Any]:
    """Measure one rule on the real minutes of MSFT in the engines in turn, the median of `repeats` each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the packages that backtesting.py imports
        from backtesting import Backtest as Theirs  # noqa: PLC0415 - AGPL, and only here

        from tests.backtest import rules  # noqa: PLC0415

        bars = RecordedFeed().history("minute", "MSFT", datetime(2022, 6, 15, tzinfo=UTC), 10_000)
        frame = rules.frame(bars)
        BUILT_IN["cross"] = rules.Cross  # type: ignore[assignment]
        bot = bot_of("cross", ("MSFT",), 1, fast=10, slow=30).model_copy(update={"cost": "zero", "exchange": "XNAS"})
        ours: list[Watch] = []
        theirs: list[Watch] = []
        trades = (0, 0)
        feed = RecordedFeed()
        list(feed.batches("minute", frozenset(("MSFT",)), bars[0].ts))  # both engines have the bars in memory
        try:
            for _ in range(repeats):
                found, watch = run(feed, {"b": bot}, bars[0].ts, bars[-1].ts)
                ours.append(watch)
                watch = Watch()
                result = Theirs(frame, rules.TheirCross, cash=1_000_000, finalize_trades=True).run(fast=10, slow=30)
                watch.stop()
                theirs.append(watch)
                trades = (len(found.bots["b"].realized), len(result["_trades"]))
        finally:
            del BUILT_IN["cross"]
    figures: dict[str, Any] = {"bars": len(bars), "trades": trades}
    for name, watches in (("ours", ours), ("theirs", theirs)):
        figures[f"{name}_wall_s"] = median(each.wall for each in watches)
        figures[f"{name}_cpu_s"] = median(each.cpu for each in watches)
    try:
        figures |= {f"nautilus_{name}": value for name, value in in_nautilus(bars, repeats).items()}
    except Missing as missing:
        figures["missing"] = str(missing)
    return figures


def in_nautilus(bars: Sequence[Bar], repeats: int) -> dict[str, Any]:
    """Return trades, processor and wall time of the rule in nautilus_trader, with prices cut to whole cents."""
    python = nautilus()
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as file:
        for bar in bars:
            session = calendar.session_at("XNAS", bar.ts)
            prices = [str(price.quantize(CENT, ROUND_DOWN)) for price in (bar.open, bar.high, bar.low, bar.close)]
            left = session.minutes_left(bar.ts) if session is not None else 0
            day = session.day if session is not None else ""
            file.write(f"{int(bar.ts.timestamp())}000000000,{','.join(prices)},{bar.volume:.0f},{day},{left}\n")
        file.flush()
        command = [python, str(HERE / "nautilus_rule.py"), file.name, str(repeats)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compiled_run(sessions: int) -> dict[str, Any]:
    """Measure in a copy of the sources with compiled modules, print its table and return the figures."""
    copy = OUT / "compiled"
    subprocess.run([sys.executable, str(HERE.parent / "tools" / "compiled.py"), str(copy)], check=True)
    (copy / "bench" / "out").symlink_to(OUT)  # an environment that was made there is used again
    program = (
        "import json, sys; from bench.backtest import main; print(json.dumps(main(sys.argv[1:])), file=sys.stderr)"
    )
    command = [sys.executable, "-c", program, "--sessions", str(sessions)]
    done = subprocess.run(command, cwd=copy, stderr=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])
    return found


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Measure, print a table and return the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=YEAR_SESSIONS, help="sessions of the load, 250 a year")
    parser.add_argument("--compiled", action="store_true", help="compile modules first, as AION_COMPILED=1 does")
    asked = parser.parse_args([] if arguments is None else arguments)
    if asked.compiled:
        return compiled_run(asked.sessions)
    heavy = load(asked.sessions)
    beside = side_by_side()
    ratio = beside["theirs_cpu_s"] / beside["ours_cpu_s"]
    growth = heavy["session_ms_late"] / heavy["session_ms_early"]
    print("Backtest")
    print(f"  SYNTHETIC load: {SYMBOLS} symbols, {asked.sessions} sessions of 5-minute bars, two bots on all of them")
    print(f"  bars                     {heavy['bars']:>12,}")
    print(f"  bars handed to bots      {heavy['handed']:>12,}")
    print(f"  closed trades            {heavy['trades']:>12,}")
    print(f"  wall time                {heavy['wall_s']:>12.2f} s   (limit {LIMIT_S:g} s for the year)")
    print(f"  processor time           {heavy['cpu_s']:>12.2f} s")
    print(f"  bars a second            {heavy['bars_a_second']:>12,.0f}")
    print(f"  a session, first tenth   {heavy['session_ms_early']:>12.1f} ms")
    print(f"  a session, last tenth    {heavy['session_ms_late']:>12.1f} ms  (x{growth:.2f})")
    print(
        f"  One rule on {beside['bars']:,} real minutes of MSFT, bars in memory, with all files, medians of {REPEATS}"
    )
    for title, name, count in (("Aion", "ours", 0), ("backtesting.py", "theirs", 1)):
        wall, cpu = beside[f"{name}_wall_s"], beside[f"{name}_cpu_s"]
        print(f"  {title:<24} {wall:>12.3f} s   processor {cpu:.3f} s, {beside['trades'][count]} trades")
    print(f"  backtesting.py / Aion    {ratio:>12.2f}     in processor time")
    if "missing" in beside:
        print(f"  not measured: {beside['missing']}")
    else:
        wall, cpu = beside["nautilus_wall_s"], beside["nautilus_cpu_s"]
        trades = beside["nautilus_trades"]
        print(f"  {'nautilus_trader':<24} {wall:>12.3f} s   processor {cpu:.3f} s, {trades} trades, no files")
        print(f"  nautilus_trader / Aion   {cpu / beside['ours_cpu_s']:>12.2f}     in processor time")
    return {"load": heavy, "side_by_side": beside}


if __name__ == "__main__":
    main(sys.argv[1:])
