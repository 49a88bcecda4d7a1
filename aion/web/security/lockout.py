"""Who is refused a login for too many tries, and since when: the desk writes it, the watchdog reads it.

A worker writes a line at most once in `NOTE_S` for each sender, and knows few of them: a flood of tries costs next to
nothing.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from aion.store.database import open_readonly
from aion.web.security.store import DeskStore

NOTE_S = 5.0  # between two lines of one sender
MAX_SENDERS = 64  # that a worker counts at a time
MAX_LINES = 256
GAP_S = 60.0
"""Seconds without a refusal after which a lock-out is over."""


@dataclass(frozen=True, slots=True)
class Lockout:
    """One sender that is refused, or a kind of them."""

    name: str
    """Address, browser, or kind; empty for all strangers together."""
    since: float
    at: float
    """First and newest refusal, wall time in seconds since 1970."""


class Lockouts:
    """Writes them down."""

    def __init__(self, store: DeskStore) -> None:
        """Args: store: what all workers share."""
        self._store = store
        self._noted: dict[str, tuple[float, int]] = {}

    def note(self, name: str, now: float) -> None:
        """Count one refusal of `name` at `now`.

        Raises:
            DeskStoreError: it cannot be written.
        """
        at, count = self._noted.get(name, (float("-inf"), 0))
        count += 1
        if 0 <= now - at < NOTE_S:
            self._noted[name] = (at, count)
            return
        for old in [each for each, (noted_at, _) in self._noted.items() if not 0 <= now - noted_at < NOTE_S]:
            del self._noted[old]
        if len(self._noted) >= MAX_SENDERS:
            return
        self._noted[name] = (now, 0)
        with self._store.write() as write:
            write("delete from lockout where at > ? or at <= ?", now, now - GAP_S)
            write(
                "insert into lockout values (?, ?, ?, ?) on conflict (name) do update "
                "set at = excluded.at, refused = refused + excluded.refused",
                name,
                now,
                now,
                count,
            )
            write(
                "delete from lockout where name in (select name from lockout order by at desc limit -1 offset ?)",
                MAX_LINES,
            )


def read_lockouts(path: Path, now: float) -> list[Lockout]:
    """Return who is refused at `now`; none where the file is not there or cannot be read.

    Args:
        path: of `desk.sqlite`; it is only read.
        now: wall time, seconds since 1970.
    """
    if not path.exists():
        return []
    try:
        with closing(open_readonly(path, 1)) as connection:
            rows = connection.execute("select name, since, at from lockout where at > ?", (now - GAP_S,)).fetchall()
    except sqlite3.Error:
        return []
    return [Lockout(*row) for row in rows]
