"""How records are removed: after close(), or because there are too many.  Pure."""

from app.core.fleet import actions as a
from app.core.fleet.fleet import Fleet
from app.core.fleet.member import Member
from app.records.process import State

_MAX_RECORDS = 2000


def forget(fleet: Fleet, member: Member, out: a.Out) -> None:
    """Remove a record; that of a first process takes the other records of its program with it."""
    entry = fleet.programs.entries.get(member.id)
    for process_id in (*(entry.ended if entry else ()), member.id):
        fleet.drop(fleet.members[process_id])
        out.append(a.Forget(process_id))


def forget_surplus(fleet: Fleet, out: a.Out) -> None:
    """Bound the number of records: those that exited normally go first, failures are kept longest."""
    surplus = len(fleet.members) - max(_MAX_RECORDS, fleet.max_processes)
    if surplus <= 0:
        return
    over = [m for m in fleet.members.values() if m.process.state in (State.JOINED, State.CLOSED, State.FATAL)]
    for member in sorted(over, key=lambda m: m.process.failed)[:surplus]:
        # The first process of a program is needed while others live, and takes those that ended with it.
        if member.id in fleet.members and not fleet.programs.kept(member.id):
            out.append(a.Close(member.id))
            forget(fleet, member, out)
            fleet.not_shown += 1


def forget_client(fleet: Fleet, client: int) -> None:
    """Forget the requests and joins of a client that has disconnected."""
    fleet.pools.forget_client(client)
    for member in fleet.members.values():
        member.waiters = [one for one in member.waiters if one.client != client]
