"""`aion attach`: the list of attached bots, the check of one, and its table in the settings file."""

import asyncio
import os
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from aion.adapter import freqtrade_figures as figures
from aion.adapter.account.document import text
from aion.adapter.account.source import AccountSource
from aion.adapter.freqtrade_document import money
from aion.adapter.freqtrade_source import FreqtradeSource
from aion.adapter.problem import AttachError, ReadInsteadError
from aion.adapter.process import source_of
from aion.config import Settings
from aion.errors import AionError, ConfigError, StateError
from aion.output.encode import Json
from aion.secret import attached_secrets
from aion.section import AttachSettings
from aion.store.document_file import PROBLEM
from aion.store.file import read_json
from aion.store.layout import Layout

Line = tuple[str, bool]
"""A line for people, and whether what it says is fine."""
SAME = 5e-9  # half of the last digit that freqtrade shows


def list_lines(settings: Settings, tables: Mapping[str, AttachSettings]) -> Iterator[str]:
    """Yield a line for each attached bot: where it is read, and how old its state is."""
    layout = Layout(settings.data)
    for name, table in tables.items():
        where = " and ".join(each for each in (table.url, table.database) if each) or "its address"
        yield f"{name}: {table.kind} at {where}: {_standing(layout, name)}"


def _standing(layout: Layout, name: str) -> str:
    try:
        value, _ = read_json(layout.swing_rolling(name))
    except FileNotFoundError:
        return "not read yet"
    except StateError as error:
        return str(error)
    if problem := value.get(PROBLEM):
        return str(problem)
    as_of = str(value.get("as_of"))[:19]
    why = f"; {value['state_reason']}" if value.get("state_reason") else ""
    return f"equity {value.get('equity')} {value.get('currency')} as of {as_of}{why}"


def check_lines(settings: Settings, tables: Mapping[str, AttachSettings]) -> Iterator[Line]:
    """Test attached bots: connect, read, compare with what the program itself says."""
    secrets = attached_secrets(tables)
    for name, table in tables.items():
        try:
            source = source_of(name, table, secrets, Layout(settings.data))
        except AttachError as error:
            yield f"{name}: FAIL {error}", False
            continue
        if isinstance(source, AccountSource):
            yield from asyncio.run(_check_account(name, source))
        else:
            yield from asyncio.run(_check(name, source, table))


async def _check_account(name: str, source: AccountSource) -> list[Line]:
    now, began = datetime.now(UTC), time.monotonic()
    try:
        await source.look(now)
        value = source.document(now, now, {})
        took = (time.monotonic() - began) * 1000
        lines: list[Line] = [(f"{name}: {source.describe()}, {took:.0f} ms", True)]
        for what, said, found in source.compared():
            sign = "ok  " if said == found else "FAIL"
            lines.append((f"{name}: {sign} {what}: {text(said)}, by its fills {text(found)}", said == found))
        if note := value["note"]:
            lines.append((f"{name}: {note}", True))
    except AionError as error:
        lines = [(f"{name}: FAIL {error}", False)]
    finally:
        await source.close()
    return lines


async def _check(name: str, source: FreqtradeSource, table: AttachSettings) -> list[Line]:
    now, lines = datetime.now(UTC), list[Line]()
    began = time.monotonic()
    live: Json = {}
    try:
        if source.known is not None:
            try:
                await source.known.look(now, time.monotonic())
                live = source.document(now, now, {})
                took = (time.monotonic() - began) * 1000
                said = source.known.config
                lines.append((f"{name}: API answers: freqtrade {said.get('version')}, {said['state']}, "
                              f"{'dry run' if said['dry_run'] else 'live'}, {took:.0f} ms", True))  # fmt: skip
                lines += _compare(name, "API", live, source)
            except ReadInsteadError as error:
                lines.append((f"{name}: note {error}", True))
            except AionError as error:
                lines.append((f"{name}: FAIL {error}", False))
        if table.database:
            lines += await _check_database(name, source, table, live)
    finally:
        await source.close()
    return lines


def _compare(name: str, where: str, value: Json, source: FreqtradeSource) -> Iterator[Line]:
    """Yield what Aion shows beside what freqtrade says."""
    assert source.known is not None
    profit = source.known.profit
    closed = money(sum(source.known.past.profits))
    opened = [(each.profit, each.trade["pair"]) for each in source.known.opened if each.profit is not None]
    pairs = [
        ("closed profit", figures.amount(profit, "profit_closed_coin"), closed),
        ("closed trades", figures.amount(profit, "closed_trade_count"), value["stats"]["closed_trades"]),
    ]
    for said, pair in opened:
        shown = next((p.get("unrealized_pnl") for k, p in value["positions"].items() if k == pair), said)
        pairs.append((f"open profit {pair}", said, shown))
    for what, said, shown in pairs:
        is_same = abs(float(said) - float(shown)) < SAME
        sign = "ok  " if is_same else "FAIL"
        yield f"{name}: {sign} {what}: freqtrade {said:.8f}, Aion {shown:.8f} ({where})", is_same


async def _check_database(name: str, source: FreqtradeSource, table: AttachSettings, live: Json) -> list[Line]:
    start = live.get("start_equity")
    settings = table.model_copy(update={"url": "", "wallet": table.wallet if table.wallet is not None else start})
    alone = source.without_api(settings)
    now = datetime.now(UTC)
    try:
        await alone.look(now)
        value = alone.document(now, now, {})
    except AionError as error:
        return [(f"{name}: FAIL {error}", False)]
    lines: list[Line] = [(f"{name}: database: {value['stats']['closed_trades']} closed trades", True)]
    for what in ("cash",) if live else ():
        said, shown = live.get(what), value.get(what)
        if said is not None and shown is not None:
            is_same = abs(said - shown) < SAME
            sign = "ok  " if is_same else "FAIL"
            lines.append((f"{name}: {sign} {what}: freqtrade {said:.8f}, Aion {shown:.8f} (database)", is_same))
    return lines


def add_table(path: Path, name: str, values: Mapping[str, str], *, is_written: bool) -> Path:
    """Add the table of a bot to a settings file, or to a copy of it beside no other file; return its path.

    Args:
        path: the settings file; it need not exist.
        name: of the bot.
        values: TOML by key.
        is_written: False for a copy, which the caller deletes.

    Raises:
        ConfigError: it cannot be written.
    """
    key = name if name.replace("-", "").replace("_", "").isalnum() else f'"{name}"'
    table = "\n".join([f"[attach.{key}]", *(f"{each} = {value}" for each, value in values.items())])
    try:
        before = path.read_text("utf-8") if path.exists() else ""
        text = f"{before.rstrip()}\n\n{table}\n".lstrip()
        tomllib.loads(text)
        number, temporary = tempfile.mkstemp(dir=path.parent if is_written else None, suffix=".toml")
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
        if is_written:
            with suppress(FileNotFoundError):
                os.chmod(temporary, path.stat().st_mode)
            os.replace(temporary, path)
            return path
        return Path(temporary)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None
