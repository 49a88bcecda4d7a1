"""Sweeps: a backtest for each combination of parameters on all cores, and what choosing the best is worth."""
