"""What the reader of an account keeps between two starts: fills, how far they were read, and the equity so far.

It is an SQLite file in the data folder, one an account. A fill is kept under the broker's own id, so that one that is
read twice, as after a restart in the middle of a page, is there once.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import orjson

from aion.adapter.problem import AwayError, RefusedError, WrongError
from aion.clock import iso, parse_iso
from aion.output.encode import Json
from aion.store.curve import thin
from aion.store.database import check_database

EVERY_S = 60.0  # between two points of the equity that is kept
MOST_POINTS = 20_000  # of it, two weeks of minutes; older ones are thinned, their extremes kept
WAIT_S = 2.0
_TABLES = """
CREATE TABLE IF NOT EXISTS fill (id TEXT PRIMARY KEY, at TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS equity (at TEXT PRIMARY KEY, equity REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class AccountStore:
    """The kept part of one account. It is opened for each use: nothing is held in between."""

    def __init__(self, path: Path, account: str) -> None:
        """Make it; nothing is opened before it is used.

        Args:
            path: of the file.
            account: says which account it is; one of another account is refused.
        """
        self._path, self._account = path, account
        self._shown = f"{path.parent.name}/{path.name}"
        self._is_checked = False
        self.curve: dict[str, float] = {}
        """Equity kept so far, by time."""
        self._newest: datetime | None = None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection: sqlite3.Connection | None = None
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            check_database(self._path)
            connection = sqlite3.connect(self._path, timeout=WAIT_S)
            connection.executescript(_TABLES)
            self._check(connection)
            with connection:
                yield connection
        except sqlite3.OperationalError as error:
            raise AwayError(f"{self._shown} cannot be used: {error}") from None
        except (sqlite3.DatabaseError, ValueError) as error:
            raise WrongError(
                f"{self._shown} is damaged ({error}): delete it; what the account still has is read again"
            ) from None
        finally:
            if connection is not None:
                connection.close()

    def _check(self, connection: sqlite3.Connection) -> None:
        if self._is_checked:
            return
        row = connection.execute("SELECT value FROM kept WHERE name = 'account'").fetchone()
        if row is None:
            connection.execute("INSERT INTO kept VALUES ('account', ?)", (self._account,))
        elif row[0] != self._account:
            raise RefusedError(
                f"{self._shown} keeps the fills of {row[0]}, and this is {self._account}: choose another "
                "name for this bot, or delete the file"
            )
        self._is_checked = True

    def load(self) -> tuple[list[Json], dict[str, str]]:
        """Return the fills kept, in order of time, and how far they were read; take up the equity.

        Raises:
            AttachError: it cannot be read, or is that of another account.
        """
        with self._open() as connection:
            fills = [orjson.loads(row[0]) for row in connection.execute("SELECT body FROM fill ORDER BY at, id")]
            marks = dict(connection.execute("SELECT name, value FROM kept WHERE name != 'account'").fetchall())
            self.curve = dict(connection.execute("SELECT at, equity FROM equity ORDER BY at").fetchall())
            if len(self.curve) > MOST_POINTS:
                self.curve = dict(thin(self.curve, MOST_POINTS // 2))
                connection.execute("DELETE FROM equity")
                connection.executemany("INSERT INTO equity VALUES (?, ?)", self.curve.items())
        self._newest = parse_iso(next(reversed(self.curve))) if self.curve else None
        return fills, marks

    def add(self, fills: Iterable[tuple[str, datetime, Json]], marks: Mapping[str, str]) -> None:
        """Keep fills and how far they were read, both or neither.

        Args:
            fills: id, time and what to keep of each.
            marks: by name; what they were before is forgotten.

        Raises:
            AttachError: it cannot be written.
        """
        with self._open() as connection:
            rows = [(each, iso(at), orjson.dumps(body).decode()) for each, at, body in fills]
            connection.executemany("INSERT OR IGNORE INTO fill VALUES (?, ?, ?)", rows)
            connection.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", marks.items())

    def mark(self, at: datetime, equity: float) -> None:
        """Keep the equity at a time, if the newest point is old enough.

        Raises:
            AttachError: it cannot be written.
        """
        if self._newest is not None and timedelta(0) <= at - self._newest < timedelta(seconds=EVERY_S):
            return
        if self._newest is not None and at < self._newest:
            return  # the clock was set back: the curve goes on when it has caught up
        with self._open() as connection:
            connection.execute("INSERT OR REPLACE INTO equity VALUES (?, ?)", (iso(at), equity))
        self.curve[iso(at)] = equity
        self._newest = at
