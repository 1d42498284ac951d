"""Receive the messages of observed processes, read their pages, and watch for their ends."""
