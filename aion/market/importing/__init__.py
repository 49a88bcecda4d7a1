"""Bars of files that people have and of providers, checked and kept as a folder of bars.

A series is refused with its true reason, and one bad row costs that row.
"""
