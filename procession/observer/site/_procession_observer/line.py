"""The line to the supervisor: one Unix seqpacket socket per process, for messages that are sent or counted as dropped.

Nothing here blocks, and nothing raises into the program.  A process that cannot connect tries again after a second; a
fork child makes its own connection.  Messages for which the socket has no room, after hundreds at once, wait here until
the next message or put.  So do messages while a supervisor that was there is not: it is being restarted, and knows
what was sent before.

A forked process shares its memory with its parent.  Python writes to every object it uses, and the first write to each
page costs 3 µs, in child and parent.  So the messages of each process start go through `tell` and `call`, which use
few objects: prepared text, plain functions, one list, no attributes.  One module, because each import costs 0.1 ms at
the start of every process.
"""

import os
import sys
from _socket import (
    AF_UNIX,
    MSG_DONTWAIT,
    MSG_NOSIGNAL,
    SCM_RIGHTS,
    SO_SNDBUF,
    SOCK_CLOEXEC,
    SOCK_NONBLOCK,
    SOCK_SEQPACKET,
    SOL_SOCKET,
    socket,
)
from os import close, dup2, fstat, getpid
from time import monotonic_ns

from .descriptors import Kept, move_high
from .json_text import encoded, quoted
from .page import PAGE

MAX_WORD = 4096
RETRY_NS = 1_000_000_000
MAX_WAITING = 100  # each may hold descriptors, which the program must not run out of
MAX_AWAY = 20  # messages kept with their descriptors while no supervisor is there: for how long is unknown
_ROOM = 512 * 1024  # the kernel grants what its limit allows
_KIND = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK
_AT_ONCE = MSG_DONTWAIT | MSG_NOSIGNAL


# The connection: its process, its descriptor, what that is open on, and its send method.  A fork child finds its
# parent's here, and recognizes it by the pid.
PID, FD, OPEN_ON, SEND = range(4)
_UP = [0, -1, None, None]
# Messages, with descriptors, that have to wait.
WAITING = []  # type: ignore[var-annotated]
# The child whose end was reported last.
JOINED = [None]
_PATH = os.environ.get("PROCESSION_OBSERVE", "")


def tell(text):
    """Send a message that is encoded already."""
    try:
        if _UP[PID] == getpid() and fstat(_UP[FD])[1:3] == _UP[OPEN_ON] and not WAITING:
            _UP[SEND](text, _AT_ONCE)
            return
    except OSError:
        pass  # not connected, no room, or no supervisor any more
    LINE.say_text(text)


def call(text):
    """Connect a fork child and send its first message; its connection takes the descriptor of its parent's."""
    if WAITING or _UP[PID] == getpid() or fstat(_UP[FD])[1:3] != _UP[OPEN_ON]:
        return False
    caller = socket(AF_UNIX, _KIND)
    try:
        caller.connect(_PATH)
    except OSError:
        caller.close()
        return False
    fd = caller.detach()
    dup2(fd, _UP[FD], False)
    close(fd)
    _UP[OPEN_ON] = fstat(_UP[FD])[1:3]
    _UP[PID] = getpid()
    _UP[SEND](text, _AT_ONCE)
    return True


class Line:
    """Sends messages, or counts them."""

    def __init__(self, program):
        self._program = program
        self.program = quoted(program)  # as it is written in messages
        self._first = getpid()
        self._socket = None  # on the descriptor, as long as that is ours
        self._page_of = None  # the process and connection for which the page was passed
        self._retry_at = 0
        self._tried = None  # the process that may not try before `_retry_at`
        self._over = False
        self._was_up = False
        self._waits = None  # the process whose messages wait
        self._same = None

    def say(self, kind, fds=(), **fields):
        """Send a message with descriptors; without a supervisor it is counted as dropped."""
        if self._over:
            return
        try:
            self.pass_page()
            self._say(encoded(dict(fields, kind=kind, at=monotonic_ns())).encode("ascii"), fds)
        except Exception:
            self.missed()

    def say_text(self, text):
        """Send a message as `tell` does, connecting first where necessary."""
        try:
            self._say(text, ())
        except Exception:
            self.missed()

    def pass_page(self):
        """Pass the page to the supervisor: from now on, counters are there."""
        if self._page_of == (getpid(), _UP[OPEN_ON]) or self._over:
            return
        try:
            PAGE.map()
            page = PAGE.fd()
            # Connecting passes it with Hello.
            if self._is_up() and page is not None and self._page_of != (getpid(), _UP[OPEN_ON]):
                self._page_of = getpid(), _UP[OPEN_ON]
                self._say(b'{"kind":"paged","at":%d}' % monotonic_ns(), (page,))
        except Exception:
            self.missed()

    def flush(self):
        """Send the messages that wait; return whether none is left.  A put calls it too."""
        try:
            self._forget_parents()
            while WAITING:
                if not self._is_up():
                    return False
                text, kept = WAITING.pop(0)
                try:
                    sent = self._send(text, [one.fd for one in kept if one.is_ours()])
                except OSError:
                    _close(kept)
                    raise
                if not sent:
                    WAITING.insert(0, (text, kept))
                    return False
                _close(kept)
            return True
        except Exception:
            self.missed()
            return False

    def forget_waiting(self):
        """Drop waiting messages in a fork child: the parent sends them."""
        while WAITING:
            _close(WAITING.pop(0)[1])

    def missed(self):
        """Count one event that was not reported."""
        PAGE.miss(1)

    def end(self):
        """Stop sending at the interpreter's end; messages that still wait are counted as missed."""
        self._over = True
        if WAITING:
            PAGE.miss(len(WAITING))
        self._leave()

    def open(self):
        """Connect, which sends Hello; return whether that succeeded."""
        try:
            return not self._over and self._is_up()
        except Exception:
            return False

    def _forget_parents(self):
        if WAITING and self._waits != getpid():  # forked without os.register_at_fork's callbacks
            self.forget_waiting()

    def _say(self, text, fds):
        if self._over:
            return
        if len(text) > MAX_WORD:
            self.missed()
        elif not (self._is_up() and self.flush() and self._send(text, fds)):
            self._keep(text, fds)

    def _is_up(self):
        return (_UP[PID] == getpid() and _is_held()) or self._call()

    def _call(self):
        now, pid = monotonic_ns(), getpid()
        if now < self._retry_at and self._tried == pid:
            return False
        self._retry_at, self._tried = now + RETRY_NS, pid
        self._forget_parents()
        self._hang_up()
        caller = socket(AF_UNIX, _KIND)
        try:
            caller.connect(_PATH)
        except OSError:
            caller.close()
            return False
        fd = move_high(caller.detach())
        self._socket = socket(AF_UNIX, _KIND, 0, fd)
        _UP[:] = pid, fd, fstat(fd)[1:3], self._socket.send
        self._retry_at = 0
        self._was_up = True
        page = PAGE.fd()
        if page is not None:
            self._page_of = pid, _UP[OPEN_ON]
        return self._send(self._hello(), () if page is None else (page,))

    def _hello(self):
        """Return the first message; the part that is the same in all forks is encoded once."""
        if self._same is None:
            self._same = encoded(_same(self._program)).encode("ascii")[:-1]
        forked = getpid() != self._first
        more = b',"ppid":%d,"forked":%s,"start_method":%s,"kind":"hello","at":%d}'
        start = b'"spawn"' if not forked and "--multiprocessing-fork" in getattr(sys, "argv", ()) else b"null"
        return self._same + more % (os.getppid(), b"true" if forked else b"false", start, monotonic_ns())

    def _hang_up(self):
        """Close the connection; in a fork child, the parent's."""
        if _is_held():
            close(_UP[FD])
        self._leave()

    def _leave(self):
        """Detach the socket object, so that it neither closes the descriptor, maybe the program's by now, nor warns."""
        if self._socket is not None:
            self._socket.detach()
        self._socket = _UP[OPEN_ON] = None

    def _keep(self, text, fds):
        if not self._was_up or len(WAITING) >= MAX_WAITING:
            self.missed()
            return
        self._forget_parents()
        self._waits = getpid()
        with_fds = (_UP[PID] == getpid() and _is_held()) or len(WAITING) < MAX_AWAY
        WAITING.append((text, [Kept(move_high(os.dup(fd))) for fd in fds] if with_fds else []))

    def _send(self, text, fds):
        passed = []
        if fds:
            passed = [(SOL_SOCKET, SCM_RIGHTS, b"".join([fd.to_bytes(4, sys.byteorder) for fd in fds]))]
        try:
            return self._with_room(text, passed) == len(text)
        except BlockingIOError:
            return False
        except ConnectionError:
            self._hang_up()  # the supervisor has gone
            return False
        except OSError:
            self._hang_up()
            raise  # the kernel will not accept this message later either

    def _with_room(self, text, passed):
        try:
            return self._socket.sendmsg([text], passed, _AT_ONCE)
        except BlockingIOError:
            if self._socket.getsockopt(SOL_SOCKET, SO_SNDBUF) >= _ROOM:
                raise
        self._socket.setsockopt(SOL_SOCKET, SO_SNDBUF, _ROOM)
        return self._socket.sendmsg([text], passed, _AT_ONCE)


def _is_held():
    """Return whether the descriptor is still open on our socket."""
    try:
        return _UP[OPEN_ON] is not None and fstat(_UP[FD])[1:3] == _UP[OPEN_ON]
    except OSError:
        return False


def _close(kept):
    for one in kept:
        one.close()


def _same(program):
    arguments = [argument[:200] for argument in getattr(sys, "orig_argv", None) or getattr(sys, "argv", [])]
    return {
        "program": program,
        "python": "%d.%d.%d" % sys.version_info[:3],
        "executable": (sys.executable or "")[:500],
        "argv": _at_most(arguments, 1200),
        "cwd": _cwd()[:500],
    }


def _at_most(arguments, length):
    while sum(map(len, arguments)) > length:
        arguments = [*arguments[:-2], "…"]
    return arguments


def _cwd():
    try:
        return os.getcwd()
    except OSError:
        return ""


LINE = Line(os.environ.get("PROCESSION_PROGRAM", ""))
PAGE.on_map = LINE.pass_page
