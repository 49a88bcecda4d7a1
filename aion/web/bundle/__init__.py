"""Bundles: what a page is sent, made of state files alone, and the topics that push them.

Every figure that stands on a page is made here; nothing here knows HTTP, users or requests to bots.
"""
