"""Rows of a bot's day files: their order, and which of them belong to one another."""

from typing import Literal, TypeVar

from aion.store.document.part import Decision, Fill, Order, Trade
from aion.store.document.state import BotActivity, SimLog
from aion.web.bundle.exact import total

Part = Literal["trades", "orders", "fills", "decisions"]
DayDoc = SimLog | BotActivity
Row = Trade | Order | Fill | Decision
Did = TypeVar("Did", bound=Row)
FLAT = 1e-9  # of the largest quantity: less is what floats leave of a position that is flat


class Found:
    """What a chain has come to, and the orders that it wants."""

    def __init__(self, part: Part, name: str, row: Row) -> None:
        """Args: part: of the row that was asked for; name: its id; row: it."""
        self.trades: dict[str, Trade] = {}
        self.orders: dict[str, Order] = {}
        self.fills: dict[str, Fill] = {}
        self.decisions: dict[str, Decision] = {}
        self.wanted: set[str] = set()
        getattr(self, part)[name] = row

    def take(self, doc: DayDoc | None, *, with_fills: bool) -> None:
        """Take the wanted orders of a day, the decisions for them, and with `with_fills` all their fills."""
        if doc is None:
            return
        for name, order in doc.orders.items():
            # a later day tells more of an order than the day of its decision
            known = self.orders.get(name)
            if name in self.wanted and (known is None or order.filled_quantity >= known.filled_quantity):
                self.orders[name] = order
        self.decisions |= {name: each for name, each in doc.decisions.items() if each.order_id in self.wanted}
        if with_fills:
            self.fills |= {name: fill for name, fill in doc.fills.items() if fill.order_id in self.wanted}


def rows_of(doc: DayDoc | None, part: Part) -> dict[str, Row]:
    """Return the rows of a part of a day's file, none where there is no file."""
    found: dict[str, Row] = getattr(doc, part) if doc is not None else {}
    return found


def newest_first(rows: dict[str, Did]) -> list[tuple[str, Did]]:
    """Return rows by time, the newest first; of one time the last in the file first."""
    return sorted(reversed(rows.items()), key=lambda item: item[1].ts, reverse=True)


def in_order(rows: dict[str, Did]) -> dict[str, Did]:
    """Return rows in order of time."""
    return dict(reversed(newest_first(rows)))


def round_trip(fills: dict[str, Fill], trade: str) -> dict[str, Fill]:
    """Return those of a symbol's fills that are of one trade, from flat to flat.

    At its first and last moment there may be fills of the trades before and after it; a trade is named after the fill
    that closed it, from which the position is followed back. Where that does not lead to flat, all are returned.
    """
    ordered = list(in_order(fills).items())
    closing = "f" + trade[1:]
    at = next((index for index, (name, _) in enumerate(ordered) if name == closing), -1)
    held = 0.0
    least = FLAT * max((fill.quantity for _, fill in ordered), default=0.0)
    for index in range(at, -1, -1):
        fill = ordered[index][1]
        held = total((held, -fill.quantity if fill.side == "buy" else fill.quantity))
        if abs(held) <= least:
            return dict(ordered[index : at + 1])
    return fills
