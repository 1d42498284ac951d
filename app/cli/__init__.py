"""The `procession` command: one file per noun, and what it writes."""
