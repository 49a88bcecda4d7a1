"""The files below a folder: what they are, and that each change of them is known. Knows nothing of topics."""
