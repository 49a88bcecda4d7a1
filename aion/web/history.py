"""What one bot did on the days that are kept: results by day, rows by page, and what stands behind one of them.

Everything is read from the day files when it is asked for. Times in them are compared as times, never as texts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import AwareDatetime, Field, ValidationError

from aion.errors import ConfigError, NotFoundError, StateError
from aion.scalar import BotKind, Day, Key, Money, Name, Text
from aion.store.document.base import Document, LeftOut, made
from aion.store.document.left_out import sound
from aion.store.document.part import Decision, Fill, Order, Pnl, Trade
from aion.store.document.state import BotActivity, SimLog, SwingRolling
from aion.store.document_file import check_schema
from aion.store.file import read_json
from aion.store.layout import SIM_LOGS, Layout, bot_activity, check_day, check_name, sim_log
from aion.web.bundle.exact import total
from aion.web.control.request import Requests
from aion.web.problem import left_out
from aion.web.reader import FileReader
from aion.web.rows import DayDoc, Found, Part, Row, in_order, newest_first, round_trip, rows_of
from aion.web.state import BotState, moment

MAX_SPAN = 400  # day files that a search behind one trade looks through


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
    kind: BotKind
    currency: str = ""
    start_equity: Money | None = None
    total: int = Field(0, description="Days that are kept; `days` may hold fewer.")
    days: dict[Day, DayResult] = Field(default_factory=dict, description="Newest first.")


class BotRows(Document):
    """One page of what a bot did; only the part that was asked for is there."""

    bot: Name
    kind: BotKind
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
    kind: BotKind
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


class _DayTrades(_DayFile):
    """As `_DayFile`, with the trades that were closed on the day."""

    trades: dict[Key, Trade] = Field(default_factory=dict)


Light = TypeVar("Light", bound=_DayFile)


@dataclass(slots=True)
class Closed:
    """Closes and closed trades of the days that are kept of a bot."""

    bot: str
    kind: BotKind
    state: BotState | None
    total: int = 0
    """Days that are kept; `equity` may hold fewer."""
    equity: dict[str, float | None] = field(default_factory=dict)
    """At each day's close, oldest first; None where it cannot be read."""
    trades: dict[str, Trade] = field(default_factory=dict)
    """In order of their closing."""
    errors: dict[str, str] = field(default_factory=dict)
    """By day: why its file cannot be read, or what was left out."""


class History:
    """Reads what one bot did."""

    def __init__(self, layout: Layout, files: FileReader, requests: Requests) -> None:
        """Args: layout: of the data folder; files: reads it; requests: knows the bots."""
        self._layout = layout
        self._files = files
        self._requests = requests

    def days(self, bot: str, limit: int) -> BotDays:
        """Return the newest `limit` days.

        Raises:
            NotFoundError: nobody of that name is known.
            StateError: a swing bot's file cannot be trusted.
        """
        kind, state = self._look(bot)
        found = made(BotDays)(bot=bot, kind=kind, currency=_currency(state))
        found.start_equity = state.start_equity if state is not None else None
        if isinstance(state, SwingRolling):
            found.total, found.days = len(closes_of_curve(state.equity_curve)), self._swing_days(state, limit)
            return found
        kept = self._kept(bot, kind)
        found.total = len(kept)
        found.days = {day: self._light(kept[day], found) for day in list(kept)[:limit]}
        return found

    def closed(self, bot: str, limit: int) -> "Closed":
        """Return the closes and closed trades of the newest `limit` days.

        Raises:
            NotFoundError: nobody of that name is known.
            StateError: a swing bot's file cannot be trusted.
        """
        kind, state = self._look(bot)
        found = Closed(bot, kind, state)
        if isinstance(state, SwingRolling):
            closes = closes_of_curve(state.equity_curve)
            found.total, found.equity = len(closes), dict(list(closes.items())[-limit:])
            first = min(found.equity) if found.total > limit else ""
            for at, rows in self._days_of(bot, kind, "trades", state, "", "", found.errors):
                if at >= first:
                    found.trades |= {name: row for name, row in rows.items() if isinstance(row, Trade)}
        else:
            kept = self._kept(bot, kind)
            found.total = len(kept)
            for day in sorted(list(kept)[:limit]):
                found.equity[day] = self._traded(day, kept[day], found)
        found.trades = in_order(found.trades)
        return found

    def _traded(self, day: str, file: str, found: "Closed") -> float | None:
        """Take the trades of a day in; return its equity, None where the file cannot be read."""
        figures, lost, _, why = self._figures(file, _DayTrades)
        if figures is None:
            found.errors[day] = why
            return None
        if lost is not None:
            found.errors[day] = f"{file}: {lost.count} entries are left out"
        found.trades |= figures.trades
        return figures.equity

    def rows(self, bot: str, part: Part, *, day: str, symbol: str, before: str, limit: int) -> BotRows:
        """Return at most `limit` rows, the newest first.

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
        found = made(BotRows)(bot=bot, kind=kind, currency=_currency(state))
        rows: dict[str, Row] = {}
        for at, each_of in self._days_of(
            bot, kind, part, state, check_day(day) if day else "", last_day, found.errors
        ):
            ordered = newest_first(each_of)
            if at == last_day:
                ids = [each for each, _ in ordered]
                ordered = ordered[ids.index(last_id) + 1 :] if last_id in ids else ordered
            for each, row in ordered:
                if symbol and row.symbol != symbol:
                    continue
                if len(rows) == limit:
                    last = next(reversed(rows))
                    found.next = f"{found.days[last]}/{last}"
                    return found.model_copy(update={part: rows})
                rows[each] = row
                found.days[each] = at
        return found.model_copy(update={part: rows})

    def chain(self, bot: str, part: Part, row: str, day: str) -> Chain:
        """Return what stands behind one row.

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
        docs: dict[str, DayDoc | None] = {}
        missing: list[str] = []

        def doc_of(at: str) -> DayDoc | None:
            if at not in docs:
                docs[at] = self._doc(kept, at, missing)
            return docs[at]

        newest = _newest_trades(part, state)
        held = newest if row in newest else rows_of(doc_of(check_day(day)), part)
        if row not in held:
            raise NotFoundError(f"there is no row {row[:128]!r} among the {part} of {bot} on {day}")
        found, asked = Found(part, row, held[row]), held[row]
        if isinstance(asked, Trade):
            span = [at for at in kept if str(asked.opened_at.date()) <= at <= str(asked.ts.date())]
            for at in sorted(span)[-MAX_SPAN:]:
                doc = doc_of(at)
                for name, fill in doc.fills.items() if doc is not None else ():
                    if fill.symbol == asked.symbol and asked.opened_at <= fill.ts <= asked.ts:
                        found.fills[name] = fill
            found.fills = round_trip(found.fills, row)
        if isinstance(asked, Decision) and asked.order_id is not None:
            found.wanted.add(asked.order_id)
        found.wanted |= set(found.orders) | {fill.order_id for fill in found.fills.values() if fill.order_id}
        near = {day, *(str(fill.ts.date()) for fill in found.fills.values())}
        near |= {str(fill.decided_at.date()) for fill in found.fills.values() if fill.decided_at is not None}
        near |= {at for at in self._after(kept, day) if part in ("orders", "decisions")}
        for at in sorted(near):
            found.take(doc_of(at), with_fills=part != "trades")
        for order in list(found.orders.values()):
            found.take(doc_of(str(order.ts.date())), with_fills=False)
        lost = found.wanted - found.orders.keys()
        if lost:
            missing.append(f"the day files that are kept hold {len(lost)} of its orders no more")
        return made(Chain)(
            bot=bot,
            kind=kind,
            currency=_currency(state),
            missing=missing,
            trades=in_order(found.trades),
            orders=in_order(found.orders),
            fills=in_order(found.fills),
            decisions=in_order(found.decisions),
        )

    def _look(self, bot: str) -> tuple[BotKind, BotState | None]:
        """Return a bot's kind and its newest state; None when it has not written yet."""
        state = self._requests.state(check_name("bot", bot))
        return ("swing" if isinstance(state, SwingRolling) else "intraday"), state

    def _kept(self, bot: str, kind: BotKind) -> dict[str, str]:
        """Return the files of a bot's days, the newest first."""
        if kind == "intraday":
            return {day: sim_log(day, bot) for day, bots in self._files.intraday_days().items() if bot in bots}
        kept: dict[str, str] = {}
        for horizon, days in self._files.swing_days().items():
            for day, bots in days.items():
                if bot in bots:
                    kept[day] = bot_activity(horizon, day, bot)
        return dict(sorted(kept.items(), reverse=True))

    def _read(self, file: str) -> DayDoc:
        if file.startswith(f"{SIM_LOGS}/"):
            return self._files.read(file, SimLog)
        return self._files.read(file, BotActivity)

    def _days_of(
        self,
        bot: str,
        kind: BotKind,
        part: Part,
        state: BotState | None,
        day: str,
        last_day: str,
        errors: dict[str, str],
    ) -> Iterator[tuple[str, dict[str, Row]]]:
        """Yield the rows of a part by day, the newest day first; files that are broken go to `errors`."""
        newest = _newest_trades(part, state)
        by_day: dict[str, dict[str, Row]] = {}
        for name, trade in newest.items():
            by_day.setdefault(str(trade.ts.date()), {})[name] = trade
        kept = self._kept(bot, kind)
        for at in sorted(kept.keys() | by_day.keys(), reverse=True):
            if (day and at != day) or (last_day and at > last_day):
                continue
            rows: dict[str, Row] = {}
            try:
                if at in kept:
                    doc = self._read(kept[at])
                    rows = {name: row for name, row in rows_of(doc, part).items() if name not in newest}
                    if (lost := left_out(kept[at], doc)) is not None:
                        errors[at] = f"{kept[at]}: {lost.reason}"
            except NotFoundError:
                pass  # packed away since the listing
            except StateError as error:
                errors[at] = str(error)
            yield at, rows | by_day.get(at, {})

    def _doc(self, kept: dict[str, str], day: str, missing: list[str]) -> DayDoc | None:
        if day not in kept:
            return None
        try:
            return self._read(kept[day])
        except NotFoundError:
            return None
        except StateError as error:
            missing.append(str(error))
            return None

    def _after(self, kept: dict[str, str], day: str) -> list[str]:
        """Return the kept day after `day`: an order of a close fills at the next open."""
        later = [at for at in kept if at > day]
        return later[-1:]

    def _light(self, file: str, about: BotDays) -> DayResult:
        figures, _, doc, why = self._figures(file, _DayFile)
        if figures is None:
            return made(DayResult)(error=why)
        about.currency = about.currency or figures.currency
        return made(DayResult)(
            equity=figures.equity,
            hold_equity=figures.hold_equity,
            pnl=figures.day_pnl,
            fills=_size(doc.get("fills")),
            trades=_size(doc.get("trades")),
        )

    def _figures(self, file: str, model: type[Light]) -> tuple[Light | None, LeftOut | None, dict[str, Any], str]:
        """Return what a model takes of a day file, what of it was left out, and the file; or why there is nothing."""
        try:
            doc, _ = read_json(self._layout.root / file, name=file, is_mended=True)
            check_schema(doc, "sim_log", file)
            figures, lost = sound(model, doc)
        except FileNotFoundError:
            return None, None, {}, "the file is gone since it was listed"
        except StateError as error:
            return None, None, {}, str(error)
        except ValidationError as error:
            return None, None, {}, f"{file}: {error.errors(include_url=False)[0]['msg']}"
        return figures, lost, doc, ""

    def _swing_days(self, state: SwingRolling, limit: int) -> dict[str, DayResult]:
        """Results of the days between two closes of the curve; costs are those of the file of each day."""
        closes, hold = closes_of_curve(state.equity_curve), closes_of_curve(state.hold_curve)
        days = list(closes)
        kept = self._kept(state.bot, "swing")
        shown: dict[str, DayResult] = {}
        for index in range(len(days) - 1, max(-1, len(days) - 1 - limit), -1):
            day = days[index]
            errors: list[str] = []
            doc = self._doc(kept, day, errors)
            fills = doc.fills if doc is not None else {}
            line = made(DayResult)(equity=closes[day], hold_equity=hold.get(day), fills=len(fills))
            start = closes[days[index - 1]] if index else state.start_equity
            if errors:
                line.error = errors[0]
            elif (lost := left_out(kept.get(day, ""), doc)) is not None:
                line.error = lost.reason
            elif start is not None:
                line.pnl = _pnl(start, closes[day], doc)
            shown[day] = line
        return shown


def _currency(state: BotState | None) -> str:
    return state.currency if state is not None else ""


def _newest_trades(part: Part, state: BotState | None) -> dict[str, Row]:
    """Return the trades in a swing bot's own file: its newest, all of them where it writes no day files."""
    return dict(state.trades) if part == "trades" and isinstance(state, SwingRolling) else {}


def closes_of_curve(curve: dict[str, float]) -> dict[str, float]:
    """Return the last value of each market day of a curve, in order of time."""
    points = sorted((moment(at), value) for at, value in curve.items())
    return {str(at.date()): value for at, value in points}


def fee_of(fill: Fill, currency: str) -> float | None:
    """Return the fee of a fill in the account's `currency`; None where the file does not say it in that."""
    if fill.fee_value is not None:
        return fill.fee_value
    return fill.fee if fill.fee_currency in (None, currency) or not fill.fee else None


def _pnl(start: float, end: float, doc: DayDoc | None) -> Pnl | None:
    """Return the result of a day by its fills, None where a fee is in another currency and its value is not said."""
    fills = list(doc.fills.values()) if doc is not None else []
    each = [fee_of(fill, doc.currency if doc is not None else "") for fill in fills]
    said = [fee for fee in each if fee is not None]
    if len(said) < len(each):
        return None
    borrow = (doc.borrow if isinstance(doc, BotActivity) else None) or 0
    fees, slippage = total(said), total(fill.slippage for fill in fills)
    net = total((end, -start))
    funding = [fill.funding for fill in fills if fill.funding is not None]
    if isinstance(doc, BotActivity) and doc.funding is not None:
        funding.append(doc.funding)
    return made(Pnl)(
        gross=total((net, fees, slippage, borrow, *(-value for value in funding))),
        fees=fees,
        slippage=slippage,
        borrow=borrow or None,
        funding=total(funding) if funding else None,
        net=net,
        net_return=round(net / start, 8) if start > 0 else None,
    )


def _size(rows: object) -> int:
    return len(rows) if isinstance(rows, dict) else 0
