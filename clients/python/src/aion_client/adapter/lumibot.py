"""Shows a lumibot strategy, live or in a backtest: `class Mine(AionMixin, Strategy)`."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, ClassVar

from aion_client.bot import Bot, run_name


class AionMixin:
    """Reports each fill and the prices of what is held; put it before `Strategy`.

    It calls your own callbacks through `super()`, so call those of it in yours.
    """

    aion: ClassVar[dict[str, Any]] = {}
    """Options of `aion_client.Bot`, such as `{"name": "mine"}`."""
    aion_bot: Bot | None = None

    def on_filled_order(self, position: Any, order: Any, price: float, quantity: Any, multiplier: float) -> None:
        """Book a fill."""
        self._book(order, price, quantity, multiplier)
        super().on_filled_order(position, order, price, quantity, multiplier)  # type: ignore[misc]

    def on_partially_filled_order(
        self, position: Any, order: Any, price: float, quantity: Any, multiplier: float
    ) -> None:
        """Book a part."""
        self._book(order, price, quantity, multiplier)
        super().on_partially_filled_order(position, order, price, quantity, multiplier)  # type: ignore[misc]

    def backup_variables_to_db(self) -> None:
        """Report prices, and carry out what the desk asks: lumibot calls this after each iteration.

        Of its callbacks it is the only one of which that is true in a backtest too.
        """
        bot, prices = self._open(), self._prices()
        bot.mark(prices, at=self._now())
        for ask in bot.asks():
            if ask.action in ("flatten", "kill") and prices:
                self.sell_all()  # type: ignore[attr-defined]
                ask.accepted(f"{len(prices)} positions are being closed")
            else:
                ask.done()
        super().backup_variables_to_db()  # type: ignore[misc]

    def on_strategy_end(self) -> None:
        """End a backtest, or give the name up."""
        super().on_strategy_end()  # type: ignore[misc]
        bot = self._open()
        bot.mark(self._prices(), at=self._now())
        if self.is_backtesting:  # type: ignore[attr-defined]
            bot.finish()
        else:
            bot.close()

    def _open(self) -> Bot:
        if self.aion_bot is None:
            is_backtest: bool = self.is_backtesting  # type: ignore[attr-defined]
            given: dict[str, Any] = {
                "name": type(self).__name__,
                "currency": str(getattr(self.quote_asset, "symbol", "USD")),  # type: ignore[attr-defined]
                "start": self.initial_budget,  # type: ignore[attr-defined]
                "mode": "backtest" if is_backtest else "live",
                "run": run_name(is_backtest=is_backtest),
                "strategy": type(self).__name__,
            }
            self.aion_bot = Bot(**{**given, **self.aion})
        return self.aion_bot

    def _prices(self) -> dict[str, Any]:
        held = [each.asset for each in self.get_positions() if each.quantity]  # type: ignore[attr-defined]
        return {
            _symbol(asset): self.get_last_price(asset)  # type: ignore[attr-defined]
            for asset in held
            if asset != self.quote_asset  # type: ignore[attr-defined]
        }

    def _book(self, order: Any, price: float, quantity: Any, multiplier: float) -> None:
        self._open().fill(
            _symbol(order.asset),
            "buy" if order.is_buy_order() else "sell",
            quantity,
            price,
            fee=order.trade_cost,
            at=self._now(),
            order_id=str(order.identifier or ""),
            tag=str(getattr(order, "tag", "") or ""),
            multiplier=multiplier or 1,
        )

    def _now(self) -> datetime:
        return self.get_datetime().astimezone(timezone.utc)  # type: ignore[attr-defined,no-any-return]


def _symbol(asset: Any) -> str:
    """Return the symbol, of an option or future with what tells it from others."""
    parts = [asset.symbol]
    if asset.expiration:
        parts.append(f"{asset.expiration:%y%m%d}")
    if str(asset.asset_type).lower().endswith("option"):
        parts.append(f"{str(asset.right)[0]}{asset.strike:g}")
    return " ".join(str(part) for part in parts)
