"""Read what the threads of another process wait for: a semaphore, one end of a pipe, the end of a child.

From the system call of each thread (/proc/PID/task/TID/syscall); for poll and select also from the memory that the call
points to, for epoll from /proc/PID/fdinfo.  A stopped process shows the call that it will resume.  If the kernel does
not permit it, there are no waits.

A thread in a poll waits for whichever of its fds is ready first.  What else may end its wait, but is unknown here, is
returned as ``other``: with only some of the alternatives known, it cannot be said that a wait never ends.
"""

import os
import re
import struct
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, TypeAlias

from . import pipes, proc, syscalls
from .memory import Memory
from .syscalls import Call

For: TypeAlias = Literal["semaphore", "read", "write", "child", "accept", "file lock", "thread", "other"]

_MACHINE = os.uname().machine
_MAX_THREADS = 64
UNKNOWN = -2
_MAX_POLLED = 256  # fds
_MAX_SELECTED = 1024  # fds, as many as select() takes
_EPOLL_BYTES = 8 * 1024  # a hundred fds; a process with more of them is a server
_MAX_PID = 1 << 31
_FUTEX_WAITS = frozenset({0, 9})  # FUTEX_WAIT, FUTEX_WAIT_BITSET
_FUTEX_COMMAND = 0x7F
_POLLFD = struct.Struct("<ihh")
_READABLE, _WRITABLE = 0x1, 0x4  # POLLIN, POLLOUT; EPOLLIN and EPOLLOUT too
_ONCE = 0x40000000  # EPOLLONESHOT: without another event the fd is disabled
_WATCHED = re.compile(rb"^tfd:\s*(\d+) events:\s*([0-9a-f]+) .*? ino:([0-9a-f]+)", re.MULTILINE)
_READS = frozenset({"read", "readv", "recvfrom", "recvmsg"})
_WRITES = frozenset({"write", "writev", "sendto", "sendmsg"})
_P_ALL, _P_PID = 0, 1
_MAX_CHILDREN = 64


class Wait(NamedTuple):
    """A thread waits for ``what``: an address of a semaphore or a lock between threads, an fd (also of a file), a pid.

    ``timed``: it has a timeout; ``brief``: a short one.  ``ran`` is how long the thread has run in its life (ns): as
    long as that stays the same, it is the same wait.
    """

    tid: int
    main: bool
    for_: For
    what: int
    timed: bool
    ran: int = 0
    brief: bool = False


class Threads(NamedTuple):
    """The waits of a process's threads.

    ``tids``: all threads; ``active``: those that do not wait, without a timeout, for another thread of the process;
    `UNKNOWN` stands for those that were not looked at.
    """

    waits: tuple[Wait, ...] = ()
    active: tuple[int, ...] = ()
    tids: tuple[int, ...] = ()

    @property
    def alone(self) -> bool:
        """Whether at most one thread is active: nothing happens in the process until that one continues."""
        return len(self.active) <= 1


def look(pid: int, folder: str, memory: Memory) -> Threads:
    """Read the waits of a process, by its folder in /proc; a thread in a poll has one for each of its fds."""
    found: list[Wait] = []
    tids = proc.names(f"{folder}/task")
    active: list[int] = [] if len(tids) <= _MAX_THREADS else [UNKNOWN, UNKNOWN]
    for name in tids[:_MAX_THREADS]:
        call = syscalls.parse(proc.read(f"{folder}/task/{name}/syscall", 256) or b"", _MACHINE)
        if not (call and call.within_process and not call.has_timeout):
            active.append(int(name))
        if call and (rule := _RULES.get(call.name)):
            tid, ran = int(name), _ran(f"{folder}/task/{name}")
            timed, brief = bool(call.has_timeout), call.is_brief
            awaited = rule(call, _Source(folder, memory))
            found.extend(Wait(tid, tid == pid, for_, what, timed, ran, brief) for for_, what in awaited)
    looked_at = map(int, tids[:_MAX_THREADS])
    return Threads(tuple(found), tuple(active), (*looked_at, *(tid for tid in active if tid == UNKNOWN)))


def _ran(task: str) -> int:
    field = (proc.read(f"{task}/schedstat", 64) or b"").split()
    return int(field[0]) if field else 0


Found: TypeAlias = Iterator[tuple[For, int]]


class _Source(NamedTuple):
    """Where the arguments of a call are read: the process's folder in /proc, and its memory."""

    folder: str
    memory: Memory


def _futex(call: Call, source: _Source) -> Found:
    # A private futex is a lock between threads of the process, which no other process can release.
    if call.args[1] & _FUTEX_COMMAND in _FUTEX_WAITS and not (call.within_process and call.has_timeout):
        yield "thread" if call.within_process else "semaphore", call.args[0]


def _restarted(call: Call, source: _Source) -> Found:
    """A timed wait that a stop has interrupted: the call is unknown, but its arguments are still readable."""
    yield "semaphore", call.args[0]


def _read(call: Call, source: _Source) -> Found:
    yield "read", call.args[0]


def _write(call: Call, source: _Source) -> Found:
    yield "write", call.args[0]


def _accept(call: Call, source: _Source) -> Found:
    yield "accept", call.args[0]


def _lock(call: Call, source: _Source) -> Found:
    if call.waits_for_file_lock:
        yield "file lock", call.args[0]


def _poll(call: Call, source: _Source) -> Found:
    count = call.args[1]
    raw = source.memory.read(call.args[0], _POLLFD.size * min(count, _MAX_POLLED))
    for fd, events, _ in _POLLFD.iter_unpack(raw[: len(raw) // _POLLFD.size * _POLLFD.size]):
        if fd >= 0:
            yield from _for_events(fd, events)
    if len(raw) != count * _POLLFD.size:
        yield "other", 0


def _select(call: Call, source: _Source) -> Found:
    size = (min(call.args[0], _MAX_SELECTED) + 7) // 8
    whats: tuple[For, ...] = ("read", "write", "other")
    for for_, address in zip(whats, call.args[1:4], strict=True):
        raw = source.memory.read(address, size) if address else b""
        bits = int.from_bytes(raw, "little")
        yield from ((for_, fd) for fd in range(call.args[0]) if bits >> fd & 1)
        if address and len(raw) != size:
            yield "other", 0


def _epoll(call: Call, source: _Source) -> Found:
    raw = proc.whole(f"{source.folder}/fdinfo/{call.args[0]}", _EPOLL_BYTES)
    if not raw or len(raw) == _EPOLL_BYTES:
        yield "other", 0
        return
    for number, flags, inode in _WATCHED.findall(raw):
        fd, events = int(number), int(flags, 16)
        if not events & ~_ONCE:
            continue
        # It watches the file that had this number when it was added; the number may be that of another file now.
        if pipes.inode_at(source.folder, fd) == int(inode, 16):
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


def _wait4(call: Call, source: _Source) -> Found:
    pid = call.args[0] & syscalls.NO_PID
    if 0 < pid < _MAX_PID:
        yield "child", pid
    elif pid == syscalls.NO_PID:
        yield from _any_child(source)


def _waitid(call: Call, source: _Source) -> Found:
    if call.args[0] == _P_PID:
        yield "child", call.args[1] & syscalls.NO_PID
    elif call.args[0] == _P_ALL:
        yield from _any_child(source)


def _any_child(source: _Source) -> Found:
    """A wait for whichever child exits first."""
    tasks = proc.names(f"{source.folder}/task")
    lines = [proc.read(f"{source.folder}/task/{tid}/children", 4096) for tid in tasks[:_MAX_THREADS]]
    children = [int(pid) for line in lines for pid in (line or b"").split()]
    if None in lines or not 0 < len(children) <= _MAX_CHILDREN:
        yield "other", 0
        return
    yield from (("child", pid) for pid in children)


_RULES: dict[str, Callable[[Call, _Source], Found]] = {
    "futex": _futex,
    "restart_syscall": _restarted,
    "poll": _poll,
    "ppoll": _poll,
    "select": _select,
    "pselect6": _select,
    "wait4": _wait4,
    "waitid": _waitid,
    "flock": _lock,
    "fcntl": _lock,
    **dict.fromkeys(("epoll_wait", "epoll_pwait", "epoll_pwait2"), _epoll),
    **dict.fromkeys(("accept", "accept4"), _accept),
    **dict.fromkeys(_READS, _read),
    **dict.fromkeys(_WRITES, _write),
}
