"""Record what each thread of a manager's server waits for, for which client, and which client holds which managed lock.

Written into memory whose address is reported, for the supervisor to read; layout: `app/protocol/observer.py`.  Only
methods that wait are recorded; any other call costs the server half a microsecond more, beside a socket round trip and
two pickles.  The server's own code is unchanged: it gets a connection that inspects the messages.
"""

import os
import queue
import threading
from _socket import SO_PEERCRED, SOL_SOCKET, socket
from array import array
from itertools import count
from time import monotonic_ns

from ..line import LINE
from ..wrapping import HIDDEN

# Rows of 8 words each: first of connections, then of locks.
CONNECTIONS, LOCKS, WORDS = 128, 128, 8
METHODS = {"acquire": 1, "get": 2, "put": 3, "wait": 4, "join": 5, "release": 0}
_ACQUIRE, _WAIT = 1, 4
# How proxies of multiprocessing ask for an unlimited wait; None: not as an argument.
_LIMITLESS = {"acquire": True, "get": True, "wait": None}
_LOCK, _RLOCK = type(threading.Lock()), type(threading.RLock())
_OF_THREADING = (
    threading.Semaphore,
    threading.BoundedSemaphore,
    threading.Condition,
    threading.Event,
    threading.Barrier,
)
_WAITED_FOR = frozenset((_LOCK, _RLOCK, *_OF_THREADING, queue.Queue))

_NOTES = array("Q", bytes(8 * WORDS * (CONNECTIONS + LOCKS)))
_FREE = list(range(CONNECTIONS))
_ROWS = {}  # type: ignore[var-annotated] # address of a lock -> its row
_NEXT = count(CONNECTIONS)


def notes():
    return _NOTES.buffer_info()[0]


def served(original):
    def serve_client(self, conn):
        try:
            seen = _Connection(self, conn)
        except Exception:
            LINE.missed()
            return original(self, conn)
        try:
            with HIDDEN:
                return original(self, seen)
        finally:
            seen.over()

    return serve_client


class _Connection:
    """The connection of one client, which has its own thread."""

    def __init__(self, server, conn):
        self._conn, self._objects = conn, server.id_to_obj
        fd = conn.fileno()
        self._inode, self._client = os.fstat(fd).st_ino, _client(fd)
        self._method = 0
        self._lock = None
        self._row = _FREE.pop() * WORDS if _FREE else None
        self._write(self._row, self._inode, self._client)
        self.recv, self.send = self._receiving(conn.recv), self._sending(conn.send)

    def __getattr__(self, name):
        return getattr(self._conn, name)

    def over(self):
        """Free the client's row."""
        if self._row is not None:
            self._write(self._row)
            _FREE.append(self._row // WORDS)
            self._row = None

    def _receiving(self, receive):
        objects = self._objects

        def recv():
            request = receive()
            try:
                ident, name, args, kwds = request
                if name in METHODS:
                    thing = objects.get(ident, (None,))[0]
                    if type(thing) in _WAITED_FOR:
                        self._began(thing, name, args, kwds)
            except Exception:
                LINE.missed()
            return request

        return recv

    def _sending(self, pass_on):
        def send(message):
            if self._method:
                try:
                    self._ended(message)
                except Exception:
                    LINE.missed()
            return pass_on(message)

        return send

    def _began(self, thing, name, args, kwds):
        self._method = METHODS[name]
        self._lock = _lock_of(thing)
        if self._lock is not None and name != "acquire":
            # Recorded before the release: the next holder records itself right after it.
            self._lock = _release(self._lock, self._inode, gone=name == "wait")
        row, notes = self._row, _NOTES
        if row is not None and self._method:
            notes[row + 2] = id(thing)
            notes[row + 4] = 1 if kwds or _is_limited(name, args) else 0
            notes[row + 5] = monotonic_ns()
            notes[row + 3] = self._method

    def _ended(self, message):
        if self._row is not None:
            _NOTES[self._row + 3] = 0
        method, self._method = self._method, 0
        lock, self._lock = self._lock, None
        got = message[0] == "#RETURN" and (method == _WAIT or message[1] is True)
        if lock is not None and got and method in (_ACQUIRE, _WAIT):
            _acquire(lock, self._inode, self._client)

    @staticmethod
    def _write(row, *values):
        if row is not None:
            for index in range(WORDS):
                _NOTES[row + index] = values[index] if index < len(values) else 0


def _lock_of(thing):
    """Return the threading lock that an object is or has; None without one."""
    if type(thing) is threading.Condition:
        thing = thing._lock
    return thing if type(thing) in (_LOCK, _RLOCK) else None


def _is_limited(name, args):
    """Return whether the call has a timeout.  Compares by identity: the program could notice an ``__eq__``."""
    if name == "put":
        return len(args) != 1
    return len(args) > 1 or (len(args) == 1 and (name not in _LIMITLESS or args[0] is not _LIMITLESS[name]))


def _client(fd):
    """Return the pid of the process that connected; 0 where the kernel does not know it."""
    try:
        borrowed = socket(fileno=fd)
    except OSError:
        return 0
    try:
        return int.from_bytes(borrowed.getsockopt(SOL_SOCKET, SO_PEERCRED, 12)[:4], "little")
    except OSError:
        return 0
    finally:
        borrowed.detach()


def _acquire(lock, inode, client):
    row = _row(lock)
    if row is None:
        return
    notes = _NOTES
    if notes[row + 1] and notes[row + 3] == inode and type(lock) is _RLOCK:
        notes[row + 1] += 1
        return
    notes[row + 1] = 0
    notes[row] = id(lock)
    notes[row + 2] = client
    notes[row + 3] = inode
    notes[row + 4] = monotonic_ns()
    notes[row + 1] = 1


def _release(lock, inode, gone):
    """Record a release; return the lock if wait() will acquire it again at its end."""
    row = _row(lock)
    if row is None or not _NOTES[row + 1]:
        return None
    mine = _NOTES[row + 3] == inode
    if type(lock) is _LOCK or (mine and (gone or _NOTES[row + 1] == 1)):
        _NOTES[row + 1] = 0
    elif mine:
        _NOTES[row + 1] -= 1
    return lock if gone and mine else None


def _row(lock):
    row = _ROWS.get(id(lock))
    if row is None:
        row = _ROWS.setdefault(id(lock), next(_NEXT))
    return row * WORDS if row < CONNECTIONS + LOCKS else None
