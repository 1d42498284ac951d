"""Procession next to other tools, in one run on one machine: `make bench`.

Prints figures and ratios, and asserts nothing: a busy machine slows all sides down alike.
"""
