"""How one process starts, is stopped, ends, is joined and makes progress.  Pure."""
