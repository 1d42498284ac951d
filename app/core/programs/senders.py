"""Which process sent a word, or is meant by it; a new one gets a record.  Pure."""

from typing import Any, get_args

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.core.fleet.lifecycle import Trigger
from app.core.fleet.member import Member
from app.core.fleet.program_book import ProgramEntry
from app.protocol import observer as w
from app.records import primitives as p
from app.records.process import LIVE, Process, StartMethod, State
from app.records.visible import visible

from . import program

LONGEST_NAME = 100
LONGEST_TARGET = 500
LONGEST_ERROR = 400
METHODS = get_args(StartMethod)


def sender_of(fleet: Fleet, key: p.Key) -> Member | None:
    """Return the process of a program that has this pid, or had it last: its words may come after its end."""
    member = fleet.members.get(fleet.programs.by_pid.get(key[0], ""))
    if member is None:
        return None
    before = member.key or fleet.programs.reported_of(member.id).key
    return None if before and not _same(before, key) else member


def _same(one: p.Key, other: p.Key) -> bool:
    """Return whether both are the same process; the start time of one that was gone before a look is 0."""
    return one[0] == other[0] and (one[1] == other[1] or 0 in (one[1], other[1]))


def known(fleet: Fleet, key: p.Key, program_id: str) -> Member | None:
    """Return the known sender of a hello: reported by its parent, a child of the supervisor, or after an exec."""
    member = sender_of(fleet, key)
    if member is None or member.process.program != program_id:
        return None
    reported = fleet.programs.reported_of(member.id)
    if member.process.state in LIVE or (reported.key and reported.key == key):
        return member
    # It ended before its words were read: one that was gone when it connected has no start time.
    return None if reported.said_hello or (key[1] and reported.key is None) else member


def first_process(
    fleet: Fleet, entry: ProgramEntry, key: p.Key, word: w.Hello, now: p.Now, out: a.Out
) -> Member | None:
    """Return the command of an attached program if its hello comes before the word of its `procession run`."""
    first = fleet.members[entry.program.id]
    waits = first.process.observed and first.process.pid is None and first.process.state is State.STARTING
    if not waits or word.ppid != entry.runner:
        return None
    program.started(fleet, first, key[0], now, out)
    return first


def already_observed(fleet: Fleet, pid: int, entry: ProgramEntry) -> Member | None:
    """Return the process with this pid that said hello before its parent reported its start."""
    member = fleet.members.get(fleet.programs.by_pid.get(pid, ""))
    if member is None or not member.process.observed or member.process.program != entry.program.id:
        return None
    return None if fleet.programs.reported_of(member.id).named else member


def enter(fleet: Fleet, entry: ProgramEntry, pid: int, now: p.Now, **fields: Any) -> Member | None:
    """Add a record for a process and return it; None if there are too many."""
    if sum(len(one.living) for one in fleet.programs.entries.values()) >= fleet.max_processes:
        entry.beyond += 1
        fleet.programs.stale.add(entry.program.id)
        return None
    first = fleet.members[entry.program.id].process
    fields["start_method"] = fields["start_method"] if fields["start_method"] in METHODS else None
    fields["name"] = printable(fields["name"], LONGEST_NAME)
    fields["target"] = printable(fields["target"], LONGEST_TARGET)
    process = Process(
        id="",
        workload=None,
        params={},
        pid=pid,
        program=entry.program.id,
        observed=True,
        auto_start=False,
        auto_join=False,
        grace_s=first.grace_s,
        **fields,
    )
    member = fleet.add(e.Plan(process=process, job={}), now)
    member.advance(Trigger.START)
    fleet.programs.by_pid[pid] = member.id
    entry.living.add(member.id)
    entry.entered += 1
    return member


def printable(text: str, length: int) -> str:
    """Return the text with unprintable characters escaped: a name must not reverse or hide the words beside it."""
    return visible(text[:length])[:length].strip() or "?"
