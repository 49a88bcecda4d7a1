"""What runs bots over bars: one timeline, whole cycles, and a driver for a replay and one for live feeds.

It decides when a bot is asked and when what it did is committed; what a bot decides is not known here.
"""
