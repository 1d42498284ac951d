"""The joins of clients.  Pure; a join blocks nobody but its client."""

from app.core.fleet import actions as a
from app.core.fleet.fleet import Fleet
from app.core.fleet.lifecycle import JOINABLE
from app.core.fleet.member import Member, Waiter
from app.protocol.control import Join, reply
from app.records import primitives as p
from app.records.errors import NotPossible
from app.records.process import State
from app.records.verbs import check


def join(fleet: Fleet, client: int, command: Join, now: p.Now, out: a.Out) -> None:
    """Answer when the process has exited or the timeout is over; a zombie is reaped."""
    member = fleet.member(command.process)
    if member.process.observed:
        raise NotPossible(not_ours(member, "join"))
    state = member.process.state
    check("join", state)
    until = None if command.timeout_s is None else now.mono + command.timeout_s
    member.waiters.append(Waiter(client, command.request, until))
    if state is State.EXITED:
        out.append(a.Note(member.draft(now, "joined", "by join()", command.by)))
        out.append(a.Reap(member.id))
    elif state in JOINABLE:
        answer(member, out)
    fleet.changed(member)


def not_ours(member: Member, verb: str) -> str:
    """Return why the supervisor cannot start, join or restart an observed process."""
    process = member.process
    if process.id == process.program:
        return f"{verb} is not possible: {process.id} runs in a terminal; its `procession run` joins it"
    parent = f"its parent (pid {process.started_by})" if process.started_by else "its parent"
    return f"{verb} is not possible: {process.id} is observed only; {parent} started it and joins it"


def answer(member: Member, out: a.Out) -> None:
    """Answer all joins of a process that has exited."""
    for waiter in member.waiters:
        out.append(_joined(member, waiter, joined=True))
    member.waiters = []


def expire(member: Member, now: p.Now, out: a.Out) -> None:
    """Answer the joins whose timeout is over."""
    for waiter in [one for one in member.waiters if one.until is not None and one.until <= now.mono]:
        member.waiters.remove(waiter)
        out.append(_joined(member, waiter, joined=False))


def _joined(member: Member, waiter: Waiter, *, joined: bool) -> a.Answer:
    result = {"joined": joined, "exitcode": member.process.exitcode}
    return a.Answer(waiter.client, reply(waiter.request, result))
