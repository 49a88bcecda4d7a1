"""`desk.sqlite`: passwords, their tries, sessions, tokens and the audit. The desk alone writes it.

Secrets are not in it: passwords are argon2id hashes, session ids and tokens (256 random bits) are SHA-256 hashes.
What the event loop asks is answered from memory, which is read again whenever the kernel, and then `PRAGMA
data_version`, says that any connection, of any process, has committed since: a revoked session is refused at the next
request of every worker.
"""

import hashlib
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

from aion.errors import AionError, NotFoundError
from aion.store.database import check_database
from aion.store.private import make_file
from aion.web.security.commits import Commits
from aion.web.security.tables import SCHEMA, migrate

Role = Literal["viewer", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "admin")
SESSION_S = 7 * 86_400.0
"""Seconds from a login to its end, whatever is done meanwhile."""
ROTATE_S = 12 * 3600.0
"""Age at which a session gets another id; the old one works a little longer, for requests that are under way."""
ROTATED_GRACE_S = 60.0
MAX_SESSIONS = 1000  # of a role; beyond it the oldest ends
MAX_TOKENS = 200
LOCK_WAIT_S = 5.0
"""Most seconds to wait for another thread, and again for another process, that writes: a request then fails."""
MAX_AUDIT = 100_000
MAX_REFUSALS = 10_000  # lines of the audit: who guesses must not push out what others did
MAX_VISITS = 10_000  # lines of each role that only tell of logging in and out: they push out older ones of their own
TOKEN_PREFIX = "aion_"  # noqa: S105 - names what a token is, so that a leaked one is recognised

VISITS = ("login", "logout", "logout everywhere")

OLDEST = "delete from audit where number in (select number from audit {} order by number desc limit -1 offset ?)"
TOKEN_WHO = "token:"  # noqa: S105 - how the name of whoever holds a token begins
NOBODY = "nobody"
"""Who is not let in, in the audit."""


class DeskStoreError(AionError):
    """`desk.sqlite` cannot be used: nobody is let in on a guess."""

    status = 503


class SessionEndedError(AionError):
    """Who asks has been logged out between the question and the answer."""

    status = 401


@dataclass(frozen=True, slots=True)
class Ended:
    """What was ended together, and what of others goes on."""

    sessions: int = 0
    tokens: tuple[str, ...] = ()
    """Names of the tokens that were revoked."""
    kept_sessions: int = 0
    kept_tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who may use the desk."""

    who: str
    """`admin`, `viewer`, `token:<name>`, or `local` on a desk without a password."""
    role: Role
    key: str = ""
    """Hash of the session id or token; empty for `local`."""
    ends_at: float = float("inf")
    """Wall time, seconds since 1970."""
    created_at: float = 0.0

    def may(self, role: Role) -> bool:
        """Tell whether this is enough for something that needs `role`."""
        return self.role == "admin" or role == "viewer"


LOCAL = Identity("local", "admin")


class DeskStore:
    """Passwords, sessions, tokens and audit in one SQLite file."""

    def __init__(self, path: Path, now_s: Callable[[], float] = time.time) -> None:
        """Open the file, making it when missing.

        Args:
            path: `desk.sqlite`.
            now_s: the wall clock, seconds since 1970.

        Raises:
            DeskStoreError: it cannot be opened, is damaged, or was written by a newer version.
        """
        self.now_s = now_s
        self.path = path
        self.state = 0
        """Another number after each change of passwords, sessions and tokens that was seen."""
        self._lock = threading.Lock()
        self._seen = -1
        self._known: dict[str, Identity] = {}
        self._passwords: dict[str, tuple[str, str]] = {}
        try:
            self._writer = _connect(path)
            self._reader = _connect(path)
            self._migrate(path)
            self.desk_id = self._own_id()
            """Eight hexadecimal digits that tell this desk from others, whatever its folder and port are called; the
            same for desks that share their logins."""
            self.name = ""
            """Of this desk among those; empty where it shares nothing."""
            self._commits = Commits(path, _connect(path, wait_s=0))
            self.look()
        except (OSError, sqlite3.Error) as error:
            raise DeskStoreError(f"{path}: {error}; move it away to start without passwords and sessions") from None

    def close(self) -> None:
        """Close the file."""
        self._reader.close()
        with self._lock:
            self._writer.close()
        self._commits.close()

    @property
    def has_password(self) -> bool:
        """True when somebody has to log in."""
        return self.look() > 0

    def look(self) -> int:
        """Return a number that is another after each change of passwords, sessions and tokens; 0: no password."""
        if self._commits.have_come():
            with self._commits.asked():
                self.read()
        return self.state if self._passwords else 0

    @property
    def is_unsure(self) -> bool:
        """True when there may be a commit of which no event will tell: the next look asks the file."""
        return self._commits.is_unsure

    def password_hash(self, role: Role) -> str | None:
        """Return the hash of a role's password, None when it has none."""
        with self._lock:
            row = self._writer.execute("select hash from password where role = ?", (role,)).fetchone()
        return str(row[0]) if row else None

    def password_source(self, role: Role) -> str | None:
        """Return where a role's password came from: `command` or `environment`; None when it has none."""
        with self._lock:
            row = self._writer.execute("select source from password where role = ?", (role,)).fetchone()
        return str(row[0]) if row else None

    def set_password(self, role: Role, hashed: str, source: str, who: str, *, revoke_tokens: bool = False) -> Ended:
        """Replace a role's password; its sessions end, and where asked the tokens that it could have made."""
        with self.write() as write:
            found = write("select source from password where role = ?", role)
            before = {"role": role, "source": found[0][0]} if found else None
            write("insert or replace into password values (?, ?, ?, ?)", role, hashed, source, self.now_s())
            write("update generation set password = password + 1 where role = ?", role)
            write("delete from familiar where role = ?", role)  # who knew the old one is a stranger
            ended = _end_role(write, role, self.now_s(), revoke_tokens=revoke_tokens)
            after = {"role": role, "source": source} | _revoked(ended)
            self._record(write, who, "", "password set", before, after)
        return ended

    def drop_password(self, role: Role, who: str, *, revoke_tokens: bool = False) -> Ended | None:
        """Remove a role's password, with which its sessions end; return None if it has none."""
        with self.write() as write:
            found = write("delete from password where role = ? returning source", role)
            if not found:
                return None
            write("update generation set password = password + 1 where role = ?", role)
            write("delete from familiar where role = ?", role)  # who knew the old one is a stranger
            ended = _end_role(write, role, self.now_s(), revoke_tokens=revoke_tokens)
            before = {"role": role, "source": found[0][0]}
            self._record(write, who, "", "password removed", before, _revoked(ended) or None)
        return ended

    def open_session(self, role: Role, address: str, hashed: str | None = None) -> str:
        """Begin a session; return its id, which is kept nowhere else.

        Args:
            role: of who logs in.
            address: for the audit.
            hashed: of the password that was given; empty is returned where it is not the role's any more.
        """
        key = secrets.token_urlsafe(32)
        own, now = hash_key(key), self.now_s()
        with self.write() as write:
            if hashed is not None and write("select hash from password where role = ?", role) != [(hashed,)]:
                return ""
            write("delete from session where ends_at <= ?", now)
            write("delete from ended where ends_at <= ?", now)
            write(
                "delete from session where id in (select id from session where role = ? "
                "order by created_at desc limit -1 offset ?)",
                role,
                MAX_SESSIONS - 1,
            )
            generation = write("select sessions from generation where role = ?", role)[0][0]
            values = (own, role, now, now + SESSION_S, address, own, generation)
            write("insert into session values (?, ?, ?, ?, ?, ?, ?)", *values)
            self._record(write, role, address, "login", None, None)
        return key

    def rotate_session(self, identity: Identity, address: str) -> str:
        """Give a session another id; return it, empty where there is none to give. The old one ends in a minute.

        One that has ended meanwhile does not come back; one that has got another id already, because two pages were
        opened at once, gets no third.
        """
        key = secrets.token_urlsafe(32)
        now = self.now_s()
        with self.write() as write:
            found = write("select ends_at, family, generation from session where id = ?", identity.key)
            if not found or found[0][0] <= now + ROTATED_GRACE_S:
                return ""
            write("update session set ends_at = ? where id = ?", now + ROTATED_GRACE_S, identity.key)
            values = (hash_key(key), identity.role, now, found[0][0], address, *found[0][1:])
            write("insert into session values (?, ?, ?, ?, ?, ?, ?)", *values)
        return key

    def end_session(
        self, identity: Identity, address: str, *, everywhere: bool, revoke_tokens: bool = False
    ) -> Ended:
        """End one session under every id that it was given, or all of its role, and tokens where an admin asks."""
        with self.write() as write:
            if everywhere:
                may_revoke = revoke_tokens and identity.role == "admin"
                ended = _end_role(write, identity.role, self.now_s(), revoke_tokens=may_revoke)
                before = {"sessions": ended.sessions} | _revoked(ended)
                self._record(write, identity.who, address, "logout everywhere", before, {"sessions": 0})
                return ended
            write(
                "delete from session where family = (select family from session where id = ?)",
                identity.key,
            )
            self._record(write, identity.who, address, "logout", None, None)
        return Ended(1)

    def make_token(self, name: str, role: Role, days: float, who: str, address: str, *, asked_with: str = "") -> str:
        """Make a bearer token; return it, which is kept nowhere else.

        Args:
            name: for people.
            role: what it may do.
            days: until it ends.
            who: asks for it, for the audit.
            address: from which.
            asked_with: hash of the session id or token that asks; empty for who needs none.

        Raises:
            DeskStoreError: the name is taken, or there are too many.
            SessionEndedError: who asks has been logged out meanwhile.
        """
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        now = self.now_s()
        with self.write() as write:
            known = "select 1 from session where id = ? union all select 1 from token where hash = ?"
            if asked_with and not write(known, asked_with, asked_with):
                raise SessionEndedError("you have been logged out: log in again")
            write("delete from token where ends_at <= ?", now)
            if write("select count(*) from token")[0][0] >= MAX_TOKENS:
                raise DeskStoreError(f"there are {MAX_TOKENS} tokens already: revoke one first")
            if write("select 1 from token where name = ?", name):
                raise DeskStoreError(f"there is a token named {name!r} already: revoke it first")
            ends_at = now + days * 86_400
            generation = write("select tokens from generation where role = ?", role)[0][0]
            values = (name, hash_key(token), role, now, ends_at, generation)
            write("insert into token values (?, ?, ?, ?, ?, ?)", *values)
            self._record(write, who, address, "token made", None, {"name": name, "role": role, "ends_at": ends_at})
        return token

    def revoke_token(self, name: str, who: str, address: str) -> None:
        """End a bearer token.

        Raises:
            NotFoundError: there is none of that name.
        """
        with self.write() as write:
            found = write("delete from token where name = ? returning role, ends_at", name)
            if not found:
                raise NotFoundError(f"there is no token named {name!r}")
            before = {"name": name, "role": found[0][0], "ends_at": found[0][1]}
            self._record(write, who, address, "token revoked", before, None)

    def tokens(self) -> list[dict[str, Any]]:
        """Return name, role, begin and end (seconds since 1970) of every token, by name."""
        with self._lock:
            rows = self._writer.execute("select name, role, created_at, ends_at from token order by name").fetchall()
        return [dict(zip(("name", "role", "created_at", "ends_at"), row, strict=True)) for row in rows]

    def record(self, who: str, address: str, what: str, before: Any = None, after: Any = None) -> None:
        """Write one line of the audit."""
        with self.write() as write:
            self._record(write, who, address, what, before, after)

    def record_once(self, who: str, what: str, after: dict[str, Any], key: str) -> bool:
        """Write one line of the audit unless one has the same `key` in its `after`; return whether it was written."""
        with self.write() as write:
            if write("select 1 from audit where json_extract(after, ?) = ?", f"$.{key}", after[key]):
                return False
            self._record(write, who, "", what, None, after)
        return True

    @contextmanager
    def recorded(self, who: str, address: str, what: str, before: Any = None, after: Any = None) -> Iterator[None]:
        """Write one line of the audit together with what is done inside: when that fails there is no line.

        Raises:
            DeskStoreError: it cannot be written; what was done inside has to be undone.
        """
        with self.write() as write:
            self._record(write, who, address, what, before, after)
            yield

    def record_refusal(self, address: str, why: str) -> None:
        """Write into the audit that somebody was not let in."""
        with self.write() as write:
            self._record(write, NOBODY, address, f"login refused: {why}", None, None)
            write(OLDEST.format("where who = ?"), NOBODY, MAX_REFUSALS)

    def audit(self, limit: int) -> list[dict[str, Any]]:
        """Return the newest `limit` lines of the audit, the newest first."""
        names = ("at", "who", "address", "what", "before", "after", "desk")
        with self._lock:
            rows = self._writer.execute(
                f"select {', '.join(names)} from audit order by number desc limit ?",  # noqa: S608 - own names
                (limit,),
            ).fetchall()
        found = []
        for row in rows:
            line = {name: value for name, value in zip(names, row, strict=True) if value is not None}
            line["desk"] = line["desk"] or self.name
            if not line["desk"]:
                del line["desk"]
            found.append(line | {name: orjson.loads(line[name]) for name in ("before", "after") if name in line})
        return found

    def identify(self, key: str) -> Identity | None:
        """Return who holds the session id or token `key` now, None when nobody does. Quick: for the event loop."""
        return self.identify_hash(hash_key(key))

    def identify_hash(self, hashed: str) -> Identity | None:
        """Return who holds the key with this hash now."""
        self.look()
        found = self._known.get(hashed)
        return found if found is not None and found.ends_at > self.now_s() else None

    def read(self) -> None:
        """Read passwords, sessions and tokens, if somebody has committed since; `look` calls it when that may be.

        Raises:
            sqlite3.Error: they cannot be read; the next look tries again.
        """
        seen = self._reader.execute("pragma data_version").fetchone()[0]
        if seen == self._seen:
            return
        known = {}
        for key, role, created_at, ends_at in self._reader.execute(
            "select id, role, created_at, ends_at from session"
        ):
            known[key] = Identity(role, role, key, ends_at, created_at)
        for key, name, role, ends_at in self._reader.execute("select hash, name, role, ends_at from token"):
            known[key] = Identity(f"{TOKEN_WHO}{name}", role, key, ends_at)
        self._known = known
        self.desk_id = str(self._reader.execute("select id from desk").fetchone()[0])
        named = self._reader.execute("select value from shared where name = 'name'").fetchone()
        self.name = str(named[0]) if named else ""
        rows = self._reader.execute("select role, hash, source from password")
        self._passwords = {role: (hashed, source) for role, hashed, source in rows}
        self._seen = seen
        self.state += 1

    @contextmanager
    def write(self) -> Iterator[Callable[..., list[Any]]]:
        """Yield what carries out a statement, all of one transaction.

        Raises:
            DeskStoreError: it cannot be written.
        """
        if not self._lock.acquire(timeout=LOCK_WAIT_S):
            raise DeskStoreError(f"desk.sqlite cannot be written: others have been at it for {LOCK_WAIT_S:g} s")
        try:
            self._writer.execute("begin immediate")
            try:
                before = self._writer.total_changes
                yield lambda statement, *values: self._writer.execute(statement, values).fetchall()
            except BaseException:
                self._writer.execute("rollback")
                raise
            self._writer.execute("commit")
            if self._writer.total_changes != before:
                with suppress(OSError):  # other processes hear of it, and of nothing that cannot be seen yet
                    os.utime(self.path)
        except sqlite3.Error as error:
            raise DeskStoreError(f"desk.sqlite cannot be written: {error}") from None
        finally:
            self._lock.release()

    def _record(
        self, write: Callable[..., list[Any]], who: str, address: str, what: str, before: Any, after: Any
    ) -> None:
        said = [None if value is None else orjson.dumps(value).decode() for value in (before, after)]
        values = (self.now_s(), who[:80], address[:64], what[:200], *said)
        write("insert into audit (at, who, address, what, before, after) values (?, ?, ?, ?, ?, ?)", *values)
        if what in VISITS:
            write(OLDEST.format(f"where who = ? and what in {VISITS}"), who[:80], MAX_VISITS)
        write(OLDEST.format(""), MAX_AUDIT)

    def _migrate(self, path: Path) -> None:
        version = self._writer.execute("pragma user_version").fetchone()[0]
        if version > SCHEMA:
            raise DeskStoreError(f"{path} was written by a newer version of Aion: update this one")
        if version == SCHEMA:
            return
        with self._lock:
            migrate(self._writer)

    def _own_id(self) -> str:
        with self.write() as write:
            found = write("select id from desk")
            if not found:
                found = [(secrets.token_hex(4),)]
                write("insert into desk values (?)", found[0][0])
        return str(found[0][0])


def _end_role(write: Callable[..., list[Any]], role: Role, now: float, *, revoke_tokens: bool) -> Ended:
    """End the sessions of `role`, and the tokens that it could have made: an admin makes those of viewers too."""
    sessions = len(write("delete from session where role = ? returning id", role))
    write("update generation set sessions = sessions + 1 where role = ?", role)
    if revoke_tokens:
        write("update generation set tokens = tokens + 1 where ? in ('admin', role)", role)
    tokens = write("select name, role from token where ends_at > ? order by name", now)
    gone = [name for name, of in tokens if revoke_tokens and role in ("admin", of)]
    for name in gone:
        write("delete from token where name = ?", name)
    kept = tuple(name for name, _ in tokens if name not in gone)
    others = write("select count(distinct family) from session where ends_at > ?", now)[0][0]
    return Ended(sessions, tuple(gone), others, kept)


def _revoked(ended: Ended) -> dict[str, Any]:
    return {"tokens_revoked": list(ended.tokens)} if ended.tokens else {}


def hash_key(key: str) -> str:
    """Return what stands for a session id or token in the file; 256 random bits need no slow hash."""
    return hashlib.sha256(key.encode()).hexdigest()


def _connect(path: Path, wait_s: float = LOCK_WAIT_S) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    check_database(path)
    make_file(path)
    connection = sqlite3.connect(path, timeout=wait_s, isolation_level=None, check_same_thread=False)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    return connection
