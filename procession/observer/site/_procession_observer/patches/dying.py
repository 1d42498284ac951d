"""Report that a thread has died of an exception: others may depend on it.  Loaded when that happens."""

import sys
from time import monotonic_ns

from .. import errors
from ..json_text import encoded
from ..line import tell as send
from ..wrapping import KEY

_LONGEST = 200
_MOST_KEYS = 20


def tell(thread):
    """Report the exception that is being handled; SystemExit ends a thread as its program wants."""
    error = sys.exc_info()[1]
    if error is None or isinstance(error, SystemExit):
        return
    frame = _first_frame(error)
    word = {
        "kind": "thread-died",
        "tid": thread.native_id,
        "name": str(thread.name)[:_LONGEST],
        "target": _named(frame) if frame else "",
        "error": errors.line_of(error),
        "place": errors.place_of(error),
        "uses": _keys(frame) if frame else [],
        "at": monotonic_ns(),
    }
    send(encoded(word).encode("ascii"))


def tell_not_sent(key, error):
    """Report that an item of a queue was not sent, and why."""
    word = {"kind": "not-sent", "key": key, "error": errors.line_of(error), "at": monotonic_ns()}
    send(encoded(word).encode("ascii"))


def _first_frame(error):
    """Return the frame of the thread's target: `Thread` itself has forgotten it by now."""
    at = error.__traceback__
    while at is not None:
        if at.tb_frame.f_globals.get("__name__") != "threading":
            return at.tb_frame
        at = at.tb_next
    return None


def _named(frame):
    code = frame.f_code
    name = "%s.%s" % (frame.f_globals.get("__name__"), getattr(code, "co_qualname", code.co_name))
    return name[:_LONGEST]


def _keys(frame):
    """Return the keys of the resources in its variables, and in the attributes of its ``self``."""
    variables = frame.f_locals
    of_self = getattr(variables.get("self"), "__dict__", {})
    found = []
    for thing in [*variables.values(), *of_self.values()]:
        try:
            found.append(object.__getattribute__(thing, KEY))
        except AttributeError:
            pass
    return found[:_MOST_KEYS]
