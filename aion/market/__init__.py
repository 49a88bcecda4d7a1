"""Market data: instruments, calendars, halts and bars; nothing here knows about bots or accounts."""
