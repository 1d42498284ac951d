"""What a host answers instead of doing what it was asked."""

from __future__ import annotations


class Refused(Exception):
    """``reason`` is a kind of `app.records.errors`; ``detail`` says what is wrong and what is allowed."""

    def __init__(self, reason: str, detail: str, field: str | None = None) -> None:
        super().__init__(reason, detail, field)
        self.reason, self.detail, self.field = reason, detail, field


def invalid(field: str, detail: str) -> Refused:
    """A field of what was asked is wrong."""
    return Refused("invalid", f"{field}: {detail}", field)


def not_possible(detail: str) -> Refused:
    """It is not possible in the present state."""
    return Refused("not_possible", detail)


def not_found(detail: str) -> Refused:
    """There is no such worker or job."""
    return Refused("not_found", detail)
