"""What the watchdog says, as the pages show it."""

import time

from aion.store.layout import WATCHED, Layout
from aion.web.state import Files, Json, add, moment, unreadable

MOST = 40  # alarms that a bundle names; hundreds of dead bots are told of on their cards


def read_watch(files: Files, errors: dict[str, Json]) -> Json:
    """Return `Watched`, empty where nobody watches; a file that cannot be trusted goes to `errors`."""
    entry = files.get(WATCHED)
    if entry is None:
        return {}
    if entry.error is not None:
        add(errors, "watch", unreadable(WATCHED, entry, None, None))
        return {}
    doc = entry.value
    if doc is None or doc["state"] != "running":
        return {}
    alarms = sorted(doc["alarms"].items(), key=lambda item: (item[1]["level"] != "error", moment(item[1]["since"])))
    cleared = sorted(doc["cleared"].items(), key=lambda item: moment(item[1]["cleared_at"]), reverse=True)
    return {"processes": doc["processes"], "alarms": dict(alarms[:MOST]), "cleared": dict(cleared)}


def watchdog_age_s(layout: Layout) -> float | None:
    """Return the seconds since the watchdog looked last, None where none ever did."""
    try:
        return max(0.0, time.time() - layout.up_lock.stat().st_mtime)
    except OSError:
        return None
