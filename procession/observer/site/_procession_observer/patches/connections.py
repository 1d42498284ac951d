"""Report pipes, listeners and their clients: `multiprocessing.connection`."""

import os
import sys
from time import monotonic_ns

from .. import making, naming
from ..line import LINE
from ..making import NESTING, SLOT
from ..page import NOWHERE, WORDS
from ..wrapping import HIDDEN, hide, wrap

# Index of a counter: since when a process has been in accept(), handshake included.
_WAITS_TO_GET = 5
_QUEUES = tuple(os.path.join(name, "queues.py") for name in ("multiprocessing", "multiprocess", "billiard"))


def patch(module):
    wrap(module, "Pipe", _pipe)
    wrap(module, "Client", _client)
    wrap(module.Listener, "__init__", making.made_by(_listener))
    wrap(module.Listener, "accept", _accept)


def _pipe(original):
    def Pipe(duplex=True, *more, **options):  # noqa: N802
        with HIDDEN:
            ends = original(duplex, *more, **options)
        try:
            _tell_pipe(ends, duplex, of_queue=sys._getframe(1).f_code.co_filename.endswith(_QUEUES))
        except Exception:
            LINE.missed()
        return ends

    return Pipe


def _tell_pipe(ends, duplex, of_queue):
    """Report a pipe of the program or of a queue; not those that multiprocessing makes for other uses."""
    if NESTING.internal if NESTING.within else naming.is_internal():
        return
    if NESTING.within and not of_queue:
        return
    fds = [end.fileno() for end in ends]
    first, second = (("sock:%d" if duplex else "pipe:%d") % os.fstat(fd).st_ino for fd in fds)
    LINE.say(
        "made",
        key=first,
        resource="pipe",
        name="" if of_queue else naming.name(),
        parts={"a": first, "b": second} if duplex else {},
        facts={"reader": fds[0], "writer": fds[1]},
    )


def address_told(address):
    """Return an address as text: a path, or host:port."""
    if isinstance(address, tuple):
        return ":".join(map(str, address[:2]))
    return address.decode("utf-8", "replace") if isinstance(address, bytes) else str(address)


def _listener(self, fds):
    address = address_told(self.address)
    listening = self._listener._socket.fileno()
    return (
        "listener",
        "addr:" + address,
        {},
        {"address": address, "reader": listening, "counters": making.counters(self)},
    )


def _accept(original):
    def accept(self):
        at = self.__dict__.get(SLOT, NOWHERE)
        WORDS[0][at + _WAITS_TO_GET] = monotonic_ns()
        try:
            connection = original(self)
        except BaseException as error:
            hide(error)
            raise
        finally:
            WORDS[0][at + _WAITS_TO_GET] = 0
        WORDS[0][at] += 1
        return connection

    return accept


def _client(original):
    def Client(address, family=None, authkey=None):  # noqa: N802
        with HIDDEN:
            connection = original(address, family, authkey)
        if not naming.is_internal():
            told = address_told(address)
            LINE.say("made", key="addr:" + told, resource="listener", here=False, facts={"address": told})
        return connection

    return Client
