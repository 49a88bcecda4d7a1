"""The topics of the desk: which files each depends on, and how its bundle is built from them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from aion.config import Settings
from aion.live.disk.source import Tree
from aion.live.topic import Built, Family, Topic
from aion.store.document.base import to_json
from aion.store.layout import CONFIGS, CONTROLS, INTRADAY, LOGS, MACHINES, SWING, WATCH, Layout, is_meant_as_state
from aion.store.log.process_log import ProcessLog
from aion.store.machine import split_path
from aion.web.bundle.index.card import CardTopics
from aion.web.bundle.index.index import IndexTopic, RowTopics, TotalsTopic
from aion.web.bundle.index.state import IndexState, is_bot
from aion.web.bundle.pages import Desk, Page, bots_bundle, intraday_bundle
from aion.web.bundle.portfolio.topic import PortfolioTopics, is_asked
from aion.web.bundle.reader import DeskReader, TreeFiles
from aion.web.log import tail
from aion.web.problem import Problems, file_time, problem
from aion.web.state import Json, load

OF_BOTS = (INTRADAY, SWING, CONTROLS, CONFIGS, MACHINES)
FOLDERS = (*OF_BOTS, WATCH)
__all__ = ["FOLDERS", "TreeFiles", "accepts", "load_file", "make_topics", "reload_file"]
ACCEPTED = frozenset(
    {"sim_log", "rolling", "sim_summary", "swing_rolling", "log_line", "control", "kill", "bot_config", "watch"}
)
INDEX_BYTES_S = 8_000.0
"""Of the index, all rows of a thousand bots every few seconds; rows on a screen have topics of their own."""
LOG_LINES = 100  # newest lines pushed with each change; the page fetches what lies between by byte offset
LOG_WINDOW = 64 << 10  # bytes read of each log after a change


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


def make_topics(settings: Settings, log: ProcessLog | None = None) -> list[Topic[Any] | Family[Any]]:
    """Return all topics.

    They are `bots`, `intraday`, `index`, `totals`, `row/<kind>/<name>`, `bot/<kind>/<name>`, `logs`,
    and `portfolio/totals` with pages of rows beside it.
    """
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

    state = IndexState(reader)
    cards, rows = CardTopics(reader), RowTopics(state)
    tell_intraday = partial(tell_built, topic="intraday")
    return [
        Topic("bots", PageTopic(reader, bots_bundle, tell), FOLDERS),
        Topic("intraday", PageTopic(reader, intraday_bundle, tell_intraday), FOLDERS),
        Topic("index", IndexTopic(state), FOLDERS, INDEX_BYTES_S),
        Topic("totals", TotalsTopic(state), FOLDERS),
        Family("row", rows, OF_BOTS, rows.keys, is_bot, rows.changed),
        Family("bot", cards, OF_BOTS, cards.keys, is_bot),
        Family("portfolio", PortfolioTopics(reader), OF_BOTS, accepts=is_asked),
        Topic("logs", build_logs, (LOGS,)),
    ]


def load_file(path: Path, relative: str) -> Any:
    """Return one file of the data folder: a checked document, or the last lines of a log."""
    if relative.startswith(f"{LOGS}/"):
        return tail.read_tail(path, window=LOG_WINDOW, now_s=0.0)  # no clock in what is built
    return load(path, split_path(relative)[1])


def reload_file(path: Path, relative: str, before: Any) -> Any:
    """As `load_file`, of a file that was read `before`: what is the same in it is not checked again."""
    if relative.startswith(f"{LOGS}/"):
        return load_file(path, relative)
    return load(path, split_path(relative)[1], before)


def accepts(relative: str) -> bool:
    """Return True for a path below the data folder that a topic may depend on."""
    machine, inside = split_path(relative)
    if machine and not inside:
        return True  # nothing but a folder should be there: it is told of
    place = Layout.place(inside)
    if place is None:
        return is_meant_as_state(inside)
    return place.kind in ACCEPTED and not (machine and place.kind == "log_line")


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
