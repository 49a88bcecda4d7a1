"""Strategies: decision rules behind one protocol, their input, and how one that fails or hangs is stopped."""
