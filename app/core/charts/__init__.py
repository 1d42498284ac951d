"""Ten minutes of samples in memory.  Pure."""
