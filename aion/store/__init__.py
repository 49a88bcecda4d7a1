"""The file contract between the half that trades and the half that shows: names, documents, locks, safe files."""
