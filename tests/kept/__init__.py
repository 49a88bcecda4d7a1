"""A folder of an earlier version, kept as it was written, which this version has to open as it is."""
