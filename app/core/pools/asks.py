"""What clients ask of pools: relayed to the host under a number of ours, and answered by it, or by a deadline.

Pure.  Of a pool whose host is dead some things can still be told; everything else is refused with its cause.
"""

from __future__ import annotations

from typing import Any, assert_never

from msgspec.structs import replace

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.core.fleet.pool_book import Held, Pending
from app.protocol.control import Refused, refuse, reply
from app.protocol.pool_host import (
    ActOnWorker,
    AnyAsk,
    Close,
    HostRefused,
    HostReply,
    JoinPool,
    ReadJob,
    Resize,
    Submit,
    Terminate,
)
from app.records import primitives as p
from app.records.errors import InvalidField, NoSuchProcess, NotPossible, SupervisorAway
from app.records.pool import JobDetail
from app.records.process import State

Out = list[a.Action]

ANSWER_S = 10.0
JOIN_MORE_S = 2.0
MAX_ASKS = 256
MAX_PROCESSES = 256
_MAX_JOIN_S = 86400


def asking(fleet: Fleet, event: e.Asking, held: Held, now: p.Now, out: Out) -> None:
    """Say it to the host, or answer in its place where it is dead."""
    command, member = event.command, fleet.members[held.pool.id]
    _check(command.ask)
    if held.dead:
        out.append(a.Answer(event.client, reply(command.request, _answer_for_the_dead(held, command.ask))))
        return
    if held.unheard:
        raise SupervisorAway(f"pool {held.pool.id} does not answer: {held.unheard}")
    if sum(one.pool == held.pool.id for one in fleet.pools.asks.values()) >= MAX_ASKS:
        raise SupervisorAway(f"pool {held.pool.id} does not answer: it was asked {MAX_ASKS} things already")
    number = next(fleet.pools.numbers)
    ask = command.ask
    fleet.pools.asks[number] = Pending(held.pool.id, event.client, command.request, ask, _until(ask, now))
    if words := _in_words(ask):
        out.append(a.Note(member.draft(now, "asked", words, command.by)))
    out.append(a.AskHost(held.pool.id, number, ask))


def answered(fleet: Fleet, answer: HostReply | HostRefused, out: Out) -> None:
    """The host answers; one whose client has gone, or was told something already, is dropped."""
    pending = fleet.pools.asks.pop(answer.number, None)
    if pending is None:
        return
    match answer:
        case HostReply(result=result):
            out.append(a.Answer(pending.client, reply(pending.request, result)))
        case HostRefused(reason=reason, detail=detail, field=field):
            refused = Refused(request=pending.request, kind=reason, detail=detail, field=field)
            out.append(a.Answer(pending.client, refused))


def expire(fleet: Fleet, now: p.Now, out: Out) -> None:
    """Refuse what was not answered in time."""
    due = [number for number, one in fleet.pools.asks.items() if one.until is not None and one.until <= now.mono]
    for number in due:
        pending = fleet.pools.asks.pop(number)
        member, words = fleet.members[pending.pool], _in_words(pending.ask)
        suspended = " while its host is suspended" if member.process.state is State.SUSPENDED else ""
        later = "; what was asked may still be done" if words else ""
        refusal = SupervisorAway(f"pool {pending.pool} does not answer{suspended}{later}")
        out.append(a.Answer(pending.client, refuse(pending.request, refusal)))
        if words:
            out.append(a.Note(member.draft(now, "asked", f"no answer in time when {words}", "supervisor")))


def host_ended(fleet: Fleet, held: Held, out: Out) -> None:
    """Answer, in the place of the dead host, all that it was asked."""
    for pending in _take(fleet, held):
        try:
            answer: Any = reply(pending.request, _answer_for_the_dead(held, pending.ask))
        except (NotPossible, NoSuchProcess) as refusal:
            answer = refuse(pending.request, refusal)
        out.append(a.Answer(pending.client, answer))


def unheard(fleet: Fleet, held: Held, out: Out) -> None:
    """Nothing is heard of the host any more, although it lives."""
    for pending in _take(fleet, held):
        refusal = SupervisorAway(f"pool {pending.pool} does not answer: {held.unheard}")
        out.append(a.Answer(pending.client, refuse(pending.request, refusal)))


def _take(fleet: Fleet, held: Held) -> list[Pending]:
    numbers = [number for number, one in fleet.pools.asks.items() if one.pool == held.pool.id]
    return [fleet.pools.asks.pop(number) for number in numbers]


def _until(ask: AnyAsk, now: p.Now) -> float | None:
    if isinstance(ask, JoinPool):
        return None if ask.timeout_s is None else now.mono + ask.timeout_s + JOIN_MORE_S
    return now.mono + ANSWER_S


def _check(ask: AnyAsk) -> None:
    match ask:
        case Resize(processes=processes) if not 1 <= processes <= MAX_PROCESSES:
            raise InvalidField("processes", f"{processes} is not from 1 to {MAX_PROCESSES}")
        case JoinPool(timeout_s=timeout_s) if timeout_s is not None and not 0 <= timeout_s <= _MAX_JOIN_S:
            raise InvalidField("timeout_s", f"{timeout_s} is not a number of seconds from 0 to {_MAX_JOIN_S}")


def _answer_for_the_dead(held: Held, ask: AnyAsk) -> Any:
    pool = held.pool
    match ask:
        case JoinPool():
            return {"joined": True}
        case ReadJob(job=number):
            for job in pool.jobs:
                if job.id == number:
                    if detail := held.details.get(number):
                        return replace(detail, job=job)
                    # What its tasks returned and raised went with the host.
                    gone = job.failed + job.lost
                    return JobDetail(job=job, result_cut=job.done > 0, failures_not_shown=gone)
            raise NoSuchProcess(f"there is no job {number} in pool {pool.id}")
        case ActOnWorker(pid=pid):
            raise NoSuchProcess(f"there is no worker {pid} in pool {pool.id}: it is {pool.state}")
        case Terminate():
            return pool
        case Submit() | Resize() | Close():
            why = f": {pool.error}" if pool.error else ""
            verb = type(ask).__name__.lower()
            raise NotPossible(f"{verb} is not possible while the pool is {pool.state}{why}")
        case _:
            assert_never(ask)


def _in_words(ask: AnyAsk) -> str | None:
    """What the journal says of it; None for what changes nothing."""
    match ask:
        case Submit(spec=spec):
            return f"asked to {spec.method} {spec.function}"[:200]
        case Resize(processes=processes):
            return f"asked for {processes} workers"
        case Close():
            return "asked to close: no more jobs"
        case Terminate():
            return "asked to terminate"
        case ActOnWorker(pid=pid, verb=verb):
            return f"asked to {verb} worker {pid}"
        case JoinPool() | ReadJob():
            return None
        case _:
            assert_never(ask)
