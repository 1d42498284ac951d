"""Notices when the program makes something, or gets it from another process, and says so.

What is made while something else is being made is a part of that, a Queue for example makes a Pipe, two Locks and a
BoundedSemaphore; it is told first, and without a name.
"""

import os
from _thread import _local
from _weakref import ref

from . import naming
from .line import LINE
from .page import PAGE

KEY = "_procession_key"
SLOT = "_procession_slot"


class Nesting(_local):
    """What this thread is just making, the outermost first, and the files opened for the word that tells of it."""

    internal = False

    def __init__(self):
        self.within = []
        self.opened = []

    def enter(self, thing, *, here=True):
        """From here to `leave` what is made is a part of ``thing``."""
        if not self.within:
            self.internal = here and naming.is_internal()
        self.within.append(id(thing))

    def leave(self):
        """Whatever happened in between; a child that was forked there has nothing to leave."""
        if self.within:
            self.within.pop()
        for fd in self.take():
            os.close(fd)

    def take(self):
        """The opened files; who takes them closes them."""
        opened, self.opened = self.opened, []
        return opened


def _after_fork():
    """A child that was forked while something was made, as the workers of a pool are, makes nothing yet."""
    if NESTING.within:
        NESTING.within = []


NESTING = Nesting()
os.register_at_fork(after_in_child=_after_fork)
_REFERENCES = {}  # type: ignore[var-annotated]


def made_by(describe):
    """For `wrap`: around an ``__init__``.  ``describe(self, fds)`` gives (resource, key, parts, facts)."""

    def make(original):
        def __init__(self, *args, **kwargs):
            _watch(original, self, args, kwargs, describe, here=True)

        return __init__

    return make


def got_by(describe):
    """For `wrap`: around a ``__setstate__``, by which something comes from another process."""

    def make(original):
        def __setstate__(self, *args, **kwargs):
            _watch(original, self, args, kwargs, describe, here=False)

        return __setstate__

    return make


def _watch(original, thing, args, kwargs, describe, *, here):
    """Call ``original`` for the program, which returns nothing; say what it made."""
    NESTING.enter(thing, here=here)
    try:
        original(thing, *args, **kwargs)
        if NESTING.within.count(id(thing)) == 1:  # else it is the __init__ of a base class
            announce(thing, describe, here=here)
    finally:
        NESTING.leave()


def announce(thing, describe, *, here):
    """Say that ``thing`` is there, with the files that were opened for it."""
    if NESTING.internal:
        return
    fds = NESTING.take()
    try:
        resource, key, parts, facts = describe(thing, fds)
        setattr(thing, KEY, key)
        name = naming.name() if here and len(NESTING.within) < 2 else ""
        LINE.say("made", fds, key=key, resource=resource, name=name, here=here, parts=parts, facts=facts)
        notice_end(thing, key)
    except Exception:
        LINE.missed()
    finally:
        for fd in fds:
            os.close(fd)


def notice_end(thing, key):
    """Say so when this process has ``thing`` no more."""
    slot = getattr(thing, SLOT, None)
    number = id(thing)

    def gone(_):
        if _REFERENCES.pop(number, None) is not None:
            LINE.say("dropped", key=key)
            if slot is not None:
                PAGE.free(slot)

    _REFERENCES[number] = ref(thing, gone)


def counters(thing):
    """The number of new counters for ``thing``, None where there are none left."""
    slot = PAGE.slot()
    setattr(thing, SLOT, slot)
    return PAGE.number(slot)


def key_of(thing):
    """The key by which ``thing`` was told; of what was not, one that only this process and its forks know."""
    return getattr(thing, KEY, None) or address_key(thing)


def address_key(thing):
    """Of what only the process that made it has, and those that it forks."""
    return "%d-%x" % (os.getpid(), id(thing))


def forget(thing):
    """The end of ``thing`` was told already."""
    _REFERENCES.pop(id(thing), None)
