"""What a resource is called: its variable and the place where it was made, ``jobs (train.py:41)``.

Read from the program's own source, without the modules linecache and re, which cost milliseconds to load.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_LIBRARY = os.path.dirname(os.__file__) + os.sep
_THEIRS = (_LIBRARY + "multiprocessing" + os.sep, os.path.join(_LIBRARY, "concurrent", "futures") + os.sep)
# What stands between a program and its pool.
_POOLS = tuple(os.path.join("", "site-packages", name, "") for name in ("loky", "joblib"))
# Modules that make things because the program told them to.
_PASS_ON = tuple(
    _THEIRS[0] + name + ".py" for name in ("context", "synchronize", "queues", "sharedctypes", "shared_memory")
)
MAX_SOURCE = 4_000_000
MAX_NAME = 80


def name():
    """Of what the program's innermost frame is just making; "" where there is none."""
    frame = sys._getframe(1)
    while frame is not None and _is_passed_over(frame.f_code.co_filename):
        frame = frame.f_back
    return "" if frame is None else _told(frame.f_code.co_filename, frame.f_lineno)


def is_internal():
    """Is it multiprocessing itself that makes something, for a use of its own?"""
    frame = sys._getframe(1)
    while frame is not None:
        place = frame.f_code.co_filename
        if not place.startswith(_HERE) and place not in _PASS_ON:
            return place.startswith(_THEIRS)
        frame = frame.f_back
    return False


def _is_passed_over(place):
    return place.startswith((_HERE, *_THEIRS)) or any(package in place for package in _POOLS)


def _told(path, number):
    place = "%s:%d" % (os.path.basename(path)[-60:], number)
    variable = _variable(_line(path, number))
    return "%s (%s)" % (variable, place) if variable else place


def _line(path, number):
    try:
        if os.stat(path).st_size > MAX_SOURCE:
            return ""
        with open(path, "rb") as source:
            for _ in range(number - 1):
                source.readline()
            return source.readline().decode("utf-8", "replace").strip()
    except (OSError, ValueError):
        return ""


def _variable(line):
    """The left side of an assignment, or the name after ``as``; "" where the line has neither."""
    if line.startswith(("with ", "async with ")):
        candidate = line.partition(" as ")[2].partition(":")[0].rstrip(", (")
    else:
        candidate = _left(line)
    candidate = candidate.strip()
    return candidate if len(candidate) <= MAX_NAME and _is_target(candidate) else ""


def _left(line):
    at = line.find("=")
    if at <= 0 or line[at : at + 2] == "==" or line[at - 1] in "!<>":
        return ""
    left = line[: at - 1] if line[at - 1] == ":" else line[:at]
    return left.partition(":")[0]


def _is_target(text):
    """Names, attributes and items, one or several: ``self.jobs``, ``a, b``, ``locks[i]``."""
    return text != "" and all(letter.isalnum() or letter in "_., []'\"" for letter in text) and not text[0].isdigit()
