"""Read from the OS what is not reported: samples once a second, sentinels and orphans when something ended."""

import contextlib
import os
import signal
from collections.abc import Iterable

from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.records import primitives as p
from app.records.event import about_supervisor
from app.supervisor.children.children import Children
from app.supervisor.observers.observation import Observation

from .context import Context
from .stacking import Stacking


class Sampling:
    """Samples every living process, polls the sentinels of dead ones until they fire, and reaps orphaned zombies."""

    def __init__(
        self, context: Context, fleet: Fleet, children: Children, *, stacking: Stacking, observation: Observation
    ) -> None:
        self._context, self._fleet, self._children = context, fleet, children
        self._stacking, self._observation = stacking, observation
        self._unfired: set[str] = set()
        self._log_sizes: dict[str, int] = {}

    def swept_out(self) -> bool:
        """At the end of a stop, SIGKILL what is left below us; return True once nothing is."""
        self.name_helpers()
        with self._context.fd_reserve.lent():
            left = self._context.inventory.everything()
            if left:
                self._context.inventory.kill_tree(left)
            self.reap_orphans()
            return not self._context.inventory.everything() and not self._context.inventory.orphan_zombies()

    def sample(self, now: p.Now) -> list[e.Happening]:
        """Sample every living process and return the events that follow."""
        context = self._context
        self.name_helpers()
        sweep = context.inventory.sweep(now.mono)
        _reap(sweep.zombies)
        context.vitals.refresh(now.mono)
        self._note(context.vitals.take_notices(), now)
        context.remember(sweep, self._fleet.pools.living(), now)
        sampled = e.Sampled(sweep.samples, sweep.descendants, self._log_sizes)
        self._log_sizes = {}
        # The sentinel of a dead process fires late if another process inherited it.
        sentinels = (self._sentinel(process_id) for process_id in tuple(self._unfired))
        return [sampled, *sentinels, *self._observation.look()]

    def check_logs(self, now: p.Now) -> None:
        """Keep the logs below their cap; their sizes are reported with the next sample."""
        logs = self._context.logs
        if (due := logs.next_deadline()) is None or now.mono < due:
            return
        self._log_sizes |= logs.check(now.mono)
        self.name_helpers()
        self._note(logs.take_notices(), now)

    def _note(self, notices: Iterable[str], now: p.Now) -> None:
        for text in notices:
            self._context.recording.note(about_supervisor(now.wall, text))

    def _sentinel(self, process_id: str) -> e.Happening:
        ready = self._children.sentinel_ready(process_id)
        if ready:
            self._unfired.discard(process_id)
        held_by = (
            () if ready else self._context.inventory.holders(self._children.by_id[process_id].sentinel, process_id)
        )
        return e.SentinelSeen(process_id, ready, held_by)

    def exited(self, process_id: str, exitcode: int | None) -> list[e.Happening]:
        """Return the events of a child whose pidfd fired."""
        self._context.inventory.drop_root(process_id)
        self._unfired.add(process_id)
        oom_kills = self._context.vitals.oom_kills_since_refresh() if exitcode == -signal.SIGKILL else 0
        return [e.Ended(process_id, exitcode, oom_kills), self._sentinel(process_id)]

    def name_helpers(self) -> None:
        """Give the inventory the pids of our own helpers, which it must neither show as descendants nor kill."""
        helpers = (
            *self._children.forkserver.infrastructure(),
            *self._context.logs.pids(),
            *self._stacking.helpers(),
            *self._context.aside.pids(),
        )
        self._context.inventory.infrastructure(helpers)

    def reap_orphans(self) -> None:
        """Reap the zombies that the kernel has reparented to us."""
        _reap(self._context.inventory.orphan_zombies())

    def forget(self, process_id: str) -> None:
        """Stop polling the sentinel of a process, and capturing its stack."""
        self._unfired.discard(process_id)
        self._stacking.forget(process_id)


def _reap(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
