"""What is decided: an event, or the clock, in; the actions that the loop is to perform, out.  Pure::

    loop ──Event, Now──▶ Deciding.handle ──[Action]──▶ loop performs ──outcome as Event──▶ Deciding.handle …

Who decides what: `verbs` what a person's wish leads to, `endings` what an end leads to, `progress` what a sample or a
report says, `stopping` how a stop escalates, `pools` what those do that hold a pool, `programs` and `observed` how
programs fare and what their processes say.  The `fleet` is what they know in common.
"""

from __future__ import annotations

from typing import assert_never

from . import actions as a
from . import endings, forgetting, joins, observed, pools, programs, progress, starts, stops, ticking, verbs
from .errors import ProcessionError
from .fleet import Fleet
from .member import Member
from .messages import refuse

Out = list[a.Action]


class Deciding:
    """Decides about one fleet."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def handle(self, event: a.Happening, now: a.Now) -> list[a.Action]:
        """The actions that follow from ``event``.  A refusal becomes an `Answer`; nothing else changes then."""
        out: Out = []
        try:
            _dispatch(self._fleet, event, now, out)
        except ProcessionError as refusal:
            out.append(_refused(event, refusal))
        return out

    def tick(self, now: a.Now) -> list[a.Action]:
        """The actions that are due by the clock."""
        out: Out = []
        ticking.tick(self._fleet, now, out)
        return out

    def next_deadline(self) -> float | None:
        """When `tick` has something to do next, monotonic; None for never, 0 for at once."""
        return ticking.next_deadline(self._fleet)


def _refused(event: a.Happening, refusal: ProcessionError) -> a.Answer:
    match event:
        case a.Launched() | a.Acted() | a.Signalled() | a.Registered():
            return a.Answer(event.client, refuse(event.request, refusal))
        case a.Joining() | a.Asking() | a.RunnerSaid():
            return a.Answer(event.client, refuse(event.command.request, refusal))
        case _:
            raise refusal


def _dispatch(fleet: Fleet, event: a.Happening, now: a.Now, out: Out) -> None:
    """Hand one event to the module whose business it is; raises `ProcessionError` where that refuses."""
    match event:
        case a.Launched() | a.Acted() | a.Signalled() | a.Joining() | a.StopAll():
            _wished(fleet, event, now, out)
        case a.ClientGone():
            forgetting.forget_client(fleet, event.client)
        case a.ForkserverLost():
            out.append(a.Note(progress.forkserver_lost(event.pid, now)))
        case a.Sampled():
            progress.sampled(fleet, event, now, out)
            pools.looked(fleet, now, out)
        case a.Watching() | a.Spawned() | a.NotSpawned() | a.Ended() | a.Reaped() | a.Remembered() | a.Remaining():
            if member := fleet.members.get(event.process):
                _about_ends(fleet, member, event, now, out)
        case a.Registered() | a.RunnerSaid() | a.Heard() | a.NotSeen():
            _about_programs(fleet, event, now, out)
        case a.Reported() | a.Looked() | a.SentinelSeen() | a.BlockedOn() | a.FrameFound():
            if member := fleet.members.get(event.process):
                _about_life(fleet, member, event, now, out)
        case a.Asking() | a.HostSaid() | a.HostMumbled() | a.ChannelClosed():
            pools.handle(fleet, event, now, out)
        case _:
            assert_never(event)


def _wished(
    fleet: Fleet, event: a.Launched | a.Acted | a.Signalled | a.Joining | a.StopAll, now: a.Now, out: Out
) -> None:
    match event:
        case a.Launched():
            verbs.launch(fleet, event, now, out)
        case a.Acted():
            verbs.act(fleet, event, now, out)
        case a.Signalled():
            verbs.send_signal(fleet, event, now, out)
        case a.Joining():
            joins.join(fleet, event, now, out)
        case a.StopAll():
            verbs.stop_all(fleet, event, now, out)


def _about_programs(
    fleet: Fleet, event: a.Registered | a.RunnerSaid | a.Heard | a.NotSeen, now: a.Now, out: Out
) -> None:
    match event:
        case a.Registered():
            programs.register(fleet, event, now, out)
        case a.RunnerSaid():
            programs.runner_said(fleet, event, now, out)
        case a.Heard():
            observed.heard(fleet, event, now, out)
        case a.NotSeen():
            observed.not_seen(fleet, event)


def _about_ends(
    fleet: Fleet,
    member: Member,
    event: a.Watching | a.Spawned | a.NotSpawned | a.Ended | a.Reaped | a.Remembered | a.Remaining,
    now: a.Now,
    out: Out,
) -> None:
    match event:
        case a.Watching():
            observed.watching(fleet, member, event, now, out)
        case a.Spawned():
            starts.spawned(fleet, member, event, now, out)
        case a.NotSpawned():
            endings.not_spawned(fleet, member, event.error, now, out)
        case a.Ended():
            endings.ended(fleet, member, event, now, out)
        case a.Reaped():
            endings.reaped(fleet, member, now, out)
        case a.Remembered():
            stops.remembered(fleet, member, event.keys)
        case a.Remaining():
            endings.remaining(fleet, member, event.keys, now, out)
    if member.process.pool:
        pools.follow(fleet, member, now, out)
    if member.process.program:
        programs.follow(fleet, member)


def _about_life(
    fleet: Fleet,
    member: Member,
    event: a.Reported | a.Looked | a.SentinelSeen | a.BlockedOn | a.FrameFound,
    now: a.Now,
    out: Out,
) -> None:
    match event:
        case a.Reported():
            progress.reported(fleet, member, event.report, now, out)
        case a.Looked():
            progress.looked(fleet, member, event.os_state, now, out)
        case a.SentinelSeen():
            progress.sentinel_seen(fleet, member, event)
        case a.BlockedOn(worker=None):
            progress.blocked_on(fleet, member, event, now, out)
        case a.BlockedOn():
            pools.blocked_on(fleet, member, event, now, out)
        case a.FrameFound(worker=None):
            progress.frame_found(fleet, member, event.words, now, out)
        case a.FrameFound():
            pools.frame_found(fleet, member, event, now, out)
