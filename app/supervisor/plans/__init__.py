"""Check requests, and plan what to start, before anything is started."""
