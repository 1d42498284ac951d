"""The commands about observed programs.  Pure; see `messages` for the pipe.

A program runs as a child of the supervisor, or in the terminal of whoever called `procession run`, which is a thin
parent that tells of it::

    procession run ──RegisterProgram──▶ supervisor      an id, and the environment that has it observed
        │ starts the command, in the foreground
        ├──ProgramStarted(pid)────────▶                 it is watched from now on, whatever becomes of `procession run`
        └──ProgramEnded(exitcode)─────▶                 nobody else can tell how it ended
"""

from __future__ import annotations

from app.records.program import ProgramSpec

from .message import Command


class RunProgram(Command, frozen=True, kw_only=True):
    """Start a program below the supervisor.  Replies ``{"program": Program, "process": Process}``, its first one."""

    spec: ProgramSpec


class RegisterProgram(Command, frozen=True, kw_only=True):
    """A command is about to be run by somebody else, whose pid is ``pid``.

    Replies ``{"program": Program, "environment": {name: value}}``: what to add to its environment, and PYTHONPATH to be
    put in front of one that is there.  Where it never starts, `ProgramEnded` takes it back; so does the end of ``pid``
    before a `ProgramStarted`.
    """

    command: tuple[str, ...]
    cwd: str
    pid: int
    name: str | None = None
    safe_pool: bool = False
    track_owners: bool = False


class ProgramStarted(Command, frozen=True, kw_only=True):
    """The command of an attached program runs under ``pid``, a child of the sender.

    Replies ``{"program": Program}``.
    """

    program: str
    pid: int


class ProgramEnded(Command, frozen=True, kw_only=True):
    """The command of an attached program has ended; ``exitcode`` is -N after signal N, None where it did not start.

    Replies ``{"program": Program}``.
    """

    program: str
    exitcode: int | None
    error: str | None = None


class ProgramWorkloads(Command, frozen=True, kw_only=True):
    """Replies the catalogue of programs, shaped as that of workloads: ``{"programs": [{name, title, …}]}``."""


class BreakLock(Command, frozen=True, kw_only=True):
    """Release a lock whose holder is dead.  Replies ``{"resource": Resource, "text": str}``.

    Refused as "not_possible" while the holder lives, or where nobody holds it.
    """

    resource: str


AnyProgramCommand = RunProgram | RegisterProgram | ProgramStarted | ProgramEnded | ProgramWorkloads | BreakLock
