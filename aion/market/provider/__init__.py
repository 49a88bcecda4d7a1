"""Market data services on the network, all with the same protocol, and how they are called.

Nothing here knows how a feed combines their answers.
"""
