"""Shows what nautilus_trader trades, live or in a backtest: `engine.add_actor(Aion(AionConfig(bot="mine")))`."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, Optional

from nautilus_trader.common.actor import Actor
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.enums import AccountType, PriceType

from aion_client.bot import Bot, run_name

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class AionConfig(ActorConfig, frozen=True):  # type: ignore[misc,call-arg]
    """As of `aion_client.Bot`; without `start`, the money of the accounts when the actor starts."""

    bot: str = "nautilus"
    currency: str = "USD"
    start: Optional[float] = None  # noqa: UP045 - read while the program runs, on Python 3.9 too
    mode: str = "backtest"
    every_s: float = 60.0
    """Between two looks at prices and requests, in the time of the engine."""
    data: Optional[str] = None  # noqa: UP045
    run: str = ""
    """A backtest begins anew each time."""
    controls: bool = True
    """False to ignore requests of the desk."""


class Aion(Actor):  # type: ignore[misc]
    """Reports each fill of all strategies, and the prices of what is held."""

    def __init__(self, config: AionConfig) -> None:
        """Args: config: name on the desk and the rest."""
        super().__init__(config)
        self.client: Bot | None = None

    def on_start(self) -> None:
        """Open the bot and listen."""
        given = self.config
        is_backtest = given.mode == "backtest"
        run = given.run or run_name(is_backtest=is_backtest)
        self.client = Bot(
            given.bot,
            currency=given.currency,
            start=given.start if given.start is not None else self._money(),
            mode=given.mode,
            every=None if is_backtest else 2 * given.every_s,
            data=given.data,
            run=run,
        )
        self.msgbus.subscribe(topic="events.fills.*", handler=self.on_fill)
        self.clock.set_timer("aion", timedelta(seconds=given.every_s), callback=self.on_timer)

    def on_fill(self, event: Any) -> None:
        """Book a fill."""
        if self.client is None:
            return
        instrument = self.cache.instrument(event.instrument_id)
        account = self.cache.account(event.account_id)
        fee = event.commission
        self.client.fill(
            str(event.instrument_id),
            "buy" if event.is_buy else "sell",
            event.last_qty.as_decimal(),
            event.last_px.as_decimal(),
            fee=fee.as_decimal() if fee is not None else None,
            fee_currency=fee.currency.code if fee is not None else "",
            at=_utc(event.ts_event),
            id=f"{event.instrument_id.venue}-{event.trade_id}",
            order_id=str(event.client_order_id),
            tag=str(event.strategy_id),
            multiplier=instrument.multiplier.as_decimal() if instrument is not None else 1,
            contract=account is not None and account.type == AccountType.MARGIN,
        )

    def on_timer(self, _: Any) -> None:
        """Report prices, and carry out what the desk asks."""
        if self.client is None:
            return
        prices = {}
        for each in {position.instrument_id for position in self.cache.positions_open()}:
            price = self._price(each)
            if price is not None:
                prices[str(each)] = price.as_decimal()
        self.client.mark(prices, at=_utc(self.clock.timestamp_ns()))
        if self.config.controls:
            for ask in self.client.asks():
                ask.refused("this actor only watches: stop the strategies where they run")

    def on_stop(self) -> None:
        """Report the last prices, and end a backtest."""
        if self.client is None:
            return
        self.on_timer(None)
        if self.config.mode == "backtest":
            self.client.finish()
        else:
            self.client.close()

    def _money(self) -> Any:
        money = 0
        for account in self.cache.accounts():
            for currency, total in account.balances_total().items():
                if currency.code == self.config.currency:
                    money += total.as_decimal()
        return money

    def _price(self, instrument_id: Any) -> Any:
        for kind in (PriceType.LAST, PriceType.MID, PriceType.BID):
            price = self.cache.price(instrument_id, kind)
            if price is not None:
                return price
        bars = [self.cache.bar(each) for each in self.cache.bar_types(instrument_id=instrument_id)]
        newest = max((each for each in bars if each is not None), key=lambda each: each.ts_event, default=None)
        return newest.close if newest is not None else None


def _utc(nanoseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)
