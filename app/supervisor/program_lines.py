"""What is written into the journal about the processes of programs: as much as a program may.  Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import actions as a
from . import pool_lines
from .member import Member

if TYPE_CHECKING:
    from .fleet import Fleet


def write(fleet: Fleet, member: Member, kind: str, text: str, now: a.Now, out: list[a.Action]) -> None:
    """A line about any process; of observed ones not more than a program may write."""
    held = fleet.programs.of(member.process.program)
    if member.process.observed and held:
        pool_lines.write(held.lines, member, kind, text, None, now, out)
    else:
        out.append(a.Note(member.draft(now, kind, text, "process")))
