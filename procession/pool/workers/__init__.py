"""The workers as the pool sees them: processes to start, write to, end and reap."""
