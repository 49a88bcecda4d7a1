"""Backtests: what is to be run, and a report of what came of it; the engine runs it."""
