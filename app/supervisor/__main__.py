"""``python -m app.supervisor``: put the parts together and turn the loop.  Its parent is the launcher."""

from __future__ import annotations

import contextlib
import os
import resource
from collections import deque

from app import settings
from app.core.charts.history import OF_POOLS, History
from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.linux.gauges import HostGauge
from app.linux.lifeline import adopt_orphans
from app.linux.poller import Poller
from app.settings import Settings
from app.supervisor.children.children import Children
from app.supervisor.control.server import ControlServer
from app.supervisor.handover.descriptors import Parking
from app.supervisor.handover.handover import Legacy
from app.supervisor.inventory.inventory import Inventory
from app.supervisor.journal.journal import Journal
from app.supervisor.journal.recording import Recording
from app.supervisor.logs.keeper import LogKeeper
from app.supervisor.observers.listener import ObserverSocket
from app.supervisor.observers.observation import Observation
from app.supervisor.resources.resources import Resources
from app.supervisor.stacks.stacks import Stacks, find_py_spy

from .answering import Answering
from .decoding import Decoding
from .insight import Insight
from .looking import Looking
from .loop import Loop
from .parts import Parts
from .performing import Performing
from .publishing import Publishing
from .recovery import recover
from .signals import StopSignals
from .stacking import Stacking
from .vitals import Vitals
from .world import World

#: Where the launcher was killed, nobody waits for a grace.
_ORPHANED_GRACE_S = 1.0


def main() -> None:
    """Run until SIGTERM, or until the launcher is gone, and everything below has ended."""
    chosen = settings.load()
    settings.hide()
    adopt_orphans()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    poller, happened = Poller(), deque[e.Happening]()
    _watch_launcher(poller, happened)
    StopSignals(poller, lambda: happened.append(e.StopAll(by="supervisor")))
    run(chosen, poller, happened, nofile=soft)


def run(chosen: Settings, poller: Poller, happened: deque[e.Happening], *, nofile: int) -> None:
    """Assemble, recover what was before, turn until it is over."""
    with contextlib.ExitStack() as closing:
        world, fleet, parts = _assembled(chosen, poller, happened, nofile, closing)
        Loop(world, fleet, parts).run()
        parts.legacy.end(world.now())
        parts.publishing.publish(world.now())


def _assembled(
    chosen: Settings, poller: Poller, happened: deque[e.Happening], nofile: int, closing: contextlib.ExitStack
) -> tuple[World, Fleet, Parts]:
    """Return the parts; ``closing`` closes them, the last made first."""
    children = Children(poller)
    children.ensure_forkserver()
    control = closing.enter_context(contextlib.closing(ControlServer(chosen.control_path, poller)))
    logs = closing.enter_context(contextlib.closing(LogKeeper(chosen.home / "logs", chosen.log_bytes)))
    recording = Recording(Journal(chosen.journal_path))
    world = World(
        settings=chosen,
        poller=poller,
        inventory=Inventory(os.getpid()),
        recording=recording,
        history=History(),
        pool_history=History(series=OF_POOLS),
        logs=logs,
        vitals=Vitals(children, control, HostGauge(), allow_targets=chosen.allow_targets),
        happened=happened,
        nofile=nofile,
    )
    closing.callback(lambda: recording.end(world.now()))
    fleet = Fleet(
        next_number=recording.journal.next_process_number, own_pid=os.getpid(), max_processes=chosen.max_processes
    )
    resources = closing.enter_context(contextlib.closing(Resources()))
    insight = Insight(fleet, resources)
    observers = ObserverSocket(chosen.observer_path, poller)
    observation = closing.enter_context(
        contextlib.closing(Observation(observers, poller, world.inventory, fleet, resources))
    )
    ends = (chosen.park_fd, chosen.unpark_fd) if chosen.park_fd >= 0 else None
    parking = closing.enter_context(contextlib.closing(Parking(ends, resources.estate.descriptor)))
    legacy = Legacy(recording.journal, fleet, resources.estate, parking)
    recover(world, fleet, observation, legacy)
    world.logs.sweep(fleet.members)
    stacking = Stacking(world, fleet, control, Stacks(poller, find_py_spy()))
    looking = Looking(world, fleet, children, stacking=stacking, observation=observation)
    publishing = Publishing(world, fleet, control, insight)
    parts = Parts(
        decoding=Decoding(
            world,
            control,
            children,
            answering=Answering(world, fleet, insight),
            looking=looking,
            observation=observation,
            publishing=publishing,
            stacking=stacking,
        ),
        looking=looking,
        performing=Performing(
            world, children, control, looking=looking, stacking=stacking, observation=observation, insight=insight
        ),
        publishing=publishing,
        stacking=stacking,
        insight=insight,
        legacy=legacy,
    )
    return world, fleet, parts


def _watch_launcher(poller: Poller, happened: deque[e.Happening]) -> None:
    """The launcher is our parent; once it is gone we end, or we would live on unseen."""
    launcher = os.getppid()
    with contextlib.suppress(ProcessLookupError):
        pidfd = os.pidfd_open(launcher)

        def gone(_events: int) -> None:
            poller.forget(pidfd)
            happened.append(e.StopAll(by="supervisor (its launcher is gone)", within_s=_ORPHANED_GRACE_S))

        poller.watch(pidfd, gone)


if __name__ == "__main__":
    main()
