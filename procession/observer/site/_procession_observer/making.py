"""Notice when the program makes a resource, or receives one from another process, and report it.

A resource made while another one is being made is a part of it: a Queue, for example, makes a Pipe, two Locks and a
BoundedSemaphore.  Parts are reported first, without a name.
"""

import os
from _thread import _local
from _weakref import ref

from . import naming
from .line import LINE
from .page import PAGE
from .wrapping import HIDDEN, KEY

SLOT = "_procession_slot"


class Nesting(_local):
    """The resources that this thread is making, outermost first, and the files opened for the report."""

    internal = False

    def __init__(self):
        self.within = []
        self.opened = []

    def enter(self, thing, *, here=True):
        """Start making ``thing``: until `leave`, resources are its parts."""
        if not self.within:
            self.internal = here and naming.is_internal()
        self.within.append(id(thing))

    def leave(self):
        """End making it, whatever happened; a child forked meanwhile has nothing to leave."""
        if self.within:
            self.within.pop()
        for fd in self.take():
            os.close(fd)

    def take(self):
        """Return the opened files, for the caller to close."""
        opened, self.opened = self.opened, []
        return opened


def _after_fork():
    """Reset a child that was forked while a resource was made, such as a pool worker."""
    if NESTING.within:
        NESTING.within = []


NESTING = Nesting()
os.register_at_fork(after_in_child=_after_fork)
_REFERENCES = {}  # type: ignore[var-annotated]


def made_by(describe):
    """Wrap an ``__init__``; ``describe(self, fds)`` returns (resource, key, parts, facts)."""

    def make(original):
        def __init__(self, *args, **kwargs):
            with HIDDEN:
                _watch(original, self, args, kwargs, describe, here=True)

        return __init__

    return make


def got_by(describe):
    """Wrap a ``__setstate__``, through which a resource comes from another process."""

    def make(original):
        def __setstate__(self, *args, **kwargs):
            with HIDDEN:
                _watch(original, self, args, kwargs, describe, here=False)

        return __setstate__

    return make


def _watch(original, thing, args, kwargs, describe, *, here):
    """Call ``original``, which returns nothing, and report what it made."""
    NESTING.enter(thing, here=here)
    try:
        original(thing, *args, **kwargs)
        if NESTING.within.count(id(thing)) == 1:  # not the __init__ of a base class
            announce(thing, describe, here=here)
    finally:
        NESTING.leave()


def announce(thing, describe, *, here):
    """Report that ``thing`` exists, with the files that were opened for it."""
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


def notice_end(thing, key, user=None, slot=None):
    """Report when this process has dropped ``thing``, and then its ``user``, a weak reference to a thread."""
    slot = getattr(thing, SLOT, slot)
    number = id(thing)

    def gone(_):
        if _REFERENCES.pop(number, None) is None:
            return
        left = user and user()
        if left is not None:
            notice_end(left, key, slot=slot)
            return
        LINE.say("dropped", key=key)
        if slot is not None:
            PAGE.free(slot)

    _REFERENCES[number] = ref(thing, gone)


def used_by(thing, key, thread):
    """Do not report the end of ``thing`` before that of the ``thread`` that goes on using what it has."""
    if id(thing) in _REFERENCES:
        notice_end(thing, key, ref(thread))


def counters(thing):
    """Return the number of new counters for ``thing``; None where none are left."""
    slot = PAGE.slot()
    setattr(thing, SLOT, slot)
    return PAGE.number(slot)


def key_of(thing):
    """Return the key under which ``thing`` was reported; otherwise one valid in this process and its forks."""
    return getattr(thing, KEY, None) or address_key(thing)


def address_key(thing):
    """Return a key for what only this process and its forks have."""
    return "%d-%x" % (os.getpid(), id(thing))


def forget(thing):
    """Do not report the end of ``thing``: it was reported already."""
    _REFERENCES.pop(id(thing), None)
