"""Settings: one frozen object made from defaults, `aion.toml`, `AION_*` variables and flags, in that order.

This is the only reader of the environment. A key or value that cannot work is refused by its name.
"""

import os
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from aion.clock import parse_iso
from aion.currency import MOST_DECIMALS, decimals_of
from aion.default_bots import bots_for
from aion.errors import ConfigError
from aion.money import MoneyUnit, unit_of
from aion.scalar import BotKind
from aion.secret import DESK_SECRETS, FEED_SECRETS, attached_secret, handed, read_secret
from aion.section import AlertSettings, AttachSettings, ClusterSettings, CostSettings, Section, WatchSettings
from aion.store.base_path import check_base_path
from aion.store.layout import DESK, HORIZON, check_name
from aion.store.regular_file import read_regular

SECRETS = frozenset((*DESK_SECRETS, *FEED_SECRETS))
"""Settings that are read from the environment alone."""
MOST_BYTES = 4 << 20  # of a settings file; a thousand bots take a quarter of that
MOST_CASH = 10**12
"""Start money of a bot at most: far above any account, and small enough for 18 exact decimals."""
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def _time(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return parse_iso(value)
        except ValueError:
            raise ValueError("use a time with its zone, such as 2022-05-19T13:25Z") from None
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(f"time {value} has no zone: add Z")
    return value


ZonedTime = Annotated[datetime, BeforeValidator(_time)]


class Rules(Section):
    """What limits a bot; every one of them has effect. Ratios are fractions of equity."""

    max_positions: int = Field(5, ge=1, le=1000)
    """Maximum number of symbols held at once."""
    max_alloc: Decimal = Field(Decimal("0.5"), gt=0, le=1)
    """Maximum share of equity in one symbol."""
    stop_loss: Decimal = Field(Decimal("0.05"), ge=0, lt=1)
    """Sell when the price falls this far below entry; 0 = off."""
    take_profit: Decimal = Field(Decimal(0), ge=0, le=10)
    """Sell when the price rises this far above entry; 0 = off."""
    min_confidence: float = Field(0.0, ge=0, le=1)
    """Minimum signal strength to enter a position."""
    aggression: Decimal = Field(Decimal("0.5"), ge=0, le=1)
    """Position size: 0 = half, 0.5 = normal, 1 = 1.5 times."""
    allow_short: bool = False
    """Allow short selling."""
    daily_loss: Decimal = Field(Decimal("0.03"), ge=0, le=1)
    """Open no new positions for the rest of the day after this net loss (share of equity); 0 = no limit."""
    max_exposure: Decimal = Field(Decimal(1), gt=0, le=1)
    """Maximum value of all positions together (share of equity); long and short both count."""
    max_drawdown: Decimal = Field(Decimal(0), ge=0, le=1)
    """Open no new positions after equity has fallen this far from its peak; 0 = no limit."""
    orders_a_cycle: int = Field(0, ge=0, le=1000)
    """Maximum entry orders in one cycle or rebalance; 0 = no limit."""
    cool_down_minutes: int = Field(0, ge=0, le=100_000)
    """Do not trade a symbol for this many market minutes after a losing trade; 0 = off."""
    flat_before_close: int = Field(5, ge=1, le=120)
    """Exit this many bars before the session ends; swing bots ignore it."""

    def as_json(self) -> dict[str, float | bool]:
        """Return them as JSON types: switches and counts as they are, everything else as numbers."""
        values = self.model_dump()
        return {name: value if isinstance(value, bool | int) else float(value) for name, value in values.items()}


class BotSettings(Section):
    """One bot: what it trades, by which strategy, with which money and costs."""

    kind: BotKind
    """`intraday` ends each day flat; `swing` rebalances once a horizon."""
    strategy: str
    """Name of a strategy, e.g. `opening_range_breakout`."""
    symbols: tuple[str, ...] = Field(min_length=1)
    """What it trades; all on one exchange, in one currency."""
    exchange: str
    """ISO 10383 MIC."""
    currency: str = Field(pattern=r"^[A-Z0-9]{3,10}$")
    """Of its account; nothing is ever converted."""
    cash: Decimal = Field(gt=0, le=MOST_CASH)
    """Start money, in `currency`."""
    decimals: int = Field(
        default_factory=lambda known: decimals_of(str(known.get("currency"))), ge=0, le=MOST_DECIMALS
    )
    """Decimals of its money; default: those of the currency (ISO 4217), 8 of a coin."""
    cost: str
    """Name of a cost model, e.g. `us-equity`, or of a `[costs.<name>]` table."""
    horizon: str = ""
    """Time between rebalances of a swing bot: 1w, 2w, 4w."""
    parameters: Mapping[str, int | float | str | bool] = Field(default_factory=dict)
    """Of the strategy; each strategy documents its own."""
    sizing: Literal["decision", "fill"] = "decision"
    """What an entry's quantity is made of: equity and close when it is decided, or equity and price when it fills."""
    rules: Rules = Rules()
    """What limits it."""
    own_cost: CostSettings | None = None
    """The `[costs.<name>]` table that `cost` names; it is filled in, not written."""

    @property
    def unit(self) -> MoneyUnit:
        """Its money."""
        return unit_of(self.currency, self.decimals)

    @field_validator("horizon")
    @classmethod
    def _check_horizon(cls, value: str) -> str:
        if value and not HORIZON.fullmatch(value):
            raise ValueError("use a number from 1 to 99 with d, w or m, such as 10d, 1w or 1m")
        return value

    @model_validator(mode="after")
    def _check(self) -> "BotSettings":
        unit = self.unit
        if unit.round(self.cash) <= 0:
            raise ValueError(f"cash {self.cash:f} is less than the smallest amount of {self.currency}, {unit.step:f}")
        if self.kind == "swing" and not self.horizon:
            raise ValueError("a swing bot needs horizon, e.g. '1w'")
        is_asked = self.kind == "swing" or "max_positions" in self.rules.model_fields_set
        if is_asked and self.rules.max_positions > len(self.symbols):
            of_all = f"{len(self.symbols)} symbols" if len(self.symbols) > 1 else "one symbol"
            raise ValueError(f"max_positions {self.rules.max_positions} is more than the {of_all}")
        return self


def with_costs(bots: Mapping[str, BotSettings], costs: Mapping[str, CostSettings]) -> dict[str, BotSettings]:
    """Return `bots`, each with the table of `costs` that it names, if it names one."""
    return {
        name: bot.model_copy(update={"own_cost": costs.get(bot.cost, bot.own_cost)}) for name, bot in bots.items()
    }


_US_NAMES = ("AAPL", "AMZN", "AVGO", "GOOGL", "JPM", "META", "MSFT", "NVDA", "TSLA", "XOM")


def _swing(horizon: str, look_back: int, positions: int) -> BotSettings:
    return BotSettings(
        kind="swing",
        strategy="cross_sectional_momentum",
        symbols=_US_NAMES,
        exchange="XNYS",
        currency="USD",
        cash=Decimal(100_000),
        cost="us-equity-bps",
        horizon=horizon,
        parameters={"look_back": look_back},
        rules=Rules(max_positions=positions, max_alloc=Decimal("0.3"), stop_loss=Decimal("0.12")),
    )


def default_bots() -> dict[str, BotSettings]:
    """Return the bots of a fresh desk: three intraday bots, one an exchange, and three swing bots."""
    intraday = {
        "orb_ny": ("opening_range_breakout", "MSFT", "XNAS", "USD", 100_000, "us-equity"),
        "vwap_ldn": ("vwap_reversion", "AZN.L", "XLON", "GBP", 100_000, "uk-cfd"),
        "momo_hk": ("intraday_momentum", "9988.HK", "XHKG", "HKD", 1_000_000, "hk-share"),
    }
    bots = {
        name: BotSettings(
            kind="intraday",
            strategy=strategy,
            symbols=(symbol,),
            exchange=exchange,
            currency=currency,
            cash=Decimal(cash),
            cost=cost,
            rules=Rules(max_positions=1, stop_loss=Decimal("0.01"), allow_short=strategy != "intraday_momentum"),
        )
        for name, (strategy, symbol, exchange, currency, cash, cost) in intraday.items()
    }
    bots |= {"swing_1w": _swing("1w", 63, 3), "swing_2w": _swing("2w", 126, 3), "swing_4w": _swing("4w", 252, 5)}
    return bots


class Risk(Section):
    """Limits over all bots together; 0 is no limit. Money is summed by currency, two currencies are never added."""

    daily_loss: Decimal = Field(Decimal(0), ge=0, le=1)
    """Net loss of a day, over all bots of a currency, after which none opens new positions (share of equity)."""
    max_drawdown: Decimal = Field(Decimal(0), ge=0, le=1)
    """Fall of their summed equity from its peak after which none opens new positions."""
    max_exposure: Decimal = Field(Decimal(0), ge=0, le=1)
    """Maximum value of all positions as a share of their summed equity."""
    max_positions: int = Field(0, ge=0, le=100_000)
    """Maximum number of positions of all bots together."""
    orders_a_cycle: int = Field(0, ge=0, le=100_000)
    """Maximum entry orders of all bots together at one market time."""


class Settings(Section):
    """All settings; the source of each is a flag, `AION_<NAME>`, `aion.toml` or the default here."""

    data: Path = Path("aion-data")
    """Folder of the state files."""
    host: str = "127.0.0.1"
    """Address that the desk listens on; without a password loopback only."""
    hosts: tuple[str, ...] = ()
    """Names under which the desk is reached besides localhost, e.g. behind a proxy; separated by commas."""
    base_path: str = ""
    """Path under which a proxy shows the desk, e.g. /aion; empty for the root of its host name."""
    password: SecretStr | None = None
    """Password of the desk, from AION_PASSWORD, the file that AION_PASSWORD_FILE names, or the systemd credential
    aion-password; a kept one is set with `aion password set`."""
    viewer_password: SecretStr | None = None
    """The same for viewers: AION_VIEWER_PASSWORD, AION_VIEWER_PASSWORD_FILE, aion-viewer-password."""
    port: int = Field(3000, ge=0, le=65535)
    """TCP port of the desk; 0 for any free one."""
    workers: int = Field(1, ge=1, le=64)
    """Processes that serve the desk, each with its own streams; one is enough for thousands of viewers."""
    proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    """Addresses and networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    max_connections: int = Field(12_000, ge=1, le=1_000_000)
    """Connections that a worker holds at once, streams included; more get 503."""
    address_connections: int = Field(1000, ge=1, le=1_000_000)
    """Connections, and streams, of one address; a proxy's own connections do not count."""
    session_streams: int = Field(100, ge=1, le=1_000_000)
    """Maximum streams of one login or token."""
    stream_topics: int = Field(500, ge=1, le=1000)
    """Maximum topics of one stream."""
    accept_rate: float = Field(5000.0, ge=1)
    """New connections per second that a worker accepts; bursts may be twice as large."""
    address_accept_rate: float = Field(500.0, ge=1)
    """New connections per second from one address; those of a proxy do not count."""
    max_head_bytes: int = Field(32_768, ge=1024, le=1 << 20)
    """Maximum size of a request head, in bytes."""
    max_body_bytes: int = Field(65_536, ge=1024, le=1 << 24)
    """Maximum size of a request body, in bytes; all rules of a bot are under 4 KB."""
    head_timeout_s: float = Field(10.0, gt=0, le=600)
    """Timeout for the head of a request, in seconds; also for the first one of a connection."""
    body_timeout_s: float = Field(20.0, gt=0, le=600)
    """Timeout for the body of a request, in seconds."""
    answer_timeout_s: float = Field(120.0, gt=0, le=3600)
    """Timeout for a complete response, in seconds; streams have none."""
    leave_s: float = Field(20.0, ge=0, le=600)
    """Seconds over which a worker that has a successor ends its streams, 500 a second where that is quicker."""
    feed: str = "recorded"
    """Where the bars come from: recorded, folder, ccxt, alpaca, yahoo or a provider of another package."""
    symbols: tuple[str, ...] = ()
    """What is traded with a feed other than recorded, separated by commas; none for all that a folder has."""
    folder: Path = Path("aion-bars")
    """Folder of the folder feed, filled by `aion import` or `aion download`."""
    closures: str = Field("", max_length=4096)
    """File of days on which an exchange was closed, or open, otherwise than its calendar says; empty for none."""
    venue: str = Field("binance", pattern=r"^[a-z0-9_]{2,40}$")
    """Exchange of the ccxt feed, by its name in ccxt."""
    alpaca_key: SecretStr | None = None
    """Key of the alpaca feed, from AION_ALPACA_KEY, AION_ALPACA_KEY_FILE or the credential aion-alpaca-key."""
    alpaca_secret: SecretStr | None = None
    """Secret of the alpaca feed: AION_ALPACA_SECRET, AION_ALPACA_SECRET_FILE, aion-alpaca-secret."""
    history_days: int = Field(30, ge=0, le=365)
    """Days of history that new swing bots of a real-time feed are run over before they go live."""
    bar_age_s: float = Field(86_400.0, ge=60, le=31_536_000)
    """Age of a bar of a real-time feed, seconds from its close, above which it is not traded on; a daily one may be a
    week older. Catching up at a start, replays and backtests go by the clock of their bars."""
    speed: float = Field(60.0, gt=0, le=36_000)
    """Replay speed: market seconds per real second."""
    start: ZonedTime = datetime(2022, 5, 19, 13, 25, tzinfo=UTC)
    """Market time from which a replay runs at `speed`; before it the bots catch up."""
    closed_gap_s: float = Field(2.0, ge=0, le=60)
    """Real seconds that closed hours and weekends of a replay take."""
    run_pause_s: float = Field(30.0, ge=0, le=3600)
    """Real seconds between the end of the data and the next run."""
    fresh: bool = False
    """Archive the present run and start a new one."""
    deterministic: bool = False
    """True to write market time as `written_at`, so that two replays give the same bytes."""
    keep_runs: int = Field(5, ge=1, le=1000)
    """Runs kept, the present one included."""
    keep_days: int = Field(180, ge=1, le=36_500)
    """Days that day files and logs are kept."""
    past: bool = True
    """Record the states of the bots, so that the desk can show any recorded day again."""
    past_interval_s: float = Field(10.0, ge=0.1, le=3600)
    """Seconds between two recorded states of a bot at least; of what comes faster the newest is recorded."""
    keep_past_days: int = Field(365, ge=1, le=36_500)
    """Days that recorded states are kept."""
    past_mb: int = Field(2048, ge=1, le=1_000_000)
    """Size of all recorded states, MB, above which the oldest days are removed."""
    cycle_grace_s: float = Field(5.0, ge=0, le=600)
    """Seconds after which a cycle whose files do not agree is called incomplete."""
    rescan_interval_s: float = Field(5.0, gt=0, le=600)
    """Seconds between looks at the disk where no events come."""
    heartbeat_s: float = Field(15.0, gt=0, le=300)
    """Seconds between heartbeats on a stream."""
    push_hz: float = Field(10.0, ge=0.1, le=1000)
    """Maximum pushes per second of one topic; the first change is pushed at once, the newest always."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Minimum level that is logged; `debug` includes the response time of every request."""
    log_format: Literal["text", "json"] = "text"
    """Format of stderr: short lines for people, or the JSON lines of the log files."""
    risk: Risk = Risk()
    """Limits over all bots together: the table `[risk]`."""
    watch: WatchSettings = WatchSettings()
    """When the watchdog raises an alarm: the table `[watch]`."""
    alerts: AlertSettings = AlertSettings()
    """Where alerts are sent: the table `[alerts]`."""
    costs: Mapping[str, CostSettings] = Field(default_factory=dict)
    """Cost models of your own by name: tables such as `[costs.my_broker]`."""
    bots: Mapping[str, BotSettings] = Field(default_factory=default_bots)
    """Bots by name; a `[bots.<name>]` table adds one or changes a default one, `enabled = false` removes it. The
    default ones trade the recorded feed; with another feed and no table, bots are made for its symbols."""
    cluster: ClusterSettings = ClusterSettings()
    """Other machines: the table `[cluster]`."""
    attach: Mapping[str, AttachSettings] = Field(default_factory=dict)
    """Bots of other programs by their name on the desk: tables such as `[attach.my_freqtrade]`."""

    @property
    def kinds(self) -> dict[str, str]:
        """`intraday` or `swing` by name of the bots."""
        return {name: bot.kind for name, bot in self.bots.items()}

    def secrets_of(self, names: Iterable[str]) -> dict[str, str]:
        """Return the secrets of these names that are set, by their variables, for a process that needs them."""
        found = {name: getattr(self, name) for name in names}
        return {_ENVIRONMENT[name]: value.get_secret_value() for name, value in found.items() if value is not None}

    @field_validator("hosts", "symbols", "proxies", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value

    @field_validator("bots")
    @classmethod
    def _fill_costs(cls, value: Mapping[str, BotSettings], info: ValidationInfo) -> Mapping[str, BotSettings]:
        return with_costs(value, info.data.get("costs", {}))

    @field_validator("attach")
    @classmethod
    def _check_attached(
        cls, value: Mapping[str, AttachSettings], info: ValidationInfo
    ) -> Mapping[str, AttachSettings]:
        slugs: dict[str, str] = {}
        for name in value:
            try:
                check_name("bot", name)
            except ConfigError as error:
                raise ValueError(str(error)) from None
            if name == DESK:
                raise ValueError(f"{DESK} is the name of all bots together: choose another")
            if name in info.data.get("bots", {}):
                raise ValueError(f"{name} is the name of a bot in [bots] too: choose another")
            if (other := slugs.setdefault(attached_secret(name, ""), name)) != name:
                raise ValueError(f"{name} and {other} would share the variable of their password: rename one")
        return value

    @field_validator("proxies")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            try:
                ip_network(name, strict=False)
            except ValueError:
                raise ValueError(f"{name!r} is no address and no network such as 10.0.0.0/8") from None
        return value

    @field_validator("base_path")
    @classmethod
    def _check_base_path(cls, value: str) -> str:
        return check_base_path(value)

    @field_validator("data", "folder")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        return value.expanduser()


TABLES = ("risk", "watch", "alerts", "cluster", "costs", "bots", "attach")
"""Settings that are tables of `aion.toml`."""
_ENVIRONMENT = {name: f"AION_{name.upper()}" for name in Settings.model_fields if name not in TABLES}


def load(
    file: Path | None = None, environment: Mapping[str, str] | None = None, flags: Mapping[str, Any] | None = None
) -> Settings:
    """Return the settings.

    Args:
        file: a TOML file; None for `aion.toml` in the working folder, if there is one.
        environment: variables; None for those of this process.
        flags: values from the command line; None values are left out.

    Raises:
        ConfigError: an unreadable file, or a key or value that cannot work, with its name and source.
    """
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    table, table_name = _read_table(file)
    for name in sorted(table.keys() & DESK_SECRETS):
        raise ConfigError(
            f"{table_name}: a password does not belong in a file: use `aion password set` or {_ENVIRONMENT[name]}"
        )
    for name in sorted(SECRETS & table.keys()):
        raise ConfigError(f"{table_name}: {name} does not belong in a file: use {_ENVIRONMENT[name]}")
    bots = table.pop("bots", {})
    values.update(table)
    sources.update(dict.fromkeys(table, table_name))
    variables = {**os.environ, **handed} if environment is None else environment
    for name, variable in _ENVIRONMENT.items():
        if variable in variables and name not in SECRETS:
            values[name] = variables[variable]
            sources[name] = variable
    for name in sorted(SECRETS):
        if (given := read_secret(name, variables)) is not None:
            values[name], sources[name] = given
    if (given := read_secret("alert_urls", variables)) is not None and given[0]:
        alerts = values.get("alerts", {})
        values["alerts"] = {**(alerts if isinstance(alerts, dict) else {}), "urls": given[0]}
        sources["alerts"] = given[1]
    for name, value in (flags or {}).items():
        if value is not None:
            values[name] = value
            sources[name] = "--from" if name == "start" else f"--{name.replace('_', '-')}"
    feed = values.get("feed", "recorded")
    values["bots"] = _merge_bots(bots, table_name, default_bots() if feed == "recorded" else {})
    try:
        settings = Settings.model_validate(values)
        if settings.bots or feed == "recorded":
            return settings
        venue = settings.venue if feed == "ccxt" else ""
        made = bots_for(feed, settings.symbols, settings.folder, venue)
        return Settings.model_validate(values | {"bots": made})
    except ValidationError as error:
        raise ConfigError(_explain(error, sources, table_name)) from None


def _read_table(file: Path | None) -> tuple[dict[str, Any], str]:
    path = file or Path("aion.toml")
    try:
        return tomllib.loads(read_regular(path, MOST_BYTES, follow=True).decode()), str(path)
    except FileNotFoundError:
        if file is not None:
            raise ConfigError(f"{file}: file not found") from None
        return {}, str(path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: its lists or tables are nested too deep") from None
    except ValueError as error:  # no TOML, no UTF-8, or a number of thousands of digits
        raise ConfigError(f"{path}: {error}") from None


def _merge_bots(tables: Any, source: str, base_bots: Mapping[str, BotSettings]) -> dict[str, Any]:
    if not isinstance(tables, dict):
        raise ConfigError(f"{source}: bots must be tables such as [bots.my_bot]")
    merged: dict[str, Any] = {name: bot.model_dump() for name, bot in base_bots.items()}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ConfigError(f"{source}: bots.{name} must be a table: [bots.{name}]")
        table = dict(table)
        if "own_cost" in table:
            raise ConfigError(f"{source}: there is no setting bots.{name}.own_cost: write a table [costs.<name>]")
        if not table.pop("enabled", True):
            merged.pop(name, None)
            continue
        base = merged.get(name, {})
        rules = {**base.get("rules", {}), **table.pop("rules", {})}
        merged[name] = {**base, **table} | ({"rules": rules} if rules else {})
    return merged


def _explain(error: ValidationError, sources: Mapping[str, str], table_name: str) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    location = [str(piece) for piece in first["loc"]]
    key = ".".join(location) or "settings"
    source = sources.get(location[0], table_name) if location else table_name
    if first["type"] == "extra_forbidden":
        known = ", ".join(sorted(Settings.model_fields)) if len(location) == 1 else "see docs/configuration.md"
        return f"{source}: there is no setting {key!r}; known: {known}"
    if key.startswith("alerts.urls"):  # a secret is not said again
        return f"{source}: alerts.urls cannot work: {first['msg'].removeprefix('Value error, ')}"
    if isinstance(first["input"], Mapping):  # of a whole table only what is wrong with it is said
        return f"{source}: {key} cannot work: {first['msg'].removeprefix('Value error, ')}"
    return f"{source}: {key} = {first['input']!r} cannot work: {first['msg'].removeprefix('Value error, ')}"
