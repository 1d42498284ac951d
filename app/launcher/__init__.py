"""`procession serve`: keeps the supervisor and the web process alive."""
