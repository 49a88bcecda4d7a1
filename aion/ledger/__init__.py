"""The ledger: one SQLite file with every fill, order, decision and result of a run, which is its truth.

It keeps and answers; it knows no bot, no feed and no state file.
"""
