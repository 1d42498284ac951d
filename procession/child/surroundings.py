"""The surroundings of the user's code: as a fresh Python would have them, and nothing of ours in them.

A fork child starts as a copy of the supervisor: with its signal handlers, its modules and its import path.
A spawn or forkserver child gets at least the import path.  Each function here puts one thing right, for all
start methods alike.
"""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import sys
from types import ModuleType

from procession import descriptors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .job import Job

# Users like SIGUSR1/2 and count from SIGRTMIN upwards.
STACK_SIGNAL = signal.SIGRTMAX - 2
OWN_FILE = 0o600
# Between them glibc has two that it lets nobody touch.
_OURS_TO_SET = (*range(1, 32), *range(signal.SIGRTMIN, signal.SIGRTMAX + 1))
_PREFIX = "PROCESSION_"
_FOLDER = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def enter(job: Job) -> None:
    """Put everything right, in the one order that works: what may fail comes when its failure can be told."""
    own_session()
    default_signals()
    limit_files(job["nofile"])
    redirect_output(job["log"])
    stacks_on_signal(job["stack"])
    mark_environment(job["id"])
    forget_ours(catalogue=job["root"] is not None)
    find_code(job["root"], job["path"])
    sys.argv = [f"{job['module']}:{job['qualname']}"]


def own_session() -> None:
    """Lead a session: killpg(getpgrp()) and Ctrl-C stay within it, and descendants can be told by it."""
    try:
        os.setsid()
    except PermissionError:
        return  # leads a process group already


def default_signals() -> None:
    """Every signal as at the start of Python, none blocked, no wake-up descriptor.

    Under fork the supervisor's own handlers would answer SIGTERM; under nohup SIGHUP would be ignored.
    """
    signal.set_wakeup_fd(-1)
    for number in _changed() - {signal.SIGPIPE, signal.SIGXFSZ}:
        signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def limit_files(soft: int) -> None:
    """The soft limit of open files as it was before the supervisor raised its own: select() ends at 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _changed() -> set[int]:
    """The signals that are caught or ignored, as the kernel has them: a sixth of the time of resetting all 62."""
    with open("/proc/self/status", "rb") as status:
        masks = [int(line[8:], 16) for line in status if line.startswith((b"SigCgt:", b"SigIgn:"))]
    return {number for number in _OURS_TO_SET if any(mask >> (number - 1) & 1 for mask in masks)}


def redirect_output(log: str) -> None:
    """Standard output and error go to the end of the log, line by line; standard input is empty.

    Descriptors 0 to 2 too, so that subprocesses and C libraries write there.
    """
    _replace(os.open(os.devnull, os.O_RDONLY), 0)
    written = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, OWN_FILE)
    os.dup2(written, 2)
    _replace(written, 1)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    for name, fd in (("stdout", 1), ("stderr", 2)):
        stream = open(fd, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _replace(fd: int, number: int) -> None:
    if fd != number:
        os.dup2(fd, number)
        os.close(fd)
    else:
        os.set_inheritable(fd, True)


def stacks_on_signal(stack: str) -> None:
    """`STACK_SIGNAL` appends the stacks of all threads to the file ``stack``; a crash tells its own in the
    log.

    faulthandler writes from C, so it also works inside a C call that does not return and under a lock.
    """
    fd = descriptors.move_high(os.open(stack, os.O_WRONLY | os.O_APPEND | os.O_CREAT, OWN_FILE))
    faulthandler.register(STACK_SIGNAL, file=fd, all_threads=True, chain=False)
    faulthandler.enable(file=2)


def mark_environment(process_id: str) -> None:
    """Of our variables only a mark stays, by which what is started from here is attributed; no token does."""
    for name in [name for name in os.environ if name.startswith(_PREFIX)]:
        del os.environ[name]
    os.environ[_PREFIX + "PROCESS"] = process_id


def forget_ours(*, catalogue: bool) -> None:
    """Drop our modules, so that the user's own ``app`` and ``workers`` are found, and what only we import."""
    ours = {"app", "msgspec", "psutil"} if catalogue else {"app", "msgspec", "psutil", "workers"}
    if not any(name in sys.modules for name in ours):
        return  # a spawn or forkserver child has loaded none of them
    main = sys.modules["__main__"]
    for name in [name for name in sys.modules if name.partition(".")[0] in ours]:
        del sys.modules[name]
    if (getattr(main, "__package__", None) or "").partition(".")[0] == "app":
        sys.modules["__main__"] = ModuleType("__main__")


def find_code(root: str | None, path: str | None) -> None:
    """Put the catalogue's folder, or the user's, first on the import path; work in the user's."""
    if root is None and os.path.basename(_FOLDER) not in ("site-packages", "dist-packages"):
        sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _FOLDER]
    for folder in filter(None, (root, path)):
        sys.path[:] = [folder, *(entry for entry in sys.path if entry != folder)]
    if path is not None:
        os.chdir(path)
        os.environ["PWD"] = path
