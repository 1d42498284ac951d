"""The guardian: the parent of the launcher, which ends what is left if launcher and supervisor die at once.

::

    guardian ── launcher ── supervisor ── …        each adopts the orphans of the one below
       │           └─────── web
       └ when the launcher ends: kill every descendant that is left, then end with the same exit code

Any two of them may be killed at the same time: the third ends everything below.  It is a fork of the launcher from
before that has started anything, and only waits, so there is nothing in it that could fail.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable

from app.linux import lifeline

from . import cgroup
from .cgroup import Cgroup
from .sweep import Sweeper

#: How long the supervisor may take to end everything once the launcher is dead.
LEFT_GRACE_S = 2.5
#: Sent to the launcher by the kernel when the guardian dies.
GUARDIAN_DIED = signal.SIGUSR1
_FROM_TERMINAL = frozenset({signal.SIGINT, signal.SIGQUIT})
_FORWARDED = frozenset({signal.SIGTERM, signal.SIGHUP})
_SWEEP_PAUSE_S = 0.02


def guarded(run: Callable[[Cgroup], int], release: Callable[[], None]) -> int:
    """Call ``run`` in a child process, wait for its end and for that of all its descendants; return its exit code.

    ``run`` gets the cgroup that it is in; ``release`` closes what the guardian must not keep open.
    """
    lifeline.adopt_orphans()
    group = cgroup.make()
    sweeper = Sweeper(group.kill)
    watched = {signal.SIGCHLD, *_FORWARDED, *_FROM_TERMINAL}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    # If our parent ignored SIGCHLD, the kernel would reap the launcher and its exit code would be lost.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    guardian = os.getpid()
    launcher = os.fork()
    if launcher == 0:
        lifeline.end_with_parent(GUARDIAN_DIED, guardian)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        group.add(os.getpid())
        return run(group)
    release()
    exitcode = _wait(launcher, watched)
    _sweep(sweeper)
    group.end()
    return exitcode if exitcode >= 0 else 128 - exitcode


def _wait(launcher: int, watched: set[signal.Signals]) -> int:
    """Wait for the launcher, reap orphans, and forward the signals that were sent to us only."""
    while True:
        info = signal.sigwaitinfo(watched)
        if info.si_signo == signal.SIGCHLD:
            if (exitcode := _reap(launcher)) is not None:
                return exitcode
        elif info.si_code <= 0:
            # Sent by a process; what the kernel sends for a terminal goes to the whole group.
            with contextlib.suppress(ProcessLookupError):
                os.kill(launcher, info.si_signo)


def _reap(launcher: int) -> int | None:
    """Reap all dead children; return the exit code of the launcher if it is one of them, −N after signal N."""
    exitcode = None
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == launcher:
                exitcode = os.waitstatus_to_exitcode(ended[1])
    return exitcode


def _sweep(sweeper: Sweeper) -> None:
    """Kill what the launcher has left; after its orderly end there is nothing."""
    sweeper.begin(time.monotonic(), LEFT_GRACE_S)
    while sweeper.busy:
        sweeper.round(time.monotonic())
        _reap(0)
        if sweeper.busy:
            time.sleep(_SWEEP_PAUSE_S)
