"""Socket.IO: the state and what is watched, pushed to browsers."""
