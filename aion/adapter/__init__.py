"""Shows bots of other programs: reads their data, never changes it, and writes state files."""
