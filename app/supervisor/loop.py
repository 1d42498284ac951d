"""The supervisor's loop: one thread, one blocking point.

::

    wait ─▶ decode ─▶ decide ─▶ perform ─▶ publish ─▶ wait …
     │        │          │         │           └ journal first, then the delta to the subscribers
     │        │          │         └ spawn, signal, reap; what came of it is decided about in the same turn
     │        │          └ Fleet.handle for what happened, Fleet.tick for what is due
     │        └ commands, reports and exits that the poller's callbacks have enqueued become events
     └ epoll until something is ready or the next deadline

A turn cannot fail: each message, event, action and reading is handled under the guard (`records.guard`).
"""

import time
from collections import deque
from functools import partial

from app.core.deciding import Deciding
from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.records import primitives as p

from .context import Context
from .parts import Parts
from .recovery import SETTLED_S

SAMPLE_S = 1.0
_MAX_EVENTS = 10_000
_AFTER_FAILURE_S = 0.25


class Loop:
    """Turns until it was told to stop and everything has ended."""

    def __init__(self, context: Context, fleet: Fleet, parts: Parts) -> None:
        self._context, self._fleet, self._parts = context, fleet, parts
        self._deciding = Deciding(fleet, context.guard)
        self._happened, self._guard = context.happened, context.guard
        self._sample_at = 0.0
        self._settled_at: float | None = context.now().mono + SETTLED_S
        self._failures = 0

    def run(self) -> None:
        """Turn until stopped and empty."""
        while not self._is_over():
            self.turn()

    def turn(self) -> None:
        """One turn: wait, decode, decide, perform, publish."""
        self._context.poller.wait(self._timeout())
        if self._context.heartbeat:
            self._context.heartbeat.beat()
        now = self._context.now()
        self._happened.extend(self._parts.decoding.decode(now))
        self._look_around(now)
        self._decide_and_perform(now)
        with self._guard.over("writes for the next supervisor"):
            self._parts.handover.note(now)
        for line in self._guard.take_lines():
            self._context.recording.note(line)
        with self._guard.over("deltas", self._parts.publishing.resync):
            self._parts.publishing.publish(now)

    def _timeout(self) -> float:
        """Seconds until the next deadline of anybody; 0 where something waits to be done."""
        if self._happened or self._parts.decoding.waiting():
            return 0.0
        failed, self._failures = self._guard.count - self._failures, self._guard.count
        # What failed may be due still: it must not make the loop spin.
        return max(self._until_next(), _AFTER_FAILURE_S if failed else 0.0)

    def _until_next(self) -> float:
        deadlines = (
            self._sample_at,
            self._deciding.next_deadline(),
            self._parts.publishing.next_deadline(),
            self._parts.stacking.next_deadline(),
            self._context.logs.next_deadline(),
            self._parts.analysis.next_deadline(),
            self._parts.handover.next_deadline(),
            self._context.aside.next_deadline(),
        )
        return max(0.0, min(one for one in deadlines if one is not None) - time.monotonic())

    def _look_around(self, now: p.Now) -> None:
        """What does not come by itself: the sweep once a second, sizes of logs, dumps on their way."""
        if now.mono >= self._sample_at:
            self._sample_at = max(self._sample_at + SAMPLE_S, now.mono)
            with self._guard.over("samples"):
                self._happened.extend(self._parts.sampling.sample(now))
        if self._settled_at is not None and now.mono >= self._settled_at:
            self._settled_at = None
            self._context.recording.settled()
        with self._guard.over("checks of logs"):
            self._parts.sampling.check_logs(now)
        with self._guard.over("stacks"):
            self._happened.extend(self._parts.stacking.take(now))
        with self._guard.over("readings of programs"):
            for line in self._parts.analysis.look(now, watched=self._parts.publishing.watched):
                self._context.recording.note(line)
            self._happened.extend(self._parts.analysis.judgements())

    def _decide_and_perform(self, now: p.Now) -> None:
        """What happened, then what is due: whatever is asked for is started in the very same turn."""
        self._settle([], now)
        due: list[e.Happening] = []
        with self._guard.over("decisions that were due"):
            due = self._parts.performing.perform(self._deciding.tick(now), now)
        self._settle(due, now)

    def _settle(self, first: list[e.Happening], now: p.Now) -> None:
        """Until nothing more follows; what is left after the bound waits for the next turn.

        What came of an action is decided about before anything else that happened: a stop that was asked for in the
        turn of a start must find the process started.
        """
        outcomes = deque(first)
        for _ in range(_MAX_EVENTS):
            if not (outcomes or self._happened):
                return
            event = (outcomes or self._happened).popleft()
            with self._guard.over("events", partial(self._parts.decoding.refuse, event)):
                outcomes.extend(self._parts.performing.perform(self._deciding.handle(event, now), now))
        self._happened.extendleft(reversed(outcomes))

    def _is_over(self) -> bool:
        """Whether a stop is complete: no process lives, and nothing is left below us."""
        if self._fleet.stopping_by is None or self._happened or any(self._fleet.live()):
            return False
        return self._parts.sampling.swept_out()
