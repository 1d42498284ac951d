"""``python -m app.supervisor``: assemble the parts and run the loop.  The launcher is its parent."""

import contextlib
import gc
import os
import resource
import sys
from collections import deque

from app import home, settings
from app.core.charts.history import OF_POOLS, History
from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.linux.gauges import HostGauge
from app.linux.lifeline import adopt_orphans
from app.linux.poller import Poller
from app.records.errors import JournalError
from app.records.event import EventDraft
from app.settings import Settings, SettingsError
from app.supervisor.children.children import Children
from app.supervisor.control.server import ControlServer
from app.supervisor.handover.descriptors import DescriptorStore
from app.supervisor.handover.handover import Handover
from app.supervisor.inventory.inventory import Inventory
from app.supervisor.journal.journal import Journal
from app.supervisor.journal.recording import Recording
from app.supervisor.logs.keeper import LogKeeper
from app.supervisor.observers.listener import ObserverSocket
from app.supervisor.observers.observation import Observation
from app.supervisor.resources.resources import Resources
from app.supervisor.stacks.stacks import Stacks, find_py_spy

from .analysis import Analysis
from .answering import Answering
from .context import Context
from .decoding import Decoding
from .loop import Loop
from .parts import Parts
from .performing import Performing
from .publishing import Publishing
from .recovery import recover
from .sampling import Sampling
from .signals import StopSignals
from .stacking import Stacking
from .vitals import Vitals

#: Grace of every process once the launcher is gone: nobody waits for an orderly stop.
_ORPHANED_GRACE_S = 1.0


def main() -> int:
    """Run until SIGTERM, or until the launcher is gone, and everything below has ended; return the exit code."""
    try:
        chosen = settings.load()
    except SettingsError as error:
        return _cannot_start(error)
    settings.hide()
    home.hold(chosen.home)
    adopt_orphans()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    poller, happened = Poller(), deque[e.Happening]()
    _watch_launcher(chosen, poller, happened)
    StopSignals(poller, lambda: happened.append(e.StopAll(by="supervisor")))
    return run(chosen, poller, happened, nofile=soft)


def run(chosen: Settings, poller: Poller, happened: deque[e.Happening], *, nofile: int) -> int:
    """Assemble the parts, recover what the previous supervisor left, and run until stopped; return the exit code."""
    with contextlib.ExitStack() as closing:
        try:
            context, fleet, parts = _assembled(chosen, poller, happened, nofile, closing)
        except (JournalError, OSError) as error:
            return _cannot_start(error)
        # What is here now stays: neither we nor a fork child look at it again, which would copy its pages there.
        gc.collect()
        gc.freeze()
        Loop(context, fleet, parts).run()
        parts.handover.end(context.now())
        parts.publishing.publish(context.now())
    return os.EX_OK


def _cannot_start(error: Exception) -> int:
    """Say why; the launcher knows the exit code, and does not try again at its own start."""
    sys.stderr.write(f"procession: the supervisor cannot start: {error}\n")
    return os.EX_CONFIG


def _assembled(
    chosen: Settings, poller: Poller, happened: deque[e.Happening], nofile: int, closing: contextlib.ExitStack
) -> tuple[Context, Fleet, Parts]:
    """Return the parts; ``closing`` closes them in reverse order."""
    set_aside = home.mend(chosen.home)
    children = Children(poller)
    children.forkserver.ensure_running()
    control = closing.enter_context(contextlib.closing(ControlServer(chosen.control_path, poller)))
    logs = closing.enter_context(contextlib.closing(LogKeeper(chosen.home / "logs", chosen.log_bytes)))
    recording = Recording(Journal(chosen.journal_path))
    context = Context(
        settings=chosen,
        poller=poller,
        inventory=Inventory(os.getpid()),
        recording=recording,
        history=History(),
        pool_history=History(series=OF_POOLS),
        logs=logs,
        vitals=Vitals(children, control, HostGauge(), home.Presence(chosen.home), allow_targets=chosen.allow_targets),
        happened=happened,
        nofile=nofile,
    )
    closing.callback(lambda: recording.end(context.now()))
    for text in set_aside:
        recording.note(EventDraft(at=context.now().wall, kind="supervisor", text=text, by="supervisor"))
    fleet = Fleet(
        next_number=recording.journal.next_process_number, own_pid=os.getpid(), max_processes=chosen.max_processes
    )
    resources = closing.enter_context(contextlib.closing(Resources()))
    analysis = Analysis(fleet, resources)
    observers = ObserverSocket(chosen.observer_path, poller)
    observation = closing.enter_context(
        contextlib.closing(Observation(observers, poller, context.inventory, fleet, resources.intake))
    )
    ends = (chosen.park_fd, chosen.unpark_fd) if chosen.park_fd >= 0 else None
    descriptors = closing.enter_context(contextlib.closing(DescriptorStore(ends, resources.handover.descriptor)))
    handover = Handover(recording.journal, fleet, resources.handover, descriptors)
    recover(context, fleet, observation, handover)
    context.logs.sweep(fleet.members, recording.journal.has_numbered)
    stacking = Stacking(context, fleet, control, Stacks(poller, find_py_spy()))
    sampling = Sampling(context, fleet, children, stacking=stacking, observation=observation)
    publishing = Publishing(context, fleet, control, analysis)
    parts = Parts(
        decoding=Decoding(
            context,
            control,
            children,
            answering=Answering(context, fleet, analysis),
            sampling=sampling,
            observation=observation,
            publishing=publishing,
            stacking=stacking,
        ),
        sampling=sampling,
        performing=Performing(
            context, children, control, sampling=sampling, stacking=stacking, observation=observation, analysis=analysis
        ),
        publishing=publishing,
        stacking=stacking,
        analysis=analysis,
        handover=handover,
    )
    return context, fleet, parts


def _watch_launcher(chosen: Settings, poller: Poller, happened: deque[e.Happening]) -> None:
    """End with the launcher, our parent: without it nobody could stop us."""
    stop = e.StopAll(by="supervisor (its launcher died)", within_s=_ORPHANED_GRACE_S)
    launcher = chosen.launcher_pid or os.getppid()
    try:
        pidfd = os.pidfd_open(launcher)
    except ProcessLookupError:
        happened.append(stop)
        return

    def gone(_events: int) -> None:
        poller.forget(pidfd)
        happened.append(stop)

    poller.watch(pidfd, gone)


if __name__ == "__main__":
    sys.exit(main())
