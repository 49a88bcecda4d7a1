"""Shows a run that has ended: its curve, trades and fills as the program that ran it gives them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from aion_client import argument
from aion_client.activity import Activity
from aion_client.curve import chosen
from aion_client.errors import ClientError
from aion_client.keeper import logger
from aion_client.record import CURVE_POINTS, KEPT, MIN_TRADES, Json
from aion_client.store import Lock, read_json, state_path, write_json


def utc(value: Any) -> datetime:
    """Return a time of a program's table; one without a zone is UTC.

    Raises:
        ClientError: it is no time.
    """
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime(warn=False)
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=timezone.utc)
    if not isinstance(value, datetime):
        raise ClientError(f"index {value!r} is no time: give the data an index of times, so that the run has a curve")
    return argument.moment("index", value)


def write_finished(
    name: str,
    curve: Sequence[tuple[Any, float]],
    *,
    start: float,
    trades: Iterable[Json] = (),
    fills: Iterable[Json] = (),
    fees: float = 0.0,
    currency: str = "USD",
    mode: str = "backtest",
    strategy: str = "",
    data: str | os.PathLike[str] | None = None,
    note: str = "",
) -> Path:
    """Write the state of a finished run; one of the same name that is finished too is replaced.

    Args:
        name: of the bot on the desk.
        curve: time and equity, in order of time; points that are NaN are left out.
        start: money at the beginning.
        trades: closed ones, with the fields of a state file.
        fills: executions, the same.
        fees: of all of them.
        currency: of all money.
        mode: as of `Bot`.
        strategy: name of the rule.
        data: the desk's data folder; default `AION_DATA`, else `aion-data`.
        note: a sentence for the card.

    Returns:
        Path of the state file.

    Raises:
        ClientError: an argument cannot be used, or a bot of the name is running or another program's.
        OSError: it cannot be written.
    """
    root = Path(data if data is not None else os.environ.get("AION_DATA") or "aion-data").absolute()
    bot, path = argument.name_of_bot("name", name), state_path(root, argument.name_of_bot("name", name))
    points = {argument.iso(utc(at)): float(value) for at, value in curve if math.isfinite(value)}
    if not points:
        raise ClientError(f"name={name!r}: the run has no curve, so there is nothing to show")
    closed = {f"t{number}": _clean(trade) for number, trade in enumerate(trades, start=1)}
    done = {f"f{number}": _clean(fill) for number, fill in enumerate(fills, start=1)}
    times, values = list(points), list(points.values())
    end, net = times[-1], values[-1] - start
    envelope: Json = {
        "mode": mode, "run": "1", "as_of": end, "written_at": argument.iso(datetime.now(timezone.utc)), "bot": bot,
        "currency": argument.currency("currency", currency),
    }  # fmt: skip
    document: Json = {
        "schema": "aion/swing_rolling/2",
        **envelope,
        "kind": "finished",
        "finished_at": end,
        "strategy": argument.text(strategy, 64),
        "note": argument.text(note),
        "symbols": sorted({each["symbol"] for each in (*closed.values(), *done.values())})[:500],
        "equity": values[-1],
        "start_equity": float(start),
        "total_pnl": _total(net, fees, start),
        "trades": dict(list(closed.items())[-KEPT:]),
        "fills": dict(list(done.items())[-KEPT:]),
        "equity_curve": {times[index]: values[index] for index in chosen(values, 2 * CURVE_POINTS)},
        "stats": _stats(closed, values, start),
        "memo": '{"finished":true}',
    }
    lock = Lock(path.parent, bot)
    lock.take(0)
    try:
        found = read_json(path)
        if found is not None and found.get("memo") != document["memo"]:
            raise ClientError(f"name={name!r}: {path} is not of a finished run: choose another name, or move it away")
        for old in root.glob(f"swing/bot_logs/1d/bot_activity_????-??-??_{bot}.json"):
            old.unlink()
        entries = [(each["ts"][:10], "fills", key, each) for key, each in done.items()]
        entries += [(each["ts"][:10], "trades", key, each) for key, each in closed.items()]
        activity = Activity(root, bot, lambda _, why: logger.warning("%s: %s", bot, why))
        activity.write(entries, {"schema": "aion/bot_activity/2", **envelope, "horizon": "1d"}, {})
        write_json(path, document)
    finally:
        lock.close()
    return path


def _total(net: float, fees: float, start: float) -> Json:
    found = {"gross": net + fees, "fees": float(fees), "net": net}
    return {**found, "net_return": net / start} if start > 0 else found


def _stats(trades: dict[str, Json], values: list[float], start: float) -> Json:
    """Return figures of the whole run: the curve in the file may be shortened, and may begin after `start`."""
    peak, deepest = start, 0.0
    for value in values:
        peak = max(peak, value)
        if peak > 0:
            deepest = max(deepest, (peak - value) / peak)
    results = [each["realized_pnl"] for each in trades.values()]
    found: Json = {"closed_trades": len(results), "wins": sum(1 for each in results if each > 0)}
    if peak > 0:
        found.update(max_drawdown=deepest, drawdown=(peak - values[-1]) / peak)
    if len(results) >= MIN_TRADES:
        found["win_rate"] = found["wins"] / len(results)
        if losses := -sum(each for each in results if each < 0):
            found["profit_factor"] = sum(each for each in results if each > 0) / losses
    return found


def _clean(entry: Json) -> Json:
    """Return an entry with times as texts, and without what is not known."""
    found: Json = {}
    for name, value in entry.items():
        if name in ("ts", "opened_at"):
            found[name] = argument.iso(utc(value))
        elif name == "symbol":
            found[name] = argument.key(name, value)
        elif isinstance(value, str):
            if value:
                found[name] = argument.text(value)
        elif value is not None and math.isfinite(value):
            found[name] = float(value)
    return found
