"""Check that the head of a request says in exactly one way where the request ends and for which host it is.  Pure.

A proxy and we have to read the same requests from one connection.  A head that can be read in two ways smuggles a
request past one of the two (RFC 9112, sections 5.1, 5.2, 6.3 and 11.2), and `int()` reads more than a length: ``+0``,
``1_0``.
"""

import re
from collections import defaultdict

_REQUEST_LINE = re.compile(r"[\w!#$%&'*+.^`|~-]+ (?:/[^\x00-\x20\x7f]*|\*) (?P<version>HTTP/1\.[01])", re.ASCII)
_FIELD = re.compile(rb"(?P<name>[\w!#$%&'*+.^`|~-]+):(?P<value>[^\x00-\x08\x0a-\x1f\x7f]*)")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_ONCE = (b"content-length", b"transfer-encoding", b"host")


def check(request_line: str, head: bytes) -> None:
    """Raise ValueError if a request line, or the header lines after it, can be read in two ways."""
    line = _REQUEST_LINE.fullmatch(request_line.rstrip("\r\n"))
    if line is None:
        raise ValueError("invalid request line")
    fields: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for each in head.split(b"\n"):
        field = _FIELD.fullmatch(each.removesuffix(b"\r"))
        if field:
            fields[field["name"].lower()].append(field["value"].strip(b" \t"))
        elif each not in (b"", b"\r"):
            raise ValueError("invalid header line")
    if repeated := [name for name in _ONCE if len(fields[name]) > 1]:
        raise ValueError(f"{repeated[0].decode()} is given more than once")
    lengths, codings = fields[b"content-length"], fields[b"transfer-encoding"]
    if lengths and not _LENGTH.fullmatch(lengths[0]):
        raise ValueError("invalid Content-Length")
    if codings and (lengths or codings[0].lower() != b"chunked" or line["version"] != "HTTP/1.1"):
        raise ValueError("invalid Transfer-Encoding")
