"""Decision rules from the literature, each in a file of its own with its source."""
