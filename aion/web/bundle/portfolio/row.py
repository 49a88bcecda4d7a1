"""Exposure by symbol, and pages of the positions and trades of all bots: filtered, sorted and cut on the desk.

Money of two currencies has no order, so rows that are sorted by money stand by currency first.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode
from weakref import WeakKeyDictionary

from aion.errors import ConfigError
from aion.model import Mode
from aion.store.document.base import made
from aion.store.document.part import Position, Trade
from aion.web.bundle.document import BotRow
from aion.web.bundle.exact import total
from aion.web.bundle.portfolio.document import MOST_NAMED, Exposure, PositionLine, PositionPage, TradeLine, TradePage
from aion.web.bundle.total import Held, most_decimals
from aion.web.bundle.view import Card, position_of, weight_of

MOST_ROWS = 500
MOST_EXPOSURES = 500
MOST_FILTER = 60  # characters
Part = Literal["positions", "trades"]
PositionSort = Literal["symbol", "bot", "quantity", "value", "result", "weight", "opened_at"]
TradeSort = Literal["closed_at", "opened_at", "symbol", "bot", "quantity", "result", "fees"]
OF_MONEY = frozenset({"value", "result", "fees"})


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows are asked for."""

    part: Part
    sort: str
    is_down: bool = True
    """Largest first."""
    filter: str = ""
    """Words that must all be in symbol, bot, currency or side."""
    offset: int = 0
    limit: int = 50

    def key(self) -> str:
        """Return it as the key of a topic."""
        asked = {"sort": self.sort, "down": int(self.is_down), "filter": self.filter, "offset": self.offset}
        return f"{self.part}?{urlencode({**asked, 'limit': self.limit})}"


def query_of(key: str) -> Query | None:
    """Return what the key of a topic asks for, None where it is none that `Query.key` gives."""
    part, _, text = key.partition("?")
    found = dict(parse_qsl(text, keep_blank_values=True))
    try:
        query = Query(
            "positions" if part == "positions" else "trades", found["sort"], found["down"] == "1",
            found["filter"], int(found["offset"]), int(found["limit"]),
        )  # fmt: skip
    except (KeyError, ValueError):
        return None
    is_sort = query.sort in (_POSITION_KEYS if query.part == "positions" else _TRADE_KEYS)
    is_bound = query.offset >= 0 and 1 <= query.limit <= MOST_ROWS and len(query.filter) <= MOST_FILTER
    return query if query.key() == key and is_sort and is_bound else None


@dataclass(slots=True)
class _Held:
    row: BotRow
    equity: float
    key: str
    symbol: str
    position: Position
    held: Held


@dataclass(frozen=True, slots=True)
class _Closed:
    row: BotRow
    key: str
    symbol: str
    trade: Trade


_POSITION_KEYS: dict[str, Callable[[_Held], Any]] = {
    "symbol": lambda each: each.symbol,
    "bot": lambda each: each.row.bot,
    "quantity": lambda each: each.position.quantity,
    "value": lambda each: each.held.value,
    "result": lambda each: each.held.result,
    "weight": lambda each: weight_of(each.position, each.held, each.equity),
    "opened_at": lambda each: each.position.opened_at,
}
_TRADE_KEYS: dict[str, Callable[[_Closed], Any]] = {
    "closed_at": lambda each: each.trade.ts,
    "opened_at": lambda each: each.trade.opened_at,
    "symbol": lambda each: each.symbol,
    "bot": lambda each: each.row.bot,
    "quantity": lambda each: each.trade.quantity,
    "result": lambda each: each.trade.realized_pnl,
    "fees": lambda each: each.trade.fees,
}


def _ordered(rows: list[Any], query: Query, value: Callable[[Any], Any]) -> list[Any]:
    """Return rows in order; those that do not say what they are sorted by come last."""
    said = [(found, row) for row in rows if (found := value(row)) is not None]
    said.sort(key=itemgetter(0), reverse=query.is_down)
    if query.sort in OF_MONEY:
        said.sort(key=lambda each: (each[1].row.mode, each[1].row.currency))
    known = [row for _, row in said]
    return known + [row for row in rows if value(row) is None] if len(known) < len(rows) else known


def _words(query: Query) -> list[str]:
    return query.filter.casefold().split()


def _fits(words: list[str], *texts: str) -> bool:
    text = " ".join(texts).casefold()
    return all(word in text for word in words)


class Holders:
    """The open positions of bots, listed once for each card: of a thousand bots most are the same as before."""

    def __init__(self) -> None:
        """Know none yet."""
        self._known: WeakKeyDictionary[Card, list[_Held]] = WeakKeyDictionary()

    def of(self, cards: Iterable[Card]) -> list[_Held]:
        """Return the open positions by bot, in the order of their files."""
        found: list[_Held] = []
        for card in sorted(cards, key=lambda each: each.row.bot):
            rows = self._known.get(card)
            if rows is None:
                rows = self._known[card] = _listed(card)
            found += rows
        return found


def _listed(card: Card) -> list[_Held]:
    held = card.held.by_key
    return [
        _Held(card.row, card.doc.equity, key, position.symbol or key, position, held[key])
        for key, position in card.doc.positions.items()
        if held[key].quantity
    ]


def position_page(held: list[_Held], query: Query) -> PositionPage:
    """Return one page of the open positions."""
    words = _words(query)
    rows = [
        each
        for each in held
        if not words
        or _fits(
            words, each.symbol, each.row.bot, each.row.currency, "long" if each.position.quantity > 0 else "short"
        )
    ]
    shown = _ordered(rows, query, _POSITION_KEYS[query.sort])[query.offset : query.offset + query.limit]
    return made(PositionPage)(version=0, total=len(rows), rows=[_position_line(each) for each in shown])


def _position_line(each: _Held) -> PositionLine:
    weight = weight_of(each.position, each.held, each.equity)
    return made(PositionLine)(
        bot=each.row.bot,
        kind=each.row.kind,
        mode=each.row.mode,
        currency=each.row.currency,
        decimals=each.row.decimals,
        key=each.key,
        symbol=each.symbol,
        position=position_of(each.position, each.held, weight),
    )


def trade_page(cards: Iterable[Card], query: Query) -> TradePage:
    """Return one page of the closed trades in the newest files of the bots."""
    words = _words(query)
    rows: list[_Closed] = []
    oldest: datetime | None = None
    for card in cards:
        for key, trade in card.doc.trades.items():
            oldest = trade.ts if oldest is None else min(oldest, trade.ts)
            side = "long" if trade.side == "buy" else "short"
            if not words or _fits(words, trade.symbol, card.row.bot, card.row.currency, side, trade.reason):
                rows.append(_Closed(card.row, key, trade.symbol, trade))
    rows.sort(key=lambda each: (each.row.bot, each.key))
    shown = _ordered(rows, query, _TRADE_KEYS[query.sort])[query.offset : query.offset + query.limit]
    return made(TradePage)(
        version=0,
        total=len(rows),
        oldest=oldest,
        rows=[
            made(TradeLine)(
                bot=each.row.bot,
                kind=each.row.kind,
                mode=each.row.mode,
                currency=each.row.currency,
                decimals=each.row.decimals,
                key=each.key,
                trade=each.trade,
            )
            for each in shown
        ],
    )


def exposures(held: list[_Held]) -> list[Exposure]:
    """Return what the bots of each mode and currency hold by symbol, the largest gross value first within each."""
    groups: dict[tuple[Mode, str, str], list[_Held]] = {}
    for each in held:
        if each.row.mode is not None:
            groups.setdefault((each.row.mode, each.row.currency, each.symbol), []).append(each)
    found = [_exposure(*key, group) for key, group in groups.items()]
    return sorted(found, key=lambda each: (each.mode, each.currency, -each.gross, each.symbol))


def _exposure(mode: Mode, currency: str, symbol: str, group: list[_Held]) -> Exposure:
    values = [each.held.value for each in group if each.held.value is not None]
    long = total(value for value in values if value > 0)
    short = total(-value for value in values if value < 0)
    bots = sorted({each.row.bot for each in group})
    return made(Exposure)(
        mode=mode,
        currency=currency,
        decimals=most_decimals(currency, (each.row.decimals for each in group)),
        symbol=symbol,
        long=long,
        short=short,
        net=total((long, -short)),
        gross=total((long, short)),
        bots=bots[:MOST_NAMED],
        bots_total=len(bots),
        unvalued=len(group) - len(values),
    )


def check(query: Query) -> Query:
    """Return a query that can be the key of a topic.

    Raises:
        ConfigError: its filter is too long.
    """
    if len(query.filter) > MOST_FILTER or len(query.key()) > 150:
        raise ConfigError(f"filter {query.filter[:40]!r}... is too long: at most {MOST_FILTER} plain characters")
    return query
