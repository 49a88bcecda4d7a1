"""Sends each version to all open streams: hub, groups of streams, connections, backpressure.

It sends finished bytes and does not know what they mean.
"""
