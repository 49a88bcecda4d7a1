"""Shows returns, as quantstats takes them: `from_quantstats(returns, "mine", start=10_000)`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aion_client.finished import write_finished


def from_quantstats(returns: Any, name: str, *, start: float = 100_000.0, **options: Any) -> Path:
    """Write a series of returns as a finished run; it has a curve and no trades.

    Args:
        returns: a pandas series of returns by time, fractions.
        name: of the bot on the desk.
        start: money at the beginning; returns do not say it.
        options: of `write_finished`: currency, data, mode, strategy, note.

    Returns:
        Path of the state file.
    """
    value, curve = float(start), []
    for at, each in returns.dropna().items():
        value *= 1 + float(each)
        curve.append((at, value))
    return write_finished(name, curve, start=float(start), **options)
