"""The base classes of all control messages; `control` has the overview.  Pure."""

from msgspec import Struct

from app.records.primitives import Int64


class Message(Struct, frozen=True, kw_only=True, tag=True, tag_field="type", forbid_unknown_fields=True):
    """Base of the control messages; the class name is the tag on the wire."""


class Command(Message, frozen=True, kw_only=True):
    """Base of the messages that clients send; a client numbers those that it sends on one connection."""

    request: Int64 = 1
    by: str = "operator"
