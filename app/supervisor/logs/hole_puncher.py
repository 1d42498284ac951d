"""Free the disk blocks of the part of a log that is no longer kept, in a small process of its own: it may block.

::

    LogKeeper ──ask(number, fd, start, end)──▶ HolePuncher ══socket══▶ this file as a program: fallocate(PUNCH_HOLE)
              ◀───answers(): (number, errno, freed_to)──── ◀══════════

With a log growing by 500 MB/s one hole took 2 to 95 ms, and kernels before 6.14 (XFS and Btrfs always) first write the
pages to the disk: too long for the supervisor's loop.  The program uses the standard library only, is started with the
first hole, and ends with the supervisor.
"""

import contextlib
import ctypes
import errno
import os
import signal
import socket
import struct
import subprocess
import sys

_REQUEST = struct.Struct("!Qqq")
_ANSWER = struct.Struct("!Qiq")
_PUNCH_HOLE_KEEP_SIZE = 0x02 | 0x01
_PR_SET_PDEATHSIG = 1
#: The file system does not support holes, or not for this kind of file.
WITHOUT_HOLES = (errno.EOPNOTSUPP, errno.ENOSYS, errno.ENODEV)


class HolePuncher:
    """Sends requests to the process, and never blocks.  If the process dies, the next request starts it again."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The pid of the process; None if it does not run."""
        return self._process.pid if self._process else None

    def ask(self, number: int, fd: int, start: int, end: int) -> bool:
        """Request a hole in a file; return False if that is not possible now."""
        try:
            self._socket = self._socket or self._start()
            socket.send_fds(self._socket, [_REQUEST.pack(number, start, end)], [fd])
        except BlockingIOError:
            return False
        except OSError:
            self.close()
            return False
        return True

    def answers(self) -> list[tuple[int, int, int]] | None:
        """Return (number, errno or 0, freed_to) of each request done since the last call; None if the process died.

        ``freed_to`` is the offset up to which the file is now a hole; it is the start of the hole if nothing was freed.
        """
        answers: list[tuple[int, int, int]] = []
        while self._socket:
            try:
                answer = self._socket.recv(_ANSWER.size)
            except BlockingIOError:
                break
            except OSError:
                answer = b""
            if not answer:
                self.close()
                return None
            answers.append(_ANSWER.unpack(answer))
        return answers

    def close(self) -> None:
        """End the process; a hole that it was punching is either complete or not there."""
        if self._socket:
            self._socket.close()
        if self._process:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
        self._socket = self._process = None

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            try:
                # All fds are close-on-exec: closing thousands one by one would take milliseconds.
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", __file__], stdin=theirs.fileno(), close_fds=False
                )
            except OSError:
                ours.close()
                raise
        return ours


def main() -> None:
    """Punch holes until the supervisor closes its end or dies."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    asked = socket.socket(fileno=0)
    while True:
        request, fds, _, _ = socket.recv_fds(asked, _REQUEST.size, 1)
        if not request:
            return
        number, start, end = _REQUEST.unpack(request)
        asked.send(_ANSWER.pack(number, *punch(fds[0], start, end)))
        os.close(fds[0])


def punch(fd: int, start: int, end: int) -> tuple[int, int]:
    """Free the bytes from ``start`` to ``end``; return 0 or an errno, and the offset up to which the file is a hole.

    If holes are not supported, the file is emptied and extended to its old length: offsets stay valid, but the part
    that should have been kept is lost.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    punched = libc.fallocate(fd, _PUNCH_HOLE_KEEP_SIZE, ctypes.c_int64(start), ctypes.c_int64(end - start))
    if punched == 0:
        return 0, end
    failure = ctypes.get_errno()
    if failure not in WITHOUT_HOLES:
        return failure, start
    size = os.fstat(fd).st_size
    os.ftruncate(fd, 0)
    os.ftruncate(fd, size)
    return failure, size


if __name__ == "__main__":
    main()
