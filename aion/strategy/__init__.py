"""Decision rules from the literature behind one protocol."""
