"""Standard error of our processes, for whoever started `procession serve`."""

import contextlib
import sys

from app.records.visible import visible_lines


def say(text: str, who: str = "procession") -> None:
    """Write a line, or several; text of others that is in it cannot control the terminal.  Standard output stays free.

    The terminal may have closed, and the process goes on without it.
    """
    with contextlib.suppress(OSError):
        sys.stderr.write(visible_lines(f"{who}: {text}\n"))
        sys.stderr.flush()
