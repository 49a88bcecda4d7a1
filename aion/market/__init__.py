"""Market data: instruments, calendars, halts and bars; nothing here knows of bots or accounts."""
