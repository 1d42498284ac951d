"""The line to the supervisor: one unix seqpacket socket per process, on which words are said or counted as dropped.

Nothing here blocks, and nothing raises into the program.  A process that the supervisor does not answer tries again
a second later at most; a fork child has a line of its own.  Words for which the socket has no room, after hundreds
in one breath, wait here for the next word or the next put.  So do those of a moment in which a supervisor that was
there is not: it is being started again, and knows what was said before.

A process that was just forked shares its memory with its parent.  Python writes to whatever it looks at, and the first
write to each page costs 3 µs, in the child and in the parent.  So what each start of a process says goes by `tell` and
`call`, which look at little: text made before, plain functions, one list, no attributes.
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
from .page import PAGE
from .wording import encoded, quoted

MAX_WORD = 4096
RETRY_NS = 1_000_000_000
MAX_WAITING = 100  # each may hold descriptors, which the program must not run out of
MAX_AWAY = 20  # words with their descriptors, while nobody is there to take them: nobody knows for how long
_ROOM = 512 * 1024  # the kernel gives what it allows
_KIND = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK
_AT_ONCE = MSG_DONTWAIT | MSG_NOSIGNAL


# Of the line that is up: whose it is, its descriptor, what that is open on, how to send.  A fork child finds its
# parent's here, by whose pid it knows that.
PID, FD, OPEN_ON, SEND = range(4)
_UP = [0, -1, None, None]
# Words with descriptors that have to wait.
WAITING = []  # type: ignore[var-annotated]
# The child whose end was told last.
JOINED = [None]
_PATH = os.environ.get("PROCESSION_OBSERVE", "")


def tell(text):
    """Say a word that is text already."""
    try:
        if _UP[PID] == getpid() and fstat(_UP[FD])[1:3] == _UP[OPEN_ON] and not WAITING:
            _UP[SEND](text, _AT_ONCE)
            return
    except OSError:
        pass  # no line, or no room, or nobody there any more
    LINE.say_text(text)


def call(text):
    """Say the first word of a fork child, which has its parent's line until then: its own gets the same number."""
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
    """Says words, or counts them."""

    def __init__(self, program):
        self._program = program
        self.program = quoted(program)  # as it stands in words
        self._first = getpid()
        self._socket = None  # over the descriptor, as long as that is ours
        self._page_of = None  # by what line the page was passed, and which process by it
        self._retry_at = 0
        self._tried = None  # who tries again then
        self._over = False
        self._was_up = False
        self._waits = None  # whose the words are that wait
        self._same = None

    def say(self, kind, fds=(), **fields):
        """Say a word, with descriptors; where nobody listens it is counted as dropped."""
        if self._over:
            return
        try:
            self.pass_page()
            self._say(encoded(dict(fields, kind=kind, at=monotonic_ns())).encode("ascii"), fds)
        except Exception:
            self.missed()

    def say_text(self, text):
        """As `tell`, whatever is the matter."""
        try:
            self._say(text, ())
        except Exception:
            self.missed()

    def pass_page(self):
        """From now on the page is needed: what is not told any more is counted there."""
        if self._page_of == (getpid(), _UP[OPEN_ON]) or self._over:
            return
        try:
            PAGE.map()
            page = PAGE.fd()
            # Hello brings it along, if it is said only now.
            if self._is_up() and page is not None and self._page_of != (getpid(), _UP[OPEN_ON]):
                self._page_of = getpid(), _UP[OPEN_ON]
                self._say(b'{"kind":"paged","at":%d}' % monotonic_ns(), (page,))
        except Exception:
            self.missed()

    def flush(self):
        """Say what waits; whether nothing waits any more.  A put calls it too."""
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
        """In a fork child: what waits is the parent's to say."""
        while WAITING:
            _close(WAITING.pop(0)[1])

    def missed(self):
        """Something was not seen."""
        PAGE.miss(1)

    def end(self):
        """The interpreter ends: what dies from now on is not worth a word; what could not be said was not seen."""
        self._over = True
        if WAITING:
            PAGE.miss(len(WAITING))
        self._leave()

    def open(self):
        """Say Hello, if somebody listens."""
        try:
            return not self._over and self._is_up()
        except Exception:
            return False

    def _forget_parents(self):
        if WAITING and self._waits != getpid():  # forked without Python's knowledge
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
        """What stays the same in all forks is put into words once."""
        if self._same is None:
            self._same = encoded(_same(self._program)).encode("ascii")[:-1]
        forked = getpid() != self._first
        more = b',"ppid":%d,"forked":%s,"start_method":%s,"kind":"hello","at":%d}'
        start = b'"spawn"' if not forked and "--multiprocessing-fork" in getattr(sys, "argv", ()) else b"null"
        return self._same + more % (os.getppid(), b"true" if forked else b"false", start, monotonic_ns())

    def _hang_up(self):
        """Let go of the line; in a fork child, of its parent's."""
        if _is_held():
            close(_UP[FD])
        self._leave()

    def _leave(self):
        """The number may be anybody's: the socket must not close it, nor warn that it is open."""
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
            self._hang_up()  # nobody listens any more
            return False
        except OSError:
            self._hang_up()
            raise  # a word that the kernel does not take is none that it takes later

    def _with_room(self, text, passed):
        try:
            return self._socket.sendmsg([text], passed, _AT_ONCE)
        except BlockingIOError:
            if self._socket.getsockopt(SOL_SOCKET, SO_SNDBUF) >= _ROOM:
                raise
        self._socket.setsockopt(SOL_SOCKET, SO_SNDBUF, _ROOM)
        return self._socket.sendmsg([text], passed, _AT_ONCE)


def _is_held():
    """Whether the descriptor is still open on what it was."""
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
