"""Bots: strategies run over bars, each cycle and rebalance written to the ledger and the state files."""
