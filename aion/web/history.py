"""What one bot did on the days that are kept: results by day, rows by page, and what stands behind one of them.

Everything is read from the day files when it is asked for. Times in them are compared as times, never as texts.
"""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import AwareDatetime, Field, ValidationError

from aion.errors import ConfigError, NotFoundError, StateError
from aion.scalar import Day, Key, Money, Name, Text
from aion.store.document.base import Document
from aion.store.document.left_out import sound
from aion.store.document.part import Decision, Fill, Order, Pnl, Trade
from aion.store.document_file import check_schema
from aion.store.file import read_json
from aion.store.layout import Layout, bot_activity, check_day, check_name, sim_log
from aion.web.bundle.exact import total
from aion.web.control.request import Requests
from aion.web.reader import FileReader
from aion.web.state import Json, left_out, moment

Part = Literal["trades", "orders", "fills", "decisions"]
Kind = Literal["intraday", "swing"]
MAX_SPAN = 400  # day files that a search behind one trade looks through

FLAT = 1e-9  # of the largest quantity: less is what floats leave of a position that is flat


class DayResult(Document):
    """One market day of one bot."""

    equity: Money | None = Field(None, description="At the end of the day, or so far.")
    hold_equity: Money | None = None
    pnl: Pnl | None = Field(None, description="Absent where the file does not say it.")
    fills: int = 0
    trades: int | None = Field(None, description="Round trips closed; absent for a swing bot.")
    error: Text = Field("", description="Why the day's file cannot be read.")


class BotDays(Document):
    """The days that are kept of one bot."""

    bot: Name
    kind: Kind
    currency: str = ""
    start_equity: Money | None = None
    total: int = Field(0, description="Days that are kept; `days` may hold fewer.")
    days: dict[Day, DayResult] = Field(default_factory=dict, description="Newest first.")


class BotRows(Document):
    """One page of what a bot did; only the part that was asked for is there."""

    bot: Name
    kind: Kind
    currency: str = ""
    trades: dict[Key, Trade] | None = Field(None, description="Newest first, as the others.")
    orders: dict[Key, Order] | None = None
    fills: dict[Key, Fill] | None = None
    decisions: dict[Key, Decision] | None = None
    days: dict[Key, Day] = Field(default_factory=dict, description="Day of the file that holds each row.")
    next: str | None = Field(
        None, description="Send it back as `before` for the rows that follow; absent at the end."
    )
    errors: dict[Day, Text] = Field(default_factory=dict, description="Days whose file cannot be read.")


class Chain(Document):
    """What stands behind one row: the trade, its orders, their fills with bar and fees, the decisions."""

    bot: Name
    kind: Kind
    currency: str = ""
    trades: dict[Key, Trade] = Field(default_factory=dict)
    orders: dict[Key, Order] = Field(default_factory=dict)
    fills: dict[Key, Fill] = Field(default_factory=dict)
    decisions: dict[Key, Decision] = Field(default_factory=dict)
    missing: list[Text] = Field(default_factory=list, description="What is not kept any more, in words.")
    as_of: AwareDatetime | None = None


class _DayFile(Document):
    """The few figures of a day file that a list of days needs; its bars are left alone."""

    equity: Money
    currency: str
    hold_equity: Money | None = None
    start_equity: Money | None = None
    day_pnl: Pnl | None = None


class History:
    """Reads what one bot did."""

    def __init__(self, layout: Layout, files: FileReader, requests: Requests) -> None:
        """Args: layout: of the data folder; files: reads it; requests: knows the bots."""
        self._layout = layout
        self._files = files
        self._requests = requests

    def days(self, bot: str, limit: int) -> Json:
        """Return `BotDays` with the newest `limit` days.

        Raises:
            NotFoundError: nobody of that name is known.
            StateError: a swing bot's file cannot be trusted.
        """
        kind, state = self._look(bot)
        found: Json = {"bot": bot, "kind": kind, "currency": state.get("currency", "")}
        if "start_equity" in state:
            found["start_equity"] = state["start_equity"]
        if kind == "swing":
            days = self._swing_days(bot, state, limit)
            return found | {"total": len(_closes(state)), "days": days}
        kept = self._kept(bot, kind)
        days = {}
        for day in list(kept)[:limit]:
            days[day] = self._light(kept[day], found)
        return found | {"total": len(kept), "days": days}

    def rows(self, bot: str, part: Part, *, day: str, symbol: str, before: str, limit: int) -> Json:
        """Return `BotRows`: at most `limit` rows, the newest first.

        Args:
            bot: name.
            part: what is asked for.
            day: only of that market day; empty for all days.
            symbol: only of that symbol; empty for all.
            before: `next` of the page before; empty for the first.
            limit: most rows.
        """
        kind, state = self._look(bot)
        last_day, _, last_id = before.partition("/")
        if before and not last_id:
            raise ConfigError(f"before {before[:80]!r} is not what a page gave as next")
        found: Json = {"bot": bot, "kind": kind, "currency": state.get("currency", ""), "days": {}, "errors": {}}
        rows: Json = {}
        for at, doc in self._docs(bot, kind, part, state, check_day(day) if day else "", last_day, found["errors"]):
            ordered = newest_first(doc.get(part, {}))
            if at == last_day:
                ids = [each for each, _ in ordered]
                ordered = ordered[ids.index(last_id) + 1 :] if last_id in ids else ordered
            for each, row in ordered:
                if symbol and row.get("symbol") != symbol:
                    continue
                if len(rows) == limit:
                    last = next(reversed(rows))
                    return found | {part: rows, "next": f"{found['days'][last]}/{last}"}
                rows[each] = row
                found["days"][each] = at
        return found | {part: rows}

    def chain(self, bot: str, part: Part, row: str, day: str) -> Json:
        """Return `Chain` of one row.

        Args:
            bot: name.
            part: what the row is.
            row: its id.
            day: market day of the file that holds it.

        Raises:
            NotFoundError: there is no such row on that day.
        """
        kind, state = self._look(bot)
        kept = self._kept(bot, kind)
        docs: dict[str, Json] = {}
        missing: list[str] = []

        def doc_of(at: str) -> Json:
            if at not in docs:
                docs[at] = self._doc(kept, at, missing)
            return docs[at]

        newest = _newest_trades(kind, part, state)
        holder = {part: newest} if row in newest else doc_of(check_day(day))
        if row not in holder.get(part, {}):
            raise NotFoundError(f"there is no row {row[:128]!r} among the {part} of {bot} on {day}")
        found = _Found({part: {row: holder[part][row]}})
        if part == "trades":
            trade = holder[part][row]
            first, last = moment(trade["opened_at"]), moment(trade["ts"])
            span = [at for at in kept if str(first.date()) <= at <= str(last.date())]
            for at in sorted(span)[-MAX_SPAN:]:
                for name, fill in doc_of(at).get("fills", {}).items():
                    if fill["symbol"] == trade["symbol"] and first <= moment(fill["ts"]) <= last:
                        found.fills[name] = fill
            found.fills = _round_trip(found.fills, row)
        if part == "decisions" and "order_id" in holder[part][row]:
            found.wanted.add(holder[part][row]["order_id"])
        found.wanted |= set(found.orders) | {
            fill["order_id"] for fill in found.fills.values() if fill.get("order_id")
        }
        near = {day, *(str(moment(fill["ts"]).date()) for fill in found.fills.values())}
        near |= {str(moment(fill["decided_at"]).date()) for fill in found.fills.values() if "decided_at" in fill}
        near |= {at for at in self._after(kept, day) if part in ("orders", "decisions")}
        for at in sorted(near):
            found.take(doc_of(at), with_fills=part != "trades")
        for order in list(found.orders.values()):
            found.take(doc_of(str(moment(order["ts"]).date())), with_fills=False)
        lost = found.wanted - found.orders.keys()
        if lost:
            missing.append(f"the day files that are kept hold {len(lost)} of its orders no more")
        return {"bot": bot, "kind": kind, "currency": state.get("currency", ""), "missing": missing} | found.sorted()

    def _look(self, bot: str) -> tuple[Kind, Json]:
        """Return a bot's kind and its newest state; empty when it has not written yet."""
        state = self._requests.state(check_name("bot", bot))
        return ("swing" if str(state.get("schema", "")).startswith("aion/swing") else "intraday"), state

    def _kept(self, bot: str, kind: Kind) -> dict[str, str]:
        """Return the files of a bot's days, the newest first."""
        if kind == "intraday":
            return {day: sim_log(day, bot) for day, bots in self._files.intraday_days().items() if bot in bots}
        kept: dict[str, str] = {}
        for horizon, days in self._files.swing_days().items():
            for day, bots in days.items():
                if bot in bots:
                    kept[day] = bot_activity(horizon, day, bot)
        return dict(sorted(kept.items(), reverse=True))

    def _docs(
        self, bot: str, kind: Kind, part: Part, state: Json, day: str, last_day: str, errors: Json
    ) -> Iterator[tuple[str, Json]]:
        """Yield the documents that hold rows of a part, the newest day first; broken ones go to `errors`."""
        newest = _newest_trades(kind, part, state)
        by_day: dict[str, Json] = {}
        for name, trade in newest.items():
            by_day.setdefault(str(moment(trade["ts"]).date()), {})[name] = trade
        kept = self._kept(bot, kind)
        for at in sorted(kept.keys() | by_day.keys(), reverse=True):
            if (day and at != day) or (last_day and at > last_day):
                continue
            doc: Json = {}
            try:
                if at in kept:
                    doc = self._files.read(kept[at], "")
                    if (lost := left_out(kept[at], doc)) is not None:
                        errors[at] = f"{kept[at]}: {lost['reason']}"
            except NotFoundError:
                pass  # packed away since the listing
            except StateError as error:
                errors[at] = str(error)
            if newest:
                older = {name: trade for name, trade in doc.get(part, {}).items() if name not in newest}
                doc = {part: older | by_day.get(at, {})}
            yield at, doc

    def _doc(self, kept: dict[str, str], day: str, missing: list[str]) -> Json:
        if day not in kept:
            return {}
        try:
            return self._files.read(kept[day], "")
        except NotFoundError:
            return {}
        except StateError as error:
            missing.append(str(error))
            return {}

    def _after(self, kept: dict[str, str], day: str) -> list[str]:
        """Return the kept day after `day`: an order of a close fills at the next open."""
        later = [at for at in kept if at > day]
        return later[-1:]

    def _light(self, file: str, about: Json) -> Json:
        try:
            doc, _ = read_json(self._layout.root / file, name=file, is_mended=True)
            check_schema(doc, "sim_log", file)
            figures, _ = sound(_DayFile, doc)
        except FileNotFoundError:
            return {"fills": 0, "error": "the file is gone since it was listed"}
        except StateError as error:
            return {"fills": 0, "error": str(error)}
        except ValidationError as error:
            return {"fills": 0, "error": f"{file}: {error.errors(include_url=False)[0]['msg']}"}
        about["currency"] = about["currency"] or figures.currency
        shown: Json = {"equity": figures.equity, "fills": _size(doc.get("fills")), "trades": _size(doc.get("trades"))}
        if figures.hold_equity is not None:
            shown["hold_equity"] = figures.hold_equity
        if figures.day_pnl is not None:
            shown["pnl"] = figures.day_pnl.model_dump(mode="json", exclude_none=True)
        return shown

    def _swing_days(self, bot: str, state: Json, limit: int) -> Json:
        """Results of the days between two closes of the curve; costs are those of the file of each day."""
        closes = _closes(state)
        days = list(closes)
        kept = self._kept(bot, "swing")
        hold = {str(moment(at).date()): value for at, value in state.get("hold_curve", {}).items()}
        shown: Json = {}
        for index in range(len(days) - 1, max(-1, len(days) - 1 - limit), -1):
            day = days[index]
            line: Json = {"equity": closes[day], "fills": 0}
            if day in hold:
                line["hold_equity"] = hold[day]
            errors: list[str] = []
            doc = self._doc(kept, day, errors)
            fills = doc.get("fills", {}).values()
            line["fills"] = len(fills)
            start = closes[days[index - 1]] if index else state.get("start_equity")
            if errors:
                line["error"] = errors[0]
            elif (lost := left_out(kept.get(day, ""), doc)) is not None:
                line["error"] = lost["reason"]
            elif start is not None and (found := _pnl(start, closes[day], doc)) is not None:
                line["pnl"] = found
            shown[day] = line
        return shown


class _Found:
    """What a chain has come to, and the orders that it wants."""

    def __init__(self, first: dict[str, Json]) -> None:
        self.trades: Json = first.get("trades", {})
        self.orders: Json = first.get("orders", {})
        self.fills: Json = first.get("fills", {})
        self.decisions: Json = first.get("decisions", {})
        self.wanted: set[str] = set()

    def take(self, doc: Json, *, with_fills: bool) -> None:
        """Take the wanted orders of a day, the decisions for them, and with `with_fills` all their fills."""
        for name, order in doc.get("orders", {}).items():
            # a later day tells more of an order than the day of its decision
            if name in self.wanted and _filled(order) >= _filled(self.orders.get(name, {})):
                self.orders[name] = order
        for name, decision in doc.get("decisions", {}).items():
            if decision.get("order_id") in self.wanted:
                self.decisions[name] = decision
        if with_fills:
            for name, fill in doc.get("fills", {}).items():
                if fill.get("order_id") in self.wanted:
                    self.fills[name] = fill

    def sorted(self) -> Json:
        """Return all four maps in order of time."""
        parts = {"trades": self.trades, "orders": self.orders, "fills": self.fills, "decisions": self.decisions}
        return {part: dict(reversed(newest_first(rows))) for part, rows in parts.items()}


def newest_first(rows: Json) -> list[tuple[str, Json]]:
    """Return rows (each with a `ts`) by time, the newest first; of one time the last in the file first."""
    return sorted(reversed(rows.items()), key=lambda item: moment(item[1]["ts"]), reverse=True)


def _newest_trades(kind: Kind, part: Part, state: Json) -> Json:
    """Return the trades in a swing bot's own file: its newest, all of them where it writes no day files."""
    found: Json = state.get("trades", {}) if kind == "swing" and part == "trades" else {}
    return found


def _round_trip(fills: Json, trade: str) -> Json:
    """Return those of a symbol's fills that are of one trade, from flat to flat.

    At its first and last moment there may be fills of the trades before and after it; a trade is named after the fill
    that closed it, from which the position is followed back. Where that does not lead to flat, all are returned.
    """
    ordered = list(reversed(newest_first(fills)))
    closing = "f" + trade[1:]
    at = next((index for index, (name, _) in enumerate(ordered) if name == closing), -1)
    held = 0.0
    least = FLAT * max((fill["quantity"] for _, fill in ordered), default=0.0)
    for index in range(at, -1, -1):
        fill = ordered[index][1]
        held = total((held, -fill["quantity"] if fill["side"] == "buy" else fill["quantity"]))
        if abs(held) <= least:
            return dict(ordered[index : at + 1])
    return fills


def _filled(order: Json) -> float:
    return float(order.get("filled_quantity", -1.0))


def _closes(state: Json) -> dict[str, float]:
    """Return the last equity of each market day of a curve, in order of time."""
    points = sorted((moment(at), value) for at, value in state.get("equity_curve", {}).items())
    return {str(at.date()): value for at, value in points}


def fee_of(fill: Json, currency: str) -> float | None:
    """Return the fee of a fill in the account's `currency`; None where the file does not say it in that."""
    if "fee_value" in fill:
        return float(fill["fee_value"])
    return float(fill["fee"]) if fill.get("fee_currency", currency) == currency or not fill["fee"] else None


def _pnl(start: float, end: float, doc: Json) -> Json | None:
    """Return the `Pnl` of a day by its fills, None where a fee is in another currency and its value is not said."""
    fills = list(doc.get("fills", {}).values())
    each = [fee_of(fill, doc.get("currency", "")) for fill in fills]
    said = [fee for fee in each if fee is not None]
    if len(said) < len(each):
        return None
    borrow = doc.get("borrow", 0)
    fees, slippage = total(said), total(fill["slippage"] for fill in fills)
    net = total((end, -start))
    funding = [fill["funding"] for fill in fills if "funding" in fill]
    gross = total((net, fees, slippage, borrow, *(-value for value in funding)))
    found: Json = {"gross": gross, "fees": fees, "slippage": slippage, "net": net}
    if borrow:
        found["borrow"] = borrow
    if funding:
        found["funding"] = total(funding)
    if start > 0:
        found["net_return"] = round(net / start, 8)
    return found


def _size(rows: Any) -> int:
    return len(rows) if isinstance(rows, dict) else 0
