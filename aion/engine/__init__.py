"""What runs bots over bars: one engine of timeline, cycles and commits, and drivers for replay, live and backtest.

It decides when a bot is asked and when what it did is committed; what a bot decides is not known here.
"""
