"""What the watchdog says, on the page."""

from typing import Any

from aion.live.disk.source import Entry
from aion.store.document.watch import Watch
from aion.store.layout import WATCHED
from aion.web.bundle.watch import read_watch
from aion.web.problem import Problems

AT = "2022-05-19T13:31:00Z"


def entry(**more: Any) -> dict[str, Entry[Watch]]:
    said = Watch.model_validate({"schema": "aion/watch/1", "written_at": AT, **more})
    return {WATCHED: Entry(WATCHED, said, None, 0, 0, said)}


def alarm(since: str, **more: Any) -> dict[str, Any]:
    return {"kind": "disk", "level": "warning", "subject": "data", "text": "nearly full", "since": since, **more}


def test_watch_when_a_cleared_alarm_does_not_say_when_then_it_is_shown_among_the_others() -> None:
    errors: Problems = {}
    cleared = {"old": alarm("2022-05-17T08:00Z"), "new": alarm(AT, cleared_at="2022-05-19T14:00Z")}
    found = read_watch(entry(cleared=cleared), errors)
    assert found is not None and list(found.cleared) == ["new", "old"] and errors == {}


def test_watch_when_it_has_stopped_or_cannot_be_read_then_nobody_watches() -> None:
    errors: Problems = {}
    assert read_watch(entry(state="stopped"), errors) is None and read_watch({}, errors) is None and errors == {}
    broken: dict[str, Entry[Watch]] = {WATCHED: Entry(WATCHED, None, OSError("is a folder"), 0, 0, None)}
    assert read_watch(broken, errors) is None
    assert errors["watch"].kind == "unreadable" and errors["watch"].reason == "cannot be read: is a folder"
