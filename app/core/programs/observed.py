"""The processes of a program that the supervisor did not start: made of what they and their parents say.

Pure.  A child is told of twice, in either order: by its parent (`Started`), and by itself (`Hello`).  What ends it is
seen by a pidfd; whether it was joined its parent says, or its zombie is gone::

    Started ─▶ starting ─Hello─▶ running ⇄ suspended       booted: it got as far as to its target
       Hello ───────────────────────▲ │
                                      └─pidfd─▶ exited ─Joined, or reaped─▶ joined
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

from app.core.fleet import events as e
from app.core.fleet import journal_lines
from app.core.fleet.fleet import Fleet
from app.core.fleet.lifecycle import LIVE, Trigger, possible
from app.core.fleet.member import Member
from app.core.fleet.program_book import Sighting
from app.core.processes import endings, observed_ends
from app.protocol import observer as w
from app.records import primitives as p
from app.records.process import Sentinel, State

from .senders import (
    _LONGEST_NAME,
    _LONGEST_TARGET,
    _METHODS,
    Out,
    _enter,
    _first,
    _known,
    _said_hello_before,
    _sender,
    _shown,
)
from .watching import watch

_PID_LIMIT = 1 << 22


def heard(fleet: Fleet, event: e.Heard, now: p.Now, out: Out) -> None:
    """A word; one of a process that nobody knows is counted."""
    word = event.word
    if isinstance(word, w.Hello):
        _hello(fleet, event.key, word, now, out)
        return
    member = _sender(fleet, event.key)
    if member is None:
        fleet.programs.strangers += 1
        return
    match word:
        case w.Started():
            _started(fleet, member, word, now, out)
        case w.Refused(name=name, error=error):
            name, error = _shown(name, _LONGEST_NAME), _shown(error, _LONGEST_TARGET)
            fleet.programs.sighting(member.id).refuse(error)
            text = f"start() of {name} was refused: {error}"
            journal_lines.write(fleet.lines_of(member), member, "started", text, None, now, out)
        case w.Booted():
            _booted(fleet, member, word)
        case w.Exiting(exitcode=exitcode, error=error):
            sighting = fleet.programs.sighting(member.id)
            sighting.exiting, sighting.told_exit = True, exitcode
            member.error = error or member.error
        case w.Joined(child=child, exitcode=exitcode):
            _joined(fleet, member, child, exitcode, now)
        case w.Joining(child=child, over=over):
            _joining(fleet.programs.sighting(member.id), child, over=over, now=now)
        case w.Ending(children=children):
            for sighting in _children(fleet, member, children):
                sighting.ended_by_pool = True
        case w.Signalled(child=pid, signal=number):
            for sighting in _children(fleet, member, [pid]):
                sighting.signals.add(number)
        case w.Made() | w.Dropped() | w.Paged():
            return  # the resources' business
        case _:
            assert_never(word)
    fleet.changed(member)


def not_seen(fleet: Fleet, event: e.NotSeen) -> None:
    """Words that could not be read, or sent, are shown with the program."""
    member = _sender(fleet, event.key)
    held = fleet.programs.of(member.process.program) if member else None
    if held:
        held.unread += event.count
        fleet.programs.stale.add(held.program.id)
    else:
        fleet.programs.strangers += event.count


def watching(fleet: Fleet, member: Member, event: e.Watching, now: p.Now, out: Out) -> None:
    """It is watched from now on; or it, or who was to run it, is gone already."""
    process = member.process
    if process.state not in LIVE or (process.pid is None and event.key):
        return
    if event.key is None:
        endings.ended(fleet, member, e.Ended(member.id, None), now, out)
        return
    member.key = fleet.programs.sighting(member.id).key = event.key
    # One that was known to the supervisor before us keeps its time.
    member.update(alive=True, start_time=process.start_time or now.wall)
    fleet.changed(member)


# What it says of itself


def _hello(fleet: Fleet, key: p.Key, word: w.Hello, now: p.Now, out: Out) -> None:
    held = fleet.programs.of(word.program)
    if held is None:
        fleet.programs.strangers += 1
        return
    member = _known(fleet, key, word.program) or _first(fleet, held, key, word, now, out)
    if member is None:
        member = _enter(fleet, held, key[0], now, **_by_hello(fleet, word))
        if member is None:
            return
        journal_lines.write(fleet.lines_of(member), member, "started", f"by pid {word.ppid}", None, now, out)
    fleet.programs.sighting(member.id).said_hello = held.heard = True
    if member.id == held.program.id:
        held.update(python=word.python[:_LONGEST_NAME])
    if member.process.observed:
        if member.key is None and member.process.state in LIVE:
            out.append(watch(fleet, member, key[0]))
        _runs(member)
        if word.start_method is None:
            member.update(booted=True)
    fleet.changed(member)


def _by_hello(fleet: Fleet, word: w.Hello) -> dict[str, Any]:
    parent = fleet.members.get(fleet.programs.by_pid.get(word.ppid, ""))
    command = " ".join(word.argv) or word.executable or (parent.process.target or "" if parent else "")
    script = next((one for one in word.argv if not one.startswith("-")), word.executable)
    name = f"fork of {parent.process.name}" if word.forked and parent else script.rpartition("/")[2]
    method = word.start_method
    return {"name": name, "target": command, "ppid": word.ppid, "started_by": word.ppid, "start_method": method}


def _booted(fleet: Fleet, member: Member, word: w.Booted) -> None:
    sighting = fleet.programs.sighting(member.id)
    sighting.threads_at_fork = max(1, word.threads or 1) - 1
    if not member.process.observed:
        return
    member.update(booted=True, started_by=word.parent)
    if not sighting.named:
        member.update(name=_shown(word.name, _LONGEST_NAME), daemon=word.daemon)
    _runs(member)


def _runs(member: Member) -> None:
    if member.process.state is State.STARTING and possible(member.process.state, Trigger.BOOT):
        member.advance(Trigger.BOOT)


# What it says of others


def _started(fleet: Fleet, parent: Member, word: w.Started, now: p.Now, out: Out) -> None:
    held = fleet.programs.of(parent.process.program)
    if held is None or not 0 < word.child <= _PID_LIMIT or word.child == parent.process.pid:
        return
    child = _said_hello_before(fleet, word.child, held)
    method = word.start_method if word.start_method in _METHODS else None
    named = {
        "name": _shown(word.name, _LONGEST_NAME),
        "daemon": word.daemon,
        "start_method": method,
        "target": _shown(word.target or word.cls, _LONGEST_TARGET),
        "started_by": parent.process.pid,
    }
    if child:
        child.update(**named)
    else:
        child = _enter(fleet, held, word.child, now, **named)
        if child is None:
            return
        out.append(watch(fleet, child, word.child, parent=parent.process.pid))
    if word.sentinel is not None:
        child.update(sentinel=Sentinel(fd=word.sentinel, ready=False))
        observed_ends.heed_sentinel(fleet, held, child)
    sighting = fleet.programs.sighting(child.id)
    sighting.named, sighting.role = True, word.role
    fleet.changed(child)
    text = f"by {word.start_method} in {parent.process.name} (pid {parent.process.pid})"
    journal_lines.write(fleet.lines_of(child), child, "started", text, None, now, out)


def _joined(fleet: Fleet, parent: Member, pid: int, exitcode: int | None, now: p.Now) -> None:
    child = fleet.members.get(fleet.programs.by_pid.get(pid, ""))
    fleet.programs.sighting(parent.id).joining.pop(pid, None)
    if child is None or not child.process.observed or child.process.program != parent.process.program:
        return
    sighting = fleet.programs.sighting(child.id)
    sighting.joined, sighting.joined_as = True, exitcode
    if child.process.state is State.EXITED:
        observed_ends.settle(fleet, child, now)


def _children(fleet: Fleet, parent: Member, pids: list[int]) -> Iterator[Sighting]:
    """Those of ``pids`` that it did start: a word is a claim."""
    for pid in pids:
        child = fleet.members.get(fleet.programs.by_pid.get(pid, ""))
        if child and child.process.observed and child.process.started_by == parent.process.pid:
            yield fleet.programs.sighting(child.id)


def _joining(sighting: Sighting, child: int, *, over: bool, now: p.Now) -> None:
    if over:
        sighting.joining.pop(child, None)
    elif len(sighting.joining) < _LONGEST_NAME:
        sighting.joining[child] = now.wall


# Who is who
