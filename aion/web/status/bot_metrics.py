"""What Prometheus is told of the bots: their schedule, and their accounts as the index has them.

An account's figures stand beside its currency and mode, so that no sum adds currencies, or paper to live, unless it
is asked to. A bot whose machine is held has none: what would be recorded is not known to be so now.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric

from aion.clock import parse_iso
from aion.web.state import Json

FIGURES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("aion_bot_equity", "Cash and value of all positions, in the currency.", ("equity",)),
    ("aion_bot_start_equity", "Equity at the start of its run, in the currency.", ("start_equity",)),
    ("aion_bot_cash", "Cash, in the currency.", ("cash",)),
    ("aion_bot_net", "Result since the start after all costs, in the currency.", ("net",)),
    (
        "aion_bot_positions_value",
        "Value of all positions, short ones negative.",
        ("positions_value",),
    ),
    ("aion_bot_positions", "Open positions.", ("positions_total",)),
    ("aion_bot_fills", "Fills in its newest state file.", ("fills_total",)),
    ("aion_bot_closed_trades", "Closed trades that its statistics count.", ("stats", "closed_trades")),
    ("aion_bot_exposure_ratio", "Sum of the positions' absolute values over equity.", ("stats", "exposure")),
    ("aion_bot_drawdown_ratio", "Fall of equity from its peak, 0 to 1.", ("stats", "drawdown")),
    ("aion_bot_max_drawdown_ratio", "Largest fall of equity from a peak, 0 to 1.", ("stats", "max_drawdown")),
    ("aion_bot_win_ratio", "Share of closed trades that won; absent below 30 of them.", ("stats", "win_rate")),
)
"""Name, help and where a row of the index has it."""
OF_ACCOUNT = ("bot", "kind", "machine", "currency", "mode")


def bot_families(rows: Mapping[str, Json], held: Iterable[str]) -> Iterator[Metric]:
    """Yield the families of all bots.

    Args:
        rows: of the index, by kind and name.
        held: machines that are not heard of; the desk's own folder is the empty name.
    """
    age = GaugeMetricFamily("aion_bot_write_age_seconds", "Since a bot wrote its state.", labels=["bot", "kind"])
    late = GaugeMetricFamily("aion_bot_overdue_seconds", "Past its due_at; 0 in time.", labels=["bot", "kind"])
    state = GaugeMetricFamily("aion_bot_state", "1 for the state that a bot is in.", labels=["bot", "kind", "state"])
    figures = [GaugeMetricFamily(name, text, labels=OF_ACCOUNT) for name, text, _ in FIGURES]
    silent = frozenset(held)
    for key, row in rows.items():
        kind, name = key.partition("/")[::2]
        if "written_at" in row:
            age.add_metric([name, kind], age_s(parse_iso(row["written_at"])))
        if "due_at" in row:
            late.add_metric([name, kind], age_s(parse_iso(row["due_at"])))
        state.add_metric([name, kind, row.get("state", "active")], 1)
        machine = row.get("machine", "")
        if machine in silent:
            continue
        labels = [name, kind, machine, row["currency"], row["mode"]]
        for family, (_, _, path) in zip(figures, FIGURES, strict=True):
            value = _at(row, path)
            if value is not None:
                family.add_metric(labels, value)
    yield age
    yield late
    yield state
    yield from figures


def age_s(at: datetime) -> float:
    """Return how long ago a wall time is, in seconds; 0 for one to come."""
    return max(0.0, time.time() - at.timestamp())


def _at(row: Json, path: tuple[str, ...]) -> float | None:
    *folders, name = path
    for each in folders:
        row = row.get(each) or {}
    value = row.get(name)
    return float(value) if value is not None else None
