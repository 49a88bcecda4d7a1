"""Imported once by the fork server: calendars and bars are read before the first process is forked."""

from aion.market import calendar
from tests.bot.desk import recorded
from tests.engine.worker import TAPE_END

for mic in ("XNYS", "XNAS", "XLON", "XHKG"):
    calendar.is_open(mic, TAPE_END)
for kind in ("minute", "day"):
    recorded(TAPE_END).span(kind)
