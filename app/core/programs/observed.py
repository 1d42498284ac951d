"""The processes of a program that the supervisor did not start, by what they and their parents report.

Pure.  A child is reported twice, in either order: by its parent (`Started`), and by itself (`Hello`).  A pidfd shows
its exit; it was joined when its parent says so or its zombie is gone::

    Started ─▶ starting ─Hello─▶ running ⇄ suspended       booted: its target function started
       Hello ───────────────────────▲ │
                                      └─pidfd─▶ exited ─Joined, or reaped─▶ joined
"""

from collections.abc import Iterator
from typing import Any, assert_never

from msgspec.structs import replace

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet import journal_lines
from app.core.fleet.fleet import Fleet
from app.core.fleet.lifecycle import Trigger, possible
from app.core.fleet.member import Member
from app.core.fleet.program_book import ReportedState
from app.core.processes import endings, observed_ends
from app.protocol import observer as w
from app.records import primitives as p
from app.records.masking import masked_command, masked_text
from app.records.process import LIVE, Sentinel, State

from . import senders
from .senders import LONGEST_ERROR, LONGEST_NAME, LONGEST_TARGET, METHODS, printable
from .watching import watch

_PID_LIMIT = 1 << 22
_MOST_THREADS = 10


def heard(fleet: Fleet, event: e.Heard, now: p.Now, out: a.Out) -> None:
    """Take a word; one of an unknown process is counted."""
    word = event.word
    if isinstance(word, w.Hello):
        _hello(fleet, event.key, word, now, out)
        return
    member = senders.sender_of(fleet, event.key)
    if member is None:
        fleet.programs.unknown_words += 1
        return
    match word:
        case w.Started():
            _started(fleet, member, word, now, out)
        case w.Refused(name=name, error=error):
            name, error = printable(name, LONGEST_NAME), printable(masked_text(error), LONGEST_TARGET)
            fleet.programs.reported_of(member.id).refuse(error)
            text = f"start() of {name} failed: {error}"
            journal_lines.write(fleet.lines_of(member), member, "started", text, None, now, out)
        case w.Booted():
            _booted(fleet, member, word)
        case w.Leaving() | w.Exiting() | w.ThreadDied() | w.NotSent():
            _ends(fleet.programs.reported_of(member.id), member, word)
        case w.Joined(child=child, exitcode=exitcode):
            _joined(fleet, member, child, exitcode, now)
        case w.Joining(child=child, over=over):
            _joining(fleet.programs.reported_of(member.id), child, over=over, now=now)
        case w.Ending(children=children):
            for reported in _children(fleet, member, children):
                reported.ended_by_pool = True
        case w.Signalled(child=pid, signal=number):
            for reported in _children(fleet, member, [pid]):
                reported.signals.add(number)
        case w.Made() | w.Dropped() | w.Paged() | w.Threaded() | w.Handling() | w.Alarm():
            return  # of resources
        case _:
            assert_never(word)
    fleet.changed(member)


def not_seen(fleet: Fleet, event: e.NotSeen) -> None:
    """Count words that could not be read or sent; they are shown with the program."""
    member = senders.sender_of(fleet, event.key)
    entry = fleet.programs.of(member.process.program) if member else None
    if entry:
        entry.unread += event.count
        fleet.programs.stale.add(entry.program.id)
    else:
        fleet.programs.unknown_words += event.count


def watching(fleet: Fleet, member: Member, event: e.Watching, now: p.Now, out: a.Out) -> None:
    """Record that a process is watched, or that it, or its `procession run`, is already gone."""
    process = member.process
    if process.state not in LIVE or (process.pid is None and event.key):
        return
    if event.key is None:
        endings.ended(fleet, member, e.Ended(member.id, None), now, out)
        return
    member.key = fleet.programs.reported_of(member.id).key = event.key
    # One that was taken over from the supervisor before keeps its start time.
    member.update(alive=True, start_time=process.start_time or now.wall)
    fleet.changed(member)


# Its words about itself


def _hello(fleet: Fleet, key: p.Key, word: w.Hello, now: p.Now, out: a.Out) -> None:
    entry = fleet.programs.of(word.program)
    if entry is None:
        fleet.programs.unknown_words += 1
        return
    member = senders.known(fleet, key, word.program) or senders.first_process(fleet, entry, key, word, now, out)
    if member is None:
        member = senders.enter(fleet, entry, key[0], now, **_by_hello(fleet, word))
        if member is None:
            return
        journal_lines.write(fleet.lines_of(member), member, "started", f"by pid {word.ppid}", None, now, out)
    fleet.programs.reported_of(member.id).said_hello = entry.heard = True
    if member.id == entry.program.id:
        entry.update(python=word.python[:LONGEST_NAME])
    if member.process.observed:
        if member.key is None and member.process.state in LIVE:
            out.append(watch(fleet, member, key[0]))
        _runs(member)
        if word.start_method is None:
            member.update(booted=True)
    fleet.changed(member)


def _by_hello(fleet: Fleet, word: w.Hello) -> dict[str, Any]:
    parent = fleet.members.get(fleet.programs.by_pid.get(word.ppid, ""))
    argv = masked_command(word.argv)
    command = " ".join(argv) or word.executable or (parent.process.target or "" if parent else "")
    script = next((one for one in argv if not one.startswith("-")), word.executable)
    name = f"fork of {parent.process.name}" if word.forked and parent else script.rpartition("/")[2]
    method = word.start_method
    return {"name": name, "target": command, "ppid": word.ppid, "started_by": word.ppid, "start_method": method}


def _booted(fleet: Fleet, member: Member, word: w.Booted) -> None:
    reported = fleet.programs.reported_of(member.id)
    reported.threads_at_fork = max(1, word.threads or 1) - 1
    reported.by_os_fork = word.by_os_fork
    reported.threads_of_parent = [printable(name, LONGEST_NAME) for name in word.threads_of_parent[:_MOST_THREADS]]
    if not member.process.observed:
        return
    member.update(booted=True, started_by=word.parent)
    if not reported.named:
        member.update(name=printable(word.name, LONGEST_NAME), daemon=word.daemon)
    _runs(member)


def _runs(member: Member) -> None:
    if member.process.state is State.STARTING and possible(member.process.state, Trigger.BOOT):
        member.advance(Trigger.BOOT)


def _ends(reported: ReportedState, member: Member, word: w.Leaving | w.Exiting | w.ThreadDied | w.NotSent) -> None:
    """Take that it ends, or one of its threads has, or has dropped an item, and why."""
    if isinstance(word, w.ThreadDied):
        reported.thread_died(_printable(word))
        return
    if isinstance(word, w.NotSent):
        reported.item_not_sent(replace(word, error=printable(masked_text(word.error), LONGEST_ERROR)))
        return
    reported.exiting = True
    if isinstance(word, w.Leaving):
        member.error = _raised(word.error, word.place) if word.error else member.error
        return
    reported.told_exit = word.exitcode
    # Only SystemExit gives a code without an error; from Python 3.13 on, where it was raised is unknown.
    by_exit = {0: None, 1: "sys.exit()"}.get(word.exitcode, f"sys.exit({word.exitcode})")
    member.error = (masked_text(word.error) if word.error else member.error) or by_exit


def _raised(error: str, place: str) -> str:
    """Return ``ValueError: no file, at thumbs.py:12 in work()``, or ``sys.exit(1) at thumbs.py:12``."""
    error = printable(masked_text(error), LONGEST_ERROR)
    at = " at " if error.startswith("sys.exit(") else ", at "
    return f"{error}{at}{printable(place, LONGEST_NAME)}" if place else error


def _printable(word: w.ThreadDied) -> w.ThreadDied:
    return replace(
        word,
        name=printable(word.name, LONGEST_NAME),
        target=printable(word.target, LONGEST_NAME),
        error=_raised(word.error, word.place),
    )


# Its words about others


def _started(fleet: Fleet, parent: Member, word: w.Started, now: p.Now, out: a.Out) -> None:
    entry = fleet.programs.of(parent.process.program)
    if entry is None or not 0 < word.child <= _PID_LIMIT or word.child == parent.process.pid:
        return
    child = senders.already_observed(fleet, word.child, entry)
    method = word.start_method if word.start_method in METHODS else None
    named = {
        "name": printable(word.name, LONGEST_NAME),
        "daemon": word.daemon,
        "start_method": method,
        "target": printable(word.target or word.cls, LONGEST_TARGET),
        "started_by": parent.process.pid,
    }
    if child:
        child.update(**named)
    else:
        child = senders.enter(fleet, entry, word.child, now, **named)
        if child is None:
            return
        out.append(watch(fleet, child, word.child))
    if word.sentinel is not None:
        child.update(sentinel=Sentinel(fd=word.sentinel, ready=False))
        observed_ends.take_sentinel(fleet, entry, child)
    reported = fleet.programs.reported_of(child.id)
    reported.named, reported.role = True, word.role
    fleet.changed(child)
    text = f"by {word.start_method} from {parent.process.name} (pid {parent.process.pid})"
    journal_lines.write(fleet.lines_of(child), child, "started", text, None, now, out)


def _joined(fleet: Fleet, parent: Member, pid: int, exitcode: int | None, now: p.Now) -> None:
    child = fleet.members.get(fleet.programs.by_pid.get(pid, ""))
    fleet.programs.reported_of(parent.id).joining.pop(pid, None)
    if child is None or not child.process.observed or child.process.program != parent.process.program:
        return
    reported = fleet.programs.reported_of(child.id)
    reported.joined, reported.joined_as = True, exitcode
    if child.process.state is State.EXITED:
        observed_ends.settle(fleet, child, now)


def _children(fleet: Fleet, parent: Member, pids: list[int]) -> Iterator[ReportedState]:
    """Yield what was reported of those of ``pids`` that it really started: a word is only a claim."""
    for pid in pids:
        child = fleet.members.get(fleet.programs.by_pid.get(pid, ""))
        if child and child.process.observed and child.process.started_by == parent.process.pid:
            yield fleet.programs.reported_of(child.id)


def _joining(reported: ReportedState, child: int, *, over: bool, now: p.Now) -> None:
    if over:
        reported.joining.pop(child, None)
    elif len(reported.joining) < LONGEST_NAME:
        reported.joining[child] = now.wall
