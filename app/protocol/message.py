"""What all control messages have in common; see `messages` for the pipes.  Pure."""

from __future__ import annotations

from msgspec import Struct


class Message(Struct, frozen=True, kw_only=True, tag=True, tag_field="type", forbid_unknown_fields=True):
    """Base of the control messages; the class name is the tag on the wire."""


class Command(Message, frozen=True, kw_only=True):
    """Base of what clients ask."""

    request: int
    by: str = "operator"
