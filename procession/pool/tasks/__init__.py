"""Tasks, where each of them is, and the results of calls.  Nothing here starts or waits for a process."""
