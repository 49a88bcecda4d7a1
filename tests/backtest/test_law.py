"""Laws that hold for any bars and any strategy: the accounts add up, equal runs are equal, nothing looks ahead."""

import os
import random
import subprocess
import sys
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from aion.ledger.query import read_ledger
from aion.market.action import CorporateAction
from aion.market.halt import Halt
from aion.model import Bar, Side
from aion.money import unit_of
from aion.store.layout import Layout
from aion.strategy.registry import BUILT_IN
from tests.backtest.scripted import INSTRUMENTS, SYMBOLS, Eventful, Scripted, bot, play, tape
from tests.bot.desk import ListFeed, at, ledger_rows, state_files

USD = unit_of("USD")


@st.composite
def tapes(draw) -> list[Bar]:
    """As `tape`."""
    return tape(random.Random(draw(st.integers(0, 2**32))))


EXAMPLES = settings(max_examples=25, derandomize=True)
SCRIPTS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=40)


@EXAMPLES
@given(tapes(), SCRIPTS, st.sampled_from(("us-equity", "zero")), st.booleans(), st.sampled_from(("0", "1")))
def test_accounts_add_up_and_equal_runs_are_equal(
    bars: list[Bar], script: str, cost: str, allow_short: bool, aggression: str
) -> None:
    BUILT_IN["scripted"] = Scripted
    made = bot(script, cost, allow_short=allow_short, aggression=aggression)
    try:
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            path = play(one, made, bars)
            check_accounts(path, bars)
            again = play(two, made, bars)
            assert state_files(path) == state_files(again)
            assert ledger_rows(Layout(path).ledger) == ledger_rows(Layout(again).ledger)
    finally:
        del BUILT_IN["scripted"]


class Watchful(ListFeed):
    """Knows of an action and a halt of each symbol that come after the last bar: each bar is asked about them."""

    given = tuple(CorporateAction(symbol, date(2031, 6, 2), "split", Decimal(2)) for symbol in SYMBOLS)

    def halts(self, symbols: frozenset[str]) -> list[Halt]:
        return [Halt(symbol, at("2031-06-02T14:00Z"), at("2031-06-02T15:00Z"), "news") for symbol in sorted(symbols)]


@EXAMPLES
@given(tapes(), SCRIPTS, st.booleans())
def test_run_when_nothing_is_known_to_come_then_its_short_ways_lead_to_the_same(
    bars: list[Bar], script: str, allow_short: bool
) -> None:
    BUILT_IN["scripted"] = Scripted
    made = bot(script, "us-equity", allow_short=allow_short, aggression="1")
    try:
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            short = play(one, made, bars)
            whole = play(two, made, bars, Watchful(INSTRUMENTS, minute=bars))
            assert state_files(short) == state_files(whole)
            assert ledger_rows(Layout(short).ledger) == ledger_rows(Layout(whole).ledger)
    finally:
        del BUILT_IN["scripted"]


def test_split_that_the_prices_contradict_at_each_bar_ends_no_run(tmp_path: Path) -> None:
    BUILT_IN["scripted"] = Scripted
    noted = 0
    try:
        for number in range(4):
            bars = tape(random.Random(number))
            made = bot("abcdefghijklmnop", "us-equity", allow_short=True, aggression="1")
            path = play(str(tmp_path / str(number)), made, bars, Eventful(INSTRUMENTS, minute=bars))
            with read_ledger(Layout(path).ledger) as ledger:
                decisions = ledger.changes("b").decisions
                assert ledger.equity("b")[-1].ts == bars[-1].ts
            noted += sum("the prices contradict it" in each.reason for each in decisions)
    finally:
        del BUILT_IN["scripted"]
    assert noted > 20, "one that is said at several bars"


def check_accounts(path: Path, bars: list[Bar]) -> None:
    known = {(bar.symbol, bar.ts): bar for bar in bars}
    with read_ledger(Layout(path).ledger) as ledger:
        changes, curve = ledger.changes("b"), ledger.equity("b")
    cash = Decimal(20_000)
    moves = sorted(changes.movements, key=lambda each: each.kind != "deposit")
    assert moves[0].kind == "deposit" and moves[0].amount == cash
    held: dict[str, Decimal] = {}
    taken: dict[tuple, Decimal] = {}
    for fill in changes.fills:
        bar = known[fill.symbol, fill.known_at]
        assert bar == fill.bar and bar.volume > 0
        assert fill.decided_at <= fill.filled_at <= fill.known_at and fill.decided_at < fill.known_at
        worse = fill.slippage / fill.quantity + Decimal(
            "0.011"
        )  # slippage is rounded up to the cent, and to the tick
        assert bar.low - worse <= fill.price <= bar.high + worse
        paid = USD.cost(fill.value) if fill.side is Side.BUY else -USD.income(fill.value)
        cash -= paid + fill.fee
        held[fill.symbol] = held.get(fill.symbol, Decimal(0)) + fill.quantity * fill.side.sign
        taken[fill.symbol, fill.known_at] = taken.get((fill.symbol, fill.known_at), Decimal(0)) + fill.quantity
    for (symbol, ts), quantity in taken.items():
        assert quantity <= known[symbol, ts].volume / 20, "5 % of a bar"
    nights = sum((move.amount for move in changes.movements if move.kind not in ("deposit", "fill")), Decimal(0))
    assert nights <= 0
    cash += nights
    marks = {bar.symbol: bar.close for bar in bars if bar.volume}
    value = sum((quantity * marks[symbol] for symbol, quantity in held.items() if quantity), Decimal(0))
    assert curve[-1].equity == cash + value, "equity = cash + positions, to the cent"
    closed = sum((trade.realized_pnl for trade in changes.trades), Decimal(0))
    if not any(held.values()):
        assert curve[-1].equity - Decimal(20_000) == closed


@EXAMPLES
@given(tapes(), SCRIPTS, st.integers(10, 80))
def test_what_comes_later_changes_nothing_before_it(bars: list[Bar], script: str, kept: int) -> None:
    BUILT_IN["scripted"] = Scripted
    made = bot(script, "us-equity", allow_short=True, aggression="0.5")
    cut = bars[min(kept, len(bars) - 2)].ts
    changed = [
        bar
        if bar.ts <= cut
        else Bar(bar.symbol, bar.ts, *[4 * each for each in (bar.open, bar.high, bar.low, bar.close)], bar.volume)
        for bar in bars
    ]
    try:
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            rows = [
                ledger_rows(Layout(play(folder, made, tape)).ledger) for folder, tape in ((one, bars), (two, changed))
            ]
    finally:
        del BUILT_IN["scripted"]
    until = cut.strftime("%Y-%m-%dT%H:%M")
    for table, column in (("fills", 14), ("decisions", 3), ("equity", 1)):
        seen = [[row for row in each[table] if row[column][:16] <= until] for each in rows]
        assert seen[0] == seen[1], table


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    """What an order of sets, a zone of the machine or the order of options could change is not in any file."""
    machines = (("1", "America/New_York", ("momo_hk", "swing_1w")), ("77", "Asia/Tokyo", ("swing_1w", "momo_hk")))
    found = []
    for seed, zone, names in machines:
        bots = [word for name in names for word in ("--bot", name)]
        typed = ["-m", "aion", "backtest", *bots, "--from", "2022-05-19", "--deterministic", "--out", seed]
        machine = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(Path(__file__).parents[2])}
        subprocess.run([sys.executable, *typed], cwd=tmp_path, env=machine, check=True, capture_output=True)
        paths = [path for path in (tmp_path / seed).rglob("*") if path.is_file() and path.name != "ledger.lock"]
        found.append({path.relative_to(tmp_path / seed).as_posix(): path.read_bytes() for path in paths})
    assert {"report.html", "result.json", "ledger.sqlite", "intraday/sim_logs/2022-06-15_momo_hk.json"} <= set(
        found[0]
    )
    assert found[0].keys() == found[1].keys()
    assert [name for name in found[0] if found[0][name] != found[1][name]] == []
