"""The HTTP layer: access control, errors, JSON, the server."""
