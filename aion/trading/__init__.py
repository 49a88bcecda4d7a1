"""Paper accounts: orders, fills, costs, positions and the ledger that is their truth."""
