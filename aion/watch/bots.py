"""Checks the bots: late by their own `due_at`, in state `error`, or without bars from the feed.

Each bot is judged only by its own file, so that one that writes every minute and one that writes every month, Aion's
bots and external ones, are checked the same way. No market calendar is needed.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from aion.clock import iso
from aion.errors import StateError
from aion.scalar import UtcTime
from aion.store.document.base import Document
from aion.store.document.clock import ClockState
from aion.store.document.left_out import sound
from aion.store.document.watch import Level
from aion.store.file import Signature, read_json
from aion.store.layout import Layout
from aion.store.newest import newest_states
from aion.watch.finding import Finding

DEAD_CYCLES = 5  # cycles missed in a row after which a bot is called dead
DEAD_AFTER_S = 60.0  # and at least that long
DEAD_AT_MOST_S = 86_400.0  # of a bot whose cycles are weeks
FORGOTTEN_S = 30 * 86_400.0  # a file this late belongs to a bot that is gone


class _Said(Document):
    """The fields of a bot's file, or of the summary, that the watchdog needs."""

    kind: str = ""
    due_at: UtcTime | None = None
    written_at: UtcTime | None = None
    state: str = ""
    state_reason: str = ""
    clock: ClockState | None = None


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
            text = f"{bot} has stopped by itself: {said.state_reason[:500] or 'its file does not say why'}"
            return Finding(f"bot.{bot}", "dead_bot", "error", bot, text, bot)
        if said.due_at is None or said.kind == "finished":
            return None
        due_s = said.due_at.timestamp()
        late_s = now_s - max(due_s, since_s)
        if late_s <= self._grace_s or late_s > FORGOTTEN_S:
            return None
        due = iso(datetime.fromtimestamp(round(due_s), UTC))
        cycle_s = max(0.0, due_s - said.written_at.timestamp()) if said.written_at is not None else 0.0
        if late_s > max(DEAD_AFTER_S, min(DEAD_CYCLES * cycle_s, DEAD_AT_MOST_S)):
            text = f"{bot} has written nothing since its cycle of {due} was due: look at its process and its log"
            return Finding(f"bot.{bot}", "dead_bot", "error", bot, text, bot)
        return Finding(f"bot.{bot}", "missed_cycle", "warning", bot, f"{bot} missed its cycle due at {due}", bot)

    def _feed(self) -> Iterator[Finding]:
        said = self._said(self._layout.sim_summary)
        feed = said.clock.feed_state if said is not None and said.clock is not None else None
        if said is None or said.clock is None or feed is None or feed.state == "ok":
            return
        name = said.clock.feed or "feed"
        level: Level = "error" if feed.state == "down" else "warning"
        last = f"; the newest bar is of {iso(feed.last_bar_at)}" if feed.last_bar_at is not None else ""
        yield Finding("feed", "stale_feed", level, name, f"feed {name}: {feed.text or f'it is {feed.state}'}{last}")

    def _said(self, path: Path) -> _Said | None:
        """Return the fields of the file; while it cannot be read (the page shows that), the previous ones."""
        before = self._read.get(path)
        try:
            signature = Signature.of(path.lstat())
            if before is not None and before[0] == signature:
                return before[1]
            said, _ = sound(_Said, read_json(path, is_mended=True)[0])
        except (OSError, StateError):
            return before[1] if before is not None else None
        self._read[path] = (signature, said)
        return said
