"""`procession serve`: keep the supervisor and the web process alive."""
