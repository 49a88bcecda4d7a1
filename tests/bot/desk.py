"""What the tests of the bots share: a wall that costs no time, tapes cut short or made up, a look at the result."""

import json
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from aion.clock import FixedClock, iso
from aion.config import BotSettings, Rules, Settings
from aion.engine.runner import run_all
from aion.ledger.query import read_ledger
from aion.market import calendar
from aion.market.action import CorporateAction
from aion.market.feed import Batch, Feed, Kind, RecordedFeed
from aion.market.funding import FundingRate
from aion.market.halt import Halt
from aion.model import Bar, Instrument
from aion.store.control_id import make_id
from aion.store.document_file import check_document
from aion.store.file import read_json, write_json
from aion.store.layout import Layout
from aion.trading.events import Audit

WALL = datetime(2030, 1, 1, tzinfo=UTC)


class VirtualWaiter:
    """Wall time that passes only in `wait`, at once; `on_wait` sees each wait and may stop the process."""

    def __init__(self, on_wait: Callable[["VirtualWaiter", float], None] | None = None, drift_s: float = 0.0) -> None:
        self.wall = FixedClock(WALL)
        self.is_stopped = False
        self.elapsed = 0.0
        self.waits: list[float] = []
        self._on_wait = on_wait
        self._drift_s = drift_s  # what each look at the clock costs, so that work takes time

    def wait(self, seconds: float) -> bool:
        self.elapsed += seconds
        self.wall.tick(timedelta(seconds=seconds))
        self.waits.append(seconds)
        if self._on_wait is not None:
            self._on_wait(self, seconds)
        return self.is_stopped

    def monotonic(self) -> float:
        self.elapsed += self._drift_s
        return self.elapsed

    def interruptible(self) -> AbstractContextManager[None]:
        return nullcontext()


class CutFeed:
    """A feed that ends early."""

    def __init__(self, feed: Feed, end: datetime, change: Callable[[Bar], Bar] = lambda bar: bar) -> None:
        self._feed = feed
        self._end = end
        self._change = change
        self.name, self.real_time, self.provenance = feed.name, feed.real_time, feed.provenance
        self.delay_s, self.timezone, self.interval = feed.delay_s, feed.timezone, feed.interval
        self.anchor = feed.anchor

    def instruments(self, kind: Kind) -> Mapping[str, Instrument]:
        return self._feed.instruments(kind)

    def history(self, kind: Kind, symbol: str, before: datetime, count: int) -> list[Bar]:
        return [self._change(bar) for bar in self._feed.history(kind, symbol, before, count)]

    def batches(self, kind: Kind, symbols: frozenset[str], after: datetime) -> Iterator[Batch]:
        for batch in self._feed.batches(kind, symbols, after):
            if batch.ts > self._end:
                return
            yield Batch(batch.ts, kind, {symbol: self._change(bar) for symbol, bar in batch.bars.items()})

    def span(self, kind: Kind) -> tuple[datetime, datetime]:
        first, last = self._feed.span(kind)
        return first, min(last, self._end)

    def dropped(self, symbol: str, day: str) -> int:
        return self._feed.dropped(symbol, day)

    def actions(self, symbols: frozenset[str]) -> Sequence[CorporateAction]:
        return self._feed.actions(symbols)

    def funding(self, symbols: frozenset[str]) -> Sequence[FundingRate]:
        return self._feed.funding(symbols)

    def halts(self, symbols: frozenset[str]) -> Sequence[Halt]:
        return self._feed.halts(symbols)


class ListFeed:
    """A tape made by a test; synthetic, for rules of the code and never for figures."""

    name = "list"
    real_time = False
    delay_s = 0.0
    timezone = "UTC"
    provenance = "made by a test"
    interval = timedelta(minutes=1)
    anchor = "open"
    given: tuple[CorporateAction, ...] = ()
    halted: tuple[Halt, ...] = ()

    def __init__(self, instruments: Mapping[str, Instrument], minute: list[Bar] = (), day: list[Bar] = ()) -> None:
        self._instruments = dict(instruments)
        self._bars: dict[Kind, list[Bar]] = {"minute": list(minute), "day": list(day)}

    def instruments(self, kind: Kind) -> Mapping[str, Instrument]:
        return self._instruments

    def history(self, kind: Kind, symbol: str, before: datetime, count: int) -> list[Bar]:
        found = [bar for bar in self._bars[kind] if bar.symbol == symbol and bar.ts <= before]
        return found[-count:]

    def batches(self, kind: Kind, symbols: frozenset[str], after: datetime) -> Iterator[Batch]:
        moments: dict[datetime, dict[str, Bar]] = {}
        for bar in self._bars[kind]:
            if bar.symbol in symbols and bar.ts > after:
                moments.setdefault(bar.ts, {})[bar.symbol] = bar
        for ts in sorted(moments):
            yield Batch(ts, kind, moments[ts])

    def span(self, kind: Kind) -> tuple[datetime, datetime]:
        times = [bar.ts for bar in self._bars[kind]]
        return min(times), max(times)

    def dropped(self, symbol: str, day: str) -> int:
        return 0

    def actions(self, symbols: frozenset[str]) -> Sequence[CorporateAction]:
        return [action for action in self.given if action.symbol in symbols]

    def funding(self, symbols: frozenset[str]) -> Sequence[FundingRate]:
        return ()

    def halts(self, symbols: frozenset[str]) -> Sequence[Halt]:
        return [each for each in self.halted if each.symbol in symbols]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def bar(symbol: str, ts: datetime, price: float | str, volume: int = 1_000_000, **prices: float | str) -> Bar:
    values = {name: Decimal(str(prices.get(name, price))) for name in ("open", "high", "low", "close")}
    values["high"] = max(values.values())
    values["low"] = min(values.values())
    return Bar(symbol, ts, volume=Decimal(volume), **values)


def daily(symbol: str, first: str, prices: list[float]) -> list[Bar]:
    """Bars of consecutive New York sessions from the day `first`, each opening at the close before."""
    days = calendar.sessions("XNYS", at(f"{first}T00:00Z").date(), at("2024-12-31T00:00Z").date())
    made, last = [], prices[0]
    for session, price in zip(days, prices, strict=False):
        made.append(bar(symbol, session.close, price, open=last))
        last = price
    return made


def instrument(symbol: str, exchange: str = "XNYS", currency: str = "USD", step: str = "0.0001") -> Instrument:
    return Instrument(symbol, exchange, currency, Decimal("0.0001"), Decimal(step), Decimal(step))


def swing_bot(symbols: tuple[str, ...], **changes: object) -> BotSettings:
    rules = Rules(**{"max_positions": min(3, len(symbols)), "stop_loss": 0, **changes.pop("rules", {})})
    values = {
        "kind": "swing",
        "strategy": "equal_weight",
        "symbols": symbols,
        "exchange": "XNYS",
        "currency": "USD",
        "cash": 100_000,
        "cost": "zero",
        "horizon": "1w",
        "rules": rules,
    }
    return BotSettings(**{**values, **changes})


def settings(data: Path, **changes: object) -> Settings:
    values = {"data": data, "deterministic": True, "run_pause_s": 30, "speed": 60}
    return Settings(**{**values, **changes})


_recorded = RecordedFeed()
DAY_END = at("2022-05-20T02:00Z")


def recorded(end: datetime = DAY_END, change: Callable[[Bar], Bar] = lambda bar: bar) -> CutFeed:
    return CutFeed(_recorded, end, change)


def replay(
    made: Settings, feed: Feed | None = None, waiter: VirtualWaiter | None = None, runs: int = 1
) -> VirtualWaiter:
    waiter = waiter or VirtualWaiter()
    run_all(made, waiter, waiter.wall, feed=feed or recorded(), runs=runs)
    return waiter


def document(path: Path) -> dict:
    """The JSON of a state file, checked against its model."""
    value, _ = read_json(path)
    check_document(value, value["schema"].split("/")[1], path.name)
    return value


def state_files(data: Path) -> dict[str, bytes]:
    """All files of a data folder that two equal replays must have in common."""
    return {
        path.relative_to(data).as_posix(): path.read_bytes()
        for path in sorted(data.rglob("*"))
        if path.is_file() and path.suffix != ".jsonl" and not path.name.startswith(("ledger.", "."))
    }


def id_of(number: int) -> str:
    """The id of a request that is asked `number` seconds after `WALL`."""
    return make_id(WALL + timedelta(seconds=number), None, "0")


def ask(
    data: Path,
    target: str,
    action: str,
    number: int = 1,
    value: float | str | None = None,
    since: datetime = WALL,
    **more: str,
) -> str:
    """Put a request of the desk there, as the desk does, asked `number` seconds after `since`; return its id."""
    at = since + timedelta(seconds=number)
    control_id = make_id(at, None, "0")
    made = {"schema": "aion/control/1", "id": control_id, "bot": target, "action": action, **more}
    made |= {"requested_at": iso(at), "requested_by": "ana"}
    if value is not None:
        made["value"] = value
    write_json(Layout(data).control(target, control_id), made)
    return control_id


def kill_switch(data: Path, target: str, reason: str = "") -> Path:
    """Turn the kill switch of a bot, or of all, on."""
    path = Layout(data).kill(target)
    write_json(path, {"schema": "aion/kill/1", "bot": target, "killed_at": iso(WALL), "reason": reason})
    return path


def save_rules(data: Path, bot: str, version: int, **rules: object) -> None:
    """Save rules for a bot, as the desk does."""
    made = {"schema": "aion/bot_config/1", "bot": bot, "version": version, "saved_at": iso(WALL), "saved_by": "ana"}
    write_json(Layout(data).config(bot), {**made, "rules": rules})


def audits(path: Path) -> list[Audit]:
    """The audit of a ledger."""
    with read_ledger(path) as ledger:
        return ledger.audits()


def ledger_rows(path: Path) -> dict[str, list[tuple]]:
    """All rows of a ledger by table, each a tuple whose values have the names of their columns too."""
    connection = sqlite3.connect(path)
    try:
        tables = sorted(row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))
        found = {}
        for table in tables:
            rows = connection.execute(f"SELECT * FROM {table}")
            named = namedtuple(table, [each[0] for each in rows.description])
            found[table] = sorted(map(named._make, rows), key=repr)
        return found
    finally:
        connection.close()


def sim_logs(data: Path, bot: str) -> dict[str, dict]:
    """The day files of a bot by day."""
    return {path.name[:10]: document(path) for path in sorted(Layout(data).sim_logs.glob(f"*_{bot}.json"))}


def log_events(data: Path) -> list[dict]:
    return [json.loads(line) for line in Layout(data).log("bots").read_text().splitlines()]
