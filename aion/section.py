"""Parts of the settings that stand by themselves: the base of all, costs, watchdog, alerts, attached bots."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

Part = Decimal
"""Fraction: 0.001 is 0.1 %."""
_MOST = 1_000_000
ACCOUNTS = ("alpaca", "ccxt")
"""Kinds of attached bots that are accounts asked over the net."""
NEEDED_COLUMNS = ("time", "symbol", "quantity", "price")
OTHER_COLUMNS = ("side", "fee", "fee_currency", "currency", "id", "type", "multiplier")
"""What a column of a csv file may be."""


class Section(BaseModel):
    """A frozen part of the settings that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, use_attribute_docstrings=True)


class FeeSettings(Section):
    """A further fee of a cost model of your own: what an exchange, a clearer or a state takes as well."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    """Its name in fills and reports, such as `stamp_duty`; several of one name and different `since` are its past."""
    since: date | None = None
    """Market day from which this rate applies; leave it out for always. Days before the first rate use the first."""
    side: Literal["", "buy", "sell"] = ""
    """`buy` or `sell` for a fee of that side alone; empty for both."""
    liquidity: Literal["", "taker", "maker"] = ""
    """`taker` for fills that took a price of the market, `maker` for those that waited; empty for both."""
    rate: Part = Field(Decimal(0), gt=-1, lt=1)
    """Fraction of the value; a rebate is below 0."""
    per_unit: Decimal = Field(Decimal(0), ge=-_MOST, le=_MOST)
    """Money a share, coin or contract; a rebate is below 0."""
    per_order: Decimal = Field(Decimal(0), ge=0, le=_MOST)
    """Money an order and day."""
    above: Decimal = Field(Decimal(0), ge=0, le=1_000_000_000)
    """Value of an order and day, money, up to which nothing is due."""
    minimum: Decimal = Field(Decimal(0), ge=0, le=_MOST)
    """Least of an order and day, money."""
    maximum: Decimal | None = Field(None, gt=0, le=1_000_000_000)
    """Most of an order and day, money; leave it out for no limit."""
    maximum_rate: Part | None = Field(None, gt=0, lt=1)
    """Most of an order and day, fraction of its value; it beats the minimum."""
    step: Decimal | None = Field(None, gt=0, le=_MOST)
    """Money that it is rounded up to, such as 1 for whole dollars; leave it out for the account's smallest amount."""

    @property
    def is_money(self) -> bool:
        """Tell whether it has amounts of money, which are of a currency."""
        amounts = (self.per_unit, self.per_order, self.above, self.minimum, self.maximum, self.step)
        return any(amounts)

    @model_validator(mode="after")
    def _check(self) -> "FeeSettings":
        if self.maximum is not None and self.maximum < self.minimum:
            raise ValueError(f"maximum {self.maximum} is below minimum {self.minimum}")
        if self.minimum and (self.rate < 0 or self.per_unit < 0):
            raise ValueError(f"{self.name} is a rebate and cannot have a minimum of {self.minimum}")
        if not (self.rate or self.per_unit or self.per_order or self.minimum) and self.since is None:
            raise ValueError(f"{self.name} takes nothing: give it rate, per_unit, per_order or minimum")
        return self


class TierSettings(Section):
    """What a cost model of your own takes from a traded volume on; what is left out is as in the table."""

    above: Decimal = Field(gt=0, le=10**15)
    """Volume from which it applies, in `tier_by`, traded before the market day."""
    rate: Part | None = Field(None, gt=-1, lt=1)
    """As `rate` of the table."""
    per_unit: Decimal | None = Field(None, ge=-_MOST, le=_MOST)
    """As `per_unit` of the table."""
    minimum: Decimal | None = Field(None, ge=0, le=_MOST)
    """As `minimum` of the table."""
    taker: Part | None = Field(None, gt=-1, lt=1)
    """As `taker` of the table."""
    maker: Part | None = Field(None, gt=-1, lt=1)
    """As `maker` of the table."""


class CostSettings(Section):
    """A cost model of your own; `cost = "<name>"` of a bot uses it. Rates are fractions: 0.001 is 0.1 %."""

    title: str = Field("", max_length=120)
    """What it is of, for the report; empty for its name."""
    currency: str = Field("", pattern=r"^([A-Z0-9]{3,10})?$")
    """Currency of `per_unit`, `per_order`, `minimum`, `maximum` and of the amounts of `fees`, which need it."""
    currency_symbol: str = Field("", max_length=64)
    """Symbol of the feed whose price is that of 1 `currency` in the account's, such as EUR/USD; needed where they
    differ. Amounts are then converted at its newest price, rounded up."""
    rate: Part = Field(Decimal(0), ge=0, lt=1)
    """Commission each side, fraction of the value."""
    per_unit: Decimal = Field(Decimal(0), ge=0, le=1_000_000)
    """Commission a share, coin or contract, money; it is added to `rate`."""
    per_order: Decimal = Field(Decimal(0), ge=0, le=1_000_000)
    """Commission an order and day, money; it is added too."""
    minimum: Decimal = Field(Decimal(0), ge=0, le=1_000_000)
    """Least commission of an order and day, money."""
    maximum: Decimal | None = Field(None, gt=0, le=1_000_000_000)
    """Most commission of an order and day, money; leave it out for no limit."""
    maximum_rate: Part | None = Field(None, gt=0, lt=1)
    """Most commission of an order and day, fraction of its value; it beats the minimum."""
    taker: Part = Field(Decimal(0), gt=-1, lt=1)
    """Fee of fills that took a price of the market (market and stop orders), fraction of the value; a rebate is
    below 0."""
    maker: Part = Field(Decimal(0), gt=-1, lt=1)
    """Fee of fills that waited at their own price, fraction of the value; a rebate is below 0."""
    buy_tax: Part = Field(Decimal(0), ge=0, lt=1)
    """Tax on buys, such as a stamp duty, fraction of the value."""
    sell_tax: Part = Field(Decimal(0), ge=0, lt=1)
    """Tax on sales, fraction of the value."""
    fees: tuple[FeeSettings, ...] = Field((), max_length=100)
    """Further fees, each a table `[[costs.<name>.fees]]`: of an exchange, a clearer, a state."""
    tiers: tuple[TierSettings, ...] = Field((), max_length=50)
    """Rates by traded volume, each a table `[[costs.<name>.tiers]]`."""
    tier_by: Literal["value", "units"] = "value"
    """What `above` of a tier counts: the value traded, in the account's currency, or shares, coins or contracts."""
    tier_days: int = Field(30, ge=0, le=366)
    """Calendar days before a market day that are counted; 0 for those of its calendar month."""
    spread: Decimal = Field(Decimal(0), ge=0, le=1_000_000_000)
    """Whole quoted spread in units of the price, such as 1 for one point; half of it is paid where that is more."""
    spread_bps: Decimal = Field(Decimal(2), ge=0, le=10_000)
    """Whole quoted spread, basis points of the price; a market order pays half of it, and half a tick at least."""
    impact: bool = True
    """Let large orders pay for moving the price, by the bar's volume and range."""
    borrow: Part = Field(Decimal(0), ge=0, lt=10)
    """Cost of holding a short position for a year, fraction of its value."""
    financing: Part = Field(Decimal(0), ge=0, lt=10)
    """Cost of holding a long position for a year, fraction of its value; for contracts for difference and margin."""

    @model_validator(mode="after")
    def _check(self) -> "CostSettings":
        is_money = self.per_unit or self.per_order or self.minimum or self.maximum is not None
        is_money = is_money or any(each.is_money for each in self.fees)
        if not self.currency and (is_money or any(each.per_unit or each.minimum for each in self.tiers)):
            raise ValueError("per_unit, per_order, minimum and maximum are money: say in which currency")
        if self.maximum is not None and self.maximum < self.minimum:
            raise ValueError(f"maximum {self.maximum} is below minimum {self.minimum}")
        levels = [each.above for each in self.tiers]
        if any(one >= two for one, two in pairwise(levels)):
            raise ValueError(f"tiers must rise, and {', '.join(map(str, levels))} do not")
        if self.currency_symbol and not self.currency:
            raise ValueError(f"currency_symbol {self.currency_symbol!r} is the price of a currency: say which")
        if self.currency_symbol and self.tiers and self.tier_by == "value":
            raise ValueError("tiers count value in the account's currency: use tier_by units with currency_symbol")
        seen = set()
        for each in self.fees:
            key = each.name, each.side, each.liquidity, each.since
            if key in seen or each.name in _OWN_NAMES:
                raise ValueError(f"fee {each.name} is there twice: give it another name or another since")
            seen.add(key)
        return self


_OWN_NAMES = frozenset(("commission", "taker_fee", "maker_fee", "taker_rebate", "maker_rebate", "tax"))
"""Of the fees that the table has itself."""


class WatchSettings(Section):
    """When the watchdog of `aion up` raises an alarm."""

    grace_s: float = Field(10.0, ge=0, le=86_400)
    """Seconds past its own `due_at` after which a bot has missed its cycle."""
    disk_free_mb: int = Field(1024, ge=0, le=1_000_000_000)
    """Minimum free space on the disk of the data folder, in megabytes."""
    clock_jump_s: float = Field(2.0, ge=0.1, le=86_400)
    """Seconds by which the wall clock may differ from one that never jumps, between two looks."""
    steady_s: float = Field(60.0, ge=0, le=86_400)
    """Seconds that a restarted process, or a clock that jumped, must be steady before all is clear."""
    silent_s: float = Field(30.0, ge=5, le=86_400)
    """Seconds without a response after which a process of the desk is restarted."""


AlertEvent = Literal["process", "missed_cycle", "dead_bot", "stale_feed", "disk", "clock", "login", "check"]


class AlertSettings(Section):
    """Where alerts are sent (services of Apprise), and which."""

    urls: tuple[SecretStr, ...] = ()
    """Addresses of Apprise, e.g. `mailto://...`; secrets, better in AION_ALERT_URLS, separated by spaces."""
    events: tuple[AlertEvent, ...] = ("process", "dead_bot", "stale_feed", "disk", "clock", "login", "check")
    """Kinds of alarm that are sent: those, and missed_cycle."""
    repeat_minutes: float = Field(240.0, ge=0, le=100_000)
    """Minutes after which an alert is repeated while the alarm lasts; 0 = once."""
    name: str = Field("Aion", min_length=1, max_length=40)
    """Name of this desk in messages."""

    @field_validator("urls", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(value.split()) if isinstance(value, str) else value

    @field_validator("urls")
    @classmethod
    def _check(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all("://" in url.get_secret_value() for url in value):
            raise ValueError("each is an address of Apprise such as mailto://... or json://...")
        return value


class ClusterSettings(Section):
    """What this machine is in a cluster; `aion up` then carries state files and requests to and from the others."""

    config: Path | None = None
    """Folder that `aion cluster add-machine` or `add-desk` made, copied to this machine."""
    machine: str = Field("", pattern=r"^[A-Za-z0-9_-]{0,64}$")
    """On a desk: the one machine whose files become the data folder; empty for all, each in a folder of its own."""

    @field_validator("config")
    @classmethod
    def _expand(cls, value: Path | None) -> Path | None:
        return value.expanduser() if value is not None else None


class AttachSettings(Section):
    """A bot of another program, which `aion up` shows on the desk."""

    kind: Literal["freqtrade", "alpaca", "ccxt", "hummingbot", "csv"]
    """The other program; `alpaca` is an account there, `ccxt` one at an exchange of coins, `csv` a journal or a
    statement of a broker."""
    url: str = Field("", max_length=500)
    """Address of its REST API, such as http://127.0.0.1:8080; empty where only the database is read. Of alpaca
    https://api.alpaca.markets for live trading; empty for the paper account."""
    user: str = Field("", max_length=200, pattern=r"^[^:]*$")
    """User of the API; the password is in AION_ATTACH_<NAME>_PASSWORD, the file that AION_ATTACH_<NAME>_PASSWORD_FILE
    names, or the systemd credential aion-attach-<name>-password."""
    database: str = Field("", max_length=1000)
    """Its database, read while the API does not answer: a file, or an SQLAlchemy URL such as
    postgresql://user@host/freqtrade, whose password is in AION_ATTACH_<NAME>_DATABASE_PASSWORD. Of hummingbot and csv
    the file."""
    wallet: Decimal | None = Field(None, ge=0, le=10**12)
    """Start money, which a database does not have; over REST it is asked for where this is left out."""
    currency: str = Field("", pattern=r"^([A-Z0-9]{2,10})?$")
    """Stake currency: of a database without trades, or the one to show of a database with two."""
    tradable_balance_ratio: float = Field(0.99, gt=0, le=1)
    """As in its settings; drawdowns count from that share of the account. Asked for over REST."""
    exchange: str = Field("", pattern=r"^[a-z0-9]{0,40}$")
    """Of ccxt: the exchange, by its name there, such as binance."""
    market: Literal["spot", "swap"] = "spot"
    """Of ccxt: the spot account, or that of linear perpetuals (`swap`)."""
    sandbox: bool = False
    """Of ccxt: True for the exchange's test network."""
    symbols: tuple[str, ...] = Field((), max_length=100)
    """Of ccxt: markets whose fills are asked for beside those of what is held, such as BTC/USDT, where an exchange
    does not list all at once."""
    since: date | None = None
    """Of ccxt: first day of the fills that are read; 30 days before the first look where it is left out."""
    mode: Literal["", "live", "paper"] = ""
    """Of accounts: how the desk counts it; empty for live, and for paper where the account says so."""
    cost_basis: Literal["average", "fifo"] = "average"
    """Whether a sale takes the average cost, or that of the oldest first, as most statements of brokers do."""
    columns: Mapping[str, str] = Field(default_factory=dict)
    """Of csv: the column of each of time (or two, as Date+Time), symbol, side, quantity, price, fee, fee_currency,
    currency, id, type, multiplier. Without `side`, a quantity below 0 is a sale."""
    timezone: str = Field("UTC", max_length=64)
    """Of csv: IANA zone of times that name none."""
    time_format: str = Field("", max_length=64)
    """Of csv: as Python's strptime has it, such as `%d-%m-%Y %H:%M`; empty for ISO 8601."""
    delimiter: str = Field("", max_length=1)
    """Of csv: between columns; empty to take it from the first line."""
    decimal: Literal[".", ","] = "."
    """Of csv: the decimal point; the other one groups thousands."""
    encoding: Literal["", "utf-8", "cp1252", "utf-16"] = ""
    """Of csv: empty for UTF-8, or UTF-16 where it begins with a byte order mark."""
    is_fee_negative: bool = False
    """Of csv: True where a fee that was paid is written below 0, as brokers do that book it to the account."""
    keep: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Of csv: by column, the values of the rows that are executions; the others are left out."""
    every_s: float = Field(1.0, ge=0.5, le=3600)
    """Seconds between two looks; 5 of alpaca and ccxt, unless it is given."""
    has_controls: bool = True
    """False to only watch it: the desk then sends it no command."""

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if not value:
            return value
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("use an address such as http://127.0.0.1:8080")
        if parts.username is not None or parts.password is not None:
            raise ValueError("a password does not belong in a file: use user and AION_ATTACH_<NAME>_PASSWORD")
        _ = parts.port  # raises where it is none
        return value.rstrip("/").removesuffix("/api/v1")

    @field_validator("database")
    @classmethod
    def _check_database(cls, value: str) -> str:
        if "://" in value and urlsplit(value).password is not None:
            raise ValueError("a password does not belong in a file: use AION_ATTACH_<NAME>_DATABASE_PASSWORD")
        return value

    @model_validator(mode="before")
    @classmethod
    def _slow_down(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("kind") in ACCOUNTS and "every_s" not in value:
            return value | {"every_s": 5.0}
        return value

    @model_validator(mode="after")
    def _check(self) -> "AttachSettings":
        needed = {"alpaca": (), "ccxt": ("exchange",), "hummingbot": ("database",), "csv": ("database",)}
        if self.kind == "freqtrade":
            if not self.url and not self.database:
                raise ValueError("it needs url, database or both")
            return self
        if missing := [each for each in needed[self.kind] if not getattr(self, each)]:
            raise ValueError(f"kind {self.kind} needs {' and '.join(missing)}")
        if self.kind == "csv":
            if missing := [each for each in NEEDED_COLUMNS if not self.columns.get(each)]:
                raise ValueError(f"columns has no {', '.join(missing)}: name the column of each")
            if unknown := sorted(set(self.columns) - {*NEEDED_COLUMNS, *OTHER_COLUMNS}):
                known = ", ".join((*NEEDED_COLUMNS, *OTHER_COLUMNS))
                raise ValueError(f"columns names {', '.join(unknown)}, which is none of {known}")
            try:
                ZoneInfo(self.timezone)
            except (OSError, ValueError):  # of a name that is none, the library raises either
                raise ValueError(f"timezone {self.timezone!r} is no IANA zone such as Europe/Berlin") from None
        return self
