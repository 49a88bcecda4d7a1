"""One bot at work: its account, its state, when it is next asked, and what it does with bars or a rebalance.

It knows strategies, the market and the form of what it writes; not requests, other bots or how it is run.
"""
