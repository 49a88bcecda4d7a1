"""What the watchdog says, as the pages show it."""

import time

from aion.store.document.base import made
from aion.store.document.watch import Watch
from aion.store.layout import WATCHED, Layout
from aion.web.bundle.document import Watched
from aion.web.problem import Problems, add, unreadable
from aion.web.state import Files, of_kind

MOST = 40  # alarms that a bundle names; hundreds of dead bots are told of on their cards


def read_watch(files: Files, errors: Problems) -> Watched | None:
    """Return what the watchdog says, None where nobody watches; a file that cannot be trusted goes to `errors`."""
    entry = files.get(WATCHED)
    if entry is not None and entry.error is not None:
        add(errors, "watch", unreadable(WATCHED, entry))
    doc = of_kind(Watch, entry.value) if entry is not None else None
    if doc is None or doc.state != "running":
        return None
    alarms = sorted(doc.alarms.items(), key=lambda item: (item[1].level != "error", item[1].since))
    cleared = sorted(doc.cleared.items(), key=lambda item: item[1].cleared_at or item[1].since, reverse=True)
    return made(Watched)(processes=doc.processes, alarms=dict(alarms[:MOST]), cleared=dict(cleared))


def watchdog_age_s(layout: Layout) -> float | None:
    """Return the seconds since the watchdog looked last, None where none ever did."""
    try:
        return max(0.0, time.time() - layout.up_lock.stat().st_mtime)
    except OSError:
        return None
