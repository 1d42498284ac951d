"""Looking around: what does not come by itself, and is read from the OS once a second or when something ended."""

from __future__ import annotations

import contextlib
import os
import signal

from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.records import primitives as p
from app.records.event import EventDraft
from app.supervisor.children.children import Children
from app.supervisor.observers.observation import Observation

from .stacking import Stacking
from .world import World


class Looking:
    """Samples everything that lives, follows sentinels of the dead until they fire, and buries nobody's zombies."""

    def __init__(
        self, world: World, fleet: Fleet, children: Children, *, stacking: Stacking, observation: Observation
    ) -> None:
        self._world, self._fleet, self._children = world, fleet, children
        self._stacking, self._observation = stacking, observation
        self._unfired: set[str] = set()
        self._log_sizes: dict[str, int] = {}

    def swept_out(self) -> bool:
        """At the very end: SIGKILL what is left below us; True once nothing is."""
        self.name_helpers()
        left = self._world.inventory.everything()
        if left:
            self._world.inventory.kill_tree(left)
        self.reap_orphans()
        return not self._world.inventory.everything() and not self._world.inventory.orphan_zombies()

    def sample(self, now: p.Now) -> list[e.Happening]:
        """One sweep over everything that lives."""
        world = self._world
        self.name_helpers()
        sweep = world.inventory.sweep(now.mono)
        for pid in sweep.zombies:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        world.vitals.refresh(now.mono)
        world.remember(sweep, self._fleet.pools.living(), now)
        sampled = e.Sampled(sweep.samples, sweep.descendants, self._log_sizes)
        self._log_sizes = {}
        # The sentinel of a dead process may fire late: whoever inherited it keeps it from firing.
        sentinels = (self._sentinel(process_id) for process_id in tuple(self._unfired))
        return [sampled, *sentinels, *self._observation.look()]

    def check_logs(self, now: p.Now) -> None:
        """Hold the logs to their cap; their sizes are told with the next sample."""
        logs = self._world.logs
        if (due := logs.next_deadline()) is None or now.mono < due:
            return
        self._log_sizes |= logs.check(now.mono)
        self.name_helpers()
        for text in logs.take_notices():
            self._world.recording.note(EventDraft(at=now.wall, kind="supervisor", text=text, by="supervisor"))

    def _sentinel(self, process_id: str) -> e.Happening:
        ready = self._children.sentinel_ready(process_id)
        if ready:
            self._unfired.discard(process_id)
        held_by = () if ready else self._world.inventory.holders(self._children.by_id[process_id].sentinel, process_id)
        return e.SentinelSeen(process_id, ready, held_by)

    def exited(self, process_id: str, exitcode: int | None) -> list[e.Happening]:
        """The pidfd of a child fired."""
        self._world.inventory.drop_root(process_id)
        self._unfired.add(process_id)
        oom_kills = self._world.vitals.oom_kills_since_refresh() if exitcode == -signal.SIGKILL else 0
        return [e.Ended(process_id, exitcode, oom_kills), self._sentinel(process_id)]

    def name_helpers(self) -> None:
        """Tell the inventory of our own helpers: they are no descendants of anybody's, and nobody's to kill."""
        helpers = (*self._children.infrastructure(), *self._world.logs.pids(), *self._stacking.helpers())
        self._world.inventory.infrastructure(helpers)

    def reap_orphans(self) -> None:
        """Zombies that were re-parented to us are nobody's to join but ours."""
        for pid in self._world.inventory.orphan_zombies():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    def forget(self, process_id: str) -> None:
        """Look at the sentinel of a process no longer."""
        self._unfired.discard(process_id)
