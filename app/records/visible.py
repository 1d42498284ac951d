"""Text of others, such as names, errors and logs, made safe to show.  Pure.

Such text can hold control characters, which a terminal obeys (ESC, and C1 as one character), and others that reorder or
hide the words beside them (bidirectional controls).  `str.isprintable` is false for all of them.
"""

import json
import re

#: What may have to be escaped; a line end is part of the layout.
_NOT_ASCII = re.compile(r"[^ -~\n]")
_LINES = "\n\t"
#: The no-break and the ideographic space, which are not printable to Python.
_BLANKS = "\xa0\u3000"


def visible(text: str, keep: str = "") -> str:
    """Return the text with an escape, as Python writes it, in place of each character that is not to be shown."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in keep else repr(char)[1:-1] for char in text)


def visible_lines(text: str) -> str:
    """Return text of several lines with the same escapes; line ends, tabs and blanks stay."""
    return visible(text, _LINES + _BLANKS)


def visible_json(text: str) -> str:
    """Return the same JSON, with escapes of JSON (``\\u009b``) for what is not to be shown."""
    return _NOT_ASCII.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text)
