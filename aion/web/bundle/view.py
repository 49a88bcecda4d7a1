"""One bot as a card shows it: its state file, bounded, with only those figures added that the file implies."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from aion import performance
from aion.store.curve import FEWEST, thin_beside
from aion.web.bundle import curve
from aion.web.bundle.document import BotView
from aion.web.bundle.exact import product, total
from aion.web.bundle.fall import closes_of, fall_of
from aion.web.state import Json, moment

_MADE_HERE = frozenset(
    {"kind", "file", "foreign", "fills_total", "trades_total", "more", "positions", "positions_total",
     "positions_value", "symbols_total", "fills", "trades", "signals", "targets", "equity_curve", "hold_curve",
     "stats", "asked", "net", "time_weighted_return", "drawdown_of", "finished"}
)  # fmt: skip
_TAKEN = tuple(field.alias or name for name, field in BotView.model_fields.items() if name not in _MADE_HERE)
_OF_LINE = ("exchange", "currency", "day", "equity", "cash", "day_pnl", "total_pnl")
_SAME = 1e-3  # a multiplier may be off a whole number by this, of it, since values are rounded
_NEAR = 0.05
_OF_SUMMARY = ("mode", "run", "cycle_id", "seq", "as_of", "written_at")


@dataclass(frozen=True, slots=True)
class Bound:
    """How much of a bot is shown."""

    rows: int = 50
    """Most entries of each map of things."""
    points: int = 300
    """Most points of a curve."""
    bots: int = 1 << 30
    """Most bots of a kind."""


class Card:
    """One bot's `BotView`, made once for a document and cut to any size after that."""

    def __init__(self, doc: Json, kind: str, file: str, asked: Json, *, foreign: bool) -> None:
        """Make it.

        Args:
            doc: a checked `sim_log` or `swing_rolling` document.
            kind: `intraday` or `swing`.
            file: its path.
            asked: `Asked` of the bot.
            foreign: True for a bot that is not one of Aion's own jobs.
        """
        self.doc = doc
        self.asked = asked
        self.kind = kind
        self.file = file
        self.foreign = foreign
        self.whole = _whole(doc, kind, file, foreign=foreign) | {"asked": asked}
        """The `BotView` with everything in it, all in order."""
        self.closes = closes_of({moment(ts): value for ts, value in self.whole["equity_curve"].items()})
        """Its equity at the end of each day, for sums with other bots."""
        self._encoded: dict[tuple[int, int], orjson.Fragment] = {}

    def is_of(self, doc: Json, asked: Json, *, foreign: bool) -> bool:
        """Return True if this card was made of the very same document."""
        return self.doc is doc and self.asked == asked and self.foreign == foreign

    def has_left_out(self, field: str) -> bool:
        """Return True if entries of a field of its document could not be read."""
        return _has_left_out(self.doc, field)

    def encoded(self, bound: Bound) -> orjson.Fragment:
        """Return the `BotView` within `bound` as JSON."""
        size = (bound.rows, bound.points)
        if size not in self._encoded:
            self._encoded[size] = orjson.Fragment(orjson.dumps(cut(self.whole, bound)))
        return self._encoded[size]


def _whole(doc: Json, kind: str, file: str, *, foreign: bool) -> Json:
    # Derived where the file does not say them: market value, unrealized result and weight of a position (from its
    # price), drawdown (from its curve), exposure and trade figures (from its positions and trades). Nothing else is.
    equity_curve = curve.in_order(doc["equity_curve"])
    positions = {symbol: _position(held, doc["equity"]) for symbol, held in doc["positions"].items()}
    shown: Json = {name: doc[name] for name in _TAKEN if name in doc}
    shown["positions"] = dict(sorted(positions.items(), key=lambda item: -abs(item[1].get("market_value", 0.0))))
    values = [held.get("market_value") for held in positions.values()]
    said = [value for value in values if value is not None]
    shown["positions_total"], shown["symbols_total"] = len(positions), len(doc["symbols"])
    if len(said) == len(values) and not _has_left_out(doc, "positions"):
        shown["positions_value"] = total(said)
    if doc.get("kind") == "finished":
        shown["finished"] = True
    for name in ("fills", "trades"):
        shown[name], shown[f"{name}_total"] = by_time(doc[name]), len(doc[name])
    shown["signals"] = dict(sorted(doc["signals"].items(), key=strength))
    targets = doc.get("targets", {})
    shown["targets"] = dict(sorted(targets.items(), key=lambda item: (item[1].get("rank", 1 << 30), item[0])))
    hold_curve = doc["hold_curve"]
    shown["equity_curve"] = equity_curve
    shown["hold_curve"] = {ts: hold_curve[ts] for ts in equity_curve if ts in hold_curve}
    grown, weighted = _grown(doc, equity_curve)
    _put(shown, "time_weighted_return", weighted)
    fall, shown_of = fall_of(doc, grown, foreign=foreign)
    stats = _stats(doc, fall, positions)
    if stats:
        shown["stats"] = stats
    if shown_of:
        shown["drawdown_of"] = shown_of
    if (net := _net(doc)) is not None:
        shown["net"] = net
    return {**_DEFAULTS, **shown, "kind": kind, "file": file, "foreign": foreign, "more": {}}


def cut(whole: Json, bound: Bound) -> Json:
    """Return a `BotView` within `bound`; `more` names the routes that have what was cut short."""
    shown, more = dict(whole), {}
    for name in ("positions", "signals", "targets", "open_orders", "rules"):
        if len(whole[name]) > bound.rows:
            shown[name] = dict(islice(whole[name].items(), bound.rows))
            more[name] = route(whole, name)
    for name in ("fills", "trades"):
        count = len(whole[name])
        if count > bound.rows:
            shown[name] = dict(islice(whole[name].items(), count - bound.rows, None))
            more[name] = route(whole, name)
    if len(whole["symbols"]) > bound.rows:
        shown["symbols"] = whole["symbols"][: bound.rows]
        more["symbols"] = route(whole, "symbols")
    if len(whole["equity_curve"]) > max(FEWEST, bound.points):
        points = max(FEWEST, bound.points)
        shown["equity_curve"], shown["hold_curve"] = thin_beside(whole["equity_curve"], whole["hold_curve"], points)
        more["curve"] = route(whole, "curve")
    return shown | {"more": more}


def view_of_line(line: Json, summary: Json, bot: str, file: str) -> Json:
    """Return the `BotView` of one of the summary's lines, for a bot whose own file is not to be had."""
    shown = dict(_DEFAULTS)
    shown.update({name: line[name] for name in _OF_LINE if name in line})
    shown.update({name: summary[name] for name in _OF_SUMMARY if name in summary})
    counts = {"fills_total": line["fills"], "trades_total": line["trades"]}
    if (net := _net(line)) is not None:
        shown["net"] = net
    return shown | counts | {"bot": bot, "kind": "intraday", "file": file}


def route(whole: Json, part: str) -> str:
    """Return the route that has the whole of a `part` of a bot."""
    return f"/api/{whole['kind']}/bots/{whole['bot']}/{part}"


def strength(item: tuple[str, Json]) -> tuple[bool, float, str]:
    """Sort key of a signal: those that ask for something first, then the strongest, then by symbol."""
    symbol, signal = item
    return signal["action"] == "hold", -signal["confidence"], symbol


def by_time(things: dict[str, Any]) -> dict[str, Any]:
    """Return `things` (each with a `ts`) in order of time, the oldest first."""
    return dict(sorted(things.items(), key=lambda item: moment(item[1]["ts"])))


def _has_left_out(doc: Json, field: str) -> bool:
    return field in doc.get("left_out", {}).get("fields", {})


def _position(held: Json, equity: float) -> Json:
    if "last_price" in held and ("market_value" not in held or "unrealized_pnl" not in held):
        held = dict(held)
        quantity, last = held["quantity"], held["last_price"]
        units = _units(held)
        if "market_value" not in held and units is not None:
            held["market_value"] = product(quantity, last, units)
        if "unrealized_pnl" not in held and units is not None:
            held["unrealized_pnl"] = product(quantity, total((last, -held["average_price"])), units)
    if "weight" not in held and "market_value" in held and equity > 0:
        held = {**held, "weight": round(held["market_value"] / equity, 6)}
    return held


def _units(held: Json) -> float | None:
    """Return the multiplier of a position: what its file says, else what its value over its price comes to.

    None where that is no number of units, because the value is marked at another price, or in another currency.
    """
    if "multiplier" in held:
        return float(held["multiplier"])
    value, plain = held.get("market_value"), held["quantity"] * held["last_price"]
    if value is None or not plain:
        return 1.0
    units = value / plain
    whole = round(units)
    if whole >= 1 and abs(units - whole) < _SAME * whole:
        return float(whole)
    # a value that is rounded, or of a mark a moment older, is that of single units
    return 1.0 if abs(units - 1) < _NEAR else None


def _net(doc: Json) -> float | None:
    said: float | None = doc.get("total_pnl", {}).get("net")
    if said is None and "start_equity" in doc:
        flows = (-flow["amount"] for flow in doc.get("flows", {}).values())
        return total((doc["equity"], -doc["start_equity"], *flows))
    return said


def _grown(doc: Json, equity_curve: curve.Curve) -> tuple[curve.Curve, float | None]:
    """Return the curve from which drawdowns are counted and the time-weighted return, if deposits are said."""
    flows = doc.get("flows", {})
    if not flows or not equity_curve:
        return equity_curve, None
    points = [(moment(ts), value) for ts, value in equity_curve.items()]
    now = moment(doc["as_of"])
    if now > points[-1][0]:
        points.append((now, doc["equity"]))
    index = performance.growth_index(points, [(moment(flow["ts"]), flow["amount"]) for flow in flows.values()])
    if index is None:
        return equity_curve, None
    return dict(zip(equity_curve, index, strict=False)), round(index[-1] - 1, 8)


def _stats(doc: Json, fall: Json, positions: Json) -> Json:
    said: Json = doc.get("stats", {})
    if said:
        return {
            name: value for name, value in said.items() if name not in ("drawdown", "max_drawdown", "peak_at")
        } | fall
    found = dict(fall)
    values = [held.get("market_value") for held in positions.values() if held["quantity"]]
    if all(value is not None for value in values) and not _has_left_out(doc, "positions"):
        _put(found, "exposure", performance.exposure([value for value in values if value is not None], doc["equity"]))
    results = [trade["realized_pnl"] for trade in doc["trades"].values()]
    if results and not _has_left_out(doc, "trades"):
        found["closed_trades"] = len(results)
        found["wins"] = performance.wins(results)
        _put(found, "win_rate", performance.win_rate(results))
        _put(found, "profit_factor", performance.profit_factor(results))
    return {"closed_trades": 0, **found} if found else {}


def _put(found: Json, name: str, value: float | None, decimals: int = 6) -> None:
    if value is not None:
        found[name] = round(value, decimals)


def _defaults() -> Json:
    fields = {
        name: field.get_default(call_default_factory=True)
        for name, field in BotView.model_fields.items()
        if not field.is_required()
    }
    return {name: value for name, value in fields.items() if value is not None}


_DEFAULTS = _defaults()
