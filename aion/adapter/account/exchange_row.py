"""What ccxt says of an account, row by row: fills, positions and orders as Aion has them; no request is made here."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aion.adapter.account.book import Fill
from aion.adapter.account.document import amount, text
from aion.adapter.problem import WrongError
from aion.clock import iso
from aion.errors import printable
from aion.model import ZERO
from aion.money import value_of
from aion.output.encode import Json


def through(urls: Any, address: str) -> Any:
    """Return the addresses of an API with another scheme and host."""
    if isinstance(urls, dict):
        return {name: through(each, address) for name, each in urls.items()}
    if not isinstance(urls, str):
        return urls
    path = urls.partition("://")[2].partition("/")[2]
    return f"{address}/{path}" if path else address


def totals_of(balance: Json) -> dict[str, Decimal]:
    """Return what a balance holds of each coin."""
    return {
        str(coin): amount(total, f"total of {coin}")
        for coin, total in (balance.get("total") or {}).items()
        if total is not None
    }


def settle_of(market: Json) -> str:
    """Return the currency in which a market settles."""
    return str(market.get("settle") or market["quote"])


def size_of(position: Json) -> Decimal:
    """Return the contracts of a position, above 0."""
    return amount(position.get("contracts") or 0, "contracts of a position")


def least_of(market: Json) -> Decimal:
    """Return the least quantity of a market, 0 where it says none."""
    least = ((market.get("limits") or {}).get("amount") or {}).get("min")
    return amount(least, "least quantity") if least is not None else ZERO


def kept_of(trade: Json) -> Json:
    """Return what is kept of a fill."""
    fee = trade.get("fee") or {}
    order = str(trade.get("order") or "")
    name = trade["id"] or f"{trade['timestamp']}-{order}"
    return {
        "id": f"{trade['symbol']} {name}",
        "ms": int(trade["timestamp"]),
        "symbol": trade["symbol"],
        "side": trade["side"],
        "quantity": str(trade["amount"]),
        "price": str(trade["price"]),
        "fee": str(fee["cost"]) if fee.get("cost") is not None else "",
        "coin": fee.get("currency") or "",
        "order": order,
    }


def time_of(kept: Json) -> datetime:
    """Return the time of a fill that is kept."""
    return datetime.fromtimestamp(kept["ms"] / 1000, UTC)


def fill_of(kept: Json, market: Json, *, is_spot: bool) -> Fill:
    """Return a fill that is kept, for the book.

    Raises:
        WrongError: it is none.
    """
    if kept["side"] not in ("buy", "sell"):
        raise WrongError(f"fill {printable(str(kept['id']))[:60]} has the side {kept['side']!r}")
    quantity = amount(kept["quantity"], "amount of a fill")
    multiplier = Decimal(1) if is_spot else amount(market.get("contractSize") or 1, "size of a contract")
    return Fill(
        f"f-{kept['id']}"[:128], time_of(kept), kept["symbol"], kept["side"], quantity,
        amount(kept["price"], "price of a fill"), fee=amount(kept["fee"] or 0, "fee of a fill"),
        fee_currency=kept["coin"], multiplier=multiplier, order_id=kept["order"], may_short=not is_spot,
        least=least_of(market) if is_spot else ZERO,
    )  # fmt: skip


def position_of(said: Json, market: Json) -> tuple[str, Json, Decimal]:
    """Return a position's key, the position, and its open result."""
    symbol = str(said["symbol"])
    quantity = size_of(said) * (-1 if said.get("side") == "short" else 1)
    gained = amount(said.get("unrealizedPnl") or 0, f"open result of {symbol}")
    value: Json = {
        "quantity": text(quantity),
        "average_price": text(amount(said["entryPrice"], f"entry price of {symbol}")),
        "unrealized_pnl": text(gained),
    }
    multiplier = amount(market.get("contractSize") or 1, "size of a contract")
    if multiplier != 1:
        value["multiplier"] = text(multiplier)
    for name, theirs in (
        ("last_price", "markPrice"), ("leverage", "leverage"), ("liquidation_price", "liquidationPrice"),
        ("margin", "initialMargin"),
    ):  # fmt: skip
        if said.get(theirs) and (found := amount(said[theirs], f"{theirs} of {symbol}")) > 0:
            value[name] = text(found)
    if "last_price" in value:
        value["market_value"] = text(value_of(Decimal(value["last_price"]), quantity * multiplier))
    return symbol, value, gained


def order_of(said: Json) -> Json:
    """Return a resting order."""
    value: Json = {
        "ts": iso(datetime.fromtimestamp(int(said["timestamp"]) / 1000, UTC)),
        "symbol": str(said["symbol"])[:128],
        "side": said["side"],
        "type": str(said.get("type") or "limit")[:64],
        "status": str(said.get("status") or "open")[:64],
        "quantity": text(amount(said["amount"], "amount of an order")),
        "filled_quantity": text(amount(said.get("filled") or 0, "filled amount of an order")),
    }
    for name, theirs in (("limit_price", "price"), ("stop_price", "triggerPrice")):
        if said.get(theirs) and (found := amount(said[theirs], f"{theirs} of an order")) > 0:
            value[name] = text(found)
    return value
