"""Checks the bots: late by their own `due_at`, in state `error`, or without bars from the feed.

Each bot is judged only by its own file, so that one that writes every minute and one that writes every month, Aion's
bots and external ones, are checked the same way. No market calendar is needed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aion.clock import iso, parse_iso
from aion.errors import StateError
from aion.store.file import Signature, read_json
from aion.store.layout import Layout
from aion.store.newest import newest_states
from aion.watch.finding import Finding

DEAD_CYCLES = 5  # cycles missed in a row after which a bot is called dead
DEAD_AFTER_S = 60.0  # and at least that long
DEAD_AT_MOST_S = 86_400.0  # of a bot whose cycles are weeks
FORGOTTEN_S = 30 * 86_400.0  # a file this late belongs to a bot that is gone


@dataclass(frozen=True, slots=True)
class _Said:
    """The fields of a bot's file that the watchdog needs."""

    due_s: float | None
    """Wall time by which the next write is due, seconds since 1970."""
    cycle_s: float
    """From the write to `due_s`."""
    state: str
    reason: str
    feed: dict[str, Any] | None = None
    feed_name: str = ""


class BotWatch:
    """Reads the bots' files, each again only after it has changed."""

    def __init__(self, layout: Layout, own: Mapping[str, str], grace_s: float) -> None:
        """Args: layout: of the data folder; own: kinds of Aion's bots by name; grace_s: delay that is tolerated."""
        self._layout = layout
        self._own = own
        self._grace_s = grace_s
        self._read: dict[Path, tuple[Signature, _Said | None]] = {}

    def look(self, now_s: float, own_since_s: float | None) -> Iterator[Finding]:
        """Yield the findings.

        Args:
            now_s: wall time, seconds since 1970.
            own_since_s: wall time from which Aion's own bots are judged; None while their process is down, which is
                an alarm of its own.
        """
        places = newest_states(self._layout.states(), self._own)
        files = {bot: self._layout.root / place.file for bot, place in places.items()}
        self._read = {path: self._read[path] for path in files.values() if path in self._read}
        for bot, path in files.items():
            said = self._said(path)
            is_own = bot in self._own
            if said is None or (is_own and own_since_s is None):
                continue
            found = self._judge(bot, said, now_s, own_since_s if is_own and own_since_s is not None else 0.0)
            if found is not None:
                yield found
        if own_since_s is not None:
            yield from self._feed()

    def _judge(self, bot: str, said: _Said, now_s: float, since_s: float) -> Finding | None:
        if said.state == "error":
            text = f"{bot} has stopped by itself: {said.reason or 'its file does not say why'}"
            return Finding(f"bot.{bot}", "dead_bot", "error", bot, text, bot)
        if said.due_s is None:
            return None
        late_s = now_s - max(said.due_s, since_s)
        if late_s <= self._grace_s or late_s > FORGOTTEN_S:
            return None
        due = iso(datetime.fromtimestamp(round(said.due_s), UTC))
        if late_s > max(DEAD_AFTER_S, min(DEAD_CYCLES * said.cycle_s, DEAD_AT_MOST_S)):
            text = f"{bot} has written nothing since its cycle of {due} was due: look at its process and its log"
            return Finding(f"bot.{bot}", "dead_bot", "error", bot, text, bot)
        return Finding(f"bot.{bot}", "missed_cycle", "warning", bot, f"{bot} missed its cycle due at {due}", bot)

    def _feed(self) -> Iterator[Finding]:
        said = self._said(self._layout.sim_summary)
        if said is None or said.feed is None or said.feed.get("state") not in ("late", "down"):
            return
        name, state = said.feed_name or "feed", said.feed["state"]
        why = said.feed.get("text") or f"it is {state}"
        last = f"; the newest bar is of {said.feed['last_bar_at']}" if said.feed.get("last_bar_at") else ""
        yield Finding(
            "feed", "stale_feed", "error" if state == "down" else "warning", name[:64], f"feed {name}: {why}{last}"
        )

    def _said(self, path: Path) -> _Said | None:
        """Return the fields of the file; while it cannot be read (the page shows that), the previous ones."""
        before = self._read.get(path)
        try:
            signature = Signature.of(path.lstat())
            if before is not None and before[0] == signature:
                return before[1]
            value, _ = read_json(path, is_mended=True)
            said = _take(value)
        except (OSError, StateError, ValueError, TypeError, AttributeError):
            return before[1] if before is not None else None
        self._read[path] = (signature, said)
        return said


def _take(value: dict[str, Any]) -> _Said:
    is_finished = value.get("kind") == "finished"
    due_s = None if is_finished else _time_s(value, "due_at")
    written_s = _time_s(value, "written_at")
    written_s = due_s if written_s is None else written_s
    clock = value.get("clock") or {}
    return _Said(
        due_s,
        max(0.0, due_s - written_s) if due_s is not None and written_s is not None else 0.0,
        str(value.get("state", "")),
        str(value.get("state_reason", ""))[:500],
        clock.get("feed_state"),
        str(clock.get("feed", "")),
    )


def _time_s(value: dict[str, Any], name: str) -> float | None:
    """Return a time in seconds since 1970; None if it is absent or invalid, which the page shows."""
    try:
        return parse_iso(value[name]).timestamp()
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError):
        return None
