"""The tables of `desk.sqlite`, and how a file of an older version gets them.

What several desks share needs an order that no clock decides. A role has a *generation* of its password, of its
sessions and of its tokens, raised by whatever ends them all; a session or token of an older generation is none. One
that has ended by itself leaves its hash in `ended` until it would have ended anyway, so that nothing brings it back.
"""

import sqlite3

SCHEMA = 4

_TABLES = """
create table if not exists password (
  role text primary key, hash text not null, source text not null, set_at real not null
);
create table if not exists session (
  id text primary key, role text not null, created_at real not null, ends_at real not null, address text not null
);
create table if not exists token (
  name text primary key, hash text not null unique, role text not null,
  created_at real not null, ends_at real not null
);
create table if not exists audit (
  number integer primary key, at real not null, who text not null, address text not null, what text not null,
  before text, after text
);
create table if not exists desk (id text not null);
create table if not exists tried (name text primary key, left real not null, at real not null);
create table if not exists familiar (name text primary key, role text not null, at real not null);
create table if not exists lockout (
  name text primary key, since real not null, at real not null, refused integer not null
);
create table if not exists ended (id text primary key, ends_at real not null);
create table if not exists generation (
  role text primary key, password integer not null default 0, sessions integer not null default 0,
  tokens integer not null default 0, told_password integer not null default 0,
  told_sessions integer not null default 0, told_tokens integer not null default 0
);
create table if not exists shared (name text primary key, value text not null);
insert or ignore into generation (role) values ('viewer'), ('admin');
create trigger if not exists session_ended after delete on session begin
  insert or replace into ended values (old.id, old.ends_at);
end;
create trigger if not exists token_ended after delete on token begin
  insert or replace into ended values (old.hash, old.ends_at);
end;
"""
_COLUMNS = {
    ("session", "family"): "text not null default ''",
    ("session", "generation"): "integer not null default 0",
    ("token", "generation"): "integer not null default 0",
    ("audit", "desk"): "text not null default ''",
    ("audit", "origin"): "text",
}
"""By table and name: those that came later, with their types."""
_AFTER = """
update session set family = id where family = '';
create unique index if not exists audit_origin on audit (origin) where origin is not null;
"""


def migrate(connection: sqlite3.Connection) -> None:
    """Make the tables, or bring those of an older version up to this one.

    Raises:
        sqlite3.Error: it cannot be done; nothing is changed then.
    """
    connection.executescript(f"begin immediate; {_TABLES}")
    try:
        for (table, name), kind in _COLUMNS.items():
            if name not in [row[1] for row in connection.execute(f"pragma table_info({table})")]:
                connection.execute(f"alter table {table} add column {name} {kind}")
        for statement in _AFTER.strip().split("\n"):
            connection.execute(statement)
        connection.execute(f"pragma user_version = {SCHEMA}")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
