"""Adapters of other programs: each module imports its program, and needs the extra of the same name."""
