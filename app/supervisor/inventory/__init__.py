"""Every process below us: whose it is, and how a tree of them is ended."""
