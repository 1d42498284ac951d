"""What runs in a worker.  Kept small: the start of every worker depends on it."""
