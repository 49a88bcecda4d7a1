"""Ending a connection by a reset."""

RST = b"\x01\0\0\0\0\0\0\0"
