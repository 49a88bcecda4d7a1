"""What several desks share of `desk.sqlite`: passwords, sessions, tokens, who is familiar, tries and the audit.

Facts are named by keys and merged without clocks: the higher generation of a role wins and ends what is older, a
session or token that has ended anywhere never comes back, and of two changes made apart the one told first stands.
Secrets are not among them, only the hashes that the file holds.
"""

import hashlib
import math
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from aion.web.http.limit import refilled
from aion.web.security.store import MAX_AUDIT, OLDEST, ROLES, DeskStore
from aion.web.security.tries import ALL_REFILL_S, ALL_TRIES, REFILL_S, STRANGERS, TRIES

Fact = dict[str, Any]
Write = Callable[..., list[Any]]
SESSION_FIELDS = ("role", "created_at", "ends_at", "address", "family", "generation")
TOKEN_FIELDS = ("name", "role", "created_at", "ends_at", "generation")
LINE_FIELDS = ("at", "who", "address", "what", "before", "after")
MAX_TEXT = 4096  # characters of a value that came from elsewhere


class SharedStore:
    """Tells and takes facts of one store. Not for several threads at a time."""

    def __init__(self, store: DeskStore, name: str) -> None:
        """Args: store: of this desk; name: by which the audit tells it from the others."""
        self._store = store
        self._buckets: dict[str, tuple[float, float]] = {}
        with store.write() as write:
            if not write("select 1 from shared where name = 'node'"):
                write("insert into shared values ('node', ?)", secrets.token_hex(8))
            write("insert or replace into shared values ('name', ?)", name)
            self.node = str(write("select value from shared where name = 'node'")[0][0])
            self._buckets = {each: (left, at) for each, left, at in write("select name, left, at from tried")}
        self.name = name

    def facts(self) -> dict[str, Fact]:
        """Return all that is to be the same on every desk, by key, but tries and audit."""
        with self._store.write() as write:
            return _facts(write)

    def ended(self, key: str) -> float:
        """Return when a session or token that has ended would have ended by itself; 0 where nobody ended it."""
        with self._store.write() as write:
            rows = write("select ends_at from ended where id = ?", key.partition(".")[2])
        return float(rows[0][0]) if rows else 0.0

    def join(self) -> None:
        """Give way to what the others have, once: they were there before this desk came."""
        with self._store.write() as write:
            if write("select 1 from shared where name = 'joined'"):
                return
            write("insert into shared values ('joined', '1')")
            write("update generation set password = 0, sessions = 0, tokens = 0")
            for table in ("session", "token"):
                write(f"update {table} set generation = -1")  # noqa: S608 - own names

    def found(self) -> None:
        """Note that this desk is the first: nobody has anything to give way to."""
        with self._store.write() as write:
            write("insert or ignore into shared values ('joined', '1')")

    def told(self, key: str, fact: Fact) -> None:
        """Note that all can read a fact of this desk."""
        kind, _, name = key.partition(".")
        if kind == "role":
            with self._store.write() as write:
                for what in ("password", "sessions", "tokens"):
                    write(
                        f"update generation set told_{what} = max(told_{what}, ?) where role = ?",  # noqa: S608
                        fact[what], name,
                    )  # fmt: skip

    def take(self, key: str, fact: Mapping[str, Any], *, is_gone: bool) -> str:
        """Take in a fact of another desk; return a sentence where a change of this one gives way, else nothing.

        Args:
            key: of the fact.
            fact: as of `facts`; of one that is gone, its `ends_at`.
            is_gone: True for a session or token that has ended.

        Raises:
            ValueError: it is no fact.
        """
        kind, _, name = key.partition(".")
        with self._store.write() as write:
            if kind == "role" and name in ROLES and not is_gone:
                return _take_role(write, name, fact)
            if kind == "session" and _is_hash(name):
                return _end(write, "session", "id", name, fact) if is_gone else _take_session(write, name, fact)
            if kind == "token" and _is_hash(name):
                return _end(write, "token", "hash", name, fact) if is_gone else _take_token(write, name, fact)
            if kind == "familiar":
                return _take_familiar(write, fact) if not is_gone else _forget(write, key)
            if key == "desk.id" and len(_text(fact, "id")) == 8 and _text(fact, "id").isalnum():
                write("update desk set id = ? where id != ?", fact["id"], fact["id"])
                return ""
        raise ValueError(f"{key[:80]!r} is no fact of desks")

    def tried(self) -> list[Fact]:
        """Return what was taken of the tries of each sender since the last call, or given back (below 0)."""
        with self._store.write() as write:
            rows = write("select name, left, at from tried")
        found, now = [], self._store.now_s()
        full = [(name, _bucket(name)[0], max(now, at)) for name, (_, at) in self._buckets.items()]
        gone = [each for each in full if each[0] not in {row[0] for row in rows}]  # given back, or full again
        for name, left, at in [*rows, *gone]:
            most, refill_s = _bucket(name)
            had, _ = refilled(self._buckets.get(name, (most, at)), at, most, refill_s)
            if taken := round(had - left):
                found.append({"name": name, "taken": taken})
        self._buckets = {name: (left, at) for name, left, at in rows}
        return found

    def take_tried(self, fact: Mapping[str, Any]) -> None:
        """Take as many tries of a sender as it had on another desk.

        Raises:
            ValueError: it is no fact.
        """
        name, taken = _text(fact, "name"), fact.get("taken")
        most, refill_s = _bucket(name)
        if type(taken) is not int or abs(taken) > most:
            raise ValueError("a number of tries that nobody can have had")
        now = self._store.now_s()
        with self._store.write() as write:
            rows = write("select left, at from tried where name = ?", name)
            before = (rows[0][0], min(rows[0][1], now)) if rows else (most, now)
            left, _ = refilled(before, now, most, refill_s)
            self._buckets[name] = min(most, max(0.0, left - taken)), now
            write("insert or replace into tried values (?, ?, ?)", name, *self._buckets[name])

    def cursor(self) -> dict[str, Any]:
        """Return what `keep_cursor` kept, empty for nothing."""
        with self._store.write() as write:
            rows = write("select value from shared where name = 'audit'")
        return dict(orjson.loads(rows[0][0])) if rows else {}

    def lines(self, after: int, most: int) -> list[tuple[int, Fact]]:
        """Return at most `most` lines of the audit of this desk behind number `after`, with their numbers."""
        with self._store.write() as write:
            rows = write(
                f"select number, {', '.join(LINE_FIELDS)} from audit "  # noqa: S608 - own names
                "where origin is null and number > ? order by number limit ?",
                after, most,
            )  # fmt: skip
        return [(row[0], dict(zip(LINE_FIELDS, row[1:], strict=True)) | {"desk": self.name}) for row in rows]

    def take_lines(self, lines: Mapping[str, Fact], cursor: Mapping[str, Any]) -> int:
        """Take in lines of the audit by key, and keep the cursor with them; return how many are none."""
        wrong = 0
        with self._store.write() as write:
            for key, line in lines.items():
                try:
                    at = _number(line, "at")
                    texts = [_text(line, name) for name in ("who", "address", "what", "desk")]
                    before, after = (_json(line, name) for name in ("before", "after"))
                except ValueError:
                    wrong += 1
                    continue
                node, _, number = key.partition(".")
                own = "select 1 from audit where number = ? and at = ? and origin is null"
                if node == self.node and number.isdecimal() and write(own, int(number), at):
                    continue
                origin = f"{key}.{hashlib.sha256(orjson.dumps(line)).hexdigest()[:8]}"
                who, address, what, desk = texts
                write(
                    "insert or ignore into audit (at, who, address, what, before, after, desk, origin) "
                    "values (?, ?, ?, ?, ?, ?, ?, ?)",
                    at, who[:80], address[:64], what[:200], before, after, desk[:64], origin,
                )  # fmt: skip
            write(OLDEST.format(""), MAX_AUDIT)
            write("insert or replace into shared values ('audit', ?)", orjson.dumps(dict(cursor)).decode())
        return wrong


def _facts(write: Write) -> dict[str, Fact]:
    found: dict[str, Fact] = {"desk.id": {"id": write("select id from desk")[0][0]}}
    passwords = {role: (hashed, set_at) for role, hashed, set_at in write("select role, hash, set_at from password")}
    for role, password, sessions, tokens in write("select role, password, sessions, tokens from generation"):
        hashed, set_at = passwords.get(role, ("", 0.0))
        if hashed or password or sessions or tokens:
            found[f"role.{role}"] = {
                "password": password, "hash": hashed, "set_at": set_at, "sessions": sessions, "tokens": tokens,
            }  # fmt: skip
    for row in write(f"select id, {', '.join(SESSION_FIELDS)} from session"):  # noqa: S608 - own names
        found[f"session.{row[0]}"] = dict(zip(SESSION_FIELDS, row[1:], strict=True))
    for row in write(f"select hash, {', '.join(TOKEN_FIELDS)} from token"):  # noqa: S608 - own names
        found[f"token.{row[0]}"] = dict(zip(TOKEN_FIELDS, row[1:], strict=True))
    for name, role, at in write("select name, role, at from familiar"):
        found[_familiar(name)] = {"name": name, "role": role, "at": at}
    return found


def _take_role(write: Write, role: str, fact: Mapping[str, Any]) -> str:
    theirs = {what: _count(fact, what) for what in ("password", "sessions", "tokens")}
    hashed, set_at = _text(fact, "hash"), _number(fact, "set_at")
    names = ("password", "sessions", "tokens", "told_password", "told_sessions", "told_tokens")
    row = write(f"select {', '.join(names)} from generation where role = ?", role)[0]  # noqa: S608 - own names
    own = dict(zip(names, row, strict=True))
    held = write("select hash from password where role = ?", role)
    said = ""
    is_other = hashed != (held[0][0] if held else "")
    if theirs["password"] > own["password"] or (theirs["password"] == own["password"] and is_other):
        if own["password"] > own["told_password"] and is_other:
            said = f"the password of {role} was changed on another desk first: that stands"
        write("delete from password where role = ?", role)
        if hashed:
            write("insert into password values (?, ?, 'cluster', ?)", role, hashed, set_at)
        if is_other:
            write("delete from familiar where role = ?", role)
        write("update generation set password = ? where role = ?", theirs["password"], role)
    for what, table in (("sessions", "session"), ("tokens", "token")):
        newest = max(theirs[what], own[what])
        told = own[f"told_{what}"]
        if own[what] > told and theirs[what] > told:  # ended apart: each knew only its own
            newest += 1
        if newest > own[what]:
            write(f"update generation set {what} = ? where role = ?", newest, role)  # noqa: S608 - own names
            write(f"delete from {table} where role = ? and generation < ?", role, newest)  # noqa: S608 - own names
    for what, value in theirs.items():
        statement = f"update generation set told_{what} = max(told_{what}, ?) where role = ?"  # noqa: S608 - own names
        write(statement, value, role)
    return said


def _take_session(write: Write, name: str, fact: Mapping[str, Any]) -> str:
    role, generation, ends_at = _role(fact), _count(fact, "generation", -1), _number(fact, "ends_at")
    if write("select 1 from ended where id = ?", name) or generation < _generation(write, "sessions", role):
        return ""
    values = (role, _number(fact, "created_at"), ends_at, _text(fact, "address")[:64], _text(fact, "family"))
    write(
        "insert into session values (?, ?, ?, ?, ?, ?, ?) "
        "on conflict (id) do update set ends_at = min(ends_at, excluded.ends_at)",
        name, *values, generation,
    )  # fmt: skip
    return ""


def _take_token(write: Write, name: str, fact: Mapping[str, Any]) -> str:
    role, generation = _role(fact), _count(fact, "generation", -1)
    if write("select 1 from ended where id = ?", name) or generation < _generation(write, "tokens", role):
        return ""
    called = _text(fact, "name")[:64]
    given_way = write("delete from token where name = ? and hash != ? returning name", called, name)
    values = (role, _number(fact, "created_at"), _number(fact, "ends_at"), generation)
    write("insert or ignore into token values (?, ?, ?, ?, ?, ?)", called, name, *values)
    return f"a token {called!r} was made on another desk first: that stands" if given_way else ""


def _take_familiar(write: Write, fact: Mapping[str, Any]) -> str:
    write(
        "insert into familiar values (?, ?, ?) on conflict (name) do update set at = max(at, excluded.at), "
        "role = case when role = 'admin' then role else excluded.role end",
        _text(fact, "name"), _role(fact), _number(fact, "at"),
    )  # fmt: skip
    return ""


def _forget(write: Write, key: str) -> str:
    for (name,) in write("select name from familiar"):
        if _familiar(name) == key:
            write("delete from familiar where name = ?", name)
    return ""


def _familiar(name: str) -> str:
    return f"familiar.{hashlib.sha256(name.encode()).hexdigest()}"


def _end(write: Write, table: str, column: str, name: str, fact: Mapping[str, Any]) -> str:
    if not write(f"delete from {table} where {column} = ? returning 1", name):  # noqa: S608 - own names
        write("insert or ignore into ended values (?, ?)", name, _number(fact, "ends_at"))
    return ""


def _generation(write: Write, what: str, role: str) -> int:
    return int(write(f"select {what} from generation where role = ?", role)[0][0])  # noqa: S608 - own names


def _bucket(name: str) -> tuple[float, float]:
    return (ALL_TRIES, ALL_REFILL_S) if name in STRANGERS else (TRIES, REFILL_S)


def _role(fact: Mapping[str, Any]) -> str:
    if fact.get("role") not in ROLES:
        raise ValueError("it has no role")
    return str(fact["role"])


def _is_hash(text: str) -> bool:
    return len(text) == 64 and all(each in "0123456789abcdef" for each in text)


def _text(fact: Mapping[str, Any], name: str) -> str:
    value = fact.get(name)
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ValueError(f"its {name} is no text")
    return value


def _number(fact: Mapping[str, Any], name: str) -> float:
    value = fact.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"its {name} is no number")
    return float(value)


def _count(fact: Mapping[str, Any], name: str, least: int = 0) -> int:
    value = fact.get(name)
    if type(value) is not int or not least <= value < 1 << 53:
        raise ValueError(f"its {name} is no count")
    return value


def _json(fact: Mapping[str, Any], name: str) -> str | None:
    """Return a text that is JSON, or None where there is none."""
    if fact.get(name) is None:
        return None
    text = _text(fact, name)
    if not isinstance(orjson.loads(text), dict):
        raise ValueError(f"its {name} is no object")
    return text
