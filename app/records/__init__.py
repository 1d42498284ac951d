"""What everybody shares: frozen records, the errors, and what things are called.  Pure."""
