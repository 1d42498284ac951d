"""Logs that never block the child and never fill the disk."""
