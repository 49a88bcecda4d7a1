"""The figures of a freqtrade account, calculated from its database in the same way as freqtrade does.

Sources, of https://github.com/freqtrade/freqtrade at version 2026.9: freqtrade/wallets.py (`_update_dry`,
`get_starting_balance`), freqtrade/rpc/rpc.py (`_rpc_balance`, `_rpc_trade_statistics`), freqtrade/data/metrics.py
(`calculate_max_drawdown`) and freqtrade/persistence/trade_model.py (`recalc_trade_from_orders`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aion.output.encode import Json

DIGITS = 8  # freqtrade rounds each profit to them
AFTER_A_FILL = 1e-6  # of an amount: a holding recorded on the day of a fill, and equal to what stands now, is newer
MEASURED = timedelta(seconds=3)  # that the difference of two clocks may be measured wrong
_TIMES = ("open_date", "close_date", "order_date", "order_filled_date", "order_update_date", "lock_end_time")
_PRICES = ("average", "price", "stop_price", "ft_price")  # of an order, the surest first


@dataclass(frozen=True, slots=True)
class Mark:
    """The newest price of an open trade in the database."""

    price: float
    at: datetime
    is_recorded: bool
    """True where freqtrade wrote it down with its daily holdings, False for the newest fill."""


@dataclass(frozen=True, slots=True)
class Round:
    """A closed trade, summed over all its parts."""

    quantity: float
    entry_price: float
    exit_price: float
    stake: float
    """Own money that was put in, fees included: what is bought, over the leverage."""
    result: float
    """Fraction of the stake."""


def amount(row: Json, name: str, default: float = 0.0) -> float:
    """Return a number of a row; `default` if it is absent.

    Raises:
        ValueError: it is not a finite number.
    """
    value = row.get(name)
    try:
        number = default if value is None else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} {short(value)} of row {row.get('id')!r} is no number")
    return number


def time_of(text: Any) -> datetime:
    """Return a time of the database, which is UTC without a zone.

    Raises:
        ValueError: it is not a time.
    """
    try:
        return datetime.fromisoformat(str(text)).replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{short(text)} is no time") from None


def by_this_clock(row: Json, ahead_s: float, latest: datetime | None = None) -> Json:
    """Return a row with times of this machine's clock.

    Args:
        row: of a trade, an order or a lock.
        ahead_s: seconds that the clock which wrote it is ahead of this machine's; known to a second or two.
        latest: of what has happened, where what is later by that is put; None where the row says what will happen.

    Raises:
        ValueError: one is not a time.
    """
    moved = {name: time_of(row[name]) - timedelta(seconds=ahead_s) for name in _TIMES if row.get(name)}
    if latest is not None:
        moved = {name: latest if latest < at < latest + MEASURED else at for name, at in moved.items()}
    return {**row, **{name: at.replace(tzinfo=None).isoformat(" ") for name, at in moved.items()}}


def clock_note(ahead_s: float, *, is_dry: bool) -> str:
    """Return a sentence for the card about a clock that is wrong; empty where it is right."""
    if not ahead_s:
        return ""
    hours, minutes = divmod(round(abs(ahead_s) / 60), 60)
    parts = [f"{count:,} {unit}" for count, unit in ((hours, "h"), (minutes, "min")) if count]
    if abs(ahead_s) < 60:
        parts = [f"{round(abs(ahead_s) / 5) * 5} s"]  # it is known to a second or two
    how = " ".join(("about", *parts)) + (" ahead of" if ahead_s > 0 else " behind")
    shown = "times are shown by this machine's" if is_dry else "times of fills are the exchange's"
    return f"The clock of freqtrade's machine is {how} this machine's; {shown}."


def short(value: Any) -> str:
    """Return a value of the database for a message, without terminal control characters."""
    return ascii(value)[:80]


def price_of(order: Json) -> float:
    """Return the price per unit of an order; 0 if it has none."""
    return next((price for name in _PRICES if (price := amount(order, name)) > 0), 0.0)


def filled_at(order: Json) -> Any:
    """Return the time at which an order was filled; None if its row has none."""
    return order.get("order_filled_date") or order.get("order_update_date") or order.get("order_date")


def filled(orders: Sequence[Json]) -> list[Json]:
    """Return the orders that were filled at a price, at least partly."""
    return [each for each in orders if amount(each, "filled") > 0 and price_of(each) > 0]


def is_entry(trade: Json, order: Json) -> bool:
    """Return whether an order adds to its trade."""
    return str(order["ft_order_side"]) == ("sell" if trade.get("is_short") else "buy")


def leverage(trade: Json) -> float:
    """Return the leverage of a trade; 1 if it has none."""
    return amount(trade, "leverage", 1.0) or 1.0


def stake(trade: Json) -> float:
    """Return the own money that an open trade uses (its stake)."""
    if trade.get("stake_amount") is not None:
        return amount(trade, "stake_amount")
    return amount(trade, "amount") * amount(trade, "open_rate") / leverage(trade)


def newest_holdings(rows: Sequence[Json], currency: str) -> dict[str, Json]:
    """Return the newest row of `wallet_history` of each holding that has a price in `currency`."""
    found: dict[str, Json] = {}
    for row in sorted(rows, key=lambda each: str(each["timestamp"])):
        if str(row["quote_currency"]).upper() == currency and amount(row, "rate") > 0:
            found[str(row["currency"])] = row
    return found


def mark(trade: Json, orders: Sequence[Json], holdings: Mapping[str, Json]) -> Mark:
    """Return the newest price of an open trade: from freqtrade's daily record, its newest fill, or its entry.

    The record has only a day. On the day of a fill it is used if its quantity is that which the trade has now.
    """
    price, at = amount(trade, "open_rate"), time_of(trade["open_date"])
    done = [each for each in filled(orders) if filled_at(each)]
    if done:
        newest = max(done, key=lambda each: str(filled_at(each)))
        price, at = price_of(newest), max(at, time_of(filled_at(newest)))
    pair = str(trade["pair"])
    row = holdings.get(pair) or holdings.get(pair.partition("/")[0])
    if row is None:
        return Mark(price, at, is_recorded=False)
    day, held = time_of(row["timestamp"]), amount(trade, "amount")
    is_same = math.isclose(amount(row, "balance"), held, rel_tol=AFTER_A_FILL)
    if day.date() > at.date() or (day.date() == at.date() and is_same):
        return Mark(amount(row, "rate"), max(day, at), is_recorded=True)
    return Mark(price, at, is_recorded=False)


def worth(trade: Json, price: float) -> float:
    """Return the value of an open trade for its account at `price`: with leverage, its stake plus its result.

    An entry that is not filled yet is worth the money that it uses.
    """
    held, own, times = amount(trade, "amount"), stake(trade), leverage(trade)
    if held <= 0:
        return own
    if trade.get("is_short"):
        return own * (1 + times) - price * held
    if times == 1 and str(trade.get("trading_mode") or "").lower() != "futures":
        return price * held
    return price * held - own * (times - 1)


def open_profit(trade: Json, price: float) -> float:
    """Return the profit of what an open trade holds at `price`, after both fees and funding, as freqtrade rounds it.

    freqtrade counts in decimals and turns each side into a float before it takes one from the other.
    """
    held, is_short = _exact(amount(trade, "amount")), bool(trade.get("is_short"))
    entry = held * _exact(amount(trade, "open_rate"))
    exit_value = held * _exact(price)
    sign = -1 if is_short else 1
    put_in = float(entry + sign * entry * _exact(amount(trade, "fee_open")))
    got = float(exit_value - sign * exit_value * _exact(amount(trade, "fee_close")))
    if str(trade.get("trading_mode") or "").lower() == "futures":
        got += sign * amount(trade, "funding_fees")
    return round(sign * (got - put_in), DIGITS)


def _exact(value: float) -> Decimal:
    return Decimal(str(value))


def waiting(trade: Json, orders: Sequence[Json]) -> float:
    """Return the money of entries that rest unfilled, as a dry run of freqtrade adds it to the balance."""
    if str(trade.get("trading_mode") or "").lower() == "futures":
        return 0.0
    return math.fsum(
        (amount(order, "amount") or amount(order, "ft_amount")) * price_of(order) / leverage(trade)
        for order in orders
        if order.get("ft_is_open") and is_entry(trade, order)
    )


def free(start: float, trades: Sequence[Json]) -> float:
    """Return free money: start money plus results of closed trades and parts, less the stakes of open trades."""
    opened = [each for each in trades if each["is_open"]]
    results = math.fsum(amount(each, "close_profit_abs") for each in trades if not each["is_open"])
    parts = math.fsum(amount(each, "realized_profit") for each in opened)
    return start + results + parts - math.fsum(stake(each) for each in opened)


def falls(results: Sequence[float], base: float) -> tuple[float, float]:
    """Return the largest and the present drawdown of closed trades, as fractions of the account.

    The largest is the one that cost most money, as in freqtrade's `/profit`; an earlier one, of a smaller account,
    may be larger in per cent.

    Args:
        results: results of closed trades, in order of their close.
        base: money of the account before them, above 0.
    """
    total = peak = deepest = largest = 0.0
    for result in results:
        total += result
        peak = max(peak, total)
        if peak - total > deepest:
            deepest, largest = peak - total, (peak - total) / (base + peak)
    return largest, (peak - total) / (base + peak)


def whole(trade: Json, orders: Sequence[Json]) -> Round:
    """Return a closed trade over all its parts: averages weighted by quantity, and its return on its own money."""
    rate = amount(trade, "fee_open") * (-1 if trade.get("is_short") else 1)
    profit, times = amount(trade, "close_profit_abs"), leverage(trade)
    done = filled(orders)
    entries = [_part(each) for each in done if is_entry(trade, each)]
    exits = [_part(each) for each in done if not is_entry(trade, each)]
    quantity, opened, closed = amount(trade, "amount"), amount(trade, "open_rate"), amount(trade, "close_rate")
    put_in = quantity * opened
    if entries and exits and min(_sum(entries), _sum(exits)) > 0:
        put_in = math.fsum(size * price for size, price in entries)
        if len(entries) + len(exits) > 2:
            quantity = round(_sum(exits), 12)
            opened = _near(put_in / _sum(entries), opened)
            closed = _near(math.fsum(size * price for size, price in exits) / _sum(exits), closed)
    own = put_in * (1 + rate) / times
    said = trade.get("close_profit")
    result = amount(trade, "close_profit") if said is not None else profit / own if own > 0 else 0.0
    return Round(quantity, opened, closed, own, result)


def _part(order: Json) -> tuple[float, float]:
    """Return the quantity of an order, less a fee that was taken in the coin, and its price."""
    return max(0.0, amount(order, "filled") - amount(order, "ft_fee_base")), price_of(order)


def _near(average: float, said: float) -> float:
    """Return freqtrade's value, which is rounded to the instrument's tick, if it agrees with the average."""
    return said if math.isclose(average, said, rel_tol=1e-9) else average


def _sum(parts: Sequence[tuple[float, float]]) -> float:
    return math.fsum(size for size, _ in parts)


def order_fee(trade: Json, order: Json) -> float:
    """Return the fee of an order in the stake currency: as taken in the coin itself, otherwise by the rate."""
    if (taken := amount(order, "ft_fee_base")) > 0:
        return round(taken * price_of(order), DIGITS)
    share = amount(trade, "fee_open" if is_entry(trade, order) else "fee_close")
    return round(share * price_of(order) * amount(order, "filled"), DIGITS)


def fees(trade: Json, orders: Sequence[Json]) -> float:
    """Return the fees of a trade so far, in the stake currency, over its orders, partial exits included."""
    if done := filled(orders):
        return round(math.fsum(order_fee(trade, each) for each in done), DIGITS)
    size = amount(trade, "amount")
    fee = amount(trade, "fee_open") * amount(trade, "open_rate") * size
    if not trade["is_open"]:
        fee += amount(trade, "fee_close") * amount(trade, "close_rate") * size
    return round(fee, DIGITS)


def borne(trade: Json, orders: Sequence[Json]) -> tuple[float, float]:
    """Return the fees and funding (positive if received) that are already in the account's result.

    freqtrade books the cost of an entry when its part is sold: for an open trade, the share that was sold counts.
    """
    if not trade["is_open"]:
        return fees(trade, orders), amount(trade, "funding_fees")
    done = filled(orders)
    entries = [each for each in done if is_entry(trade, each)]
    exits = [each for each in done if not is_entry(trade, each)]
    if not exits or not entries:
        return 0.0, 0.0
    sold = min(1.0, _sum([_part(each) for each in exits]) / (_sum([_part(each) for each in entries]) or 1.0))
    paid = math.fsum(order_fee(trade, each) for each in exits)
    paid += sold * math.fsum(order_fee(trade, each) for each in entries)
    last = max(index for index, each in enumerate(done) if not is_entry(trade, each))
    return round(paid, DIGITS), math.fsum(amount(each, "funding_fee") for each in done[: last + 1])
