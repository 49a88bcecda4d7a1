"""Market data: instruments, calendars and feeds; nothing here knows of bots or accounts."""
