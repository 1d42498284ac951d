"""What the threads of another process wait for at this moment: a semaphore, the end of a pipe, the end of a child.

From the system call that each is in (/proc/PID/task/TID/syscall) and, for poll and select, from the memory that the
call points to.  A stopped process shows the call that it will go on with.  Where the kernel does not permit the look,
nothing is told.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, TypeAlias

from . import proc, syscalls
from .memory import Memory
from .syscalls import Call

For: TypeAlias = Literal["semaphore", "read", "write", "child"]

_MACHINE = os.uname().machine
_THREADS = 64
_FDS = 256
_NO_PID = 0xFFFFFFFF
_FUTEX_WAITS = frozenset({0, 9})  # FUTEX_WAIT, FUTEX_WAIT_BITSET
_FUTEX_COMMAND = 0x7F
_POLLFD = struct.Struct("<ihh")
_READABLE, _WRITABLE = 0x1, 0x4  # POLLIN, POLLOUT
_READS = frozenset({"read", "readv", "recvfrom", "recvmsg"})
_WRITES = frozenset({"write", "writev", "sendto", "sendmsg"})
_P_PID = 1


class Wait(NamedTuple):
    """A thread waits: ``what`` is the address of a semaphore, an fd, or a pid.  ``timed``: it ends by itself.

    ``ran``: for how long the thread has run in its life (ns).  Where that is as it was, it is still the same wait.
    """

    tid: int
    main: bool
    for_: For
    what: int
    timed: bool
    ran: int = 0


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
            timed = bool(call.has_timeout)
            found.extend(Wait(tid, tid == pid, for_, what, timed, ran) for for_, what in rule(call, memory))
    return Threads(len(tids), tuple(found), inert)


def _ran(task: str) -> int:
    field = (proc.read(f"{task}/schedstat", 64) or b"").split()
    return int(field[0]) if field else 0


Found: TypeAlias = Iterator[tuple[For, int]]


def _futex(call: Call, memory: Memory) -> Found:
    # Between threads of one process only it is a lock of threading: nobody else's business.
    if not call.within_process and call.args[1] & _FUTEX_COMMAND in _FUTEX_WAITS:
        yield "semaphore", call.args[0]


def _restarted(call: Call, memory: Memory) -> Found:
    """A timed wait that a stop has interrupted; what it was is not told, but its arguments still stand there."""
    yield "semaphore", call.args[0]


def _read(call: Call, memory: Memory) -> Found:
    yield "read", call.args[0]


def _write(call: Call, memory: Memory) -> Found:
    yield "write", call.args[0]


def _poll(call: Call, memory: Memory) -> Found:
    raw = memory.read(call.args[0], _POLLFD.size * min(call.args[1], _FDS))
    for fd, events, _ in _POLLFD.iter_unpack(raw[: len(raw) // _POLLFD.size * _POLLFD.size]):
        if fd >= 0 and events & _READABLE:
            yield "read", fd
        if fd >= 0 and events & _WRITABLE:
            yield "write", fd


def _select(call: Call, memory: Memory) -> Found:
    size = (min(call.args[0], _FDS) + 7) // 8
    for for_, address in (("read", call.args[1]), ("write", call.args[2])):
        bits = int.from_bytes(memory.read(address, size), "little")
        yield from ((for_, fd) for fd in range(size * 8) if bits >> fd & 1)  # type: ignore[misc]


def _wait4(call: Call, memory: Memory) -> Found:
    pid = call.args[0] & _NO_PID
    if 0 < pid < 1 << 31:
        yield "child", pid


def _waitid(call: Call, memory: Memory) -> Found:
    if call.args[0] == _P_PID:
        yield "child", call.args[1] & _NO_PID


_RULES: dict[str, Callable[[Call, Memory], Found]] = {
    "futex": _futex,
    "restart_syscall": _restarted,
    "poll": _poll,
    "ppoll": _poll,
    "select": _select,
    "pselect6": _select,
    "wait4": _wait4,
    "waitid": _waitid,
    **dict.fromkeys(_READS, _read),
    **dict.fromkeys(_WRITES, _write),
}
