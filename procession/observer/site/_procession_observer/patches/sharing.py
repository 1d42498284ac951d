"""Report Value, Array and their raw forms: `multiprocessing.sharedctypes`.  The supervisor reads their memory."""

import ctypes

from .. import making, memory
from ..making import NESTING
from ..wrapping import HIDDEN, wrap


def patch(module):
    for name in ("Value", "Array", "RawValue", "RawArray"):
        wrap(module, name, _made)
    wrap(module, "rebuild_ctype", _rebuilt)


def _made(original):
    def make(*args, **kwargs):
        if NESTING.within:
            with HIDDEN:
                return original(*args, **kwargs)  # the raw object inside a synchronized one
        NESTING.enter(original)
        try:
            with HIDDEN:
                made = original(*args, **kwargs)
            making.announce(made, _describe, here=True)
            return made
        finally:
            NESTING.leave()

    return make


def _rebuilt(original):
    def rebuild_ctype(type_, wrapper, length):
        with HIDDEN:
            got = original(type_, wrapper, length)
        if NESTING.within:
            return got  # made here, not received
        NESTING.enter(original, here=False)
        try:
            making.announce(got, _describe, here=False)
        finally:
            NESTING.leave()
        return got

    return rebuild_ctype


def _describe(thing, fds):
    raw = getattr(thing, "_obj", thing)
    lock = getattr(thing, "_lock", None) if raw is not thing else None
    is_array = isinstance(raw, ctypes.Array)
    kind = type(raw)._type_ if is_array else type(raw)
    facts = {"data": ctypes.addressof(raw), "size": ctypes.sizeof(raw), "typecode": _typecode(kind)}
    if is_array:
        facts["length"] = len(raw)
    parts = {} if lock is None else {"lock": making.key_of(lock)}
    return "array" if is_array else "value", memory.key(raw._wrapper), parts, facts


def _typecode(kind):
    """Return the type code of the struct module; None for structures."""
    code = getattr(kind, "_type_", None)
    return code if isinstance(code, str) else None
