"""One bot at work: its account, its state, when it is next asked, and what it does with bars or a rebalance.

It knows strategies and the market; not files, requests, other bots or how it is run.
"""
