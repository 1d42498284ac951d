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
    """A thread waits: ``what`` is the address of a semaphore, an fd, or a pid.  ``timed``: it ends by itself."""

    main: bool
    for_: For
    what: int
    timed: bool


def waits(pid: int, folder: str, memory: Memory) -> tuple[int, list[Wait]]:
    """How many threads there are, and their waits; a thread in a poll waits for each of its fds.

    ``folder`` is that of the process, below /proc.
    """
    found: list[Wait] = []
    tids = proc.names(f"{folder}/task")
    for name in tids[:_THREADS]:
        call = syscalls.parse(proc.read(f"{folder}/task/{name}/syscall", 256) or b"", _MACHINE)
        if call and (rule := _RULES.get(call.name)):
            found.extend(
                Wait(int(name) == pid, for_, what, bool(call.has_timeout)) for for_, what in rule(call, memory)
            )
    return len(tids), found


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
