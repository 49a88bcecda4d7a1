"""What documents say of an account's positions, and of how it has done so far."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from aion import performance
from aion.clock import iso
from aion.model import ONE
from aion.output.day_record import Peak
from aion.output.encode import Json, number
from aion.trading.broker import PaperBroker
from aion.trading.portfolio import Portfolio


def positions_json(portfolio: Portfolio, broker: PaperBroker, marked_at: Mapping[str, datetime]) -> Json:
    """Return what is held by symbol.

    Args:
        portfolio: holds it.
        broker: knows its exits, and what is not booked.
        marked_at: market time of the newest price by symbol.
    """
    shown: Json = {}
    for symbol, held in portfolio.positions().items():
        stop, target = broker.exit_levels(symbol)
        value: Json = {
            "quantity": number(held.quantity),
            "average_price": number(held.average_price),
            "last_price": number(portfolio.marks[symbol]),
            "market_value": number(portfolio.market_value(symbol)),
            "unrealized_pnl": number(portfolio.unrealized_pnl(symbol)),
            "opened_at": iso(held.opened_at),
        }
        if held.multiplier != ONE:
            value["multiplier"] = number(held.multiplier)
        if held.funding:
            value["funding"] = number(held.funding)
        if margin := portfolio.margin(symbol):
            value["margin"] = number(margin)
        weight = portfolio.weight(symbol)
        if weight is not None:
            value["weight"] = round(weight, 6)
        if symbol in marked_at:
            value["marked_at"] = iso(marked_at[symbol])
        if stop is not None:
            value["stop_loss"] = number(stop)
        if target is not None:
            value["take_profit"] = number(target)
        if held.carried:
            value["carried"] = held.carried
        if why := broker.corporate.why(symbol):
            value["not_booked"] = why
        shown[symbol] = value
    return shown


def stats_json(portfolio: Portfolio, realized: Sequence[float], peak: Peak, average_equity: float) -> Json:
    """Return how an account has done.

    Args:
        portfolio: of it.
        realized: results of its closed trades, money.
        peak: its highest equity, and the falls from it.
        average_equity: mean over its marks, money.
    """
    values = [number(portfolio.market_value(symbol)) for symbol in portfolio.symbols]
    figures = {
        "exposure": performance.exposure(values, number(portfolio.equity())),
        "win_rate": performance.win_rate(realized),
        "profit_factor": performance.profit_factor(realized),
        "turnover": performance.turnover(number(portfolio.traded_value), average_equity),
        "drawdown": peak.drawdown,
        "max_drawdown": peak.max_drawdown,
    }
    shown: Json = {name: round(value, 6) for name, value in figures.items() if value is not None}
    shown["closed_trades"] = len(realized)
    shown["wins"] = performance.wins(realized)
    if peak.at is not None:
        shown["peak_at"] = iso(peak.at)
    return shown
