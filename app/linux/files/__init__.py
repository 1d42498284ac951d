"""Readers of what processes have open, and of the locks that they hold on files."""
