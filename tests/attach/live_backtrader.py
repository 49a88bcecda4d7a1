"""A live loop of backtrader on made-up prices, a bar each half second; two lines show it on the desk."""

import datetime
import random
import time

import backtrader as bt
from aion_client.adapter.backtrader import Aion

EVERY_S = 0.5


class Ticks(bt.feed.DataBase):
    """A random walk that never ends."""

    def start(self) -> None:
        super().start()
        self.price = 50.0

    def islive(self) -> bool:
        return True

    def _load(self) -> bool:
        time.sleep(EVERY_S)
        self.price *= 1 + random.gauss(0, 0.003)
        self.lines.datetime[0] = bt.date2num(datetime.datetime.now(datetime.UTC))
        for line in (self.lines.open, self.lines.high, self.lines.low, self.lines.close):
            line[0] = self.price
        self.lines.volume[0] = self.lines.openinterest[0] = 0
        return True


class Turns(bt.Strategy):
    """Buys and sells in turn, every five bars."""

    def next(self) -> None:
        if len(self) % 5 == 0:
            self.close() if self.position.size else self.buy(size=20)


cerebro = bt.Cerebro()
cerebro.adddata(Ticks(), name="WIDGET")
cerebro.addstrategy(Turns)
cerebro.broker.setcash(10_000)
cerebro.broker.setcommission(0.001)
cerebro.addanalyzer(Aion, bot="backtrader", currency="USD", mode="paper", every="1m")
cerebro.run()
