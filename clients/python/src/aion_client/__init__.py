"""Shows a trading bot of your own on an Aion desk.

from aion_client import Bot

bot = Bot("mine", currency="USDT", start=1000, every="1m")
bot.fill("BTC/USDT", "buy", 0.01, 60000, fee=0.6)
bot.mark({"BTC/USDT": 60100})
"""

from aion_client.bot import Bot
from aion_client.control import Ask
from aion_client.errors import ClientError, NameTakenError

__all__ = ["Ask", "Bot", "ClientError", "NameTakenError"]
