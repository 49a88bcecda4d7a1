"""Services that give market data over the network, each behind one protocol, and how they are asked.

Nothing here knows how a feed merges what they answer.
"""
