"""Decisions: an event, or the clock, goes in; the actions that the loop is to perform come out.  Pure::

    loop ──Event, Now──▶ Deciding.handle ──[Action]──▶ loop performs ──outcome as Event──▶ Deciding.handle …

Who decides what: `verbs` on the commands of users, `processes.endings` on the end of a process, `processes.progress` on
samples and reports, `processes.stops` on escalations, `pools` on pools and their hosts, `programs` on programs and the
words of their processes.  They share the `fleet`.
"""

from typing import assert_never

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.core.fleet.member import Member
from app.core.pools import asks, pool
from app.core.processes import endings, forgetting, joins, progress, starts, stops
from app.core.programs import observed, program
from app.protocol import control as m
from app.protocol.programs import BreakLock, ProgramEnded, ProgramStarted
from app.records import primitives as p
from app.records.errors import ProcessionError
from app.records.guard import NO_GUARD, Guarding

from . import ticking, verbs


class Deciding:
    """Decides on the events of one fleet."""

    def __init__(self, fleet: Fleet, guard: Guarding = NO_GUARD) -> None:
        self._fleet, self._guard = fleet, guard

    def handle(self, event: e.Happening, now: p.Now) -> list[a.Action]:
        """Return the actions that follow from ``event``; a refusal becomes an `Answer` and changes nothing."""
        out: a.Out = []
        try:
            _dispatch(self._fleet, event, now, out)
        except ProcessionError as refusal:
            out.append(_refused(event, refusal))
        return out

    def tick(self, now: p.Now) -> list[a.Action]:
        """Return the actions that are due by the clock."""
        out: a.Out = []
        ticking.tick(self._fleet, now, out, self._guard)
        return out

    def next_deadline(self) -> float | None:
        """Return when `tick` next has something to do, monotonic; None for never, 0 for at once."""
        return ticking.next_deadline(self._fleet)


def _refused(event: e.Happening, refusal: ProcessionError) -> a.Answer:
    match event:
        case e.Launched() | e.Registered():
            return a.Answer(event.client, m.refuse(event.request, refusal))
        case e.Commanded():
            return a.Answer(event.client, m.refuse(event.command.request, refusal))
        case _:
            raise refusal


def _dispatch(fleet: Fleet, event: e.Happening, now: p.Now, out: a.Out) -> None:
    """Hand one event to the module that decides on it; raises `ProcessionError` if that refuses."""
    match event:
        case e.Launched():
            verbs.launch(fleet, event, now, out)
        case e.Commanded(client=client, command=command):
            _command(fleet, client, command, now, out)
        case e.StopAll():
            verbs.stop_all(fleet, event, now, out)
        case e.ClientGone():
            forgetting.forget_client(fleet, event.client)
        case e.ForkserverLost():
            out.append(a.Note(progress.forkserver_lost(event.pid, now)))
        case e.Sampled():
            progress.sampled(fleet, event, now, out)
            pool.sampled(fleet, now, out)
        case e.Watching() | e.Spawned() | e.NotSpawned() | e.Ended() | e.Reaped() | e.Remembered() | e.Remaining():
            if member := fleet.members.get(event.process):
                _process_event(fleet, member, event, now, out)
        case e.Registered() | e.Heard() | e.NotSeen():
            _program_event(fleet, event, now, out)
        case e.Reported() | e.Looked() | e.SentinelSeen() | e.BlockedOn() | e.FrameFound() | e.Judged():
            if member := fleet.members.get(event.process):
                _progress_event(fleet, member, event, now, out)
        case e.HostSaid() | e.HostMessageInvalid() | e.ChannelClosed():
            pool.handle(fleet, event, now, out)
        case _:
            assert_never(event)


def _command(fleet: Fleet, client: int, command: e.FleetCommand, now: p.Now, out: a.Out) -> None:
    match command:
        case m.Act():
            verbs.act(fleet, client, command, now, out)
        case m.SendSignal():
            verbs.send_signal(fleet, client, command, now, out)
        case m.EndDescendant():
            verbs.signal_descendant(fleet, client, command, out)
        case m.Join():
            joins.join(fleet, client, command, now, out)
        case m.AskPool():
            asks.ask(fleet, client, command, now, out)
        case BreakLock():
            out.append(a.ReleaseLock(client, command))
        case ProgramStarted() | ProgramEnded():
            program.runner_said(fleet, client, command, now, out)


def _program_event(fleet: Fleet, event: e.Registered | e.Heard | e.NotSeen, now: p.Now, out: a.Out) -> None:
    match event:
        case e.Registered():
            program.register(fleet, event, now, out)
        case e.Heard():
            observed.heard(fleet, event, now, out)
        case e.NotSeen():
            observed.not_seen(fleet, event)


def _process_event(
    fleet: Fleet,
    member: Member,
    event: e.Watching | e.Spawned | e.NotSpawned | e.Ended | e.Reaped | e.Remembered | e.Remaining,
    now: p.Now,
    out: a.Out,
) -> None:
    match event:
        case e.Watching():
            observed.watching(fleet, member, event, now, out)
        case e.Spawned():
            starts.spawned(fleet, member, event, now, out)
        case e.NotSpawned():
            endings.not_spawned(fleet, member, event.error, now, out)
        case e.Ended():
            endings.ended(fleet, member, event, now, out)
        case e.Reaped():
            endings.reaped(fleet, member, now, out)
        case e.Remembered():
            stops.remembered(fleet, member, event.keys)
        case e.Remaining():
            endings.remaining(fleet, member, event.keys, now, out)
    if member.process.pool:
        pool.follow(fleet, member, now, out)
    if member.process.program:
        program.follow(fleet, member)


def _progress_event(
    fleet: Fleet,
    member: Member,
    event: e.Reported | e.Looked | e.SentinelSeen | e.BlockedOn | e.FrameFound | e.Judged,
    now: p.Now,
    out: a.Out,
) -> None:
    match event:
        case e.Reported():
            progress.reported(fleet, member, event.report, now, out)
        case e.Looked():
            progress.looked(fleet, member, event.os_state, now, out)
        case e.SentinelSeen():
            progress.sentinel_seen(fleet, member, event)
        case e.BlockedOn(worker=None):
            progress.blocked_on(fleet, member, event, now, out)
        case e.BlockedOn():
            pool.blocked_on(fleet, member, event, now, out)
        case e.Judged():
            progress.judged(fleet, member, event.stuck)
        case e.FrameFound(worker=None):
            progress.frame_found(fleet, member, event.words, now, out)
        case e.FrameFound():
            pool.frame_found(fleet, member, event, now, out)
