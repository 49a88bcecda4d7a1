"""One bot as a card shows it: its state file, bounded, with only those figures added that the file implies."""

from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import orjson

from aion import performance
from aion.scalar import BotKind
from aion.store.curve import FEWEST, thin_beside
from aion.store.document.base import altered, made, shown_as
from aion.store.document.known import fresh_since
from aion.store.document.part import Fill, Position, Signal, Stats, Trade
from aion.store.document.piece import encode, encode_part
from aion.store.document.state import Account, BotSummary, Rolling, SimSummary
from aion.web.bundle import curve
from aion.web.bundle.controls import Asked
from aion.web.bundle.curve import Fall
from aion.web.bundle.document import BotRow, BotView
from aion.web.bundle.exact import amount, fraction, product, total
from aion.web.bundle.fall import Closes, closes_of, fall_of
from aion.web.bundle.total import Held, Holdings
from aion.web.state import BotState, moment

Did = TypeVar("Did", Fill, Trade)

MOST_SIGNALS = 50  # the strongest, as many as are ever shown
_SAME = 1e-3  # a multiplier may be off a whole number by this, of it, since values are rounded
_NEAR = 0.05
_CUT = ("positions", "signals", "targets", "open_orders", "rules")


@dataclass(frozen=True, slots=True)
class Bound:
    """How much of a bot is shown."""

    rows: int = 50
    """Most entries of each map of things."""
    points: int = 300
    """Most points of a curve."""
    bots: int = 1 << 30
    """Most bots of a kind."""


@dataclass(frozen=True, slots=True)
class Equity:
    """An equity curve, and what is made of it."""

    points: curve.Curve
    """In order of time."""
    closes: Closes
    """The last of each day, for sums with other bots."""
    fall: Fall | None

    @classmethod
    def of(cls, points: curve.Curve) -> "Equity":
        """Return what is made of the curve of a document."""
        ordered = curve.in_order(points)
        return cls(ordered, closes_of(ordered), curve.drawdown(ordered))


class Card:
    """One bot as its row and its card show it, made once for a document; the card when somebody asks for it."""

    def __init__(
        self, doc: BotState, kind: BotKind, file: str, asked: Asked, *, foreign: bool, before: "Card | None" = None
    ) -> None:
        """Make it.

        Args:
            doc: the bot's state.
            kind: of bot.
            file: its path.
            asked: of the bot.
            foreign: True for a bot that is not one of Aion's own jobs.
            before: of the same bot, if there was one; what its curve came to is taken from it if that is the same.
        """
        self.doc = doc
        self.foreign = foreign
        self.held = _holdings(doc, before)
        """Its positions, for sums with other bots."""
        is_same = before is not None and (
            before.doc.equity_curve is doc.equity_curve or before.doc.equity_curve == doc.equity_curve
        )
        if before is not None and is_same:
            doc.equity_curve = before.doc.equity_curve  # a second copy of each bot's would be most of the memory
        self.curve: Equity = before.curve if before is not None and is_same else Equity.of(doc.equity_curve)
        self.row = _row(self, kind, file, asked)
        """All of it but lists and curves."""
        self._encoded: dict[tuple[int, int], orjson.Fragment] = {}

    def place(self, machine: str, bot: str) -> None:
        """Say whose bot it is, before it is shown: the machine, and the id by which the desk knows it."""
        self.row.machine, self.row.bot = machine, bot

    @property
    def whole(self) -> BotView:
        """The `BotView` with everything in it, all in order; made anew at each look, not to be kept for all bots."""
        whole, held = self.bare(), self.held.by_key
        whole.positions = {
            symbol: position_of(each, held[symbol], weight_of(each, held[symbol], self.doc.equity))
            for symbol, each in whole.positions.items()
        }
        return whole

    def bare(self) -> BotView:
        """Return `whole` with positions as its file says them: `position_of` adds what they imply."""
        return _bare(self)

    def is_of(self, doc: Account, asked: Asked, *, foreign: bool) -> bool:
        """Return True if this card was made of the very same document."""
        return self.doc is doc and self.row.asked == asked and self.foreign == foreign

    def has_left_out(self, field: str) -> bool:
        """Return True if entries of a field of its document could not be read."""
        return _has_left_out(self.doc, field)

    def encoded(self, bound: Bound) -> orjson.Fragment:
        """Return the `BotView` within `bound` as JSON."""
        size = (bound.rows, bound.points)
        if size not in self._encoded:
            self._encoded[size] = orjson.Fragment(encode(cut(self.whole, bound)))
        return self._encoded[size]


def _row(card: Card, kind: BotKind, file: str, asked: Asked) -> BotRow:
    # Derived where the file does not say them: market value, unrealized result and weight of a position (from its
    # price), drawdown (from its curve), exposure and trade figures (from its positions and trades). Nothing else is.
    doc = card.doc
    grown, time_weighted_return = _grown(doc, card.curve.points)
    seen = card.curve.fall if grown is card.curve.points else curve.drawdown(grown)
    fall, drawdown_of = fall_of(doc, grown, seen, foreign=card.foreign)
    return shown_as(
        BotRow,
        doc,
        kind=kind,
        file=file,
        foreign=card.foreign,
        asked=asked,
        finished=doc.kind == "finished",
        symbols_total=len(doc.symbols),
        positions_total=len(doc.positions),
        positions_value=None if _has_left_out(doc, "positions") else card.held.value,
        fills_total=len(doc.fills),
        trades_total=len(doc.trades),
        time_weighted_return=time_weighted_return,
        drawdown_of=drawdown_of,
        stats=_stats(doc, fall, card.held),
        net=_net(doc),
    )


def _bare(card: Card) -> BotView:
    doc = card.doc
    shown = shown_as(BotView, doc, card.row)
    sizes = {symbol: -abs(held.value or 0.0) for symbol, held in card.held.by_key.items()}
    shown.positions = {symbol: doc.positions[symbol] for symbol in sorted(sizes, key=sizes.__getitem__)}
    shown.fills, shown.trades = by_time(doc.fills), by_time(doc.trades)
    shown.signals = dict(sorted(doc.signals.items(), key=strength))
    shown.targets = dict(sorted(shown.targets.items(), key=lambda item: (item[1].rank or 1 << 30, item[0])))
    shown.equity_curve = card.curve.points
    if doc.hold_curve:
        shown.hold_curve = {ts: doc.hold_curve[ts] for ts in shown.equity_curve if ts in doc.hold_curve}
    return shown


def cut(whole: BotView, bound: Bound) -> BotView:
    """Return a `BotView` within `bound`; `more` names the routes that have what was cut short."""
    shown, more = whole.model_copy(), dict[str, str]()
    for name in _CUT:
        things = getattr(whole, name)
        if len(things) > bound.rows:
            setattr(shown, name, dict(islice(things.items(), bound.rows)))
            more[name] = route(whole, name)
    if len(whole.fills) > bound.rows:
        shown.fills, more["fills"] = _last(whole.fills, bound.rows), route(whole, "fills")
    if len(whole.trades) > bound.rows:
        shown.trades, more["trades"] = _last(whole.trades, bound.rows), route(whole, "trades")
    if len(whole.symbols) > bound.rows:
        shown.symbols, more["symbols"] = whole.symbols[: bound.rows], route(whole, "symbols")
    points = max(FEWEST, bound.points)
    if len(whole.equity_curve) > points:
        shown.equity_curve, shown.hold_curve = thin_beside(whole.equity_curve, whole.hold_curve, points)
        more["curve"] = route(whole, "curve")
    shown.more = more
    return shown


def _last(things: dict[str, Did], count: int) -> dict[str, Did]:
    return dict(islice(things.items(), len(things) - count, None))


def view_of_line(line: BotSummary, summary: SimSummary, bot: str, file: str, asked: Asked) -> BotView:
    """Return the `BotView` of one of the summary's lines, for a bot whose own file is not to be had."""
    shown = shown_as(BotView, summary, line)
    shown.kind, shown.bot, shown.file, shown.asked, shown.due_at = "intraday", bot, file, asked, None
    shown.fills, shown.fills_total = {}, line.fills
    shown.trades, shown.trades_total = {}, line.trades
    shown.net = line.total_pnl.net if line.total_pnl is not None else None
    return shown


def route(whole: BotView, part: str) -> str:
    """Return the route that has the whole of a `part` of a bot."""
    return f"/api/{whole.kind}/bots/{whole.bot}/{part}"


def strength(item: tuple[str, Signal]) -> tuple[bool, float, str]:
    """Sort key of a signal: those that ask for something first, then the strongest, then by symbol."""
    symbol, signal = item
    return signal.action == "hold", -signal.confidence, symbol


def by_time(things: dict[str, Did]) -> dict[str, Did]:
    """Return `things` in order of time, the oldest first."""
    return dict(sorted(things.items(), key=lambda item: item[1].ts))


def _has_left_out(doc: Account, field: str) -> bool:
    return doc.left_out is not None and field in doc.left_out.fields


def _holdings(doc: BotState, before: "Card | None") -> Holdings:
    """Return all positions of a bot; what they are worth is taken from its card before if they are the same."""
    if before is None:
        return Holdings({key: _held(each) for key, each in doc.positions.items()})
    fresh = fresh_since(before.doc.positions, doc.positions)
    if fresh is not None:
        if not fresh:
            return before.held
        held = dict(before.held.by_key)
        held.update((key, _held(doc.positions[key])) for key in fresh)
        return Holdings(held, before.held, fresh)
    known, were = before.held.by_key, before.doc.positions
    return Holdings(
        {key: known[key] if were.get(key) is each else _held(each) for key, each in doc.positions.items()}
    )


def _held(held: Position) -> Held:
    last, value, result = held.last_price, held.market_value, held.unrealized_pnl
    if last is not None and (value is None or result is None) and (units := _units(held, last)) is not None:
        value = amount(product(held.quantity, last, units)) if value is None else value
        if result is None:
            result = amount(product(held.quantity, total((last, -held.average_price)), units))
    return Held(held.quantity, value, result)


def weight_of(position: Position, held: Held, equity: float) -> float | None:
    """Return the weight of a position: what its file says, else its value over the account's equity."""
    if position.weight is None and held.value is not None and equity > 0:
        return fraction(held.value / equity)
    return position.weight


def position_of(position: Position, held: Held, weight: float | None) -> Position:
    """Return a position with what it implies: value, unrealized result, and its weight."""
    return altered(position, market_value=held.value, unrealized_pnl=held.result, weight=weight)


def _units(held: Position, last: float) -> float | None:
    """Return the multiplier of a position: what its file says, else what its value over its price comes to.

    None where that is no number of units, because the value is marked at another price, or in another currency.
    """
    if held.multiplier is not None:
        return held.multiplier
    plain = held.quantity * last
    if held.market_value is None or not plain:
        return 1.0
    units = amount(held.market_value / plain)
    if units is None:
        return None
    whole = round(units)
    if whole >= 1 and abs(units - whole) < _SAME * whole:
        return float(whole)
    # a value that is rounded, or of a mark a moment older, is that of single units
    return 1.0 if abs(units - 1) < _NEAR else None


def _net(doc: Account) -> float | None:
    if doc.total_pnl is not None or doc.start_equity is None:
        return doc.total_pnl.net if doc.total_pnl is not None else None
    return total((doc.equity, -doc.start_equity, *(-flow.amount for flow in doc.flows.values())))


def _grown(doc: Account, equity_curve: curve.Curve) -> tuple[curve.Curve, float | None]:
    """Return the curve from which drawdowns are counted and the time-weighted return, if deposits are said."""
    if not doc.flows or not equity_curve:
        return equity_curve, None
    points = [(moment(ts), value) for ts, value in equity_curve.items()]
    if doc.as_of > points[-1][0]:
        points.append((doc.as_of, doc.equity))
    index = performance.growth_index(points, [(flow.ts, flow.amount) for flow in doc.flows.values()])
    if index is None:
        return equity_curve, None
    return dict(zip(equity_curve, index, strict=False)), fraction(index[-1] - 1)


def _stats(doc: Account, fall: Fall | None, positions: Holdings) -> Stats | None:
    fall = fall or Fall()
    found: dict[str, Any] = {
        "drawdown": fall.drawdown, "max_drawdown": fall.max_drawdown, "peak_at": fall.peak_at
    }  # fmt: skip
    if doc.stats is not None:
        return altered(doc.stats, **found)
    if positions.gross is not None and not _has_left_out(doc, "positions"):
        found["exposure"] = fraction(performance.exposure((positions.gross,), doc.equity))
    results = [trade.realized_pnl for trade in doc.trades.values()]
    if results and not _has_left_out(doc, "trades"):
        found |= {
            "closed_trades": len(results),
            "wins": performance.wins(results),
            "win_rate": fraction(performance.win_rate(results)),
            "profit_factor": fraction(performance.profit_factor(results)),
        }
    return made(Stats)(**found) if any(each is not None for each in found.values()) else None


class Symbols:
    """The symbols of the day-trading job as JSON, made once for a document."""

    def __init__(self, rolling: Rolling | None) -> None:
        """Args: rolling: None where there is none."""
        self.rolling = rolling
        symbols = rolling.symbols if rolling is not None else {}
        signals = {symbol: each.signal for symbol, each in symbols.items() if each.signal is not None}
        strongest = sorted(signals.items(), key=strength)[:MOST_SIGNALS]
        self.signals = [(symbol, orjson.Fragment(encode_part(signal))) for symbol, signal in strongest]
        """The strongest, as many as are ever shown."""
        self.signals_total = len(signals)
        self._encoded: orjson.Fragment | None = None

    def encoded(self) -> orjson.Fragment:
        """Return all of them, in order."""
        if self._encoded is None:
            symbols = sorted(self.rolling.symbols.items()) if self.rolling is not None else []
            found = {symbol: orjson.Fragment(encode_part(each)) for symbol, each in symbols}
            self._encoded = orjson.Fragment(orjson.dumps(found))
        return self._encoded
