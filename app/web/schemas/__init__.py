"""The requests, as pydantic models."""
