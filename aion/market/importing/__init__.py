"""Imports bars from files and providers, checks them, and stores them as a folder of bars.

A series is refused with its true reason; one bad row affects only itself.
"""
