"""Report locks, semaphores and what is made of them: `multiprocessing.synchronize`.

The supervisor reads a semaphore's value and waiters from its file.  Under fork, the call that makes the semaphore also
unlinks its file; our replacement makes it, opens it and then unlinks it.
"""

import os
import sys
import types

from .. import making, memory
from ..making import NESTING, SLOT, address_key, key_of
from ..page import PAGE
from ..wrapping import HIDDEN, wrap
from . import owning

_FOLDER = "/dev/shm/"  # noqa: S108 - where glibc and musl keep them
_KINDS = []  # type: ignore[var-annotated] # (class, kind of resource), subclasses first


def patch(module):
    if os.environ.get("PROCESSION_OBSERVE_OWNERS") == "1":
        owning.patch(module)
    name = "_billiard" if module.__name__.startswith("billiard.") else "_multiprocessing"
    setattr(module, name, _between(getattr(module, name)))
    _KINDS[:0] = [
        (module.BoundedSemaphore, "bounded_semaphore"),
        (module.Semaphore, "semaphore"),
        (module.RLock, "rlock"),
        (module.Lock, "lock"),
    ]
    for cls, describe in (
        (module.SemLock, _semaphore),
        (module.Condition, _condition),
        (module.Event, _event),
        (getattr(module, "Barrier", object), _barrier),
    ):
        if cls is object:
            continue
        if "__init__" in vars(cls):
            wrap(cls, "__init__", making.made_by(describe))
        if "__setstate__" in vars(cls):
            wrap(cls, "__setstate__", making.got_by(describe))


def _between(real):
    """Return `_multiprocessing` as `synchronize` should see it, with a SemLock that can be read from outside."""
    unlinked = _by_subclass(real) if sys.version_info >= (3, 10) else _by_handle(real)

    class SemLock(real.SemLock):
        __slots__ = ()

        def __new__(cls, kind, value, maxvalue, name, unlink):
            with HIDDEN:
                if unlink:
                    return unlinked(kind, value, maxvalue, name)
                made = real.SemLock(kind, value, maxvalue, name, False)
            _open(name)
            return made

        @staticmethod
        def _rebuild(handle, kind, maxvalue, name):
            with HIDDEN:
                got = real.SemLock._rebuild(handle, kind, maxvalue, name)
            _open(name)
            return got

    _looks_real(SemLock)
    between = types.ModuleType("_multiprocessing", real.__doc__)
    vars(between).update(vars(real))
    between.SemLock = SemLock
    return between


def _by_subclass(real):
    """Return a maker of semaphores whose file is unlinked and whose name is hidden, as without us."""

    class Unlinked(real.SemLock):
        __slots__ = ()
        name = None

    def unlinked(kind, value, maxvalue, name):
        made = Unlinked(kind, value, maxvalue, name, False)
        try:
            _open(name)
        finally:
            real.sem_unlink(name)
        return made

    _looks_real(Unlinked)
    return unlinked


def _by_handle(real):
    """Do the same before 3.10, where instances of a subclass of SemLock are allocated wrongly.

    The program's object shares its handle with another one, which must never close it and so is kept for ever.
    """
    stay = []
    os.register_at_fork(before=stay.__len__)  # keeps the list until after the program's last line

    def unlinked(kind, value, maxvalue, name):
        made = real.SemLock(kind, value, maxvalue, name, False)
        stay.append(made)
        try:
            _open(name)
        finally:
            real.sem_unlink(name)
        return real.SemLock._rebuild(made.handle, kind, maxvalue, None)

    return unlinked


def _looks_real(cls):
    cls.__name__ = cls.__qualname__ = "SemLock"
    cls.__module__ = "_multiprocessing"


def _open(name):
    """Open the file of semaphore ``name``, to be passed with its report."""
    try:
        NESTING.opened.append(os.open(_FOLDER + "sem." + str(name).lstrip("/"), os.O_RDWR | os.O_CLOEXEC))
    except OSError:
        pass


def _kind(semaphore):
    for cls, kind in _KINDS:
        if isinstance(semaphore, cls):
            return kind
    return "semaphore"


def _semaphore(self, fds):
    semlock = self._semlock
    key = "sem:%d" % os.fstat(fds[-1]).st_ino if fds else address_key(self)
    facts = {"object": id(semlock), "maxvalue": semlock.maxvalue, "value": semlock._get_value()}
    if getattr(semlock, "name", None):
        facts["named"] = True
    slot = getattr(self, SLOT, None)
    if slot is not None:
        facts["counters"] = PAGE.number(slot)
    return _kind(self), key, {}, facts


def _condition(self, fds):
    parts = {
        "lock": key_of(self._lock),
        "sleeping": key_of(self._sleeping_count),
        "woken": key_of(self._woken_count),
        "wait": key_of(self._wait_semaphore),
    }
    return "condition", "cond:" + parts["wait"], parts, {}


def _event(self, fds):
    parts = {"cond": key_of(self._cond), "flag": key_of(self._flag)}
    return "event", "event:" + parts["flag"], parts, {}


def _barrier(self, fds):
    cond = key_of(self._cond)
    arena, start, _ = memory.block(self._wrapper)
    facts = {"parties": self._parties, "data": memory.address(arena, start)}
    return "barrier", "barrier:" + cond, {"cond": cond}, facts
