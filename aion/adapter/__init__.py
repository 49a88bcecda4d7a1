"""Other programs' bots as bots of this desk: what they keep is read, never changed, and written as state files."""
