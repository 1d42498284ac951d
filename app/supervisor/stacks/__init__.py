"""Capture the stack of any process."""
