"""`procession run`: run a command in the foreground of this terminal, and have it observed.

::

    terminal    ──Ctrl-C, Ctrl-\\, Ctrl-Z──▶ command and we, one process group      we go on waiting
    any process ──SIGTERM, SIGHUP, USR…────▶ we ──the same signal──▶ command
    supervisor  ◀──RegisterProgram, ProgramStarted, ProgramEnded── we

The command inherits our standard input, output and error, folder, signal mask and process group, so it works with the
terminal directly.  We end as it does, with the same exit code or by the same signal.  One blocking point: `sigwaitinfo`
with all these signals blocked, so that none is missed between a check and a wait.  If the supervisor dies, the command
goes on.
"""

import contextlib
import os
import resource
import signal
import sys
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn, cast

from app.protocol.programs import ProgramEnded, ProgramStarted, RegisterProgram
from app.records.errors import ProcessionError
from app.records.masking import masked_command
from app.records.primitives import JsonDict
from app.settings import Settings

from . import tables
from .session import NoInstance, Session

NOT_FOUND, NOT_EXECUTABLE = 127, 126  # The exit codes of shells
_FROM_TERMINAL = frozenset({signal.SIGINT, signal.SIGQUIT})
_FORWARDED = frozenset(
    {signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGWINCH, signal.SIGCONT}
)
_WAITED = _FROM_TERMINAL | _FORWARDED | {signal.SIGCHLD}


def run(chosen: Settings, args: Namespace) -> int:
    """Run ``args.argv`` in the foreground; return the exit code to end with."""
    session = _session(chosen, anyway=args.anyway)
    if session is None:
        return _Foreground(args.argv, None, {}).run()
    answer = session.ask(
        RegisterProgram(
            command=tuple(map(_readable, args.argv)),
            cwd=_readable(_folder()),
            pid=os.getpid(),
            name=args.name and _readable(args.name),
            safe_pool=args.safe_pool,
            track_owners=args.track_owners,
        )
    )
    program = _Registered(chosen, session, answer["program"]["id"], as_json=args.json)
    return _Foreground(args.argv, program, answer["environment"]).run()


def _folder() -> str:
    """Return the current folder; empty if it was deleted: the command runs there all the same."""
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return ""


def _readable(text: str) -> str:
    """Return the text with escapes for bytes that are not UTF-8: the command gets them as they are."""
    return os.fsencode(text).decode(errors="backslashreplace")


def _session(chosen: Settings, *, anyway: bool) -> Session | None:
    """Return a session; None with ``anyway`` if no instance is running."""
    try:
        return Session(chosen)
    except NoInstance as error:
        if not anyway:
            raise
        tables.say(f"{error}; running the program without observing it")
        return None


class _Registered:
    """Reports the program to the supervisor; a failure to report does not affect the program."""

    def __init__(self, chosen: Settings, session: Session, program_id: str, *, as_json: bool) -> None:
        self._chosen, self._session, self._id = chosen, session, program_id
        self._as_json = as_json

    def started(self, pid: int) -> None:
        """Report that the command runs."""
        with contextlib.suppress(ProcessionError):
            self._session.ask(ProgramStarted(program=self._id, pid=pid))

    def ended(self, exitcode: int | None, error: str | None = None) -> None:
        """Report that the command has ended; ``exitcode`` None: it was not started."""
        try:
            ended = self._report_end(exitcode, error)
        except (ProcessionError, OSError) as refusal:
            tables.say(f"could not report the end of {self._id} to the supervisor: {refusal}")
        else:
            if self._as_json:
                sys.stderr.write(tables.json_line(ended) + "\n")

    def _report_end(self, exitcode: int | None, error: str | None) -> JsonDict:
        """Use a new connection: hours may have passed, and another supervisor may be running."""
        report = ProgramEnded(program=self._id, exitcode=exitcode, error=error)
        return cast("JsonDict", Session(self._chosen).ask(report)["program"])


class _Foreground:
    """Runs the command, from its start to its end."""

    def __init__(self, argv: list[str], program: _Registered | None, added: JsonDict) -> None:
        self._argv, self._program = argv, program
        self._environ = _environment(added)

    def run(self) -> int:
        """Start the command and wait for it; does not return if a signal ended it."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _WAITED)
        # If our parent ignored SIGCHLD, the kernel would reap the command and its exit code would be lost.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        try:
            pid = os.posix_spawnp(self._argv[0], self._argv, self._environ, setsigmask=before)
        except OSError as error:
            return self._not_started(error)
        if self._program:
            self._program.started(pid)
        exitcode = _wait(pid)
        if self._program:
            self._program.ended(exitcode)
        return exitcode if exitcode >= 0 else _end_by(-exitcode)

    def _not_started(self, error: OSError) -> int:
        text = f"cannot run {masked_command(self._argv)[0]}: {error.strerror}"
        if self._program:
            self._program.ended(None, text)
        tables.say(text)
        return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE


def _environment(added: JsonDict) -> dict[str, str]:
    """Return our environment with what observation adds; its import path comes before ours."""
    environ = os.environ.copy()
    parts = [added.get("PYTHONPATH", ""), environ.get("PYTHONPATH", "")]
    path = os.pathsep.join(part for part in parts if part)
    return environ | added | ({"PYTHONPATH": path} if path else {})


def _wait(pid: int) -> int:
    """Wait for the command and return its exit code, −N after signal N; forward the signals sent to us only."""
    while True:
        info = signal.sigwaitinfo(_WAITED)
        if info.si_signo == signal.SIGCHLD:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
        elif info.si_code <= 0:
            # Sent to us by a process; what the kernel sends for a terminal goes to the whole group.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, info.si_signo)


def _end_by(number: int) -> NoReturn:
    """End by the signal that ended the command, so that our parent sees the same."""
    sys.stdout.flush()
    sys.stderr.flush()
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with contextlib.suppress(OSError):  # SIGKILL cannot be handled
        signal.signal(number, signal.SIG_DFL)
    _unblock([number])
    os.kill(os.getpid(), number)
    os._exit(128 + number)


def _unblock(numbers: Iterable[int]) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
