"""The documents in the state files, field by field: what they must say, and what is left when a part is wrong."""
