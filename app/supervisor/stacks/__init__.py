"""Where a process stands, whatever it does."""
