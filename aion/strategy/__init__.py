"""Decision rules behind one protocol, what they are handed, and how one that fails or hangs is ended."""
