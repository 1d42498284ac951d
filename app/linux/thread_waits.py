"""What the threads of another process wait for at this moment: a semaphore, the end of a pipe, the end of a child.

From the system call that each is in (/proc/PID/task/TID/syscall) and, for poll and select, from the memory that the
call points to, for epoll from /proc/PID/fdinfo.  A stopped process shows the call that it will go on with.  Where the
kernel does not permit the look, nothing is told.

A thread in a poll waits for whichever of its fds comes first.  What else may end its wait, and cannot be told here, is
told as ``other``: who knows only some of the ways out must not say that there is none.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, TypeAlias

from . import pipes, proc, syscalls
from .memory import Memory
from .syscalls import Call

For: TypeAlias = Literal["semaphore", "read", "write", "child", "accept", "other"]

_MACHINE = os.uname().machine
_THREADS = 64
_FDS = 256
_SELECTED = 1024  # as many as select() takes
_EPOLL_BYTES = 8 * 1024  # a hundred fds; whoever serves more waits for anybody
_NO_PID = 0xFFFFFFFF
_FUTEX_WAITS = frozenset({0, 9})  # FUTEX_WAIT, FUTEX_WAIT_BITSET
_FUTEX_COMMAND = 0x7F
_POLLFD = struct.Struct("<ihh")
_READABLE, _WRITABLE = 0x1, 0x4  # POLLIN, POLLOUT; EPOLLIN and EPOLLOUT too
_ONCE = 0x40000000  # EPOLLONESHOT: with nothing else it is switched off
_WATCHED = re.compile(rb"^tfd:\s*(\d+) events:\s*([0-9a-f]+) .*? ino:([0-9a-f]+)", re.MULTILINE)
_READS = frozenset({"read", "readv", "recvfrom", "recvmsg"})
_WRITES = frozenset({"write", "writev", "sendto", "sendmsg"})
_P_PID = 1


class Wait(NamedTuple):
    """A thread waits: ``what`` is the address of a semaphore, an fd, or a pid.  ``timed``: it ends by itself, ``brief``
    that it may do so soon.

    ``ran``: for how long the thread has run in its life (ns).  Where that is as it was, it is still the same wait.
    """

    tid: int
    main: bool
    for_: For
    what: int
    timed: bool
    ran: int = 0
    brief: bool = False


class Threads(NamedTuple):
    """What the threads of a process do; those that are ``inert`` wait for another thread of theirs, without limit."""

    number: int = 0
    waits: tuple[Wait, ...] = ()
    inert: int = 0

    @property
    def alone(self) -> bool:
        """Whether nothing can happen in the process unless the one thread goes on that is not inert."""
        return self.number - self.inert <= 1


def look(pid: int, folder: str, memory: Memory) -> Threads:
    """All of it; a thread in a poll waits for each of its fds.  ``folder`` is that of the process, below /proc."""
    found: list[Wait] = []
    tids = proc.names(f"{folder}/task")
    inert = 0
    for name in tids[:_THREADS]:
        call = syscalls.parse(proc.read(f"{folder}/task/{name}/syscall", 256) or b"", _MACHINE)
        inert += bool(call and call.within_process and not call.has_timeout)
        if call and (rule := _RULES.get(call.name)):
            tid, ran = int(name), _ran(f"{folder}/task/{name}")
            timed, brief = bool(call.has_timeout), call.is_brief
            told = rule(call, Sight(folder, memory))
            found.extend(Wait(tid, tid == pid, for_, what, timed, ran, brief) for for_, what in told)
    return Threads(len(tids), tuple(found), inert)


def _ran(task: str) -> int:
    field = (proc.read(f"{task}/schedstat", 64) or b"").split()
    return int(field[0]) if field else 0


Found: TypeAlias = Iterator[tuple[For, int]]


class Sight(NamedTuple):
    """Through which the arguments of a call are looked at: the process's folder below /proc, and its memory."""

    folder: str
    memory: Memory


def _futex(call: Call, sight: Sight) -> Found:
    # Between threads of one process only it is a lock of threading: nobody else's business.
    if not call.within_process and call.args[1] & _FUTEX_COMMAND in _FUTEX_WAITS:
        yield "semaphore", call.args[0]


def _restarted(call: Call, sight: Sight) -> Found:
    """A timed wait that a stop has interrupted; what it was is not told, but its arguments still stand there."""
    yield "semaphore", call.args[0]


def _read(call: Call, sight: Sight) -> Found:
    yield "read", call.args[0]


def _write(call: Call, sight: Sight) -> Found:
    yield "write", call.args[0]


def _accept(call: Call, sight: Sight) -> Found:
    yield "accept", call.args[0]


def _poll(call: Call, sight: Sight) -> Found:
    count = call.args[1]
    raw = sight.memory.read(call.args[0], _POLLFD.size * min(count, _FDS))
    for fd, events, _ in _POLLFD.iter_unpack(raw[: len(raw) // _POLLFD.size * _POLLFD.size]):
        if fd >= 0:
            yield from _for_events(fd, events)
    if len(raw) != count * _POLLFD.size:
        yield "other", 0


def _select(call: Call, sight: Sight) -> Found:
    size = (min(call.args[0], _SELECTED) + 7) // 8
    whats: tuple[For, ...] = ("read", "write", "other")
    for for_, address in zip(whats, call.args[1:4], strict=True):
        raw = sight.memory.read(address, size) if address else b""
        bits = int.from_bytes(raw, "little")
        yield from ((for_, fd) for fd in range(call.args[0]) if bits >> fd & 1)
        if address and len(raw) != size:
            yield "other", 0


def _epoll(call: Call, sight: Sight) -> Found:
    raw = proc.whole(f"{sight.folder}/fdinfo/{call.args[0]}", _EPOLL_BYTES)
    if not raw or len(raw) == _EPOLL_BYTES:
        yield "other", 0
        return
    for told, flags, inode in _WATCHED.findall(raw):
        fd, events = int(told), int(flags, 16)
        if not events & ~_ONCE:
            continue
        # It watches the file that had this number when it was added, which may be another one now.
        if pipes.inode_at(sight.folder, fd) == int(inode, 16):
            yield from _for_events(fd, events)
        else:
            yield "other", fd


def _for_events(fd: int, events: int) -> Found:
    if events & _READABLE:
        yield "read", fd
    if events & _WRITABLE:
        yield "write", fd
    if not events & (_READABLE | _WRITABLE):
        yield "other", fd


def _wait4(call: Call, sight: Sight) -> Found:
    pid = call.args[0] & _NO_PID
    if 0 < pid < 1 << 31:
        yield "child", pid


def _waitid(call: Call, sight: Sight) -> Found:
    if call.args[0] == _P_PID:
        yield "child", call.args[1] & _NO_PID


_RULES: dict[str, Callable[[Call, Sight], Found]] = {
    "futex": _futex,
    "restart_syscall": _restarted,
    "poll": _poll,
    "ppoll": _poll,
    "select": _select,
    "pselect6": _select,
    "wait4": _wait4,
    "waitid": _waitid,
    **dict.fromkeys(("epoll_wait", "epoll_pwait", "epoll_pwait2"), _epoll),
    **dict.fromkeys(("accept", "accept4"), _accept),
    **dict.fromkeys(_READS, _read),
    **dict.fromkeys(_WRITES, _write),
}
