"""A bot of ten lines that trades made-up prices: it shows itself with the client."""

import random
import time

from aion_client import Bot

bot, price = Bot("ten_lines", currency="USDT", start=1000, mode="paper", every="1m"), 100.0
for turn in range(10_000):
    price *= 1 + random.gauss(0, 0.003)
    if turn % 8 == 0:
        bot.fill("ACME", "sell" if turn % 16 else "buy", 2, price, fee=0.1, fee_currency="USDT", tag="every eighth")
    bot.mark({"ACME": price})
    for ask in bot.asks():
        ask.done()
    time.sleep(0.5)
