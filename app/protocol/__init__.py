"""Every message on every pipe, its framing, and the stream of state.  Pure."""
