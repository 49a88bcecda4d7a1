"""An account at an exchange of coins, by `ccxt`: what it holds, its orders and its fills, spot or linear perpetuals.

ccxt speaks each exchange's own API; nothing but what reads is ever called. Numbers are taken as text, so that none
is rounded to floating point. Fills are read span by span: of each span all, or it is halved until they are.
"""

import asyncio
import time
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from aion.adapter.account.book import Book, in_order, valued
from aion.adapter.account.document import Reading, amount, listed, text
from aion.adapter.account.exchange_row import (
    fill_of,
    kept_of,
    least_of,
    order_of,
    position_of,
    settle_of,
    size_of,
    through,
    time_of,
    totals_of,
)
from aion.adapter.account.source import AccountSource, Compared, missing_keys
from aion.adapter.account.store import AccountStore
from aion.adapter.problem import AwayError, RefusedError, WrongError
from aion.adapter.rest import LIMIT_S, SHOWN
from aion.clock import iso
from aion.errors import printable
from aion.extras import need
from aion.model import ZERO
from aion.money import value_of
from aion.output.encode import Json
from aion.section import AttachSettings

DAY_MS = 86_400_000
FIRST = timedelta(days=30)  # of the past that is read at the start, unless `since` says more
OVERLAP_MS = 600_000  # read again in each look: an exchange may list a fill late
MOST_SPANS = 12  # in one look; the others are read in the next ones
PAGE = 50  # fills of an answer that may be cut, where ccxt does not know how many an exchange gives
SKEW_S = 60.0  # of its clock, from which the card says it
MOST_COINS = 60  # whose value is asked
WALLET = frozenset({"binance", "binanceusdm", "bybit"})
"""Exchanges whose `total` of a perpetual account is what was paid in and realized, without open results."""
EQUITY = frozenset({"okx"})
"""Those whose `total` has the open results in it. Of others it was not looked at: no perpetuals are shown."""
_AWAY = ("NetworkError", "OperationFailed", "NotAvailable", "RateLimitExceeded")
_REFUSED = ("AuthenticationError", "PermissionDenied", "AccountSuspended")


class ExchangeSource(AccountSource):
    """One account at one exchange."""

    rule = "ccxt"

    def __init__(self, name: str, settings: AttachSettings, store: AccountStore, keys: Mapping[str, str]) -> None:
        """Make it; nothing is read before `look`.

        Args:
            name: on the desk.
            settings: its table.
            store: keeps fills and equity.
            keys: key, secret and password of the API.

        Raises:
            ConfigError: ccxt is not installed.
            RefusedError: ccxt knows no such exchange, or Aion not what its figures of perpetuals mean.
        """
        super().__init__(name)
        self._ccxt = need("ccxt.async_support", "ccxt")
        self._settings, self._store = settings, store
        if settings.exchange not in self._ccxt.exchanges:
            raise RefusedError(f"exchange {settings.exchange!r} is none that ccxt knows, such as binance or kraken")
        self._is_spot = settings.market == "spot"
        if not self._is_spot and settings.exchange not in WALLET | EQUITY:
            known = ", ".join(sorted(WALLET | EQUITY))
            raise RefusedError(
                f"perpetuals of {settings.exchange} cannot be shown: what its balance means is known of {known} alone"
            )
        self._has_keys = bool(keys.get("key") and keys.get("secret"))
        self._api = self._connect(keys)
        self._known: dict[str, Json] | None = None
        self._marks: dict[str, str] = {}
        self._is_whole = False
        self._prices: dict[str, Decimal] = {}

    def _connect(self, keys: Mapping[str, str]) -> Any:
        settings = self._settings
        options: Json = {
            "defaultType": settings.market, "warnOnFetchOpenOrdersWithoutSymbol": False, "fetchMargins": False,
        }  # fmt: skip
        if settings.exchange in WALLET | EQUITY:  # of the others all markets are loaded
            perpetual = "swap" if settings.exchange in EQUITY else "linear"
            options["fetchMarkets"] = {"types": ["spot" if self._is_spot else perpetual]}
        api = getattr(self._ccxt, settings.exchange)(
            {
                "apiKey": keys.get("key", ""),
                "secret": keys.get("secret", ""),
                "password": keys.get("password", ""),
                "enableRateLimit": True,
                "timeout": int(LIMIT_S * 1000),
                "options": options,
            }
        )
        api.number = str
        api.has["fetchCurrencies"] = False  # needs more rights than what is shown
        if settings.sandbox:
            api.set_sandbox_mode(True)
        if settings.url:
            api.urls["api"] = through(api.urls["api"], settings.url)
        return api

    async def look(self, now: datetime) -> None:
        """Read it.

        Raises:
            AttachError: it cannot be read.
        """
        if not self._has_keys:
            raise RefusedError(missing_keys(self.name))
        if not self._api.markets:
            await self._call(self._api.load_markets(), LIMIT_S * 4)
        if self._known is None:
            kept, self._marks = self._store.load()
            self._known = {each["id"]: each for each in kept}
        balance = totals_of(await self._call(self._api.fetch_balance()))
        positions = [] if self._is_spot else await self._call(self._api.fetch_positions())
        currency = self._currency(balance, positions)
        is_fresh = await self._read_fills(self._known, balance, positions, currency, now)
        orders = await self._orders(currency)
        await self._ask_prices(balance, currency)
        if is_fresh or not self.book.fills:
            self._book(currency)
        self.reading = self._read(balance, positions, orders, currency, now)
        self._store.mark(now, float(self.reading.equity))
        self.reading.curve = dict(self._store.curve) | {iso(now): float(self.reading.equity)}

    async def _call(self, call: Awaitable[Any], limit_s: float = LIMIT_S) -> Any:
        """Return what a call of ccxt gives; its errors become ours."""
        try:
            async with asyncio.timeout(limit_s):
                return await call
        except TimeoutError:
            raise AwayError(f"{self._settings.exchange} did not answer within {limit_s:g} s") from None
        except self._ccxt.BaseError as error:
            raise self._problem(error) from None

    def _problem(self, error: Exception) -> Exception:
        kinds = {each.__name__ for each in type(error).__mro__}
        where = self._settings.exchange
        said = printable(" ".join(str(error).split()))[:SHOWN]
        if kinds & set(_REFUSED):
            return RefusedError(f"{where} does not accept the keys that it was given ({said}); check both")
        if "InvalidNonce" in kinds:
            return AwayError(f"{where} says that the time of this machine is wrong: {said}")
        if "RequestTimeout" in kinds:
            return AwayError(f"{where} did not answer within {LIMIT_S:g} s")
        if kinds & set(_AWAY):
            return AwayError(f"{where} cannot be reached: {said}")
        return AwayError(f"{where} answered what is no answer: {said}")

    def _currency(self, balance: Mapping[str, Decimal], positions: Sequence[Json]) -> str:
        """Return the currency to show."""
        if self._settings.currency:
            return self._settings.currency
        settled = sorted({settle_of(self._api.market(each["symbol"])) for each in positions if size_of(each)})
        if len(settled) == 1:
            return settled[0]
        quotes = {str(market["quote"]) for market in self._api.markets.values()}
        found = [coin for coin, total in balance.items() if total and coin in quotes and coin in _MONEY]
        if len(found) == 1:
            return found[0]
        held = ", ".join(sorted(found)) or "none of the usual ones"
        raise RefusedError(f"it holds {held}: one bot has one currency, so choose it with `currency`, such as USDT")

    # fills

    async def _read_fills(
        self, known: dict[str, Json], balance: Mapping[str, Decimal], positions: Sequence[Json], currency: str,
        now: datetime,
    ) -> bool:  # fmt: skip
        """Read the fills that are new; tell whether there are any."""
        about = self._about()
        if about.get("symbolRequired", True):
            symbols: list[str | None] = list(self._symbols(known, balance, positions, currency))
        else:
            symbols = [None]
        left, is_fresh, self._is_whole = MOST_SPANS, False, True
        for symbol in symbols:
            left, fresh, is_done = await self._read_symbol(known, symbol, about, now, left)
            is_fresh |= fresh
            self._is_whole &= is_done
        return is_fresh

    def _about(self) -> Json:
        """Return what ccxt knows of an exchange's list of fills."""
        found = (self._api.features or {}).get("spot" if self._is_spot else "swap") or {}
        if not self._is_spot:
            found = found.get("linear") or found
        about: Json = found.get("fetchMyTrades") or {}
        return about

    def _symbols(
        self, known: Mapping[str, Json], balance: Mapping[str, Decimal], positions: Sequence[Json], currency: str
    ) -> list[str]:
        """Return the markets whose fills are asked for, where an exchange does not list all at once."""
        found = {*self._settings.symbols, *(each["symbol"] for each in known.values())}
        if self._is_spot:
            found |= {f"{coin}/{currency}" for coin, total in balance.items() if total}
        found |= {each["symbol"] for each in positions if size_of(each)}
        return sorted(each for each in found if each in self._api.markets)

    async def _read_symbol(
        self, known: dict[str, Json], symbol: str | None, about: Json, now: datetime, left: int
    ) -> tuple[int, bool, bool]:
        """Read the fills of a market; return the spans left to read, whether any is new, whether all are there."""
        mark, now_ms = f"fills {symbol or ''}", int(now.timestamp() * 1000)
        begin = int(self._marks.get(mark) or self._since(now).timestamp() * 1000)
        widest = int((about.get("untilDays") or 7) * DAY_MS)
        most, width, is_fresh = int(about.get("limit") or PAGE), widest, False
        while begin < now_ms:
            if not left:
                return 0, is_fresh, False
            left -= 1
            end = min(begin + width, now_ms + OVERLAP_MS)  # clocks differ
            page = await self._call(self._api.fetch_my_trades(symbol, begin, about.get("limit"), {"until": end}))
            if any(int(each["timestamp"]) > end for each in page):
                raise WrongError(
                    f"the fills of {self._settings.exchange} cannot be read in full: it gives others than asked for"
                )
            if len(page) >= most and width > 1:
                width = max(1, min(width, end - begin) // 2)  # it may be cut: half of the span
                continue
            fresh = [each for each in map(kept_of, page) if each["id"] not in known]
            await self._rate(fresh)
            begin = end + 1 if end < now_ms else max(begin, now_ms - OVERLAP_MS)
            self._marks[mark] = str(begin)
            if fresh or end >= now_ms:
                is_fresh |= bool(fresh)
                self._store.add(((each["id"], time_of(each), each) for each in fresh), {mark: str(begin)})
                known |= {each["id"]: each for each in fresh}
            if end >= now_ms:
                break
            width = min(width * 2, widest)
        return left, is_fresh, True

    async def _rate(self, fresh: Sequence[Json]) -> None:
        """Note what a third coin in which a fee was taken is worth now, in the quote of its market."""
        for each in fresh:
            market = self._api.market(each["symbol"])
            own = {market["base"], market["quote"], market.get("settle")}
            pair = f"{each['coin']}/{settle_of(market)}"
            if each["coin"] in own or not each["coin"] or pair not in self._api.markets:
                continue
            if each["coin"] not in self._prices:
                last = (await self._call(self._api.fetch_ticker(pair))).get("last")
                if last is None:
                    continue
                self._prices[each["coin"]] = amount(last, f"price of {pair}")
            each["rate"] = text(self._prices[each["coin"]])

    def _since(self, now: datetime) -> datetime:
        """Return from when on fills are read."""
        if self._settings.since is not None:
            return datetime.combine(self._settings.since, datetime.min.time(), UTC)
        if "since" not in self._marks:
            self._marks["since"] = iso(now - FIRST)
            self._store.add((), {"since": self._marks["since"]})
        return datetime.fromisoformat(self._marks["since"])

    def _book(self, currency: str) -> None:
        """Pair the fills that are known."""
        assert self._known is not None
        fills = []
        for each in sorted(self._known.values(), key=lambda each: (each["ms"], each["id"])):
            market = self._api.markets.get(each["symbol"])
            if market is None or settle_of(market) != currency:
                continue
            fill = fill_of(each, market, is_spot=self._is_spot)
            rates = {each["coin"]: Decimal(each["rate"])} if each.get("rate") else {}
            fills.append(valued(fill, currency, rates, str(market["base"]) if self._is_spot else ""))
        self.book = Book(in_order(fills), is_fifo=self._settings.cost_basis == "fifo")

    # what is there now

    async def _orders(self, currency: str) -> dict[str, Json]:
        try:
            found = await self._call(self._api.fetch_open_orders())
        except AwayError:
            found = []
            for symbol in sorted({fill.symbol for fill in self.book.fills.values()} | set(self._settings.symbols)):
                found += await self._call(self._api.fetch_open_orders(symbol))
        own = [each for each in found if settle_of(self._api.market(each["symbol"])) == currency]
        return {f"o-{each['id']}"[:128]: order_of(each) for each in own}

    async def _ask_prices(self, balance: Mapping[str, Decimal], currency: str) -> None:
        """Ask for the newest price of each coin that is held, in the account's currency."""
        coins = {coin for coin, total in balance.items() if total} if self._is_spot else set[str]()
        pairs = {
            coin: symbol
            for coin in sorted(coins - {currency})
            if (symbol := f"{coin}/{currency}") in self._api.markets
        }
        wanted = dict(list(pairs.items())[:MOST_COINS])
        if not wanted:
            return
        symbols = list(wanted.values())
        if self._api.has.get("fetchTickers"):
            tickers = await self._call(self._api.fetch_tickers(symbols))
        else:
            tickers = {each: await self._call(self._api.fetch_ticker(each)) for each in symbols}
        for coin, symbol in wanted.items():
            last = (tickers.get(symbol) or {}).get("last")
            if last is not None and (price := amount(last, f"price of {symbol}")) > 0:
                self._prices[coin] = price

    def _read(
        self, balance: Mapping[str, Decimal], positions: Sequence[Json], orders: dict[str, Json], currency: str,
        now: datetime,
    ) -> Reading:  # fmt: skip
        cash = balance.get(currency, ZERO)
        mode = self._settings.mode or ("paper" if self._settings.sandbox else "live")
        reading = Reading(currency, mode, now, cash, cash, account=self._settings.exchange)
        reading.orders = orders
        if self._is_spot:
            self._hold_coins(reading, balance, currency)
        else:
            self._hold_contracts(reading, positions, balance, currency)
        if not self._is_whole:
            reading.notes.append("Its past is being read: not all fills are there yet.")
        reading.notes.append(
            f"Results are of the fills since {self._since(now):%-d %b %Y}; funding is in none of them."
        )
        if self._is_spot:
            reading.notes[-1] = reading.notes[-1].replace("; funding is in none of them", "")
        self._note_clock(reading)
        return reading

    def _hold_coins(self, reading: Reading, balance: Mapping[str, Decimal], currency: str) -> None:
        """Add what a spot account holds: a position where the fills explain it, a sentence where they do not."""
        reading.unrealized = ZERO
        unexplained, unpriced = list[str](), list[str]()
        for coin, total in sorted(balance.items()):
            if coin == currency or not total:
                continue
            price = self._prices.get(coin)
            if price is None:
                unpriced.append(f"{text(total)} {coin}")
                continue
            value = value_of(price, total)
            reading.equity += value
            symbol = f"{coin}/{currency}"
            held = self.book.holdings.get(symbol)
            if held is None or abs(held.quantity - total) > max(least_of(self._api.markets[symbol]), total / 1000):
                if value >= 1:
                    unexplained.append(f"{text(total)} {coin}")
                continue
            gained = held.gained(price)
            reading.unrealized += gained
            reading.positions[symbol] = {
                "quantity": text(total),
                "average_price": text(held.average),
                "last_price": text(price),
                "market_value": text(value),
                "unrealized_pnl": text(gained),
                "opened_at": iso(held.opened_at),
                "marked_at": iso(reading.as_of),
            }
        if unexplained:
            reading.unrealized = None
            reading.notes.append(
                f"It also holds {listed(unexplained)}, which its fills do not explain: in equity, in no position."
            )
        if unpriced:
            reading.notes.append(f"{listed(unpriced)} has no market in {currency}: in no sum.")

    def _hold_contracts(
        self, reading: Reading, positions: Sequence[Json], balance: Mapping[str, Decimal], currency: str
    ) -> None:
        """Add the positions of a perpetual account, as the exchange says them."""
        reading.unrealized, others = ZERO, set[str]()
        for each in positions:
            if not size_of(each):
                continue
            market = self._api.market(each["symbol"])
            if settle_of(market) != currency:
                others.add(settle_of(market))
                continue
            key, value, gained = position_of(each, market)
            if key in reading.positions:  # long and short side by side
                key, value = f"{key} {each['side']}"[:128], value | {"symbol": key}
            reading.positions[key] = value | {"marked_at": iso(reading.as_of)}
            reading.unrealized += gained
        if self._settings.exchange in WALLET:
            reading.equity += reading.unrealized
        else:
            reading.cash = reading.equity - reading.unrealized
        others |= {coin for coin, total in balance.items() if total and coin != currency}
        if others:
            reading.notes.append(f"Money in {listed(sorted(others))} is in no sum.")

    def _note_clock(self, reading: Reading) -> None:
        headers = self._api.last_response_headers or {}
        with suppress(TypeError, ValueError):
            ahead_s = parsedate_to_datetime(str(headers.get("Date") or "")).timestamp() - time.time()
            if abs(ahead_s) > SKEW_S:
                way = "ahead of" if ahead_s > 0 else "behind"
                reading.notes.append(f"The exchange's clock is {abs(ahead_s):.0f} s {way} this machine's.")

    def describe(self) -> str:
        """Return what answered."""
        kind = "spot" if self._is_spot else "perpetuals"
        return f"{self._settings.exchange}, {kind}, {len(self.book.fills)} fills"

    def compared(self) -> list[Compared]:
        """Return the quantities of positions, which the fills come to as well."""
        assert self.reading is not None
        found = []
        for symbol, position in self.reading.positions.items():
            held = self.book.holdings.get(str(position.get("symbol", symbol)))
            booked = held.quantity if held is not None else ZERO
            found.append((f"quantity of {symbol}", amount(position["quantity"], "quantity"), booked))
        return found

    async def close(self) -> None:
        """Close its connections."""
        with suppress(OSError, self._ccxt.BaseError):  # a socket that is gone already
            await self._api.close()


_MONEY = frozenset({"USD", "USDT", "USDC", "EUR", "GBP", "JPY", "TRY", "BRL", "AUD", "KRW", "FDUSD", "DAI", "TUSD"})
"""What an account is kept in, where nothing says it."""
