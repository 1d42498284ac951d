"""Which processes end with one: described here, found by the inventory.  Pure."""

from .actions import Branch, Tree
from .fleet import Fleet
from .member import Member


def tree_of(fleet: Fleet, member: Member) -> Tree:
    """Return the tree of a process: in a program the processes that it started, else all that came from it."""
    process = member.process
    if not process.observed or process.id == process.program:
        return Tree(process.id, process.pid)
    entry = fleet.programs.of(process.program)
    living = [fleet.members[one].process for one in entry.living] if entry else []
    started = frozenset((one.started_by, one.pid) for one in living if one.started_by and one.pid)
    return Tree(process.id, process.pid, Branch(process.program or "", started))
