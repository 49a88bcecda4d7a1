"""Ids of requests to the bots: their form, their time, and whether that time is possible.

A name in `control/<bot>/` of another form, or with an impossible time, is not a request. Readers of the folder ignore
it, so that a stray file can neither count as a request nor block one.
"""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

AHEAD = timedelta(days=1)
"""How far in the future an id may be: a clock that was wrong by a zone and was set right."""
BEHIND = timedelta(days=7)
"""How old a request may be that is still carried out: bots that were off over a weekend and a holiday."""
KEPT, MOST_KEPT = 50, 1000
"""Requests of a bot that stay for good, and those that stay while they may not have arrived everywhere."""
ARRIVED_S = 3600.0
"""Seconds for which a request lies there at least: a desk that was cut off tells old ones behind newer ones."""
SUFFIX = ".json"
FORM = "c<date>T<time>-<letters or digits>, such as c20261124T225901-1"
_ID = re.compile(r"c([0-9]{8}T[0-9]{6})([0-9]{6})?-[0-9a-z]{1,16}")
_SLACK = timedelta(hours=1)  # between the clocks of who writes and who reads, or the waiting in between


def asked_at(control_id: str) -> datetime | None:
    """Return the wall time in a well-formed id, aware UTC; None for any other text."""
    match = _ID.fullmatch(control_id)
    if match is None or not control_id.isascii():
        return None
    try:
        at = datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:  # the 31st of February
        return None
    return at + timedelta(microseconds=int(match[2] or 0))


def order_of(control_id: str) -> tuple[datetime, str]:
    """Return the sort key of a well-formed id: its time, then its text.

    Raises:
        ValueError: it is no id.
    """
    at = asked_at(control_id)
    if at is None:
        raise ValueError(f"{control_id!r} is not an id")
    return at, control_id


def why_not(control_id: str, now: datetime) -> str:
    """Return why a file of that name is not a request at wall time `now`, as one clause; `""` if it is one."""
    at = asked_at(control_id)
    if at is None:
        return f"is not a request: requests are named {FORM}"
    if at > latest(now) + _SLACK:
        return f"is dated {at:%Y-%m-%d %H:%M} UTC, in the future; delete it, or set the clock right"
    if at < now.astimezone(UTC) - BEHIND:
        return f"was asked on {at:%Y-%m-%d}, more than {BEHIND.days} days ago; ask again"
    return ""


def to_remove(folder: str, newest_first: Sequence[str], now_s: float) -> list[str]:
    """Return which of the requests in `folder` may go: beyond the newest ones, and there for long.

    Args: folder: that they lie in; newest_first: their ids; now_s: wall time, seconds since 1970.
    """
    found = list(newest_first[MOST_KEPT:])
    for each in newest_first[KEPT:MOST_KEPT]:
        with suppress(OSError):
            if now_s - os.lstat(os.path.join(folder, f"{each}{SUFFIX}")).st_mtime > ARRIVED_S:
                found.append(each)
    return found


def why_no_file(name: str, now: datetime) -> str:
    """Return why a file of the whole `name` is not a request, as `why_not` does for the id in it."""
    control_id = name.removesuffix(SUFFIX)
    if control_id == name and asked_at(name) is not None:
        return f"is not a request: its name lacks {SUFFIX}"
    return why_not(control_id, now)


def latest(now: datetime) -> datetime:
    """Return the latest time that an id may have at wall time `now`."""
    try:
        return now.astimezone(UTC) + AHEAD
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) - _SLACK


def make_id(now: datetime, after: datetime | None, suffix: str) -> str:
    """Return an id of wall time `now`, or of the first microsecond after `after` if `now` is not later.

    Args:
        now: wall time.
        after: time of the newest request, from its id; None if there is none.
        suffix: lower-case letters and digits that distinguish it from another id of the same time.
    """
    at = now.astimezone(UTC)
    if after is not None and at <= after:
        at = after + timedelta(microseconds=1)
    return f"c{at:%Y%m%dT%H%M%S%f}-{suffix}"
