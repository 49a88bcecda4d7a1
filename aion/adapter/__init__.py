"""Shows bots of other programs: reads their data, asks them for what the desk is asked, and writes state files."""
