"""The supervisor's loop: one thread, one blocking point.

::

    wait ─▶ decode ─▶ decide ─▶ perform ─▶ publish ─▶ wait …
     │        │          │         │           └ journal first, then the delta to the subscribers
     │        │          │         └ spawn, signal, reap; what came of it is decided about in the same turn
     │        │          └ Fleet.handle for what happened, Fleet.tick for what is due
     │        └ commands, reports and exits that the poller's callbacks have enqueued become events
     └ epoll until something is ready or the next deadline
"""

from __future__ import annotations

import time

from . import actions as a
from . import messages as m
from .answering import Answering
from .children import Children
from .control import Client, ControlServer
from .errors import InvalidField, ProcessionError
from .fleet import Fleet
from .launching import plan
from .performing import Performing
from .poller import Poller
from .publishing import Publishing
from .signals import number_of
from .world import World

SAMPLE_S = 1.0
_COMMANDS_PER_TURN = 256
_MAX_ROUNDS = 100


class Loop:
    """Owns every part; `run` returns when everything has ended after SIGTERM, SIGINT or the launcher's death."""

    def __init__(self, world: World, fleet: Fleet, control: ControlServer, children: Children) -> None:
        self.fleet = fleet
        self.control = control
        self.world = world
        self.performing = Performing(world, fleet, children, control)
        self.answering = Answering(world, fleet)
        self.publishing = Publishing(world, fleet, control)
        self._poller: Poller = world.poller
        self._happened = world.happened
        self._sample_at = 0.0
        self._finished = False

    def run(self) -> None:
        """Turn until stopped and empty."""
        while not self._finished:
            self.turn()

    def turn(self) -> None:
        """One turn: wait, decode, decide, perform, publish."""
        self._poller.wait(self._timeout())
        now = self.world.now()
        self._sample_if_due(now)
        self._decode(now)
        self._decide_and_perform(now)
        self.publishing.publish(now)
        self._finished = self._is_over(now)

    def _timeout(self) -> float:
        """Seconds until the next deadline of anybody."""
        if self._happened or self.control.inbox:
            return 0.0
        deadlines = (
            self._sample_at,
            self.fleet.next_deadline(),
            self.publishing.next_deadline(),
            self.world.next_deadline(),
        )
        return max(0.0, min(one for one in deadlines if one is not None) - time.monotonic())

    def _sample_if_due(self, now: a.Now) -> None:
        if now.mono >= self._sample_at:
            self._sample_at = max(self._sample_at + SAMPLE_S, now.mono)
            self._happened.extend(self.performing.sample(now))
        self._happened.extend(self.performing.look_around(now))

    def _decode(self, now: a.Now) -> None:
        for client, command in self.control.take(_COMMANDS_PER_TURN):
            try:
                event = self._event_of(client, command, now)
            except ProcessionError as refusal:
                client.send(m.refuse(command.request, refusal))
            else:
                if event:
                    self._happened.append(event)
        while self.control.closed:
            self._happened.append(a.ClientGone(self.control.closed.popleft().id))

    def _event_of(self, client: Client, command: m.AnyCommand, now: a.Now) -> a.Happening | None:
        """The event that a command is; None for a question, which is answered here and changes nothing."""
        match command:
            case m.Launch():
                checked = plan(command.spec, self.world.settings)
                if not 1 <= command.count <= 1000:
                    raise InvalidField("count", f"{command.count} is not from 1 to 1000")
                return a.Launched(client.id, command.request, command.by, checked, command.count)
            case m.Act():
                return a.Acted(client.id, command.request, command.by, command.process, command.verb, command.pid)
            case m.SendSignal():
                signum = number_of(command.signal)
                return a.Signalled(client.id, command.request, command.by, command.process, signum, command.pid)
            case m.Join():
                return a.Joining(client.id, command)
            case m.Subscribe():
                self.publishing.subscribe(client, command.request, now)
            case m.EndDescendant():
                self._happened.extend(self.performing.end_descendant(client, command, now))
            case m.Stack():
                self.performing.request_stack(client, command, now)
            case _:
                client.send(m.reply(command.request, self.answering.answer(command, now)))
        return None

    def _decide_and_perform(self, now: a.Now) -> None:
        """Until nothing more follows; what is left over after the bound waits for the next turn."""
        actions = self.fleet.tick(now)
        for _ in range(_MAX_ROUNDS):
            self._happened.extend(self.performing.perform(actions, now))
            if not self._happened:
                return
            actions = []
            while self._happened:
                actions += self.fleet.handle(self._happened.popleft(), now)
        self._happened.extend(self.performing.perform(actions, now))

    def _is_over(self, now: a.Now) -> bool:
        if self.fleet.stopping_by is None:
            return False
        return not any(self.fleet.live()) and self.performing.sweep_out(now)
