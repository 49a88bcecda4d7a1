"""Writes the bots' state files from the ledger, archives finished runs, and writes the bots' log.

A cycle is written as a whole or not at all. Nothing here decides or trades.
"""
