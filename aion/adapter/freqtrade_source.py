"""A freqtrade bot of the settings: by its API, and by its database while that does not answer."""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aion.adapter import freqtrade
from aion.adapter.freqtrade_document import Shown
from aion.adapter.freqtrade_rest import FreqtradeRest, command
from aion.adapter.freqtrade_server import SIX_DIGITS, is_rounded, read_url
from aion.adapter.problem import AttachError, RefusedError, WrongError
from aion.adapter.rest import LIMIT_S, Rest
from aion.errors import ConfigError
from aion.output.encode import Json
from aion.section import AttachSettings

READ_AGAIN_S = 60.0  # a database that did not change: its prices may have become older
_TRADES = ("force_exit", "cancel_order")


class FreqtradeSource:
    """One bot."""

    rule = "freqtrade"

    def __init__(self, name: str, settings: AttachSettings, password: str, database_password: str) -> None:
        """Make it; nothing is read before `look`.

        Args:
            name: on the desk.
            settings: its table.
            password: of the API.
            database_password: of the database, where its URL needs one.
        """
        self._name, self._settings, self._secret = name, settings, database_password
        self._rest = Rest(f"{settings.url}/api/v1", settings.user, password) if settings.url else None
        self.takes_requests = bool(settings.url) and settings.has_controls
        """False where only its database is read, or its settings say so."""
        self.known = FreqtradeRest(self._rest, settings) if self._rest is not None else None
        """What its API said."""
        self._api_fault = ""
        self._rows: freqtrade.Rows | None = None
        self._signature: Any = None
        self._read_s = -1e9
        self._read_at: datetime | None = None
        self._reading: asyncio.Task[freqtrade.Rows] | None = None

    def without_api(self, settings: AttachSettings) -> "FreqtradeSource":
        """Return one that reads the database alone, by the settings given."""
        return FreqtradeSource(self._name, settings, "", self._secret)

    async def look(self, now: datetime) -> None:
        """Read it.

        Raises:
            AionError: neither its API nor its database can be read.
        """
        fault: AttachError | None = None
        if self.known is not None:
            try:
                await self.known.look(now, time.monotonic())
                self._api_fault = ""
                return
            except AttachError as error:
                fault, self._api_fault = error, str(error)
        if not self._settings.database:
            raise fault or ConfigError("it has neither url nor database")
        try:
            await self._look_at_database(now)
        except ConfigError as error:
            raise WrongError(f"{self._api_fault}; {error}" if self._api_fault else str(error)) from None

    async def _look_at_database(self, now: datetime) -> None:
        """Read the database if it changed; one that hangs is waited for, while what was read stays."""
        path = self._settings.database
        is_file = "://" not in path
        signature = self._file_signature() if is_file else None
        is_old = time.monotonic() - self._read_s >= (READ_AGAIN_S if is_file else max(5.0, self._settings.every_s))
        if self._rows is not None and signature == self._signature and not is_old:
            return
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(asyncio.to_thread(self._read, now))
        done, _ = await asyncio.wait({self._reading}, timeout=LIMIT_S)
        if not done:
            raise ConfigError(f"its database did not answer within {LIMIT_S:g} s")
        self._rows = self._reading.result()
        self._signature, self._read_s, self._read_at = signature, time.monotonic(), now

    def _file_signature(self) -> Any:
        return freqtrade.signature(Path(self._settings.database).expanduser())

    @property
    def _ahead_s(self) -> float:
        """Seconds that its clock is ahead, as its API said; a database does not say it."""
        return self.known.ahead_s if self.known is not None else 0.0

    def _read(self, now: datetime) -> freqtrade.Rows:
        now += timedelta(seconds=self._ahead_s)  # by which its locks end
        if "://" in self._settings.database:
            return read_url(self._settings.database, self._secret, now)
        return freqtrade.read_rows(Path(self._settings.database).expanduser(), now)

    def document(self, now: datetime, due_at: datetime, more: Mapping[str, Any]) -> Json:
        """Return the state file of the newest look."""
        if self.known is not None and not self._api_fault:
            mode = "paper" if self.known.config["dry_run"] else "live"
            return self.known.document(Shown(self._name, mode, now, self.known.as_of, due_at, more))  # type: ignore[arg-type]
        assert self._rows is not None and self._read_at is not None
        wallet = self._settings.wallet
        start = float(wallet) if wallet is not None else None
        if start is None and self.known is not None and self.known.account is not None:
            start = self.known.account.start  # what its API said while it answered
        attached = freqtrade.Attached(
            Path(self._settings.database), self._name, start, self._settings.currency,
            self._settings.tradable_balance_ratio, self._ahead_s,
        )  # fmt: skip
        value = freqtrade.document(self._rows, attached, self._read_at, due_at, **more)
        if is_rounded(self._settings.database):
            value["note"] = f"{SIX_DIGITS} {value['note']}"
        if self._api_fault:
            value["note"] = f"Read from its database: {self._api_fault}. {value['note']}"[:2000]
        return value

    @property
    def state(self) -> tuple[str, str]:
        """State and why."""
        if self.known is None or self._api_fault:
            return "active", ""
        said = self.known.state
        if said == "paused":
            return "paused", "paused in freqtrade: it opens nothing new, exits keep working"
        if said == "stopped":
            return "paused", "stopped in freqtrade: neither entries nor exits are carried out"
        return "active", ""

    @property
    def actions(self) -> tuple[str, ...]:
        """Requests that it can carry out now."""
        if self.known is None or self._api_fault or not self.takes_requests:
            return ()
        if self.known.state == "stopped":
            return ("resume", "pause", "reload", "delete_lock")
        turn = "resume" if self.known.state == "paused" else "pause"
        return (turn, "flatten", "stop", "reload", *_TRADES, "delete_lock")

    async def carry_out(self, action: str, value: str) -> str:
        """Do something.

        Raises:
            AttachError: freqtrade will not, or did not answer.
        """
        if self._rest is None or self.known is None:
            raise RefusedError("only its database is read: give it a url to control it")
        self.known.look_again()
        return await command(self._rest, action, self.known, value)

    def left(self, action: str, value: str) -> str:
        """Return what is missing before freqtrade shows an action; `-` where it shows nothing of it yet."""
        known = self.known
        if known is None:
            return ""
        if action in ("pause", "resume", "stop", "reload"):
            wanted = {"pause": ("paused", "stopped"), "resume": ("running",), "stop": ("stopped",)}
            return "" if known.state in wanted.get(action, ("running", "paused", "stopped")) else "-"
        if action == "delete_lock":
            return "-" if any(f"l{each['id']}" == value for each in known.locks) else ""
        if action == "cancel_order":
            orders = [order for each in known.opened for order in each.orders if order.get("ft_is_open")]
            return "-" if any(f"o{order['id']}" == value for order in orders) else ""
        if action in ("force_exit", "flatten", "exits"):
            return self._unsold(value, only_unasked=action == "exits")
        return ""

    def _unsold(self, symbol: str, *, only_unasked: bool) -> str:
        assert self.known is not None
        asked = [self.known.trade_of(symbol)] if symbol else self.known.opened
        held = [each for each in asked if each is not None]
        resting = [each for each in held if any(_is_exit(each.trade, order) for order in each.orders)]
        if only_unasked:
            return "-" if len(resting) < len(held) else ""
        if not held:
            return ""
        names = ", ".join(str(each.trade["pair"]) for each in held[:6])
        if not resting:
            return "-"
        return f"{len(held)} position{'' if len(held) == 1 else 's'} ({names}) not closed yet: exit orders rest"

    async def close(self) -> None:
        """Close its connections."""
        if self._rest is not None:
            await self._rest.close()


def _is_exit(trade: Json, order: Json) -> bool:
    entry = "sell" if trade.get("is_short") else "buy"
    return bool(order.get("ft_is_open")) and order["ft_order_side"] not in (entry, "stoploss")
