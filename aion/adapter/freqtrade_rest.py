"""Reads a running freqtrade bot over its REST API, by as few requests as its figures need.

Each look asks for open trades and the balance. Settings, state and locks are asked for every few looks, and closed
trades with the figures of `/profit` when the open ones changed, and every half minute. The figures are freqtrade's
own (freqtrade/rpc/api_server/api_schemas.py of https://github.com/freqtrade/freqtrade at version 2026.9).
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from aion.adapter import freqtrade_figures as figures
from aion.adapter.freqtrade_document import Account, Open, Past, Shown, document, money, text
from aion.adapter.problem import ReadInsteadError, RefusedError, WrongError
from aion.adapter.rest import Rest
from aion.errors import AionError
from aion.output.encode import Json
from aion.section import AttachSettings

PAGE = 500  # closed trades an answer
NEWEST = 50  # closed trades that are asked for when a few are new
SETTINGS_S, CLOSED_S = 5.0, 30.0  # between two looks at what changes rarely
MOST_CLOSED = 500_000
GONE = "no active trade"
OLDEST_API = 2.2  # leverage and orders of a trade


class FreqtradeRest:
    """What is known of one bot from its API."""

    def __init__(self, rest: Rest, settings: AttachSettings) -> None:
        """Args: rest: its API; settings: its table."""
        self._rest, self._settings = rest, settings
        self._asked_at: dict[str, float] = {}
        self._seen: Any = None
        self._known: dict[int, float] = {}  # result of each closed trade by id
        self._stakes: set[str] = set()  # of those
        self._closed_ahead_s = 0.0  # of the clock when those were read
        self.config: Json = {}
        self.profit: Json = {}
        self.past = Past()
        self.opened: list[Open] = []
        self.locks: list[Json] = []
        self.account: Account | None = None
        self.as_of = datetime.fromtimestamp(0, UTC)

    async def look(self, now: datetime, monotonic_s: float) -> None:
        """Read it; what was read before stays where that fails.

        Args:
            now: wall time.
            monotonic_s: seconds of a clock that never goes back.

        Raises:
            AttachError: it cannot be read.
        """
        if self._is_due("settings", SETTINGS_S, monotonic_s):
            await self.look_at_settings(now)
            self._asked_at["settings"] = monotonic_s
        status = _list(await self._rest.ask("/status"), "/status")
        balance = _object(await self._rest.ask("/balance"), "/balance")
        try:
            opened = [_open(each, now, self._ahead_s) for each in status]
            seen = [(each.trade["id"], len(each.orders)) for each in opened]
            if seen != self._seen or self._is_due("closed", CLOSED_S, monotonic_s):
                await self._look_at_closed()
                status = _list(await self._rest.ask("/status"), "/status")
                balance = _object(await self._rest.ask("/balance"), "/balance")
                opened = [_open(each, now, self._ahead_s) for each in status]
                self._asked_at["closed"] = monotonic_s
                self._seen = [(each.trade["id"], len(each.orders)) for each in opened]
            account = self._account(balance, opened)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            if isinstance(error, AionError):
                raise
            raise WrongError(f"freqtrade answered what this reader does not know: {_words(error)}") from None
        self.opened, self.account, self.as_of = opened, account, now

    @property
    def ahead_s(self) -> float:
        """Seconds that freqtrade's clock is ahead of this machine's, as its answers say."""
        return self._rest.ahead_s

    @property
    def _ahead_s(self) -> float:
        """Of the times of its trades: live, they are the exchange's, and in a dry run those of its own clock."""
        return self.ahead_s if self.config.get("dry_run") else 0.0

    def _is_due(self, what: str, seconds: float, monotonic_s: float) -> bool:
        return monotonic_s - self._asked_at.get(what, -math.inf) >= seconds

    def look_again(self) -> None:
        """Ask for everything at the next look."""
        self._asked_at.clear()

    async def look_at_settings(self, now: datetime) -> None:
        """Read settings, state and locks.

        Raises:
            AttachError: it cannot be read.
        """
        config = _object(await self._rest.ask("/show_config"), "/show_config")
        if "stake_currency" not in config or "dry_run" not in config:
            raise WrongError("its API is not freqtrade's: /show_config names no stake currency")
        version = figures.amount(config, "api_version")
        if version < OLDEST_API:
            raise WrongError(
                f"its API has version {version:g}, of an older freqtrade: this reader needs {OLDEST_API:g} or newer"
            )
        locks = _object(await self._rest.ask("/locks"), "/locks").get("locks") or []
        self.config = config
        found = [figures.by_this_clock(each, self.ahead_s) for each in locks if each["active"]]
        self.locks = [
            each for each in found if figures.time_of(each["lock_end_time"]) > now
        ]  # its own list may have some that ended since

    async def _look_at_closed(self) -> None:
        """Read the closed trades that are new, or all of them, and the figures that count them."""
        profit = _object(await self._rest.ask("/profit"), "/profit")
        count = int(profit["closed_trade_count"])
        missing = count - len(self._known)
        is_moved = self._ahead_s != self._closed_ahead_s
        if 0 < missing <= NEWEST and self._known and not is_moved:
            page = await self._page(NEWEST, 0, by_id=False)
            self._add(each for each in page if each["trade_id"] not in self._known)
        if (
            is_moved
            or count != len(self._known)
            or round(sum(self._known.values()), figures.DIGITS)
            != round(figures.amount(profit, "profit_closed_coin"), figures.DIGITS)
        ):
            await self._read_all(count)
        self.profit = profit

    async def _read_all(self, count: int) -> None:
        if count > MOST_CLOSED:
            raise WrongError(f"it has {count:,} closed trades, more than the {MOST_CLOSED:,} that can be read")
        self.past, self._known, self._closed_ahead_s = Past(), {}, self._ahead_s
        self._stakes = set()
        for offset in range(0, max(count, 1), PAGE):
            self._add(await self._page(PAGE, offset, by_id=True))
            self.past.trim()

    async def _page(self, limit: int, offset: int, *, by_id: bool) -> list[Json]:
        order = str(by_id).lower()
        path = f"/trades?limit={limit}&offset={offset}&order_by_id={order}"
        return _list(_object(await self._rest.ask(path), "/trades").get("trades"), "/trades")

    def _add(self, trades: Any) -> None:
        for each in trades:
            if each["is_open"] or not each["close_date"]:
                continue
            trade, orders = _rows(each, self._closed_ahead_s, datetime.now(UTC))
            self._stakes.add(trade["stake_currency"])
            self._known[int(each["trade_id"])] = figures.amount(trade, "close_profit_abs")
            self.past.add(trade, orders)
        self.past.trim()

    def _account(self, balance: Json, opened: Sequence[Open]) -> Account:
        """Return freqtrade's own figures of the account."""
        currency = str(self.config["stake_currency"]).upper()
        if str(balance["stake"]).upper() != currency:
            raise WrongError(f"its balance is in {balance['stake']} and its settings say {currency}: read again")
        own = [each for each in balance["currencies"] if each["currency"].upper() == currency]
        free = figures.amount(own[0], "free") if own else 0.0
        total, note = figures.amount(balance, "total"), ""
        others = [each for each in balance["currencies"] if not each.get("is_bot_managed")]
        if not self.config["dry_run"] and others:
            total = math.fsum(
                figures.amount(each, "est_stake" if each in own else "est_stake_bot")
                for each in balance["currencies"]
                if each.get("is_bot_managed")
            )
            names = ", ".join(str(each["currency"]) for each in others[:6])
            note = f"The account also holds {names}, which the bot does not manage: not in the equity."
        if moved := _moved(balance, opened, is_dry=bool(self.config["dry_run"])):
            total = money(total + moved)
        closed = math.fsum(self._known.values())
        parts = math.fsum(figures.amount(each.trade, "realized_profit") for each in opened)
        stakes = math.fsum(figures.stake(each.trade) for each in opened)
        wallet = self._settings.wallet
        start = float(wallet) if wallet is not None else money(free - closed - parts + stakes)
        self._check_stakes(currency, {str(each.trade["stake_currency"]) for each in opened} | self._stakes)
        if any(each.price is None for each in opened):
            note = f"{note} freqtrade has no price for some open positions."
        note = f"{note} {figures.clock_note(self.ahead_s, is_dry=bool(self.config['dry_run']))}".strip()
        return Account(
            currency,
            total,
            free,
            start,
            figures.amount(self.profit, "max_drawdown"),
            self._drawdown(start + parts),
            note,
        )

    def _drawdown(self, base: float) -> float | None:
        """Return the present drawdown, worked out where an older freqtrade does not say it.

        Args:
            base: money of the account before its closed trades.
        """
        if self.profit.get("current_drawdown") is not None:
            return figures.amount(self.profit, "current_drawdown")
        base *= self._settings.tradable_balance_ratio
        return figures.falls(self.past.profits, base)[1] if base > 0 else None

    def _check_stakes(self, currency: str, found: set[str]) -> None:
        """Check that all trades are in the currency of the balance, as freqtrade adds those of others to it.

        Raises:
            WrongError: they are not.
        """
        if other := found - {currency}:
            names = ", ".join(sorted(other | {currency}))
            what = f"its API adds trades in {names} together"
            if not self._settings.currency:
                raise WrongError(
                    f"{what}: choose one with `currency`, or attach {names} as two bots, each with `database`"
                )
            if not self._settings.database:
                raise WrongError(f"{what}: give `database` too, from which they are told apart")
            raise ReadInsteadError(f"{what}: its database is read instead")
        if (named := self._settings.currency.upper()) and named != currency:
            raise WrongError(f"its stake currency is {currency}, not {named}: correct `currency`, or leave it out")

    @property
    def state(self) -> str:
        """running, paused or stopped, as freqtrade says it."""
        said = str(self.config.get("state", "")).lower()
        is_stopped_buying = said == "running" and self.config.get("max_open_trades") == 0  # before its state `paused`
        return "paused" if is_stopped_buying else said

    def document(self, shown: Shown) -> Json:
        """Return the state file of the bot, of the newest look that succeeded."""
        assert self.account is not None
        value = document(self.past, self.opened, self.locks, self.account, shown)
        if strategy := text(self.config, "strategy"):
            value["strategy"] = strategy[:64]
        return value

    def trade_of(self, symbol: str) -> Open | None:
        """Return the open trade that the desk names by the key of a position or of a resting order."""
        for each in self.opened:
            pair = str(each.trade["pair"])
            if symbol in (pair, f"{pair} #{each.trade['id']}") or symbol in {f"o{o['id']}" for o in each.orders}:
                return each
        return None


def _rows(said: Json, ahead_s: float, now: datetime) -> tuple[Json, list[Json]]:
    """Return a trade of the API as rows of the database."""
    stake = str(said["quote_currency"]).partition(":")[0].upper()
    trade = {**said, "id": int(said["trade_id"]), "stop_loss": said.get("stop_loss_abs"), "stake_currency": stake}
    for name, stamp in (("open_date", "open_timestamp"), ("close_date", "close_timestamp")):
        trade[name] = _moment(said.get(stamp)) or said.get(name)  # the text is cut to whole seconds
    orders = []
    for each in said.get("orders") or ():
        orders.append(
            {
                **each,
                "id": str(each["order_id"])[:100],
                "ft_pair": each.get("pair") or said["pair"],
                "ft_is_open": each.get("is_open"),
                "average": each.get("safe_price"),
                "order_date": _moment(each.get("order_timestamp")),
                "order_filled_date": _moment(each.get("order_filled_timestamp")),
            }
        )
    trade.pop("orders", None)
    if ahead_s:
        trade = figures.by_this_clock(trade, ahead_s, now)
        orders = [figures.by_this_clock(each, ahead_s, now) for each in orders]
    return trade, orders


def _moment(milliseconds: Any) -> str | None:
    if not milliseconds:
        return None
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.replace(tzinfo=None).isoformat(" ")


def _open(said: Json, now: datetime, ahead_s: float) -> Open:
    trade, orders = _rows(said, ahead_s, now)
    price = said.get("current_rate")
    price = figures.amount(said, "current_rate") if price is not None and price == price else None
    profit = said.get("profit_abs")
    return Open(trade, orders, price or None, now, figures.amount(said, "profit_abs") if profit is not None else None)


def _moved(balance: Json, opened: Sequence[Open], *, is_dry: bool) -> float:
    """Return by how much open positions are worth more than in freqtrade's balance, of prices up to ten minutes old.

    What freqtrade valued otherwise stays so: in a live account with leverage, the exchange says the collateral.
    """
    said = {str(each["currency"]): each for each in balance["currencies"]}
    more = []
    for each in opened:
        pair = str(each.trade["pair"])
        row = said.get(pair) or said.get(pair.partition("/")[0])
        if row is None or each.price is None or (row.get("is_position") and not is_dry):
            continue
        held = figures.amount(row, "position" if row.get("is_position") else "bot_owned")
        was = figures.amount(row, "est_stake_bot")
        if was and held and abs(held) == figures.amount(each.trade, "amount"):
            more.append(figures.worth(each.trade, each.price) - was)
    return math.fsum(more)


def _object(value: Any, path: str) -> Json:
    if not isinstance(value, dict):
        raise WrongError(f"its API is not freqtrade's: {path} answered a {type(value).__name__}")
    return value


def _list(value: Any, path: str) -> list[Json]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise WrongError(f"its API is not freqtrade's: {path} answered no list of objects")
    return value


def _words(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)[:200]


async def command(rest: Rest, what: str, known: FreqtradeRest, value: str) -> str:
    """Let freqtrade do something; return what it said.

    Args:
        rest: its API.
        what: an action of the desk.
        known: what is known of it.
        value: of the action.

    Raises:
        AttachError: it will not, or did not answer.
    """
    if what in _PLAIN:
        return _said(await rest.ask(_PLAIN[what], "POST"))
    if what == "force_exit" and not value:
        return _said(await rest.ask("/forceexit", "POST", {"tradeid": "all"}))
    if what == "delete_lock":
        number = value.removeprefix("l")
        if not number.isdecimal() or not any(str(each["id"]) == number for each in known.locks):
            raise RefusedError(f"there is no lock {value}: it ended or was deleted")
        await rest.ask(f"/locks/{number}", "DELETE")
        return "deleted"
    each = known.trade_of(value)
    if each is None:
        raise RefusedError(f"there is no open trade or order {value}: it is closed already")
    if what == "force_exit":
        return _said(await rest.ask("/forceexit", "POST", {"tradeid": str(each.trade["id"])}))
    if what == "cancel_order":
        try:
            await rest.ask(f"/trades/{each.trade['id']}/open-order", "DELETE")
        except RefusedError as error:
            if GONE not in str(error):  # its trade went with the order, and freqtrade has none to answer with
                raise
        return "cancelled"
    raise RefusedError(f"freqtrade knows no {what}")


_PLAIN = {"pause": "/stopentry", "resume": "/start", "stop": "/stop", "reload": "/reload_config"}


def _said(value: Any) -> str:
    return str(value.get("status") or value.get("result") or "") if isinstance(value, dict) else ""
