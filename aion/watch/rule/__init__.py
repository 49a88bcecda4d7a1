"""Alerts by rules that people make on the desk: owns how they are judged, when they are sent, and their history.

It reads state files and `alerts/rules.json`, and writes `alerts/sent.json`; it must not know pages or routes.
"""
