"""The `procession` command: one file for each noun, and its output."""
