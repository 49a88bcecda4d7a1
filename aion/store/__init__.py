"""The file contract between trading half and web half: names, documents, locks, logs, safe reading and writing."""
