"""What this supervisor leaves to the one after it."""
