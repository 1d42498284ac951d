"""Tasks, where each of them is, and the results that callers hold.  Nothing here starts or waits for a process."""
