"""``python -m app.supervisor``: put the parts together and turn the loop.  Its parent is the launcher."""

from __future__ import annotations

import contextlib
import os
import resource
from collections import deque

from app import settings
from app.lifeline import adopt_orphans
from app.settings import Settings

from . import actions as a
from .answering import Answering
from .children import Children
from .control import ControlServer
from .decoding import Decoding
from .fleet import Fleet
from .history import OF_POOLS, History
from .host import HostGauge
from .insight import Insight
from .journal import Journal
from .legacy import Legacy
from .logs import LogKeeper
from .loop import Loop
from .observation import Observation
from .observing import ObserverSocket
from .parking import Parking
from .performing import Performing
from .poller import Poller
from .publishing import Publishing
from .recording import Recording
from .recovery import recover
from .resources import Resources
from .signals import StopSignals
from .stack import Stacks, find_py_spy
from .stacking import Stacking
from .trees import Inventory
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
    poller, happened = Poller(), deque[a.Happening]()
    _watch_launcher(poller, happened)
    StopSignals(poller, lambda: happened.append(a.StopAll(by="supervisor")))
    run(chosen, poller, happened, nofile=soft)


def run(chosen: Settings, poller: Poller, happened: deque[a.Happening], *, nofile: int) -> None:
    """Assemble, recover what was before, turn until it is over."""
    children = Children(poller)
    children.ensure_forkserver()
    control = ControlServer(chosen.control_path, poller)
    recording = Recording(Journal(chosen.journal_path))
    world = World(
        settings=chosen,
        poller=poller,
        inventory=Inventory(os.getpid()),
        recording=recording,
        history=History(),
        pool_history=History(series=OF_POOLS),
        logs=LogKeeper(chosen.home / "logs", chosen.log_bytes),
        vitals=Vitals(children, control, HostGauge(), allow_targets=chosen.allow_targets),
        happened=happened,
        nofile=nofile,
    )
    fleet = Fleet(
        next_number=recording.journal.next_process_number, own_pid=os.getpid(), max_processes=chosen.max_processes
    )
    resources = Resources()
    insight = Insight(fleet, resources)
    observation = Observation(ObserverSocket(chosen.observer_path, poller), poller, world.inventory, fleet, resources)
    ends = (chosen.park_fd, chosen.unpark_fd) if chosen.park_fd >= 0 else None
    parking = Parking(ends, resources.estate.descriptor)
    legacy = Legacy(recording.journal, fleet, resources.estate, parking)
    recover(world, fleet, observation, legacy)
    world.logs.sweep(fleet.members)
    stacking = Stacking(world, fleet, control, Stacks(poller, find_py_spy()))
    performing = Performing(
        world, fleet, children, control, stacking=stacking, observation=observation, insight=insight
    )
    publishing = Publishing(world, fleet, control, insight)
    decoding = Decoding(
        world,
        control,
        children,
        answering=Answering(world, fleet, insight),
        observation=observation,
        performing=performing,
        publishing=publishing,
        stacking=stacking,
    )
    loop = Loop(
        world,
        fleet,
        decoding=decoding,
        performing=performing,
        publishing=publishing,
        stacking=stacking,
        insight=insight,
        legacy=legacy,
    )
    loop.run()
    legacy.end(world.now())
    publishing.publish(world.now())
    recording.end(world.now())
    world.logs.close()
    observation.close()
    resources.close()
    parking.close()
    control.close()


def _watch_launcher(poller: Poller, happened: deque[a.Happening]) -> None:
    """The launcher is our parent; once it is gone we end, or we would live on unseen."""
    launcher = os.getppid()
    with contextlib.suppress(ProcessLookupError):
        pidfd = os.pidfd_open(launcher)

        def gone(_events: int) -> None:
            poller.forget(pidfd)
            happened.append(a.StopAll(by="supervisor (its launcher is gone)", within_s=_ORPHANED_GRACE_S))

        poller.watch(pidfd, gone)


if __name__ == "__main__":
    main()
