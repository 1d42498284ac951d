"""Every word on every pipe, how a word lies on it, and the stream of state.  Pure."""
