"""Name a resource by its variable and the place where it was made: ``jobs (train.py:41)``.

Read from the program's source: from Python 3.11 on at the exact position of the call, before that by its line.
Resources made at one place in turn have the same name; the supervisor numbers them.
"""

import os
import sys
from itertools import islice

from . import source
from .wrapping import is_of_copy

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_LIBRARY = os.path.dirname(os.__file__) + os.sep
_THEIRS = (_LIBRARY + "multiprocessing" + os.sep, os.path.join(_LIBRARY, "concurrent", "futures") + os.sep)
# Packages between a program and its pool.
_POOLS = tuple(os.path.join("", "site-packages", name, "") for name in ("loky", "joblib", "pathos"))
# Modules that make resources on behalf of the program; also in copies of multiprocessing.
_NAMES = ("context", "synchronize", "queues", "sharedctypes", "shared_memory")
_PASS_ON = tuple(_THEIRS[0] + name + ".py" for name in _NAMES)
_PASS_ON_IN_COPIES = tuple(os.sep + name + ".py" for name in _NAMES)
MAX_SOURCE = 4_000_000
MOST_LINES = 50  # of a statement, before the call
_AFTER = 3  # lines after the call that may say that it is repeated
_MOST_CALLERS = 5
_MOST_KEPT = 500
_told = {}  # type: ignore[var-annotated] # name by call


def name():
    """Return the name of what the program's innermost frame is making; "" without such a frame."""
    frame = _program_frame(sys._getframe(1))
    if frame is None:
        return ""
    first = frame
    for _ in range(_MOST_CALLERS):
        variable = _variable(frame)
        if variable is not None:
            break
        caller = _program_frame(frame.f_back)
        if caller is None:
            break
        frame = caller
    if not variable:
        return _place(first)
    return "%s (%s)" % (variable, _place(frame))


def is_internal():
    """Return whether multiprocessing makes the resource for its own use."""
    frame = sys._getframe(1)
    while frame is not None:
        place = frame.f_code.co_filename
        if not place.startswith(_HERE) and place not in _PASS_ON:
            if not is_of_copy(place):
                return place.startswith(_THEIRS)
            if not place.endswith(_PASS_ON_IN_COPIES):
                return True
        frame = frame.f_back
    return False


def _program_frame(frame):
    while frame is not None and _is_passed_over(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def _is_passed_over(place):
    return place.startswith((_HERE, *_THEIRS)) or is_of_copy(place) or any(package in place for package in _POOLS)


def _place(frame):
    return "%s:%d" % (os.path.basename(frame.f_code.co_filename)[-60:], frame.f_lineno)


def _variable(frame):
    """Return the variable of the frame's present call, as `source.variable` does."""
    code = frame.f_code
    call = (code.co_filename, code.co_firstlineno, frame.f_lineno, frame.f_lasti)
    try:
        return _told[call]
    except KeyError:
        found = _find(code, frame.f_lineno, frame.f_lasti)
    if len(_told) >= _MOST_KEPT:
        _told.clear()
    _told[call] = found
    return found


def _find(code, number, instruction):
    line, end_line, column, end_column = _position(code, instruction)
    if column is None or end_column is None:
        above, lines = _lines(code.co_filename, number, number)
        return source.variables("".join(map(_decoded, [*above, *lines])).strip())
    above, lines = _lines(code.co_filename, line, end_line + _AFTER)
    height = end_line - line
    if len(lines) <= height:
        return ""
    call = lines[0][column:]
    if call.startswith(b"super().__init__("):
        return None  # a subclass: its caller names it
    before = b"".join(above) + lines[0][:column]
    after = lines[height][end_column:] + b"".join(lines[height + 1 :])
    return source.variable(_decoded(before), _decoded(after))


def _position(code, instruction):
    positions = getattr(code, "co_positions", None)
    found = next(islice(positions(), instruction // 2, None), None) if positions else None
    return found if found and found[0] and found[1] else (None,) * 4


def _lines(path, first, last):
    """Return the lines above ``first`` that begin its statement, and the lines from ``first`` to ``last``."""
    try:
        if os.stat(path).st_size > MAX_SOURCE:
            return [], []
        with open(path, "rb") as file:
            above = []
            for at in range(first - 1):
                line = file.readline()
                if at >= first - 1 - MOST_LINES:
                    above.append(line)
            return _begun(above), [file.readline() for _ in range(last - first + 1)]
    except (OSError, ValueError):
        return [], []


def _begun(above):
    """Return the lines at the end of ``above`` that do not end their statement."""
    count = 0
    while count < len(above) and source.goes_on(_decoded(above[-1 - count])):
        count += 1
    begun = above[len(above) - count :]
    return begun if count < MOST_LINES else []


def _decoded(line):
    return line.decode("utf-8", "replace")
