"""Reads freqtrade's database on a server (PostgreSQL, MySQL, MariaDB) by its SQLAlchemy URL; it is only read."""

from datetime import datetime
from typing import Any

from aion.adapter import freqtrade
from aion.errors import ConfigError, printable
from aion.extras import need
from aion.output.encode import Json

CONNECT_S = 4  # until a server counts as away
DRIVERS = {"postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql"}
SIX_DIGITS = (
    "Its MySQL database keeps freqtrade's amounts with six digits, so the figures are no more exact than that."
)
_OPTIONS: dict[str, dict[str, Any]] = {
    "psycopg": {"connect_timeout": CONNECT_S, "options": f"-c statement_timeout={int(freqtrade.MOST_S * 1000)}"},
    "pymysql": {"connect_timeout": CONNECT_S, "read_timeout": int(freqtrade.MOST_S)},
}


def is_rounded(url: str) -> bool:
    """Tell whether the database at `url` keeps numbers with six digits, as MySQL does in freqtrade's columns."""
    return url.startswith(("mysql", "mariadb"))


def read_url(url: str, password: str, now: datetime) -> freqtrade.Rows:
    """Return what the database at `url` holds now.

    Args:
        url: of SQLAlchemy, without a password.
        password: of its user; empty for none.
        now: wall time.

    Raises:
        ConfigError: it cannot be reached or read, or it is not freqtrade's.
    """
    sql = need("sqlalchemy", "attach")
    try:
        address = sql.engine.make_url(url)
    except (sql.exc.SQLAlchemyError, ValueError):
        raise ConfigError(f"database {url!r} is no URL such as postgresql://user@host/freqtrade") from None
    try:
        family = address.get_backend_name()
        if family == "sqlite":
            raise ConfigError(f"database {url!r} is a file: give its path without sqlite://")
        if family not in DRIVERS:
            raise ConfigError(f"database {url!r} is of {family}: use one of {', '.join(DRIVERS)}")
        driver = DRIVERS[family]
        need(driver, "attach")
        address = address.set(drivername=f"{family}+{driver}")
        if password:
            address = address.set(password=password)
        engine = sql.create_engine(address, poolclass=sql.pool.NullPool, connect_args=_OPTIONS[driver])
        with engine.connect() as connection, connection.begin():
            return _rows(sql, connection, now)
    except sql.exc.SQLAlchemyError as error:
        why = printable(str(getattr(error, "orig", None) or error).strip().split("\n")[0])[:200]
        raise ConfigError(f"the database at {address.host or url} cannot be read: {why}") from None
    except ValueError as error:
        raise ConfigError(f"the database at {url} holds what freqtrade does not write: {error}") from None


def _rows(sql: Any, connection: Any, now: datetime) -> freqtrade.Rows:
    look = sql.inspect(connection)
    tables = set(look.get_table_names())

    def of(table: str, known: frozenset[str], needed: frozenset[str]) -> list[Json]:
        if table not in tables:
            return []
        columns = {each["name"] for each in look.get_columns(table)}
        if not columns >= needed:
            return []
        names = [sql.column(each) for each in sorted(known & columns)]
        query = sql.select(*names).select_from(sql.table(table)).order_by(sql.column("id"))
        found = [_row(each) for each in connection.execute(query.limit(freqtrade.MOST_ROWS + 1)).mappings()]
        if len(found) > freqtrade.MOST_ROWS:
            raise ValueError(f"the table {table} has more than {freqtrade.MOST_ROWS:,} rows")
        return found

    there = {each["name"] for each in look.get_columns("trades")} if "trades" in tables else set()
    if missing := freqtrade.NEEDED - there:
        raise ConfigError(f"it is not a freqtrade trades database: it has no {', '.join(sorted(missing))}")
    locks = of("pairlocks", freqtrade.LOCK_COLUMNS, freqtrade.LOCK_COLUMNS - {"side", "reason"})
    return freqtrade.Rows(
        of("trades", freqtrade.TRADE_COLUMNS, freqtrade.NEEDED),
        of("orders", freqtrade.ORDER_COLUMNS, frozenset({"id", "ft_trade_id"})),
        of("wallet_history", freqtrade.HISTORY_COLUMNS, freqtrade.HISTORY_COLUMNS),
        freqtrade.active(locks, now),
    )


def _row(row: Any) -> Json:
    """Return a row with times as the SQLite database has them."""
    return {name: each.isoformat(" ") if isinstance(each, datetime) else each for name, each in row.items()}
