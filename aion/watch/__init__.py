"""The watchdog of `aion up`: detects problems with processes, bots, feed, disk and clock, and sends alerts."""
