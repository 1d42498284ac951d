"""What the web process gets from the supervisor: replies, the stream, log files."""
