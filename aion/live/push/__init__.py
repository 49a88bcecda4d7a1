"""How a version reaches every open stream at once: the hub, its lanes, connections, and who has not drained.

It sends ready bytes; what they say, and when they changed, is known above.
"""
