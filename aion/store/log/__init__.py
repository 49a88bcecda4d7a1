"""The log of a process: its lines, what may not stand in them, and the turn of its files."""
