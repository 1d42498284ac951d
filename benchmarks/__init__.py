"""Procession side by side with its peers, in one run on one machine: `make bench`.

Prints figures and ratios, and asserts nothing: what a busy machine adds hits all sides alike.
"""
