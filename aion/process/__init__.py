"""Processes: `aion up` with all that it starts, systemd, workers of one socket, and who notices a process that hangs.

It starts programs and looks after them; what they do inside (trading, bundles) is not known here.
"""
