"""Backtests: the bots, the broker and the ledger of a replay, as fast as the bars can be read."""
