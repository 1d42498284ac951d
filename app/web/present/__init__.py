"""Records to JSON: the wire contract."""
