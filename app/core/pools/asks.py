"""Requests of clients to pools: relayed to the host under a number, and answered by it or refused at a deadline.

Pure.  Some requests to a pool whose host is dead can still be answered; all others are refused with its cause.
"""

from typing import Any, assert_never

from msgspec.structs import replace

from app.core.fleet import actions as a
from app.core.fleet.fleet import Fleet
from app.core.fleet.pool_book import PendingAsk, PoolEntry
from app.protocol import pool_host as h
from app.protocol.control import AskPool, Refused, refuse, reply
from app.records import primitives as p
from app.records.errors import InvalidField, NoSuchProcess, NotPossible, SupervisorAway
from app.records.limits import MAX_POOL_WORKERS, MAX_SECONDS
from app.records.pool import JobDetail
from app.records.process import State

from .failures import masked_answer

ANSWER_S = 10.0
JOIN_EXTRA_S = 2.0
#: A host that closed its channel is about to end.
ENDS_WITHIN_S = 5.0
MAX_ASKS = 256


def ask(fleet: Fleet, client: int, command: AskPool, now: p.Now, out: a.Out) -> None:
    """Relay a request to the host, or answer in its place if it is dead."""
    entry = fleet.pools.find(command.pool)
    member = fleet.members[entry.pool.id]
    _check(command.ask)
    if entry.dead:
        out.append(a.Answer(client, reply(command.request, _answer_for_the_dead(entry, command.ask))))
        return
    is_ending = entry.ending_until is not None and now.mono < entry.ending_until
    if entry.unreachable and not is_ending:
        raise SupervisorAway(f"pool {entry.pool.id} does not answer: {entry.unreachable}")
    # Joins are counted apart: they must not keep out the requests that end the pool.
    joins = isinstance(command.ask, h.JoinPool)
    waiting = (one for one in fleet.pools.asks.values() if one.pool == entry.pool.id)
    if sum(isinstance(one.ask, h.JoinPool) is joins for one in waiting) >= MAX_ASKS:
        raise SupervisorAway(f"pool {entry.pool.id} does not answer: {MAX_ASKS} requests are already waiting")
    number, until = next(fleet.pools.numbers), entry.ending_until if is_ending else _until(command.ask, now)
    fleet.pools.asks[number] = PendingAsk(entry.pool.id, client, command.request, command.ask, until)
    if words := _in_words(command.ask):
        out.append(a.Note(member.draft(now, "asked", words, command.by)))
    if not is_ending:  # otherwise the end of the host answers
        out.append(a.AskHost(entry.pool.id, number, command.ask))


def answered(fleet: Fleet, answer: h.HostReply | h.HostRefused, out: a.Out) -> None:
    """Pass an answer of the host on; it is dropped if its client has gone or was already answered."""
    pending = fleet.pools.asks.pop(answer.number, None)
    if pending is None:
        return
    match answer:
        case h.HostReply(result=result):
            shown = masked_answer(result) if isinstance(pending.ask, h.ReadJob) else result
            out.append(a.Answer(pending.client, reply(pending.request, shown)))
        case h.HostRefused(reason=reason, detail=detail, field=field):
            refused = Refused(request=pending.request, kind=reason, detail=detail, field=field)
            out.append(a.Answer(pending.client, refused))


def expire(fleet: Fleet, now: p.Now, out: a.Out) -> None:
    """Refuse the requests that were not answered in time."""
    due = [number for number, one in fleet.pools.asks.items() if one.until is not None and one.until <= now.mono]
    for number in due:
        pending = fleet.pools.asks.pop(number)
        member, words = fleet.members[pending.pool], _in_words(pending.ask)
        suspended = " while its host is suspended" if member.process.state is State.SUSPENDED else ""
        later = "; the request may still be carried out" if words else ""
        unreachable = fleet.pools.entries[pending.pool].unreachable
        why = f": {unreachable}" if unreachable else f"{suspended}{later}"
        refusal = SupervisorAway(f"pool {pending.pool} does not answer{why}")
        out.append(a.Answer(pending.client, refuse(pending.request, refusal)))
        if words:
            out.append(a.Note(member.draft(now, "asked", f"no answer in time: {words}", "supervisor")))


def host_ended(fleet: Fleet, entry: PoolEntry, out: a.Out) -> None:
    """Answer all pending requests in the place of a dead host."""
    for pending in _take(fleet, entry):
        try:
            answer: Any = reply(pending.request, _answer_for_the_dead(entry, pending.ask))
        except (NotPossible, NoSuchProcess) as refusal:
            answer = refuse(pending.request, refusal)
        out.append(a.Answer(pending.client, answer))


def refuse_all(fleet: Fleet, entry: PoolEntry, out: a.Out) -> None:
    """Refuse all pending requests: the host lives but cannot be reached."""
    for pending in _take(fleet, entry):
        refusal = SupervisorAway(f"pool {pending.pool} does not answer: {entry.unreachable}")
        out.append(a.Answer(pending.client, refuse(pending.request, refusal)))


def _take(fleet: Fleet, entry: PoolEntry) -> list[PendingAsk]:
    numbers = [number for number, one in fleet.pools.asks.items() if one.pool == entry.pool.id]
    return [fleet.pools.asks.pop(number) for number in numbers]


def _until(ask: h.AnyAsk, now: p.Now) -> float | None:
    if isinstance(ask, h.JoinPool):
        return None if ask.timeout_s is None else now.mono + ask.timeout_s + JOIN_EXTRA_S
    return now.mono + ANSWER_S


def _check(ask: h.AnyAsk) -> None:
    match ask:
        case h.Resize(processes=processes) if not 1 <= processes <= MAX_POOL_WORKERS:
            raise InvalidField("processes", f"must be from 1 to {MAX_POOL_WORKERS}, not {processes:,}")
        case h.JoinPool(timeout_s=timeout_s) if timeout_s is not None and not 0 <= timeout_s <= MAX_SECONDS:
            raise InvalidField(
                "timeout_s", f"must be a number of seconds from 0 to {MAX_SECONDS:,}, not {timeout_s:,g}"
            )


def _answer_for_the_dead(entry: PoolEntry, ask: h.AnyAsk) -> Any:
    pool = entry.pool
    match ask:
        case h.JoinPool():
            return {"joined": True}
        case h.ReadJob(job=number):
            for job in pool.jobs:
                if job.id == number:
                    if detail := entry.details.get(number):
                        return replace(detail, job=job)
                    # The results and exceptions of its tasks were in the host.
                    gone = job.failed + job.lost
                    return JobDetail(job=job, result_cut=job.done > 0, failures_not_shown=gone)
            raise NoSuchProcess(f"job not found in pool {pool.id}: {number}")
        case h.ActOnWorker(pid=pid):
            raise NoSuchProcess(f"worker not found: {pid}; pool {pool.id} is {pool.state}")
        case h.Terminate():
            return pool
        case h.Submit() | h.Resize() | h.Close():
            why = f": {pool.error}" if pool.error else ""
            verb = type(ask).__name__.lower()
            raise NotPossible(f"{verb} is not possible while the pool is {pool.state}{why}")
        case _:
            assert_never(ask)


def _in_words(ask: h.AnyAsk) -> str | None:
    """Return the journal line for a request; None for one that changes nothing."""
    match ask:
        case h.Submit(spec=spec):
            return f"{spec.method} {spec.function} submitted"[:200]
        case h.Resize(processes=processes):
            return f"resize to {processes} workers requested"
        case h.Close():
            return "close requested: no more jobs"
        case h.Terminate():
            return "terminate requested"
        case h.ActOnWorker(pid=pid, verb=verb):
            return f"{verb} of worker {pid} requested"
        case h.JoinPool() | h.ReadJob():
            return None
        case _:
            assert_never(ask)
