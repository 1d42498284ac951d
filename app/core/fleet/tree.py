"""Which processes end with one: asked of the fleet here, found by the inventory.  Pure."""

from __future__ import annotations

from .actions import Branch, Tree
from .fleet import Fleet
from .member import Member


def tree_of(fleet: Fleet, member: Member) -> Tree:
    """Return the tree of a process: of a process of a program what it started, of any other all that came from it."""
    process = member.process
    if not process.observed or process.id == process.program:
        return Tree(process.id, process.pid)
    held = fleet.programs.of(process.program)
    living = [fleet.members[one].process for one in held.living] if held else []
    started = frozenset((one.started_by, one.pid) for one in living if one.started_by and one.pid)
    return Tree(process.id, process.pid, Branch(process.program or "", started))
