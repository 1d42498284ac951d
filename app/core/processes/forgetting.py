"""How a record goes: when it is closed, when there are too many, and with it what is left of its program.  Pure."""

from __future__ import annotations

from app.core.fleet import actions as a
from app.core.fleet.fleet import Fleet
from app.core.fleet.member import Member
from app.records.process import State

Out = list[a.Action]

_MAX_RECORDS = 2000


def forget(fleet: Fleet, member: Member, out: Out) -> None:
    """Its record goes, and with that of a first process all that is left of its program."""
    held = fleet.programs.held.get(member.id)
    for process_id in (*(held.ended if held else ()), member.id):
        fleet.drop(fleet.members[process_id])
        out.append(a.Forget(process_id))


def forget_surplus(fleet: Fleet, out: Out) -> None:
    """Bound the table: what ended well goes first, what failed is kept longest."""
    surplus = len(fleet.members) - max(_MAX_RECORDS, fleet.max_processes)
    if surplus <= 0:
        return
    over = [m for m in fleet.members.values() if m.process.state in (State.JOINED, State.CLOSED, State.FATAL)]
    for member in sorted(over, key=lambda m: m.process.failed)[:surplus]:
        # The first process of a program is needed for as long as others live, and takes those that ended along.
        if member.id in fleet.members and not fleet.programs.kept(member.id):
            out.append(a.Close(member.id))
            forget(fleet, member, out)
            fleet.not_shown += 1


def forget_client(fleet: Fleet, client: int) -> None:
    """Nobody waits for the answers to it any more."""
    fleet.pools.forget_client(client)
    for member in fleet.members.values():
        member.waiters = [one for one in member.waiters if one.client != client]
