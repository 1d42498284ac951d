"""The parent side of Procession: the command, the launcher, the supervisor and the web process."""
