"""The connections to the supervisor: replies, the stream, log files."""
