"""Paper accounts: orders, fills, costs, limits, positions and cash; no file, no clock and no feed of its own."""
