"""The resources of programs: which there are, what was read of them, and the waits for them.  Pure."""
