"""Readers of the kernel, one file for each interface."""
