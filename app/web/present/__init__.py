"""Records as JSON: the wire contract."""
