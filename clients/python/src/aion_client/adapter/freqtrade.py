"""Shows a freqtrade strategy by its callbacks: `class Mine(AionMixin, IStrategy)`.

For a desk that reads freqtrade itself, and controls it by its API, `aion attach` needs no change of a strategy. This
mixin is for strategies that run where the desk cannot reach them otherwise.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Any, ClassVar

from freqtrade.enums import RunMode
from freqtrade.persistence import Trade

from aion_client.bot import Bot

WATCHED = (RunMode.LIVE, RunMode.DRY_RUN)


class AionMixin:
    """Reports each filled order and the prices of open trades, and obeys pause, resume, flatten and the kill switch.

    Put it before `IStrategy`. It calls your own callbacks through `super()`, so call those of it in yours.
    """

    aion: ClassVar[dict[str, Any]] = {}
    """Options of `aion_client.Bot`, such as `{"name": "mine", "data": "/srv/aion"}`."""
    aion_bot: Bot | None = None
    _is_leaving = False

    def bot_start(self, **kwargs: Any) -> None:
        """Open the bot; in a backtest nothing is reported."""
        super().bot_start(**kwargs)  # type: ignore[misc]
        config: dict[str, Any] = self.config  # type: ignore[attr-defined]
        if config.get("runmode") not in WATCHED:
            return
        given: dict[str, Any] = {
            "name": type(self).__name__,
            "currency": config["stake_currency"],
            "start": self.wallets.get_starting_balance(),  # type: ignore[attr-defined]
            "mode": "paper" if config.get("dry_run", True) else "live",
            "every": "2m",
            "strategy": type(self).__name__,
        }
        self.aion_bot = Bot(**{**given, **self.aion})

    def order_filled(self, pair: str, trade: Any, order: Any, current_time: datetime, **kwargs: Any) -> None:
        """Book what the order filled, with freqtrade's own fee rate and funding."""
        super().order_filled(pair, trade, order, current_time, **kwargs)  # type: ignore[misc]
        if self.aion_bot is None or not order.safe_filled:
            return
        if order.funding_fee:
            self.aion_bot.funding(pair, order.funding_fee, at=current_time, id=f"{trade.id}-{order.order_id}")
        is_entry = order.ft_order_side == trade.entry_side
        price, amount = order.safe_price, order.safe_filled
        fee, coin = order.safe_fee_base, trade.safe_base_currency
        if not fee:
            fee, coin = amount * price * ((trade.fee_open if is_entry else trade.fee_close) or 0.0), ""
        self.aion_bot.fill(
            pair,
            trade.entry_side if is_entry else trade.exit_side,
            amount,
            price,
            fee=fee,
            fee_currency=coin,
            at=order.order_filled_utc or current_time,
            id=f"{trade.id}-{order.order_id}",
            order_id=order.order_id,
            tag=order.ft_order_tag or (trade.enter_tag if is_entry else trade.exit_reason) or "",
            leverage=trade.leverage or None,
            contract=trade.trading_mode == "futures",
        )

    def bot_loop_start(self, current_time: datetime, **kwargs: Any) -> None:
        """Report prices, and take what the desk asks."""
        super().bot_loop_start(current_time, **kwargs)  # type: ignore[misc]
        if self.aion_bot is None:
            return
        prices = {}
        opened = Trade.get_open_trades()
        for trade in opened:
            with contextlib.suppress(Exception):  # no ticker now: the price before stays, with its time
                prices[trade.pair] = self.dp.ticker(trade.pair)["last"]  # type: ignore[attr-defined]
        self.aion_bot.mark(prices, at=current_time)
        self._is_leaving = False
        for ask in self.aion_bot.asks():
            if ask.action in ("flatten", "kill") and opened:
                self._is_leaving = True
                ask.accepted(f"{len(opened)} trades are being closed")
            else:
                ask.done()

    def confirm_trade_entry(self, *args: Any, **kwargs: Any) -> bool:
        """Refuse to open anything while the desk has paused or stopped the bot."""
        if self.aion_bot is not None and (self.aion_bot.is_paused or self._is_leaving):
            return False
        return bool(super().confirm_trade_entry(*args, **kwargs))  # type: ignore[misc]

    def custom_exit(self, *args: Any, **kwargs: Any) -> Any:
        """Leave where the desk has asked to."""
        if self._is_leaving or (self.aion_bot is not None and self.aion_bot.is_killed):
            return "aion"
        return super().custom_exit(*args, **kwargs)  # type: ignore[misc]
