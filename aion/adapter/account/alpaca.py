"""An account at Alpaca, over its trading API: what it holds, its orders, fills, cash and equity history.

Source: the API reference of https://docs.alpaca.markets (account, positions, orders, account activities, portfolio
history). Keys at Alpaca cannot be limited to reading; nothing but GET is ever sent.
"""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlsplit

from aion.adapter.account.book import Book, Fill, in_order
from aion.adapter.account.document import Reading, amount, text
from aion.adapter.account.source import AccountSource, Compared, missing_keys
from aion.adapter.account.store import AccountStore
from aion.adapter.problem import RefusedError, WrongError
from aion.adapter.rest import Rest
from aion.clock import iso, parse_iso
from aion.errors import printable
from aion.model import ZERO
from aion.money import value_of
from aion.output.encode import Json
from aion.section import AttachSettings

PAPER = "https://paper-api.alpaca.markets"
PAGE = 100  # activities a request: the most that it gives
MOST_PAGES = 20  # in one look; the others are read in the next ones
HISTORY_S = 60.0  # between two looks at the equity history
SKEW_S = 60.0  # of its clock, from which the card says it
CENT = Decimal("0.01")
FLOWS = frozenset({"ACATC", "CSD", "CSW", "JNL", "JNLC", "TRANS"})
"""Activities that are deposits and withdrawals."""
INCOME = frozenset({"DIV", "DIVCGL", "DIVCGS", "DIVFEE", "DIVFT", "DIVNRA", "DIVROC", "DIVTW", "DIVTXEX", "INT",
                    "INTNRA", "INTTW", "PTC", "MISC"})  # fmt: skip
"""Activities that change cash alone, and are results."""
_OPTION = re.compile(r"[A-Z.]{1,6}[0-9]{6}[CP][0-9]{8}")
_SIDES = {"buy": "buy", "sell": "sell", "sell_short": "sell"}


class AlpacaSource(AccountSource):
    """One account."""

    rule = "alpaca"

    def __init__(self, name: str, settings: AttachSettings, store: AccountStore, key: str, secret: str) -> None:
        """Make it; nothing is read before `look`.

        Args:
            name: on the desk.
            settings: its table.
            store: keeps activities.
            key: id of the API key.
            secret: of the key.
        """
        super().__init__(name)
        self._has_keys = bool(key and secret)
        url = settings.url or PAPER
        self._rest = Rest(f"{url}/v2", "", "", {"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": secret})
        self._is_paper = (urlsplit(url).hostname or "").startswith("paper")
        self._settings, self._store = settings, store
        self._activities: dict[str, Json] | None = None
        self._cursor = ""
        self._history: Json = {}
        self._history_s = -1e9
        self._number = ""
        self._names: dict[str, str] = {}
        self._moved: set[str] = set()

    async def look(self, now: datetime) -> None:
        """Read it.

        Raises:
            AttachError: it cannot be read.
        """
        if not self._has_keys:
            raise RefusedError(missing_keys(self.name))
        account = _object(await self._rest.ask("/account"), "/account")
        if self._activities is None:
            self._check_account(account)
            kept, marks = self._store.load()
            self._activities = {each["id"]: each for each in kept}
            self._cursor = marks.get("activities", "")
            self._book()
        is_whole = await self._read_activities(self._activities)
        positions = _list(await self._rest.ask("/positions"), "/positions")
        orders = _list(await self._rest.ask("/orders?status=open&limit=500"), "/orders")
        if time.monotonic() - self._history_s >= HISTORY_S:
            asked = "/account/portfolio/history?period=1A&timeframe=1D"
            self._history = _object(await self._rest.ask(asked), "/account/portfolio/history")
            self._history_s = time.monotonic()
        self.reading = self._read(account, positions, orders, now, is_whole=is_whole)

    def _check_account(self, account: Json) -> None:
        if "equity" not in account or "cash" not in account:
            raise WrongError("its API is not Alpaca's: /account has no equity and cash")
        self._number = str(account.get("account_number") or account.get("id") or "")

    async def _read_activities(self, known: dict[str, Json]) -> bool:
        """Read the activities that are new; tell whether these are all."""
        for _ in range(MOST_PAGES):
            token = f"&page_token={quote(self._cursor)}" if self._cursor else ""
            page = _list(
                await self._rest.ask(f"/account/activities?direction=asc&page_size={PAGE}{token}"), "/activities"
            )
            fresh = [each for each in page if str(each["id"]) not in known]
            if fresh:
                self._store.add(
                    ((str(each["id"]), _time_of(each), each) for each in fresh), {"activities": str(page[-1]["id"])}
                )
                known |= {str(each["id"]): each for each in fresh}
                self._cursor = str(page[-1]["id"])
                self._book()
            if len(page) < PAGE or not fresh:
                return True
        return False

    def _book(self) -> None:
        """Pair the fills that are known."""
        assert self._activities is not None
        moved = {
            str(each.get("symbol") or "").replace("/", "")
            for each in self._activities.values()
            if each["activity_type"] not in {"FILL", "FEE", "CFEE", *FLOWS, *INCOME}
        } - {""}
        fills = []
        for each in self._activities.values():
            if each["activity_type"] == "FILL":
                fills.append(_fill(each, is_paired=each["symbol"].replace("/", "") not in moved))
            elif each["activity_type"] == "CFEE" and each.get("qty"):
                fills.append(_fee_in_coin(each))
        names = {fill.symbol.replace("/", ""): fill.symbol for fill in fills if "/" in fill.symbol}
        named = [replace(fill, symbol=names.get(fill.symbol, fill.symbol)) for fill in fills]
        self.book = Book(in_order(named), is_fifo=self._settings.cost_basis == "fifo")
        self._names, self._moved = names, moved

    def _read(
        self, account: Json, positions: Sequence[Json], orders: Sequence[Json], now: datetime, *, is_whole: bool
    ) -> Reading:
        assert self._activities is not None
        currency = str(account.get("currency") or "USD")
        equity, cash = amount(account["equity"], "equity"), amount(account["cash"], "cash")
        reading = Reading(currency, "paper" if self._is_paper else "live", now, equity, cash, account=self._number)
        for each in positions:
            symbol, value = _position(each, self._names)
            reading.positions[symbol] = value | {"marked_at": iso(now)}
        reading.orders = {f"o-{each['id']}": _order(each) for each in orders}
        reading.fees = -sum(
            (amount(each.get("net_amount") or 0, "net_amount") for each in self._of({"FEE"})),
            ZERO,
        )
        self._set_start(reading, cash, is_whole=is_whole)
        reading.curve = _curve(self._history) | {iso(now): float(equity)}
        reading.is_curve_of_results = not reading.flows
        if not is_whole:
            reading.notes.append("Its past is being read: not all fills are there yet.")
        if self._moved:
            shown = ", ".join(sorted(self._moved)[:6])
            reading.notes.append(f"A split, transfer or the like changed {shown}: its fills are in no trade.")
        if abs(self._rest.ahead_s) > SKEW_S:
            way = "ahead of" if self._rest.ahead_s > 0 else "behind"
            reading.notes.append(f"Alpaca's clock is {abs(self._rest.ahead_s):.0f} s {way} this machine's.")
        if account.get("trading_blocked") or account.get("account_blocked"):
            reading.notes.append("Alpaca has blocked trading in this account.")
        return reading

    def _of(self, kinds: set[str] | frozenset[str]) -> list[Json]:
        assert self._activities is not None
        return [each for each in self._activities.values() if each["activity_type"] in kinds]

    def _set_start(self, reading: Reading, cash: Decimal, *, is_whole: bool) -> None:
        """Set start money, later deposits and the result, by what is known of the past."""
        flows = sorted(self._of(FLOWS), key=_time_of)
        amounts = [(each, amount(each.get("net_amount") or 0, "net_amount")) for each in flows]
        if is_whole and amounts and abs(self._cash_of_activities() - cash) < CENT:
            first = _time_of(amounts[0][0]).date()
            reading.start = sum((paid for each, paid in amounts if _time_of(each).date() == first), ZERO)
            later = [(each, paid) for each, paid in amounts if _time_of(each).date() != first]
        elif (base := self._history.get("base_value")) and (stamps := self._history.get("timestamp")):
            reading.start = amount(base, "base_value")
            since = datetime.fromtimestamp(stamps[0], UTC)
            later = [(each, paid) for each, paid in amounts if _time_of(each) > since]
            reading.notes.append(
                f"Results count from {since:%-d %b %Y} on, when Alpaca's history begins: its activities do not come "
                "to its cash."
            )
        else:
            reading.notes.append("The start money is not known: Alpaca's activities do not come to its cash.")
            return
        reading.flows = {f"c-{each['id']}": {"ts": iso(_time_of(each)), "amount": text(paid)} for each, paid in later}
        reading.net = reading.equity - reading.start - sum((paid for _, paid in later), ZERO)

    def _cash_of_activities(self) -> Decimal:
        """Return the cash that all activities come to."""
        total = ZERO
        for each in self._of({"FILL"}):
            fill = _fill(each, is_paired=True)
            value = value_of(fill.price, fill.quantity * fill.multiplier)
            total += value if fill.side == "sell" else -value
        assert self._activities is not None
        return total + sum(
            (
                amount(each["net_amount"], "net_amount")
                for each in self._activities.values()
                if each.get("net_amount")
            ),
            ZERO,
        )

    def describe(self) -> str:
        """Return what answered."""
        kind = "paper" if self._is_paper else "live"
        return f"Alpaca, {kind} account {self._number}, {len(self.book.fills)} fills"

    def compared(self) -> list[Compared]:
        """Return the quantities of positions, which the fills come to as well, and the cash."""
        assert self.reading is not None
        found = []
        for symbol, position in self.reading.positions.items():
            held = self.book.holdings.get(symbol)
            if symbol.replace("/", "") not in self._moved:
                booked = held.quantity if held is not None else ZERO
                found.append((f"quantity of {symbol}", amount(position["quantity"], "quantity"), booked))
        if self.reading.cash is not None:
            found.append(("cash", self.reading.cash, self._cash_of_activities()))
        return found

    async def close(self) -> None:
        """Close its connections."""
        await self._rest.close()


def _time_of(activity: Json) -> datetime:
    said = activity.get("transaction_time") or activity.get("created_at")
    if said:
        return parse_iso(str(said))
    return datetime.fromisoformat(str(activity["date"])).replace(tzinfo=UTC)


def _multiplier(symbol: str) -> Decimal:
    return Decimal(100 if _OPTION.fullmatch(symbol) else 1)


def _fill(activity: Json, *, is_paired: bool) -> Fill:
    side = _SIDES.get(str(activity["side"]))
    if side is None:
        raise WrongError(f"fill {printable(str(activity['id']))[:60]} has the side {activity['side']!r}")
    symbol = str(activity["symbol"])
    quantity, price = amount(activity["qty"], "qty of a fill"), amount(activity["price"], "price of a fill")
    if quantity <= 0:
        raise WrongError(f"fill {printable(str(activity['id']))[:60]} has the quantity {quantity}")
    return Fill(
        f"f-{activity['id']}", _time_of(activity), symbol, side, quantity, price,
        multiplier=_multiplier(symbol), order_id=str(activity.get("order_id") or ""), is_paired=is_paired,
        may_short="/" not in symbol,
    )  # fmt: skip


def _fee_in_coin(activity: Json) -> Fill:
    """Return a fee of a crypto trade, which Alpaca takes in the coin: a sale whose proceeds are the fee."""
    quantity, price = abs(amount(activity["qty"], "qty of a fee")), amount(activity["price"], "price of a fee")
    value = value_of(price, quantity)
    return Fill(
        f"f-{activity['id']}", _time_of(activity), str(activity["symbol"]), "sell", quantity, price,
        fee=value, fee_value=value, reason="Fee, taken in the coin", may_short=False,
    )  # fmt: skip


def _position(said: Json, names: Mapping[str, str]) -> tuple[str, Json]:
    symbol = str(said["symbol"])
    quantity = abs(amount(said["qty"], f"qty of {symbol}")) * (-1 if said.get("side") == "short" else 1)
    value: Json = {
        "quantity": text(quantity),
        "average_price": text(amount(said["avg_entry_price"], f"avg_entry_price of {symbol}")),
    }
    for name, theirs in (
        ("last_price", "current_price"),
        ("market_value", "market_value"),
        ("unrealized_pnl", "unrealized_pl"),
    ):
        if said.get(theirs) is not None:
            value[name] = text(amount(said[theirs], f"{theirs} of {symbol}"))
    if (multiplier := _multiplier(symbol)) != 1:
        value["multiplier"] = text(multiplier)
    return names.get(symbol, symbol), value


def _order(said: Json) -> Json:
    value: Json = {
        "ts": iso(parse_iso(str(said["submitted_at"] or said["created_at"]))),
        "symbol": str(said["symbol"]),
        "side": _SIDES[said["side"]],
        "type": str(said.get("type") or said.get("order_type") or "market")[:64],
        "status": str(said["status"])[:64],
        "filled_quantity": text(amount(said.get("filled_qty") or 0, "filled_qty")),
    }
    if said.get("qty"):
        value["quantity"] = text(amount(said["qty"], "qty of an order"))
    elif said.get("notional"):
        value["reason"] = f"for {said['notional']} of money"
    for name in ("limit_price", "stop_price"):
        if said.get(name):
            value[name] = text(amount(said[name], name))
    return value


def _curve(history: Json) -> dict[str, float]:
    points = zip(history.get("timestamp") or (), history.get("equity") or (), strict=False)
    return {iso(datetime.fromtimestamp(at, UTC)): float(equity) for at, equity in points if equity}


def _object(value: Any, path: str) -> Json:
    if not isinstance(value, dict):
        raise WrongError(f"its API is not Alpaca's: {path} answered a {type(value).__name__}")
    return value


def _list(value: Any, path: str) -> list[Json]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise WrongError(f"its API is not Alpaca's: {path} answered no list of objects")
    return value
