"""What the rules look at in a bot's state file: few figures, read without checking the rest.

The desk checks each file and names what is wrong with it; a figure of another type is here as if it were not said.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from msgspec import MsgspecError, Raw

from aion import performance
from aion.store.document.known import split
from aion.store.file import parse_counted, read_file, unpack_file

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """One version of a bot's state."""

    bot: str
    """Its id on the desk."""
    mode: str = "paper"
    run: str = "1"
    currency: str = ""
    as_of: datetime | None = None
    """Market time."""
    due_at: datetime | None = None
    """Wall time by which it owes its next write."""
    is_finished: bool = False
    has_failed: bool = False
    """Its state is `error`."""
    equity: float | None = None
    net: float | None = None
    """Since it began, without what was paid in and out where it says that."""
    day: str = ""
    day_net: float | None = None
    """Of the market day."""
    told_drawdown: float | None = None
    """Fraction, 0 at the top, as the file says it."""
    since: datetime | None = None
    """Market time at which it began, as the file says it."""
    value: Json = field(default_factory=dict)
    """The whole document."""
    fills: Json = field(default_factory=dict)
    """As the file has them, by id."""
    trades: Json = field(default_factory=dict)
    answers: Json = field(default_factory=dict)
    """What became of requests, by id."""

    def drawdown(self) -> float | None:
        """Return how far equity is below its top, as the file says it, else by its curve; a fraction."""
        if self.told_drawdown is not None:
            return self.told_drawdown
        points = list(_object(self.value, "equity_curve").values())
        if not set(map(type, points)) <= {int, float} or not math.isfinite(sum(points)):
            points = [each for each in points if _is_number(each)]
        if len(points) < 2:
            return None
        return performance.drawdown([*points, *([self.equity] if self.equity is not None else [])])

    def began(self) -> datetime | None:
        """Return the market time from which its fills are known."""
        if self.since is not None:
            return self.since
        curve = _object(self.value, "equity_curve")
        return _moment(min(curve)) if curve else None


def read_facts(path: Path, bot: str) -> Facts:
    """Return the facts of the state file at `path`.

    Raises:
        FileNotFoundError: there is none.
        StateError: it cannot be read.
    """
    data, _ = read_file(path, path.name)
    text = unpack_file(path, data, path.name)
    try:
        fields = split(text)
    except MsgspecError:
        fields = None
    return facts_of(Fields(fields) if fields is not None else parse_counted(text, path.name, is_mended=True), bot)


class Fields(dict[str, Any]):
    """The fields of a JSON object, each parsed when somebody asks for it: most of a state is not asked for."""

    def __init__(self, texts: Mapping[str, Raw]) -> None:
        """Args: texts: of each field."""
        super().__init__()
        self._texts = texts

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field; None for one that is not there."""
        if name not in self:
            found = self._texts.get(name)
            self[name] = orjson.loads(bytes(found)) if found is not None else default
        return self[name]


def facts_of(value: Json, bot: str) -> Facts:
    """Return the facts of a state document."""
    total, day, stats = (_object(value, name) for name in ("total_pnl", "day_pnl", "stats"))
    equity, started = number(value, "equity"), number(value, "start_equity")
    net = number(total, "net")
    if net is None and equity is not None and started is not None:
        net = equity - started
    answers = dict(_object(value, "control_answers"))
    if (control_id := text(value, "control_id")) and (why := text(value, "control_error")):
        answers.setdefault(control_id, f"refused: {why}")
    return Facts(
        bot=bot,
        mode=text(value, "mode") or "paper",
        run=text(value, "run") or "1",
        currency=text(value, "currency"),
        as_of=moment(value, "as_of"),
        due_at=moment(value, "due_at"),
        is_finished=value.get("kind") == "finished",
        has_failed=value.get("state") == "error",
        equity=equity,
        net=net,
        day=text(value, "day") or text(day, "day") or text(value, "as_of")[:10],
        day_net=number(day, "net"),
        told_drawdown=number(stats, "drawdown"),
        since=moment(total, "since"),
        value=value,
        fills=_object(value, "fills"),
        trades=_object(value, "trades"),
        answers=answers,
    )


def number(value: Json, name: str) -> float | None:
    """Return a finite number; None for anything else."""
    found = value.get(name)
    return float(found) if isinstance(found, int | float) and _is_number(found) else None


def text(value: Json, name: str) -> str:
    """Return a text, empty for anything else."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def moment(value: Json, name: str) -> datetime | None:
    """Return a time with a zone, in UTC; None for anything else."""
    return _moment(text(value, name))


def _moment(said: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo is not None else None


def _object(value: Json, name: str) -> Json:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
