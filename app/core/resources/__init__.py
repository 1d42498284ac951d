"""The book of what programs hold, what was read of it, and who waits for it.  Pure."""
