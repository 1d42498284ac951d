"""What may stand for an id in an address."""

from typing import Any

from werkzeug.routing import UnicodeConverter

#: Parts of addresses that have other methods than an id in their place.
RESERVED = ("batch",)


class Segment(UnicodeConverter):
    """Matches any part of a path that is not reserved.

    Otherwise GET of /processes/batch, which has only POST, would look for a process of that name: 404 instead of 405,
    and GET in the header ``Allow``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.regex = rf"(?!(?:{'|'.join(RESERVED)})\Z){self.regex}"
