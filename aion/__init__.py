"""Aion: the live desk for trading bots."""

__version__ = "0.1.0"
