"""The commands about observed programs.  Pure; `control` describes the pipe.

A program runs as a child of the supervisor, or in a terminal below `procession run`, a thin parent that reports it::

    procession run ──RegisterProgram──▶ supervisor      replies an id, and the environment that makes it observed
        │ starts the command, in the foreground
        ├──ProgramStarted(pid)────────▶                 it is watched from now on, even if `procession run` ends
        └──ProgramEnded(exitcode)─────▶                 only its parent knows its exit code
"""

from app.records.primitives import Int64, Pid
from app.records.program import ProgramSpec

from .message import Command


class RunProgram(Command, frozen=True, kw_only=True):
    """Start a program as a child of the supervisor.  Replies ``{"program": Program, "process": Process}``."""

    spec: ProgramSpec


class RegisterProgram(Command, frozen=True, kw_only=True):
    """Announce a command that the sender, process ``pid``, is about to run.

    Replies ``{"program": Program, "environment": {name: value}}``: what to add to its environment, PYTHONPATH in front
    of an existing one.  If the command never starts, `ProgramEnded` ends the program, or the exit of ``pid`` before a
    `ProgramStarted`.
    """

    command: tuple[str, ...]
    cwd: str
    pid: Pid
    name: str | None = None
    safe_pool: bool = False
    track_owners: bool = False


class ProgramStarted(Command, frozen=True, kw_only=True):
    """Report that the command of an attached program runs as ``pid``.  Replies ``{"program": Program}``."""

    program: str
    pid: Pid


class ProgramEnded(Command, frozen=True, kw_only=True):
    """Report that the command of an attached program has exited.  Replies ``{"program": Program}``.

    ``exitcode`` is -N after signal N, None if the command did not start.
    """

    program: str
    exitcode: Int64 | None
    error: str | None = None


class ProgramWorkloads(Command, frozen=True, kw_only=True):
    """Read the catalogue of programs.  Replies ``{"programs": [{name, title, …}]}``, as `Workloads` does."""


class BreakLock(Command, frozen=True, kw_only=True):
    """Release a lock whose holder is dead.  Replies ``{"resource": Resource, "text": str}``.

    Refused as "not_possible" while the holder lives, or if the lock is free.
    """

    resource: str


AnyProgramCommand = RunProgram | RegisterProgram | ProgramStarted | ProgramEnded | ProgramWorkloads | BreakLock
