"""Connections and their limits, headers, hosts and built pages; nothing here knows what an answer says."""
