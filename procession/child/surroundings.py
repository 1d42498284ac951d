"""Set up the process for the user's code: as a fresh Python process, without traces of Procession.

A fork child starts as a copy of the supervisor, with its signal handlers, modules and import path; a spawn or
forkserver child gets at least the import path.  Each function here resets one of these, for all start methods alike.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import stat
import sys
from types import ModuleType

from procession import descriptors, limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .job import Job

# Programs use SIGUSR1/2, and real-time signals from SIGRTMIN upwards.
STACK_SIGNAL = signal.SIGRTMAX - 2
OWN_FILE = 0o600
# Between the two ranges glibc reserves two signals for itself.
_RESETTABLE = (*range(1, 32), *range(signal.SIGRTMIN, signal.SIGRTMAX + 1))
_PREFIX = "PROCESSION_"
_FOLDER = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def enter(job: Job) -> None:
    """Set everything up; steps that can fail come last, when their failure can be reported."""
    own_session()
    default_signals()
    limits.restore_file_limit(job["nofile"])
    redirect_output(job["log"])
    stacks_on_signal(job["stack"])
    mark_environment(job["id"])
    forget_ours(catalogue=job["root"] is not None)
    find_code(job["root"], job["path"])
    sys.argv = [f"{job['module']}:{job['qualname']}"]


def own_session() -> None:
    """Start a session, so that killpg() and Ctrl-C stay within it and its descendants can be recognized."""
    try:
        os.setsid()
    except PermissionError:
        return  # already a process group leader


def default_signals() -> None:
    """Reset every signal to Python's defaults, unblock all and remove the wake-up descriptor.

    Under fork the supervisor's handlers would answer SIGTERM; under nohup SIGHUP would be ignored.
    """
    signal.set_wakeup_fd(-1)
    for number in _changed() - {signal.SIGPIPE, signal.SIGXFSZ}:
        signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _changed() -> set[int]:
    """Return the signals that are caught or ignored, from the kernel: 6 times as fast as resetting all 62."""
    with open("/proc/self/status", "rb") as status:
        masks = [int(line[8:], 16) for line in status if line.startswith((b"SigCgt:", b"SigIgn:"))]
    return {number for number in _RESETTABLE if any(mask >> (number - 1) & 1 for mask in masks)}


def redirect_output(log: str) -> None:
    """Write standard output and error to the end of the log, line by line; make standard input empty.

    Replaces descriptors 0 to 2, so that subprocesses and C libraries are redirected too.
    """
    _replace(os.open(os.devnull, os.O_RDONLY), 0)
    written = _append_to(log)
    os.dup2(written, 2)
    _replace(written, 1)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    for name, fd in (("stdout", 1), ("stderr", 2)):
        stream = open(fd, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _append_to(path: str) -> int:
    """Open a file of ours for appending: a FIFO in its place would block us, and a link lead into a user's file."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, OWN_FILE)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(f"{path} is not a regular file")
    os.set_blocking(fd, True)
    return fd


def _replace(fd: int, number: int) -> None:
    if fd != number:
        os.dup2(fd, number)
        os.close(fd)
    else:
        os.set_inheritable(fd, True)


def stacks_on_signal(stack: str) -> None:
    """Append the stacks of all threads to the file ``stack`` on `STACK_SIGNAL`; write a crash's stack to the log.

    faulthandler writes from C, so this also works under a lock and in a C call that does not return.  Without the file
    the signal stays unhandled, and stacks are read from outside.
    """
    faulthandler.enable(file=2)
    try:
        fd = descriptors.move_high(_append_to(stack))
    except OSError:
        return
    faulthandler.register(STACK_SIGNAL, file=fd, all_threads=True, chain=False)


def mark_environment(process_id: str) -> None:
    """Remove our variables (tokens among them), but for the id by which the supervisor attributes descendants."""
    for name in [name for name in os.environ if name.startswith(_PREFIX)]:
        del os.environ[name]
    os.environ[_PREFIX + "PROCESS"] = process_id


def forget_ours(*, catalogue: bool) -> None:
    """Unload our modules and those that only we import, so that the user's own ``app`` and ``workers`` are found."""
    ours = {"app", "msgspec", "psutil"} if catalogue else {"app", "msgspec", "psutil", "workers"}
    if not any(name in sys.modules for name in ours):
        return  # a spawn or forkserver child has not loaded them
    main = sys.modules["__main__"]
    for name in [name for name in sys.modules if name.partition(".")[0] in ours]:
        del sys.modules[name]
    if (getattr(main, "__package__", None) or "").partition(".")[0] == "app":
        sys.modules["__main__"] = ModuleType("__main__")


def find_code(root: str | None, path: str | None) -> None:
    """Put the catalogue's folder, then the user's, first on the import path; change to the user's."""
    if root is None and os.path.basename(_FOLDER) not in ("site-packages", "dist-packages"):
        sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _FOLDER]
    for folder in filter(None, (root, path)):
        sys.path[:] = [folder, *(entry for entry in sys.path if entry != folder)]
    if path is not None:
        os.chdir(path)
        os.environ["PWD"] = path
