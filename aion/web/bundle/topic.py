"""The topics of the desk: which files each depends on, and how its bundle is built from them."""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from aion.config import Settings
from aion.live.source import Entry, Tree
from aion.live.topic import Built, Topic
from aion.store.document.base import to_json
from aion.store.layout import CONFIGS, CONTROLS, INTRADAY, LOGS, SWING, WATCH, Layout, is_meant_as_state
from aion.store.process_log import ProcessLog
from aion.web.bundle.pages import Desk, Page, bots_bundle, intraday_bundle
from aion.web.log import tail
from aion.web.problem import Problems, file_time, problem
from aion.web.state import Json, load

FOLDERS = (INTRADAY, SWING, CONTROLS, CONFIGS, WATCH)
ACCEPTED = frozenset(
    {"sim_log", "rolling", "sim_summary", "swing_rolling", "log_line", "control", "kill", "bot_config", "watch"}
)
LOG_LINES = 100  # newest lines pushed with each change; the page fetches what lies between by byte offset
LOG_WINDOW = 64 << 10  # bytes read of each log after a change


class TreeFiles(Mapping[str, Entry[Any]]):
    """The live library's tree as a mapping: names cost nothing, an entry is read when it is looked up."""

    def __init__(self, tree: Tree[Any]) -> None:
        """Args: tree: only used within one build."""
        self._tree = tree

    def __getitem__(self, file: str) -> Entry[Any]:
        entry = self._tree.entry(file)
        if entry is None:
            raise KeyError(file)
        return entry

    def __contains__(self, file: object) -> bool:
        return isinstance(file, str) and self._tree.has(file)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tree.names())

    def __len__(self) -> int:
        return sum(1 for _ in self._tree.names())


class DeskReader:
    """Reads the desk for all topics, once for each change, and knows how long its cycle has been torn."""

    def __init__(self, page: Page, grace_s: float, now_s: Callable[[], float] = time.monotonic) -> None:
        """Make it.

        Args:
            page: reads the files.
            grace_s: seconds after which a cycle that is not whole is shown part by part.
            now_s: a clock in seconds that never goes back.
        """
        self.page = page
        self._grace_s = grace_s
        self._now_s = now_s
        self._torn_since_s: float | None = None
        self._seen = -1
        """Revision of the tree that was read last."""
        self._desk: Desk | None = None
        self._is_overdue = False

    def read(self, tree: Tree[Any]) -> tuple[Desk, float | None]:
        """Return the desk as the files are now, and after how many seconds it is another without a change of them."""
        now = self._now_s()
        torn_s = 0.0 if self._torn_since_s is None else now - self._torn_since_s
        is_overdue = self._torn_since_s is not None and torn_s >= self._grace_s
        if self._desk is None or self._seen != tree.revision or is_overdue != self._is_overdue:
            changed = tree.changes(self._seen) if self._desk is not None else None
            self._desk = None
            self._desk = self.page.read(TreeFiles(tree), changed=changed, is_overdue=is_overdue)
            self._seen, self._is_overdue = tree.revision, is_overdue
        if not self.page.is_torn:
            self._torn_since_s = None
            return self._desk, None
        if self._torn_since_s is None:
            self._torn_since_s, torn_s = now, 0.0
        return self._desk, None if is_overdue else max(0.01, self._grace_s - torn_s)


class PageTopic:
    """Builds one page's bundle."""

    def __init__(
        self,
        reader: DeskReader,
        build: Callable[[Desk], Json],
        built: Callable[[Desk], None] = lambda _desk: None,
    ) -> None:
        """Make the builder of a topic.

        Args:
            reader: reads the files; all topics share it, so that each file is prepared once.
            build: makes the bundle of what was read.
            built: gets what each bundle is made of.
        """
        self._reader = reader
        self._build = build
        self._built = built

    def __call__(self, tree: Tree[Any]) -> Built:
        """Return the bundle as the files are now."""
        desk, revisit_in_s = self._reader.read(tree)
        payload = self._build(desk)
        self._built(desk)
        return Built(payload, revisit_in_s)


def make_topics(settings: Settings, log: ProcessLog | None = None) -> list[Topic[Any]]:
    """Return the topics `bots`, `intraday` and `logs`."""
    own_swing = frozenset(name for name, bot in settings.bots.items() if bot.kind == "swing")
    reader = DeskReader(Page(own_swing), settings.cycle_grace_s)

    told: set[tuple[str, str]] = set()

    def tell_built(desk: Desk, topic: str) -> None:
        if log is not None and desk.cycle.summary is not None:
            log.debug("bundle built", topic=topic, cycle_id=desk.cycle.summary.cycle_id)

    def tell(desk: Desk) -> None:
        found = {(each.file, each.reason) for each in desk.errors.values() if each.kind == "left_out"}
        for file, reason in sorted(found - told):
            if log is not None:
                log.warning("entries of a state file left out", file=file, reason=reason)
        told.clear()
        told.update(found)
        tell_built(desk, "bots")

    tell_intraday = partial(tell_built, topic="intraday")
    return [
        Topic("bots", PageTopic(reader, bots_bundle, tell), FOLDERS),
        Topic("intraday", PageTopic(reader, intraday_bundle, tell_intraday), FOLDERS),
        Topic("logs", build_logs, (LOGS,)),
    ]


def load_file(path: Path, relative: str) -> Any:
    """Return one file of the data folder: a checked document, or the last lines of a log."""
    if relative.startswith(f"{LOGS}/"):
        return tail.read_tail(path, window=LOG_WINDOW, now_s=0.0)  # no clock in what is built
    return load(path, relative)


def accepts(relative: str) -> bool:
    """Return True for a path below the data folder that a topic may depend on."""
    place = Layout.place(relative)
    return place.kind in ACCEPTED if place is not None else is_meant_as_state(relative)


def build_logs(tree: Tree[Any]) -> Built:
    """Return `LogTail`: the newest lines of all logs."""
    spans: list[tail.Span] = []
    errors: Problems = {}
    for file in tree.names(f"{LOGS}/"):
        entry = tree.entry(file)
        if entry is None:
            continue
        if entry.value is not None:
            spans.append(entry.value)
        else:
            reason = f"cannot be read: {entry.error}"
            errors[Path(file).stem] = problem("unreadable", file, reason, file_time=file_time(entry.mtime_ns))
    found = tail.merge(spans, LOG_LINES)
    found.errors = errors
    return Built(to_json(found))
