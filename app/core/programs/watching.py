"""The action to watch a process of a program.  Pure."""

from app.core.fleet import actions as a
from app.core.fleet.fleet import Fleet
from app.core.fleet.member import Member


def watch(fleet: Fleet, member: Member, pid: int) -> a.Watch:
    """Return the action to watch the process of a member."""
    program = member.process.program
    return a.Watch(member.id, pid, program or "", attached=fleet.programs.attached(program))
