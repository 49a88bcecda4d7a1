"""The documents in the state files: their fields, rules, and what remains of one with an invalid part."""
