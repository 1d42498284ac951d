"""Report blocks of shared memory: `multiprocessing.shared_memory`."""

from .. import making
from ..line import LINE
from ..making import NESTING
from ..wrapping import HIDDEN, KEY, wrap


def patch(module):
    wrap(module.SharedMemory, "__init__", _init)
    wrap(module.SharedMemory, "close", _close)


def _init(original):
    def __init__(self, name=None, create=False, size=0, **options):
        with HIDDEN:
            original(self, name, create, size, **options)
        NESTING.enter(self)
        try:
            making.announce(self, _describe, here=bool(create))
        finally:
            NESTING.leave()

    return __init__


def _describe(self, fds):
    name = self.name.lstrip("/")
    return "shared_memory", "shm:" + name, {}, {"size": self.size, "address": name}


def _close(original):
    """A closed block is still an object, but this process cannot use it any more."""

    def close(self):
        with HIDDEN:
            original(self)
        key = self.__dict__.pop(KEY, None)
        if key is not None:
            making.forget(self)
            LINE.say("dropped", key=key)

    return close
