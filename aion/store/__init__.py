"""The file contract between trading half and web half: names, documents, locks, safe reading and writing."""
