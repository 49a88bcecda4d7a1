"""The watchdog of `aion up`: what is wrong with processes, bots, feed, disk and clock, on the page and as alerts."""
