"""Shows a bot of backtrader, live or in a backtest: `cerebro.addanalyzer(Aion, bot="mine")`."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import backtrader

from aion_client.bot import Bot, run_name

TOLERANCE = 1e-9
"""Of the value; the broker reckons with doubles."""


class Aion(backtrader.Analyzer):  # type: ignore[misc]
    """Reports each execution and each bar's prices; `bot` is its name on the desk."""

    params = (
        ("bot", "backtrader"),
        ("currency", "USD"),
        ("mode", "backtest"),
        ("every", None),
        ("data", None),
        ("run", None),
        ("controls", True),
    )
    """As of `aion_client.Bot`; a backtest begins anew each time. `controls`: False to ignore requests of the desk."""

    def start(self) -> None:
        """Open the bot with the broker's money."""
        given = self.p
        is_backtest = given.mode == "backtest"
        run = given.run or run_name(is_backtest=is_backtest)
        self.client = Bot(
            given.bot,
            currency=given.currency,
            start=self.strategy.broker.getvalue(),
            mode=given.mode,
            every=given.every,
            data=given.data,
            run=run,
            strategy=type(self.strategy).__name__,
        )
        self._worth = 0.0

    def notify_order(self, order: Any) -> None:
        """Book what was executed since the last notice."""
        for bit in order.executed.iterpending() or ():
            if not bit.size:
                continue
            terms = self.strategy.broker.getcommissioninfo(order.data)
            self.client.fill(
                _symbol(order.data),
                "buy" if bit.size > 0 else "sell",
                abs(bit.size),
                bit.price,
                fee=bit.openedcomm + bit.closedcomm,
                at=_utc(bit.dt),
                order_id=str(order.ref),
                tag=str(order.info.get("name", "") or ""),
                multiplier=terms.p.mult or 1,
                contract=not terms.stocklike,
            )

    def notify_cashvalue(self, cash: float, value: float) -> None:
        """Keep the broker's own figure."""
        self._worth = value

    def next(self) -> None:
        """Report the prices of the bar."""
        prices = {_symbol(data): data.close[0] for data in self.datas if len(data)}
        self.client.mark(prices, at=_utc(self.strategy.datetime[0]))
        if self.p.controls:
            self._obey()

    def stop(self) -> None:
        """End the run; a figure of the broker that differs is said on the card."""
        self._worth = self.strategy.broker.getvalue()
        if abs(self._worth - self.client.equity) > TOLERANCE * max(1.0, abs(self._worth)):
            self.client.note(
                f"backtrader's broker says a value of {self._worth!r}: it counts more than fills and prices."
            )
        if self.p.mode == "backtest":
            self.client.finish()
        else:
            self.client.close()

    def get_analysis(self) -> dict[str, float]:
        """Return the value by the client's account and by the broker."""
        return {"equity": self.client.equity, "broker": self._worth}

    def _obey(self) -> None:
        """Close all positions where the desk asks for it; what pauses is for the strategy to look at."""
        for ask in self.client.asks():
            if ask.action in ("flatten", "kill"):
                held = [data for data in self.datas if self.strategy.getposition(data).size]
                for data in held:
                    self.strategy.close(data)
                if held:
                    ask.accepted(f"{len(held)} positions are being closed")
                    continue
            ask.done()


def _symbol(data: Any) -> str:
    name = str(data._name or data._dataname if isinstance(data._dataname, str) else data._name)  # noqa: SLF001
    return name if name and not name.isdecimal() else f"data {name}".strip()


def _utc(number: float) -> datetime:
    return backtrader.num2date(number).replace(tzinfo=timezone.utc)  # type: ignore[no-any-return]
