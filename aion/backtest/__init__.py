"""Backtests: the engine over bars as fast as they can be read, and a report of what came of it."""
