"""What goes along with a process when it is ended: its tree, at this moment.

That of a process that we started is everything that came from it.  One of the processes of a program takes along what
is below it by the OS, and what it started by way of a forkserver.
"""

from __future__ import annotations

from app.core.fleet.fleet import Fleet
from app.records.process import Descendant, Process
from app.supervisor.inventory.inventory import Inventory


def tree_of(inventory: Inventory, fleet: Fleet, process_id: str) -> list[Descendant]:
    """All that live and belong to it, itself not."""
    member = fleet.members.get(process_id)
    if member is None or is_root(member.process):
        tree = inventory.tree_of(process_id)
        return [one for one in tree if member is None or one.pid != member.process.pid]
    found: dict[int, Descendant] = {}
    pids = [member.process.pid]
    for pid in pids:
        below = inventory.below(pid) if pid else []
        found |= {one.pid: one for one in below}
        started = _started_by({pid, *(one.pid for one in below)}, fleet, member.process.program)
        found |= {one.pid: one for one in inventory.tree_of(member.process.program or "") if one.pid in started}
        pids += started - {*pids, *(one.pid for one in below)}
    return [one for one in found.values() if one.pid != member.process.pid]


def is_root(process: Process) -> bool:
    """Whether all that comes from it belongs to nobody else."""
    return not process.observed or process.id == process.program


def _started_by(pids: set[int | None], fleet: Fleet, program: str | None) -> set[int]:
    held = fleet.programs.of(program)
    living = (fleet.members[one].process for one in held.living) if held else ()
    return {one.pid for one in living if one.started_by in pids and one.pid}
