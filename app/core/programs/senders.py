"""Which process a word is from, or about; a new one gets its record.  Pure."""

from __future__ import annotations

from typing import Any, get_args

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.core.fleet.lifecycle import LIVE, Trigger
from app.core.fleet.member import Member
from app.core.fleet.program_book import Held
from app.protocol import observer as w
from app.records import primitives as p
from app.records.process import Process, StartMethod, State

from . import program as programs

Out = list[a.Action]


_LONGEST_NAME = 100


_LONGEST_TARGET = 500


_METHODS = get_args(StartMethod)


def _sender(fleet: Fleet, key: p.Key) -> Member | None:
    """The process of a program that has this pid, or had it last: its words may come after its end."""
    member = fleet.members.get(fleet.programs.by_pid.get(key[0], ""))
    if member is None:
        return None
    before = member.key or fleet.programs.sighting(member.id).key
    return None if before and not _same(before, key) else member


def _same(one: p.Key, other: p.Key) -> bool:
    """The start time of what was gone before it could be looked at is 0."""
    return one[0] == other[0] and (one[1] == other[1] or 0 in (one[1], other[1]))


def _known(fleet: Fleet, key: p.Key, program: str) -> Member | None:
    """Started by its parent's word, our own child, or the same process after an exec."""
    member = _sender(fleet, key)
    if member is None or member.process.program != program:
        return None
    sighting = fleet.programs.sighting(member.id)
    if member.process.state in LIVE or (sighting.key and sighting.key == key):
        return member
    # It ended before it was read: one that was gone when its connection came has no start time.
    return None if sighting.said_hello or (key[1] and sighting.key is None) else member


def _first(fleet: Fleet, held: Held, key: p.Key, word: w.Hello, now: p.Now, out: Out) -> Member | None:
    """The command of an attached program, where its hello is earlier than the word of who runs it."""
    first = fleet.members[held.program.id]
    waits = first.process.observed and first.process.pid is None and first.process.state is State.STARTING
    if not waits or word.ppid != held.runner:
        return None
    programs.started(fleet, first, key[0], now, out)
    return first


def _said_hello_before(fleet: Fleet, pid: int, held: Held) -> Member | None:
    member = fleet.members.get(fleet.programs.by_pid.get(pid, ""))
    if member is None or not member.process.observed or member.process.program != held.program.id:
        return None
    return None if fleet.programs.sighting(member.id).named else member


def _enter(fleet: Fleet, held: Held, pid: int, now: p.Now, **told: Any) -> Member | None:
    """A new record; None where there are too many."""
    if sum(len(one.living) for one in fleet.programs.held.values()) >= fleet.max_processes:
        held.beyond += 1
        fleet.programs.stale.add(held.program.id)
        return None
    first = fleet.members[held.program.id].process
    told["start_method"] = told["start_method"] if told["start_method"] in _METHODS else None
    told["name"], told["target"] = _shown(told["name"], _LONGEST_NAME), _shown(told["target"], _LONGEST_TARGET)
    process = Process(
        id="",
        workload=None,
        params={},
        pid=pid,
        program=held.program.id,
        observed=True,
        auto_start=False,
        auto_join=False,
        grace_s=first.grace_s,
        **told,
    )
    member = fleet.add(e.Plan(process=process, job={}), now)
    member.advance(Trigger.START)
    fleet.programs.by_pid[pid] = member.id
    held.living.add(member.id)
    held.entered += 1
    return member


def _shown(text: str, length: int) -> str:
    """What has no shape of its own is written out: a name must not turn round, or hide, the words beside it."""
    visible = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text[:length])
    return visible[:length].strip() or "?"
