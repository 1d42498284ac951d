"""Describe an exception: one line for the table, and a traceback that begins in the user's code."""

import os
from types import TracebackType

MAX_ERROR = 300
_OURS = os.path.dirname(__file__) + os.sep


class CannotRun(Exception):
    """The target does not exist or cannot be run; none of the user's code has run."""


def describe(error: BaseException) -> tuple[str, str]:
    """Return ``Type: message``, and the traceback without our own frames at its beginning."""
    from traceback import TracebackException  # 1.6 ms that only failing children pay

    formatted = TracebackException(type(error), error, _users_part(error.__traceback__))
    kind = type(error).__qualname__
    if type(error).__module__ not in ("builtins", "__main__"):
        kind = f"{type(error).__module__}.{kind}"
    lines = str(formatted).splitlines()
    line = f"{kind}: {lines[0]}" if lines else kind
    return line[:MAX_ERROR], "".join(formatted.format())


def _users_part(frames: TracebackType | None) -> TracebackType | None:
    while frames and frames.tb_frame.f_code.co_filename.startswith(_OURS):
        frames = frames.tb_next
    return frames
