"""HTTP itself: who comes in, what is refused and how, JSON, the server."""
