"""Figures of an account of which nothing but fills is known."""

from collections.abc import Sequence
from decimal import Decimal

from aion.adapter.account.book import Book, Fill
from aion.adapter.account.document import Reading, text
from aion.adapter.problem import WrongError
from aion.clock import iso
from aion.model import ZERO


def account_of(book: Book, reading: Reading, wallet: Decimal | None) -> None:
    """Set the figures of an account of which only fills are known: open positions count at their newest price."""
    newest: dict[str, Fill] = {fill.symbol: fill for fill in book.fills.values()}
    unrealized = ZERO
    for symbol, held in book.holdings.items():
        last = newest[symbol]
        gained = held.gained(last.price)
        unrealized += gained
        reading.positions[symbol] = {
            "quantity": text(held.quantity),
            "average_price": text(held.average),
            "last_price": text(last.price),
            "marked_at": iso(last.at),
            "unrealized_pnl": text(gained),
            "opened_at": iso(held.opened_at),
        }
        if held.multiplier != 1:
            reading.positions[symbol]["multiplier"] = text(held.multiplier)
    net = book.realized - book.fees + unrealized
    reading.unrealized, reading.start = unrealized, wallet
    reading.equity = net + (wallet or ZERO)
    reading.curve, reading.is_curve_of_results = _curve(book, wallet or ZERO), wallet is not None
    if book.holdings:
        reading.notes.append("Open positions are at the price of their newest fill.")
    if wallet is None:
        reading.notes.append("The start money is not known: equity is the result so far.")


def _curve(book: Book, start: Decimal) -> dict[str, float]:
    """Return the account at the close of each trade."""
    fills = list(book.fills.values())
    if not fills:
        return {}
    curve, total = {iso(fills[0].at): float(start)}, start
    for trade in book.trades:
        total += trade.result
        curve[iso(trade.closed_at)] = float(total)
    return curve


def currency_of(found: Sequence[str], asked: str) -> str:
    """Return the currency to show.

    Args:
        found: those of the fills; "" for one that names none.
        asked: by the settings; empty for the only one.

    Raises:
        WrongError: there are several and none is chosen, or none is known.
    """
    named = [each for each in found if each]
    if asked:
        if named and asked not in named:
            raise WrongError(f"it has fills in {', '.join(named)}, none in {asked}: correct `currency`")
        return asked
    if len(named) == 1:
        return named[0]
    if named:
        raise WrongError(
            f"it has fills in {', '.join(named[:6])}: one bot has one currency, so choose it with `currency`, or "
            "attach it once for each"
        )
    raise WrongError("it does not say its currency: give it with `currency`")
