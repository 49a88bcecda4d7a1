"""A bot on the desk: fills, prices and funding in; a state file out, written in the background."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from decimal import localcontext
from pathlib import Path
from typing import Any

from aion_client import argument
from aion_client.account import plain
from aion_client.argument import EXACT, Number, Time
from aion_client.control import Ask
from aion_client.errors import ClientError
from aion_client.keeper import Keeper, guarded

MODES = ("paper", "live", "replay", "backtest")


def run_name(*, is_backtest: bool) -> str:
    """Return `1`, with which a live bot goes on; of a backtest, which begins anew, a name of this moment."""
    return f"r{datetime.now(timezone.utc):%Y%m%dT%H%M%S%f}" if is_backtest else "1"


class Bot(Keeper):
    """A bot of your own on the desk.

    Every method may be called from any thread, costs well under a millisecond, and never raises into your loop: what
    cannot be booked is logged (logger `aion_client`), counted, and said on the bot's card. `strict=True` raises
    instead. A restarted program goes on where its state file ends.
    """

    def __init__(
        self,
        name: str,
        *,
        currency: str = "USD",
        start: Number = 0,
        mode: str = "paper",
        every: str | float | timedelta | None = None,
        data: str | os.PathLike[str] | None = None,
        decimals: int | None = None,
        strategy: str = "",
        rule: str = "",
        run: str = "1",
        batch: str | float | timedelta = 0.25,
        strict: bool = False,
    ) -> None:
        """Open the bot, or go on with it.

        Args:
            name: on the desk; one running program a name.
            currency: of its money, such as USD or USDT.
            start: money at the beginning, in `currency`; a bot that goes on keeps its own.
            mode: `paper`, `live`, `replay` or `backtest`; a desk shows one, bots of another are marked.
            every: how often your loop calls at least, such as `"1m"`; after one and a half of it without a call, the
                desk shows the bot as late. None: never late.
            data: the desk's data folder; default `AION_DATA`, else `aion-data`.
            decimals: of its money, 0 to 18; None for those of the currency (8 for coins).
            strategy: name of the rule, shown on the card.
            rule: the rule in one line, shown on the card.
            run: another text begins anew; curves of two runs are never joined.
            batch: least time between two writes; the last change is always written.
            strict: True to raise `ClientError` for what cannot be booked.

        Raises:
            ClientError: an argument cannot be used, or the state file is of another account.
            NameTakenError: another running program has the name.
            OSError: the folder cannot be made or written.
        """
        if mode not in MODES:
            raise ClientError(f"mode={mode!r} must be one of {', '.join(MODES)}")
        if decimals is not None and (isinstance(decimals, bool) or decimals not in range(19)):
            raise ClientError(f"decimals={decimals!r} must be a whole number from 0 to 18")
        about: dict[str, Any] = {
            "bot": argument.name_of_bot("name", name),
            "mode": mode,
            "run": argument.name_of_bot("run", run),
            "currency": argument.currency("currency", currency),
            "strategy": argument.text(strategy, 64),
            "rule": argument.text(rule),
        }
        if decimals is not None:
            about["decimals"] = decimals
        super().__init__(
            Path(data if data is not None else os.environ.get("AION_DATA") or "aion-data").absolute(),
            about,
            start=argument.number("start", start),
            every_s=argument.span("every", every),
            batch_s=argument.span("batch", batch) or 0.0,
            strict=strict,
        )

    @guarded
    def fill(
        self,
        symbol: str,
        side: str,
        quantity: Number,
        price: Number,
        *,
        fee: Number | None = None,
        fee_currency: str = "",
        fee_value: Number | None = None,
        at: Time = None,
        id: object | None = None,
        tag: str = "",
        order_id: str = "",
        slippage: Number | None = None,
        multiplier: Number = 1,
        leverage: Number | None = None,
        position: str = "",
        contract: bool = False,
    ) -> bool:
        """Book an execution; trades, positions, fees and results follow from it.

        Args:
            symbol: as the exchange names it.
            side: `buy` or `sell`.
            quantity: units, above 0.
            price: per unit, in the account's currency; below 0 where a market has such prices.
            fee: above 0 where paid, below 0 for a rebate; in `fee_currency`, default the account's.
            fee_currency: a fee in the coin that is bought is taken from what was bought.
            fee_value: of the fee in the account's currency, where it is in a coin without a price here.
            at: time of the execution; default now.
            id: of the execution at the exchange; one that was booked before is not booked again.
            tag: why, shown as the reason.
            order_id: at the exchange.
            slippage: part of the result that the price was worse than expected, money >= 0.
            multiplier: units of one contract, e.g. 100 of a US option.
            leverage: of the position, where it has one.
            position: name of one of several positions in the symbol, e.g. `long` and `short` side by side.
            contract: True for a future or perpetual, of which only results are paid; a symbol that is written as
                `BTC/USDT:USDT` is one anyway.

        Returns:
            True if it was booked; False if it was refused, or its `id` was booked before.
        """
        event: dict[str, Any] = {
            "do": "fill",
            "symbol": argument.key("symbol", symbol),
            "side": argument.side("side", side),
            "quantity": plain(argument.above_zero("quantity", quantity)),
            "price": plain(argument.number("price", price)),
            "at": argument.iso(argument.moment("at", at)),
        }
        for name, value in (("fee", fee), ("fee_value", fee_value), ("slippage", slippage)):
            if (found := self.number_or_none(f"{name} of {symbol}", name, value)) is not None:
                event[name] = plain(found)
        if event.get("slippage", "0").startswith("-"):
            raise ClientError(f"slippage={slippage!r} must be 0 or above: it is how much worse the price was")
        if (units := argument.above_zero("multiplier", multiplier)) != 1:
            event["multiplier"] = plain(units)
        if leverage is not None:
            event["leverage"] = plain(argument.above_zero("leverage", leverage))
        if fee_currency:
            event["fee_currency"] = argument.key("fee_currency", fee_currency)
        if position:
            event["position"] = argument.key("position", position)
        if contract:
            event["contract"] = True
        for name, text in (("reason", argument.text(tag)), ("order_id", argument.text(order_id, 128))):
            if text:
                event[name] = text
        if id is not None:
            event["id"] = f"f-{argument.text(id, 100)}"
        return self.take(event)

    @guarded
    def mark(self, prices: Mapping[str, Number] | str, price: Number | None = None, *, at: Time = None) -> bool:
        """Take newest prices, as `mark({"AAPL": 190.2})` or `mark("AAPL", 190.2)`; it says that the bot is alive too.

        Args:
            prices: by symbol, or one symbol. One that is NaN, None or no number is left out, with a line in the log.
            price: of the one symbol.
            at: time of the prices; default now.

        Returns:
            True if all were taken.
        """
        when = argument.moment("at", at)
        given: Mapping[str, Any] = {prices: price} if isinstance(prices, str) else prices
        if not isinstance(given, Mapping):
            raise ClientError(f"prices={given!r} must be prices by symbol, or a symbol with its price")
        found = {}
        for symbol, value in given.items():
            if (said := self.number_or_none(f"price of {symbol}", f"prices[{symbol!r}]", value)) is not None:
                found[argument.key("symbol", symbol)] = said
        with self.lock, localcontext(EXACT):
            self.check_owner()
            self.record.advance(when)
            self.account.mark(found, when)
            self.record.point()
            self.touch()
        return len(found) == len(given)

    @guarded
    def funding(
        self, symbol: str, amount: Number, *, position: str = "", at: Time = None, id: object | None = None
    ) -> bool:
        """Book funding of a contract: received above 0, paid below 0, in the account's currency.

        Args:
            symbol: of the contract.
            amount: money.
            position: as of `fill`.
            at: time; default now.
            id: at the exchange; one that was booked before is not booked again.
        """
        event = {
            "do": "funding",
            "symbol": argument.key("symbol", symbol),
            "amount": plain(argument.number("amount", amount)),
            "at": argument.iso(argument.moment("at", at)),
        }
        if position:
            event["position"] = argument.key("position", position)
        if id is not None:
            event["id"] = f"u-{argument.text(id, 100)}"
        return self.take(event)

    @guarded
    def deposit(self, amount: Number, *, at: Time = None) -> bool:
        """Book money that was paid in (above 0) or taken out (below 0): no result."""
        money = plain(argument.number("amount", amount))
        return self.take({"do": "flow", "amount": money, "at": argument.iso(argument.moment("at", at))})

    @guarded
    def signal(self, symbol: str, action: str, confidence: float = 0.0, reason: str = "") -> bool:
        """Show what the rule thinks of a symbol now: `action` such as buy, sell or hold, confidence from 0 to 1."""
        found = {
            "ts": argument.iso(argument.moment("at", None)),
            "action": argument.text(action, 32) or "hold",
            "confidence": float(argument.number("confidence", confidence)),
            "reason": argument.text(reason),
        }
        with self.lock:
            self.check_owner()
            self.signals[argument.key("symbol", symbol)] = found
            self.touch()
        return True

    @guarded
    def orders(self, orders: Mapping[str, Mapping[str, Any]]) -> bool:
        """Show these resting orders in place of those before.

        Args:
            orders: by id, each with `symbol`, `side`, `quantity`, and where they apply `type`, `limit_price`,
                `stop_price`, `reason`, `ts`.
        """
        found: dict[str, Any] = {}
        for name, each in orders.items():
            order: dict[str, Any] = {
                "ts": argument.iso(argument.moment("ts", each.get("ts"))),
                "symbol": argument.key("symbol", each.get("symbol")),
                "side": argument.side("side", each.get("side")),
                "quantity": float(argument.above_zero("quantity", each.get("quantity"))),
                "type": argument.text(each.get("type") or "market", 64),
                "status": argument.text(each.get("status") or "open", 64),
            }
            for price in ("limit_price", "stop_price"):
                if each.get(price) is not None:
                    order[price] = float(argument.number(price, each[price]))
            if each.get("reason"):
                order["reason"] = argument.text(each["reason"])
            found[f"o-{argument.text(name, 100)}"] = order
        with self.lock:
            self.check_owner()
            self.open_orders = found
            self.touch()
        return True

    @guarded
    def note(self, text: str) -> bool:
        """Show a sentence on the card; an empty one takes it back."""
        with self.lock:
            self.check_owner()
            self.caveat = argument.text(text, 1000)
            self.touch()
        return True

    @guarded
    def beat(self) -> bool:
        """Say that the bot is alive, though nothing is new."""
        with self.lock:
            self.check_owner()
            self.touch()
        return True

    def asks(self) -> Iterator[Ask]:
        """Yield what the desk asks and the bot has not answered for good, oldest first.

        The first call tells the desk that this bot can be controlled: call it in each round of your loop.
        """
        return iter(self.open_asks() or ())

    @property
    def is_paused(self) -> bool:
        """True while nothing may be opened: paused, or stopped by a kill switch."""
        return self.controls.state != "active" or self.is_killed

    @property
    def is_killed(self) -> bool:
        """True while a kill switch is on, of this bot or of all: close everything and open nothing."""
        return self.controls.inbox.killed() is not None

    @property
    def equity(self) -> float:
        """Money plus the value of the positions."""
        with self.lock, localcontext(EXACT):
            return float(self.account.equity)

    @property
    def cash(self) -> float:
        """Money that is not in positions."""
        return float(self.account.cash)

    def position(self, symbol: str, position: str = "") -> float:
        """Return the signed quantity held, 0 for none."""
        held = self.account.holdings.get(self.account.key(symbol, position))
        return float(held.quantity) if held is not None else 0.0

    def finish(self, at: Time = None) -> None:
        """End the run: the desk shows it as finished and never late; then close."""
        when = argument.moment("at", at) if at is not None or self.record.as_of is None else self.record.as_of
        with self.lock:
            self.finished_at = when
        self.close()
