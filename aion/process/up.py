"""`aion up` and `aion watch`: supervised processes, the watchdog beside them, and its alerts."""

import signal
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from aion.config import Settings
from aion.process.rolling_restart import RollingSupervisor, desk_workers
from aion.process.supervisor import Child, take_folder
from aion.secret import DESK_SECRETS, FEED_SECRETS, attached_secrets
from aion.store.document.watch import WatchedProcess
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.watch.alert import Alerter
from aion.watch.rule.watch import RuleWatch
from aion.watch.watchdog import Watchdog
from aion.web.http.host import bind
from aion.web.security.command import check_address

STOP_S = 1.0  # what a round of the watchdog gets to end, and with it the last line it writes


def run_up(
    settings: Settings,
    desk: Sequence[str],
    bots: Sequence[str],
    attached: Sequence[str],
    recorder: Sequence[str] = (),
    relays: Mapping[str, Sequence[str]] | None = None,
) -> int:
    """Run desk, bots and watchdog until stopped by a signal; return the exit status.

    Args:
        settings: of `aion up`.
        desk: options of the desk's processes, which are replaced on SIGHUP.
        bots: command and options of the bots' process; none where no bots run here.
        attached: those of the process that shows bots of other programs, which runs where there are any.
        recorder: those of the process that records the bots' states, if the settings want it.
        relays: those of the processes that carry files and logins to or from other machines, by name.

    Raises:
        ConfigError: the folder has a watchdog already, or cannot be written; or the desk cannot listen on the
            address, or would be open to others without a password.
    """
    layout = Layout(settings.data)
    take_folder(settings.data)
    check_address(settings)  # before a bot runs
    own = FEED_SECRETS if settings.feed == "alpaca" else ()
    log = ProcessLog(layout, "up", settings.log_level, console_format=settings.log_format)
    trades = (
        f"{len(settings.bots)} bots, feed {settings.feed}" if bots else "no bots, those of other machines are shown"
    )
    log.info(f"starting: {trades}, state files in {settings.data}")
    with bind(settings.host, settings.port) as bound:
        children = (
            *desk_workers(
                "desk",
                settings.workers,
                bound.fileno(),
                desk,
                layout,
                first=0,
                secrets=settings.secrets_of(DESK_SECRETS),
            ),
            *([Child("bots", tuple(bots), log=layout.log("bots"), secrets=settings.secrets_of(own))] if bots else []),
            *([_attached(settings, attached, layout)] if settings.attach else []),
            *([Child("record", tuple(recorder), log=layout.log("record"))] if settings.past and recorder else []),
            *(Child(name, tuple(command), log=layout.log(name)) for name, command in (relays or {}).items()),
        )
        alerter = _alerter(settings, log)
        watchdog = Watchdog(settings, layout, lambda: states(children), log.write, alerter)
        supervisor = RollingSupervisor(
            children, log.write, leave_s=settings.leave_s, silent_s=settings.watch.silent_s, changed=watchdog.wake
        )
        rules = RuleWatch(settings, layout, log.write, alerter)
        threads = [watchdog.start(), rules.start()]
        try:
            status = supervisor.run()
        finally:
            watchdog.stop()
            rules.stop()
            for thread in threads:
                thread.join(STOP_S)
            if alerter is not None:
                alerter.stop()
        watchdog.close()
    if status == 0:
        log.info("stopped; start again to continue the same run")
    return status


def _attached(settings: Settings, command: Sequence[str], layout: Layout) -> Child:
    secrets = attached_secrets(settings.attach)
    return Child("attach", tuple(command), log=layout.log("attach"), secrets=secrets)


def run_watch(settings: Settings) -> int:
    """Run the watchdog for a desk and bots that run separately, until stopped by a signal; return 0.

    Raises:
        ConfigError: the folder has a watchdog already, or cannot be written.
    """
    layout = Layout(settings.data)
    take_folder(settings.data)
    log = ProcessLog(layout, "watch", settings.log_level, console_format=settings.log_format)
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: over.set())
    alerter = _alerter(settings, log)
    watchdog = Watchdog(settings, layout, dict, log.write, alerter)
    log.info(f"watching over {settings.data}")
    rules = RuleWatch(settings, layout, log.write, alerter)
    threads = [watchdog.start(), rules.start()]
    while not over.wait(0.5):
        continue
    watchdog.stop()
    rules.stop()
    for thread in threads:
        thread.join(STOP_S)
    watchdog.close()
    log.info("stopped")
    return 0


def states(children: Sequence[Child]) -> Mapping[str, WatchedProcess]:
    """Return the state of each of `children`."""
    found: dict[str, WatchedProcess] = {}
    for child in children:
        process = child.process
        found[child.name] = WatchedProcess(
            state="running" if process is not None else "waiting",
            pid=process.pid if process is not None else None,
            started_at=_moment(child.started_wall_s),
            restarts=child.restarts,
            ended=child.ended[:2000],
            ended_at=_moment(child.ended_wall_s),
            starts_at=_moment(child.starts_wall_s) if process is None else None,
        )
    return found


def _moment(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(round(seconds, 3), UTC) if seconds else None


def _alerter(settings: Settings, log: ProcessLog) -> Alerter | None:
    return Alerter(settings.alerts, log.write) if settings.alerts.urls else None
