"""What a blocked system call means: a sleep, a server's wait for events, or a wait that may never end.  Pure.

Only calls that block are named; the numbers are those of x86_64 and aarch64 (asm-generic).
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["running", "sleeping", "idle", "waiting", "stopped", "disk", "zombie", "unknown"]

NUMBERS: dict[str, dict[str, int]] = {
    "x86_64": {
        "read": 0, "write": 1, "poll": 7, "ioctl": 16, "pread64": 17, "readv": 19, "writev": 20, "select": 23,
        "pause": 34, "nanosleep": 35, "sendfile": 40, "connect": 42, "accept": 43, "sendto": 44, "recvfrom": 45,
        "sendmsg": 46, "recvmsg": 47, "wait4": 61, "semop": 65, "msgrcv": 70, "fcntl": 72, "flock": 73, "fsync": 74,
        "fdatasync": 75, "rt_sigtimedwait": 128, "rt_sigsuspend": 130, "futex": 202, "restart_syscall": 219,
        "semtimedop": 220, "clock_nanosleep": 230, "epoll_wait": 232, "mq_timedreceive": 243, "waitid": 247,
        "openat": 257, "pselect6": 270, "ppoll": 271, "splice": 275, "epoll_pwait": 281, "accept4": 288,
        "epoll_pwait2": 441,
    },
    "aarch64": {
        "epoll_pwait": 22, "fcntl": 25, "ioctl": 29, "flock": 32, "openat": 56, "read": 63, "write": 64, "readv": 65,
        "writev": 66, "pread64": 67, "sendfile": 71, "pselect6": 72, "ppoll": 73, "splice": 76, "fsync": 82,
        "fdatasync": 83, "waitid": 95, "futex": 98, "nanosleep": 101, "clock_nanosleep": 115, "restart_syscall": 128,
        "rt_sigsuspend": 133, "rt_sigtimedwait": 137, "mq_timedreceive": 183, "msgrcv": 188, "semtimedop": 192,
        "semop": 193, "accept": 202, "connect": 203, "sendto": 206, "recvfrom": 207, "sendmsg": 211, "recvmsg": 212,
        "accept4": 242, "wait4": 260, "epoll_pwait2": 441,
    },
}  # fmt: skip

_FUTEX_PRIVATE = 128
_SET_LOCK_AND_WAIT = frozenset({7, 38})  # F_SETLKW, F_OFD_SETLKW
NO_PID = 0xFFFFFFFF  # −1 as an int of 32 bits
_INT = 0xFFFFFFFF
_BRIEF_MS = 5000
Args: TypeAlias = tuple[int, ...]


class Call(NamedTuple):
    """A system call that a thread is in; the name is ``system call 17`` for one that is not in the table."""

    name: str
    args: Args

    @property
    def fd(self) -> int | None:
        """The fd that the call is about, if its description names the file."""
        return self.args[0] if self.name in _WITH_FD else None

    @property
    def has_timeout(self) -> bool | None:
        """Whether the call has a timeout; None if its arguments do not tell."""
        rule = _TIMEOUT.get(self.name)
        return rule(self.args) if rule else None

    @property
    def is_brief(self) -> bool:
        """Whether its timeout is short, or unknown because it is not one of the arguments."""
        position = _LIMIT_AT.get(self.name)
        return bool(self.has_timeout) and (position is None or self.args[position] & _INT < _BRIEF_MS)

    @property
    def within_process(self) -> bool:
        """Whether it waits for a thread of the same process."""
        return self.name == "futex" and bool(self.args[1] & _FUTEX_PRIVATE)

    @property
    def waits_for_file_lock(self) -> bool:
        """Whether it waits until a lock on a file is free, without a timeout."""
        return self.name == "flock" or (self.name == "fcntl" and self.args[1] in _SET_LOCK_AND_WAIT)


class Wait(NamedTuple):
    """What a call means."""

    kind: Kind
    words: str


def parse(line: bytes, machine: str) -> Call | None:
    """Return the call of /proc/PID/syscall; None if that says ``running``, or -1 (in no call)."""
    field = line.split()
    if len(field) < 7:
        return None
    number = int(field[0])
    name = _NAMES.get(machine, {}).get(number, f"system call {number}")
    return Call(name, tuple(int(one, 16) for one in field[1:7]))


def meaning(call: Call, file: str) -> Wait:
    """Return what a call means; ``file`` describes its fd (see `file_words`)."""
    kind, words = _kind_and_words(call, file)
    limit = "" if kind == "sleeping" else _LIMIT_WORDS[call.has_timeout]
    return Wait(kind, f"{words} ({call.name}{limit})")


def meaning_of_wchan(wchan: str) -> Wait:
    """Return what is known from the kernel function that a thread sleeps in, if its call cannot be read."""
    for part, kind, words in _WCHANS:
        if part in wchan:
            return Wait(kind, f"{words} ({wchan})")
    if wchan in {"", "0"}:
        return Wait("unknown", "sleeping in the kernel (reason not readable)")
    return Wait("unknown", f"sleeping in the kernel ({wchan})")


def file_words(link: str) -> str:
    """Return what an fd is, from its link in /proc/PID/fd."""
    if link.startswith("pipe:"):
        return "a pipe"
    if link.startswith("socket:"):
        return "a socket"
    return link.removeprefix("anon_inode:") or "a file"


def _kind_and_words(call: Call, file: str) -> tuple[Kind, str]:
    name, args = call
    match name:
        case "futex":
            return "waiting", _THREAD_LOCK if call.within_process else _SHARED_SEMAPHORE
        case "poll" | "ppoll" | "select" | "pselect6":
            without_fds = args[1 if name.endswith("poll") else 0] == 0 and call.has_timeout
            return ("sleeping", "sleeping") if without_fds else ("idle", "waiting for events")
        case "wait4" | "waitid":
            return "waiting", f"waiting for {_child_words(args[0] if name == 'wait4' else args[1])} to exit"
        case "fcntl":
            words = "blocked on a file lock of" if args[1] in _SET_LOCK_AND_WAIT else "in fcntl on"
            return "waiting", f"{words} {file}"
        case _:
            kind, words = _PLAIN.get(name, ("unknown", "in a system call"))
            return kind, words.format(file=file)


def _child_words(pid: int) -> str:
    pid &= NO_PID
    return "a child" if pid in (0, NO_PID) else f"child {pid}"


_THREAD_LOCK = "blocked on a threading.Lock"
_SHARED_SEMAPHORE = "blocked on a semaphore shared between processes"

_NAMES = {machine: {number: name for name, number in table.items()} for machine, table in NUMBERS.items()}

_PLAIN: dict[str, tuple[Kind, str]] = {
    "nanosleep": ("sleeping", "sleeping"),
    "clock_nanosleep": ("sleeping", "sleeping"),
    # After SIGSTOP and SIGCONT a sleep, a poll or a lock with a timeout shows this call.
    "restart_syscall": ("sleeping", "resuming a timed wait"),
    "epoll_wait": ("idle", "waiting for events"),
    "epoll_pwait": ("idle", "waiting for events"),
    "epoll_pwait2": ("idle", "waiting for events"),
    "accept": ("idle", "waiting for a connection"),
    "accept4": ("idle", "waiting for a connection"),
    "pause": ("idle", "waiting for a signal"),
    "rt_sigsuspend": ("idle", "waiting for a signal"),
    "rt_sigtimedwait": ("idle", "waiting for a signal"),
    "read": ("waiting", "reading from {file}"),
    "pread64": ("waiting", "reading from {file}"),
    "readv": ("waiting", "reading from {file}"),
    "recvfrom": ("waiting", "reading from {file}"),
    "recvmsg": ("waiting", "reading from {file}"),
    "write": ("waiting", "writing to {file}"),
    "writev": ("waiting", "writing to {file}"),
    "sendto": ("waiting", "writing to {file}"),
    "sendmsg": ("waiting", "writing to {file}"),
    "sendfile": ("waiting", "writing to {file}"),
    "splice": ("waiting", "copying from {file}"),
    "connect": ("waiting", "connecting a socket"),
    "flock": ("waiting", "blocked on a file lock of {file}"),
    "fsync": ("disk", "flushing {file} to disk"),
    "fdatasync": ("disk", "flushing {file} to disk"),
    "openat": ("waiting", "opening a file (a FIFO without a reader or writer?)"),
    "ioctl": ("waiting", "waiting for the driver of {file}"),
    "semop": ("waiting", "blocked on a System V semaphore"),
    "semtimedop": ("waiting", "blocked on a System V semaphore"),
    "msgrcv": ("waiting", "waiting for a System V message"),
    "mq_timedreceive": ("waiting", "waiting for a POSIX message"),
}

_WITH_FD = frozenset(name for name, (_, words) in _PLAIN.items() if "{file}" in words) | {"fcntl"}


def _given(position: int) -> Callable[[Args], bool]:
    return lambda args: args[position] != 0


def _not_negative(position: int) -> Callable[[Args], bool]:
    return lambda args: not args[position] >> 31 & 1


def _always(args: Args) -> bool:
    return True


#: Which argument of each call is its timeout: a pointer that may be null, or a 32-bit int that may be negative.
_TIMEOUT: dict[str, Callable[[Args], bool]] = {
    "futex": _given(3),
    "select": _given(4),
    "pselect6": _given(4),
    "ppoll": _given(2),
    "poll": _not_negative(2),
    "epoll_wait": _not_negative(3),
    "epoll_pwait": _not_negative(3),
    "epoll_pwait2": _given(3),
    "rt_sigtimedwait": _given(2),
    "semtimedop": _given(3),
    "mq_timedreceive": _given(4),
    "nanosleep": _always,
    "clock_nanosleep": _always,
    "restart_syscall": _always,
}

#: The timeouts that are in milliseconds.
_LIMIT_AT = {"poll": 2, "epoll_wait": 3, "epoll_pwait": 3}

_LIMIT_WORDS = {None: "", True: ", with a timeout", False: ", no timeout"}

_WCHANS: tuple[tuple[str, Kind, str], ...] = (
    ("futex", "waiting", "blocked on a lock"),
    ("nanosleep", "sleeping", "sleeping"),
    ("pipe_read", "waiting", "reading from a pipe"),
    ("pipe_write", "waiting", "writing to a pipe"),
    ("accept", "idle", "waiting for a connection"),
    ("epoll", "idle", "waiting for events"),
    ("ep_poll", "idle", "waiting for events"),
    ("poll_schedule", "idle", "waiting for events"),
    ("do_select", "idle", "waiting for events"),
    ("do_wait", "waiting", "waiting for a child to exit"),
    ("flock", "waiting", "blocked on a file lock"),
    ("locks_lock", "waiting", "blocked on a file lock"),
    ("skb_wait", "waiting", "reading from a socket"),
    ("stream_read", "waiting", "reading from a socket"),
    ("sigsuspend", "idle", "waiting for a signal"),
    ("wait_woken", "waiting", "waiting for a terminal or a socket"),
)
