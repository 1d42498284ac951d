"""What it means that somebody waits: one theme per file.  Pure."""
