"""Feeds: sources of bars behind one protocol."""
