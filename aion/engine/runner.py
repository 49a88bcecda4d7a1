"""The bots' process: one run of the replay after the other, until it is asked to stop."""

import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from types import FrameType

from aion.bot.answer import REFUSED
from aion.bot.quarantine import note_stuck
from aion.bot.settings_check import check_bot, fitted, instruments_of
from aion.clock import Clock, SystemClock, iso, parse_iso
from aion.config import Settings
from aion.control.answered import Answers, begin_controls, known_in
from aion.control.controller import SKIPPED
from aion.control.inbox import Inbox
from aion.engine.live import Live
from aion.engine.replay import Replay
from aion.engine.span import SWING_CATCH_UP
from aion.engine.waiter import StoppedError, Waiter, WallWaiter
from aion.errors import AionError, FeedError, StateError, unwritable
from aion.ledger.ledger import Ledger
from aion.market.feed import Feed, is_online, open_feed
from aion.market.feed.online import OnlineFeed
from aion.market.feed.tape import Tape
from aion.model import Mode
from aion.output import archive
from aion.output.encode import Json
from aion.output.envelope import Stamp
from aion.output.retention import tidy
from aion.store.document_file import write_document
from aion.store.file import read_json, remove_temporaries, write_json
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.store.private import keep_private
from aion.strategy.hang_killer import watched
from aion.strategy.time_limit import alarm, is_alarmed

PROCESS = "bots"
_BOTS = "bots"  # note in the ledger: names of the bots of the run
_START = "start"  # note in the ledger: market time at which the desk let the run begin
FEED_RETRY_S = 30.0  # between two attempts to reach the provider of a run that is to be gone on with
START_DUE_S = 10.0  # calendars and bars are read in far less, even on a busy machine


def run(settings: Settings) -> int:
    """Run the bots until SIGTERM, SIGINT or, for a feed that ends, for ever in run after run.

    Returns:
        0, the exit code of a process that was asked to stop.

    Raises:
        AionError: the data folder, the ledger or a setting cannot work; the message is one sentence.
    """
    waiter = WallWaiter()
    with stop_on_signals(waiter.stop), alarm():
        try:
            run_all(settings, waiter)
        finally:
            waiter.close()
    return 0


@contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on SIGTERM and SIGINT while inside; the handlers of before come back after."""

    def handle(number: int, frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_all(
    settings: Settings,
    waiter: Waiter,
    wall: Clock | None = None,
    *,
    feed: Feed | None = None,
    runs: int | None = None,
) -> None:
    """Run the bots, run after run.

    Args:
        settings: of the process.
        waiter: lets wall time pass and says when to stop.
        wall: tells the wall time; default the machine's.
        feed: where bars come from; default the one that `settings.feed` names.
        runs: stop after that many runs came to their end; None for ever.

    Raises:
        AionError: as `run`.
    """
    layout = Layout(settings.data)
    _check_folder(layout)
    wall = wall or SystemClock()
    log = ProcessLog(layout, PROCESS, settings.log_level, console_format=settings.log_format)
    try:
        feed = feed or _open_feed(settings, layout, waiter, log)
        for complaint in feed.complaints if isinstance(feed, Tape | OnlineFeed) else ():
            log.warning(complaint)
        settings = fitted(settings, feed)
        for name, bot in settings.bots.items():
            check_bot(name, bot)
            instruments_of(name, bot, feed, "minute" if bot.kind == "intraday" else "day")
        mode: Mode = "paper" if feed.real_time else "replay"
        is_fresh = settings.fresh
        begins_at: datetime | None = None
        notes: dict[str, str] = {}
        finished = 0
        while not waiter.is_stopped and (runs is None or finished < runs):
            try:
                with _open_ledger(settings, layout, mode, log, wall.now(), is_fresh=is_fresh) as ledger:
                    _tidy(settings, layout, ledger, log)
                    note_stuck(layout.strategy_call, settings.bots, ledger, log)
                    made = _settings_of(settings, ledger, begins_at, notes if is_fresh else {})
                    stamp = Stamp(mode, ledger.run, wall, settings.deterministic)
                    _announce(made, layout, stamp)
                    pace = "as bars come" if feed.real_time else f"at x{settings.speed:g}"
                    log.info(f"run {ledger.run} of the {feed.name} feed {pace}")
                    with waiter.interruptible(), _watched(layout):
                        driver = (
                            Live(made, layout, feed, ledger, stamp, log, waiter)
                            if isinstance(feed, OnlineFeed)
                            else Replay(made, layout, feed, ledger, stamp, log, waiter)
                        )
                    with _watched(layout):
                        is_over = driver.run()
            except FeedError as error:
                if not feed.real_time:
                    raise
                log.error(f"{error}; asked again in {FEED_RETRY_S:g} s")
                waiter.wait(FEED_RETRY_S)
                is_fresh = False
                continue
            if is_over:
                finished += 1
                is_fresh = True
                begins_at, notes = driver.drive.begin_again_at, driver.drive.speed_note
        log.info("stopped")
    except StoppedError:
        log.info("stopped while starting")
    except AionError as error:
        log.write("error", str(error), is_quiet=True)
        raise
    except Exception as error:  # the process ends by it: whoever keeps it running reads here why
        log.error(f"crashed: {type(error).__name__}: {error}", error=error)
        raise
    finally:
        log.close()


def _watched(layout: Layout) -> AbstractContextManager[None]:
    """Watch the strategies' calls where they can be interrupted too: in the main thread of a process of its own."""
    return watched(layout.strategy_call) if is_alarmed() else nullcontext()


def _open_feed(settings: Settings, layout: Layout, waiter: Waiter, log: ProcessLog) -> Feed:
    """Return the feed of the settings; a provider that is away is waited for where a run is to be gone on with.

    Raises:
        ConfigError: it cannot work as configured.
        FeedError: it cannot be read, or not be reached for a first run.
        StoppedError: asked to stop meanwhile.
    """
    while True:
        try:
            with waiter.interruptible():
                return open_feed(settings.feed, settings)
        except FeedError as error:
            if not is_online(settings.feed) or not layout.ledger.exists():
                raise
            log.error(f"{error}; asked again in {FEED_RETRY_S:g} s")
        if waiter.wait(FEED_RETRY_S):
            raise StoppedError


def _settings_of(
    settings: Settings, ledger: Ledger, begins_at: datetime | None, notes: Mapping[str, str]
) -> Settings:
    """Return the settings of a run, whose start the desk may have chosen; the ledger keeps what it chose.

    Args:
        settings: of the process.
        ledger: of the run.
        begins_at: market time at which the desk wants a run that is made now to begin.
        notes: what a run that is made now keeps of the run before.
    """
    for key, value in notes.items():
        ledger.note(key, value)
    if begins_at is not None:
        ledger.note(_START, iso(begins_at))
    chosen = ledger.notes(_START)
    return settings.model_copy(update={"start": parse_iso(chosen)}) if chosen else settings


def _tidy(settings: Settings, layout: Layout, ledger: Ledger, log: ProcessLog) -> None:
    """Remove what killed writers left, and pack or remove what is older than `keep_days`, with a line."""
    for folder in (layout.intraday, layout.swing):
        remove_temporaries(folder)
    tidied = tidy(layout, _known_bots(settings, ledger), settings.keep_days, SystemClock().now())
    if text := str(tidied):
        log.info(f"older than {settings.keep_days} days: {text}")
    if tidied.refused:
        log.warning(f"not packed or removed: {tidied.refused}")


def _check_folder(layout: Layout) -> None:
    """Make the data folder when it is missing, and see that it takes files.

    Raises:
        ConfigError: it cannot be made or written; the message names it and says why.
        DiskError: the disk is full.
    """
    try:
        keep_private(layout.root)
        write_json(layout.probe, {})
        layout.probe.unlink()
    except OSError as error:
        text = f"data folder {layout.root} cannot be written: {error.strerror}; set AION_DATA to a folder that can"
        raise unwritable(error, text) from None


def _open_ledger(
    settings: Settings, layout: Layout, mode: Mode, log: ProcessLog, now: datetime, *, is_fresh: bool
) -> Ledger:
    """Return the ledger of the present run, or of a new one after the present one was put away.

    Raises:
        LedgerError: in use, of another mode, or damaged.
        ConfigError: the disk refuses the move.
    """
    answered: Answers | None = None
    present = Inbox(layout, settings.bots).ids(now)
    try:
        for run in archive.finish_moves(layout):
            log.info(f"run {run} was being archived; done")
        if is_fresh and layout.ledger.exists():
            answered = _put_away(settings, layout, mode, log, present, now)
        for run in archive.prune(layout, settings.keep_runs - 1):
            log.info(f"run {run} is deleted: the newest {settings.keep_runs} are kept")
    except OSError as error:
        raise unwritable(error, f"{layout.runs} cannot be written: {error.strerror}") from None
    ledger = Ledger(layout.ledger, mode, str(archive.newest_run(layout) + 1))
    try:
        if ledger.notes(_BOTS) is None:
            begin_controls(ledger, answered, present, now)
        ledger.note(_BOTS, ",".join(sorted(_known_bots(settings, ledger))))
    except BaseException:
        ledger.close()
        raise
    return ledger


def _put_away(
    settings: Settings,
    layout: Layout,
    mode: Mode,
    log: ProcessLog,
    present: Mapping[str, Iterable[str]],
    now: datetime,
) -> Answers:
    """Put the present run away and return what became of the desk's requests until then."""
    # opened first: a ledger in use, or of another mode, must not be moved
    with Ledger(layout.ledger, mode, "1") as ledger:
        run, bots, known = ledger.run, _known_bots(settings, ledger), known_in(ledger, present, now)
    archive.put_away(layout, run, bots)
    log.info(f"run {run} is archived in runs/{run}")
    for target, control_id in known.skipped:
        known.answers[target][control_id] = f"{REFUSED}{SKIPPED}"
    return known.answers


def _known_bots(settings: Settings, ledger: Ledger) -> set[str]:
    """Return the bots whose files are this process's own: those of now and those that ever traded in this run."""
    return {*settings.bots, *ledger.bots(), *(name for name in (ledger.notes(_BOTS) or "").split(",") if name)}


def _announce(settings: Settings, layout: Layout, stamp: Stamp) -> None:
    """Say in `sim_summary.json` that the bots are starting, before the slow part of it: a page has something then.

    Raises:
        ConfigError: the disk refuses.
    """
    has_swing = any(bot.kind == "swing" for bot in settings.bots.values())
    begins_at = settings.start - SWING_CATCH_UP if has_swing else settings.start
    speed = settings.speed
    if stamp.mode == "paper":
        begins_at, speed = stamp.wall.now(), 1.0
    value = stamp.envelope("sim_summary", "", 0, begins_at, START_DUE_S, 0)
    value |= {"sessions": {}, "files": {}, "bots": {}, "days": {}}
    clock: Json = {"market_time": iso(begins_at)}
    try:
        present, _ = read_json(layout.sim_summary)
    except (FileNotFoundError, StateError):
        present = {}
    if (
        present.get("run") == stamp.run
        and present.get("mode") == stamp.mode
        and isinstance(present.get("clock"), dict)
    ):
        value = present | {name: value[name] for name in ("written_at", "due_at")}
        clock = present["clock"]
    value["clock"] = clock | {
        "state": "starting",
        "speed": speed,
        "feed": settings.feed,
        "label": "starting",
    }
    try:
        write_document(layout.sim_summary, value)
    except OSError as error:
        raise unwritable(error, f"{layout.sim_summary} cannot be written: {error.strerror}") from None
