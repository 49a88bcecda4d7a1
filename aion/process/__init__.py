"""Processes: `aion up` and its children, workers on one socket, systemd, detection of processes that hang.

It starts and supervises programs; it does not know what they do inside (trading, bundles).
"""
