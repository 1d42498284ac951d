"""The error of a request that a host refuses."""


class Refused(Exception):
    """``reason`` is a kind of `app.records.errors`; ``detail`` says what is wrong and what is allowed."""

    def __init__(self, reason: str, detail: str, field: str | None = None) -> None:
        super().__init__(reason, detail, field)
        self.reason, self.detail, self.field = reason, detail, field


def invalid(field: str, detail: str) -> Refused:
    return Refused("invalid", f"{field}: {detail}", field)


def not_possible(detail: str) -> Refused:
    """Return the error for a request that the present state does not allow."""
    return Refused("not_possible", detail)


def not_found(detail: str) -> Refused:
    return Refused("not_found", detail)
