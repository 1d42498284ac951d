"""Tell an exception in one line, and the line of the program's own code that raised it.

Loaded when an exception ends a process or a thread; runs no code of the program but the exception's ``__str__``.
"""

import os

_LIBRARY = os.path.dirname(os.__file__) + os.sep
_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep
_INSTALLED = (os.sep + "site-packages" + os.sep, os.sep + "dist-packages" + os.sep)
_LONGEST = 300
_LONGEST_PLACE = 120


def line_of(error):
    """Return ``MemoryError: out of memory`` or ``sys.exit(1)``; None for a SystemExit that means success."""
    if isinstance(error, SystemExit):
        return _exit(error.code)
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""
    name = type(error).__name__
    return ("%s: %s" % (name, text) if text else name)[:_LONGEST]


def place_of(error):
    """Return ``thumbs.py:12 in work()``: the innermost frame of the program's own code, else of a package, else any."""
    found, best = "", -1
    at = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        rank = _rank(code.co_filename)
        if rank >= best and not code.co_filename.startswith(_OURS):
            found, best = _place(code, at.tb_lineno), rank
        at = at.tb_next
    return found


def _exit(code):
    if code is None or code == 0:
        return None
    shown = repr(code) if type(code) in (int, str) else type(code).__name__
    return "sys.exit(%s)" % shown[:_LONGEST]


def _rank(filename):
    if any(packages in filename for packages in _INSTALLED):
        return 1
    return 0 if filename.startswith((_LIBRARY, "<frozen ")) else 2


def _place(code, number):
    place = "%s:%d" % (os.path.basename(code.co_filename), number)
    if code.co_name[:1] != "<":
        place += " in %s()" % code.co_name
    return place[-_LONGEST_PLACE:]
