"""The line to the supervisor: one unix seqpacket socket per process, on which words are said or counted as dropped.

Nothing here blocks, and nothing raises into the program.  A process that the supervisor does not answer tries again
a second later at most; a fork child has a line of its own.  Words for which the socket has no room, after hundreds
in one breath, wait here for the next word or the next put.  So do those of a moment in which a supervisor that was
there is not: it is being started again, and knows what was said before.
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
from time import monotonic_ns

from .descriptors import Kept, move_high
from .page import DROPPED, PAGE
from .wording import encoded

MAX_WORD = 4096
RETRY_NS = 1_000_000_000
MAX_WAITING = 100  # each may hold descriptors, which the program must not run out of
MAX_AWAY = 20  # words with their descriptors, while nobody is there to take them: nobody knows for how long
_ROOM = 512 * 1024  # the kernel gives what it allows
_KIND = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK


class Line:
    """Says words; ``pid`` is whose line it is."""

    def __init__(self, path, program):
        self._path = path
        self._program = program
        self._kept = Kept()
        self._retry_at = 0
        self._over = False
        self._was_up = False
        self.waiting = []
        self.pid = os.getpid()
        self.forked = False

    def say(self, kind, fds=(), **fields):
        """Say a word, with descriptors; where nobody listens it is counted as dropped."""
        if self._over:
            return
        try:
            text = encoded(dict(fields, kind=kind, at=monotonic_ns())).encode("ascii")
            if len(text) > MAX_WORD:
                self.missed()
            elif not (self._is_up() and self.flush() and self._send(text, fds)):
                self._keep(text, fds)
        except Exception:
            self.missed()

    def flush(self):
        """Say what waits; whether nothing waits any more.  A put calls it too."""
        waiting = self.waiting
        try:
            while waiting:
                if not self._is_up():
                    return False
                text, kept = waiting.pop(0)
                try:
                    sent = self._send(text, [one.fd for one in kept if one.is_ours()])
                except OSError:
                    _close(kept)
                    raise
                if not sent:
                    waiting.insert(0, (text, kept))
                    return False
                _close(kept)
            return True
        except Exception:
            self.missed()
            return False

    def missed(self):
        """Something was not seen."""
        PAGE.words[DROPPED] += 1

    def renew(self):
        """In a fork child: the parent's line is the parent's; say Hello on a line of our own."""
        self._kept.close()
        while self.waiting:
            _close(self.waiting.pop(0)[1])
        self._retry_at = 0
        self.pid, self.forked = os.getpid(), True
        PAGE.renew()
        if not self._over:
            self._is_up()

    def end(self):
        """The interpreter ends: what dies from now on is not worth a word; what could not be said was not seen."""
        self._over = True
        PAGE.words[DROPPED] += len(self.waiting)

    def open(self):
        """Say Hello, if somebody listens."""
        try:
            return self._is_up()
        except Exception:
            return False

    def _is_up(self):
        if self.pid != os.getpid():  # forked without Python's knowledge
            self.renew()
        return self._kept.is_ours() or self._call()

    def _call(self):
        now = monotonic_ns()
        if now < self._retry_at:
            return False
        self._retry_at = now + RETRY_NS
        caller = socket(AF_UNIX, _KIND)
        try:
            caller.connect(self._path)
        except OSError:
            caller.close()
            return False
        caller.setsockopt(SOL_SOCKET, SO_SNDBUF, _ROOM)
        self._kept = Kept(move_high(caller.detach()))
        self._retry_at = 0
        self._was_up = True
        page = PAGE.fd()
        hello = dict(_hello(self._program, self.forked), kind="hello", at=monotonic_ns())
        return self._send(encoded(hello).encode("ascii"), () if page is None else (page,))

    def _keep(self, text, fds):
        if not self._was_up or len(self.waiting) >= MAX_WAITING:
            self.missed()
            return
        with_fds = self._kept.is_ours() or len(self.waiting) < MAX_AWAY
        self.waiting.append((text, [Kept(move_high(os.dup(fd))) for fd in fds] if with_fds else []))

    def _send(self, text, fds):
        passed = []
        if fds:
            passed = [(SOL_SOCKET, SCM_RIGHTS, b"".join([fd.to_bytes(4, sys.byteorder) for fd in fds]))]
        line = socket(AF_UNIX, _KIND, 0, self._kept.fd)
        try:
            return line.sendmsg([text], passed, MSG_DONTWAIT | MSG_NOSIGNAL) == len(text)
        except BlockingIOError:
            return False
        except ConnectionError:
            self._kept.close()  # nobody listens any more
            return False
        except OSError:
            self._kept.close()
            raise  # a word that the kernel does not take is none that it takes later
        finally:
            line.detach()  # else its end would close the descriptor, with a ResourceWarning


def _close(kept):
    for one in kept:
        one.close()


def _hello(program, forked):
    arguments = [argument[:200] for argument in getattr(sys, "orig_argv", None) or getattr(sys, "argv", [])]
    return {
        "program": program,
        "ppid": os.getppid(),
        "python": "%d.%d.%d" % sys.version_info[:3],
        "executable": (sys.executable or "")[:500],
        "argv": _at_most(arguments, 1200),
        "cwd": _cwd()[:500],
        "forked": forked,
        "start_method": None if forked else _start_method(),
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


def _start_method():
    return "spawn" if "--multiprocessing-fork" in getattr(sys, "argv", ()) else None


LINE = Line(os.environ.get("PROCESSION_OBSERVE", ""), os.environ.get("PROCESSION_PROGRAM", ""))
