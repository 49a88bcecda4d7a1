"""What bots write: state files made of the ledger and the bots' documents, their archive and their log.

A cycle is written whole or not at all. Nothing here decides or trades.
"""
