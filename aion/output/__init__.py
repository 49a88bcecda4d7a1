"""Writes the bots' state files from the ledger, and archives finished runs.

A cycle is written as a whole or not at all. Nothing here decides or trades.
"""
