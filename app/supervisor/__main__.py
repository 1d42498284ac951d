"""``python -m app.supervisor``: assemble the parts and run the loop.  The launcher is its parent."""

import contextlib
import gc
import os
import resource
import sys
from collections import deque
from functools import partial

from app import home, settings
from app.clock import Clock
from app.core.charts.history import OF_POOLS, History
from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.core.scene.surroundings import Line
from app.linux.descriptors import FdReserve
from app.linux.gauges import HostGauge
from app.linux.heartbeat import Heartbeat
from app.linux.lifeline import adopt_orphans
from app.linux.poller import Poller
from app.records.errors import JournalError
from app.records.event import about_supervisor
from app.records.guard import Guard
from app.settings import Settings, SettingsError
from app.standard_error import say
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
from .aside import Aside, Token
from .context import Context
from .decoding import Decoding
from .loop import Loop
from .parts import Parts
from .performing import Performing
from .publishing import Publishing
from .recovery import recover
from .sampling import Sampling
from .signals import StopSignals
from .sources import Sources
from .stacking import Stacking
from .suspects import Suspects
from .vitals import Vitals

#: Grace of every process once the launcher or the guardian is gone: nobody waits for an orderly stop.
_ORPHANED_GRACE_S = 1.0
#: Descriptors that the supervisor needs for itself and its clients, and for each process while it runs: a pidfd, the
#: report socket, two of the sentinel, the log and its stat file.
_OWN_FDS, _FDS_OF_A_PROCESS = 100, 6


def main() -> int:
    """Run until SIGTERM, or the death of launcher or guardian, and until everything has ended; return the exit code."""
    try:
        chosen = settings.load()
    except SettingsError as error:
        return _cannot_start(error)
    settings.hide()
    home.hold(chosen.home)
    adopt_orphans()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    clock = Clock(chosen.epoch)
    guard = Guard(clock.now, say, reraises=chosen.strict)
    poller, happened = Poller(on_error=partial(guard.drop, "inputs")), deque[e.Happening]()
    for name, pid in (("launcher", os.getppid()), ("guardian", chosen.guardian_pid)):
        if pid:
            _end_with(name, pid, poller, happened)
    if chosen.launcher_pid not in (0, os.getppid()):
        happened.append(_ending_with("launcher"))  # it died before we looked
    StopSignals(poller, lambda: happened.append(e.StopAll(by="supervisor")))
    return run(chosen, clock, guard, poller, happened, nofile=soft)


def run(
    chosen: Settings, clock: Clock, guard: Guard, poller: Poller, happened: deque[e.Happening], *, nofile: int
) -> int:
    """Assemble the parts, recover what the previous supervisor left, and run until stopped; return the exit code."""
    with contextlib.ExitStack() as closing:
        try:
            context, fleet, parts = _assembled(chosen, clock, guard, poller, happened, nofile, closing)
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
    """Report why; return the exit code at which the launcher, if it just started, does not try again."""
    say(f"the supervisor cannot start: {error}")
    return os.EX_CONFIG


def _assembled(
    chosen: Settings,
    clock: Clock,
    guard: Guard,
    poller: Poller,
    happened: deque[e.Happening],
    nofile: int,
    closing: contextlib.ExitStack,
) -> tuple[Context, Fleet, Parts]:
    """Return the parts; ``closing`` closes them in reverse order."""
    set_aside = home.mend(chosen.home)
    children = Children(poller)
    children.forkserver.ensure_running()
    control = closing.enter_context(contextlib.closing(ControlServer(chosen.control_path, poller)))
    logs = closing.enter_context(
        contextlib.closing(LogKeeper(chosen.home / "logs", chosen.log_bytes, chosen.log_total_bytes))
    )
    recording = Recording(Journal(chosen.journal_path), guard)
    context = Context(
        settings=chosen,
        clock=clock,
        guard=guard,
        poller=poller,
        inventory=Inventory(os.getpid(), clock.epoch),
        recording=recording,
        history=History(),
        pool_history=History(series=OF_POOLS),
        logs=logs,
        vitals=Vitals(children, control, HostGauge(), home.Presence(chosen.home), chosen, clock),
        happened=happened,
        nofile=nofile,
        heartbeat=Heartbeat(chosen.beat_fd) if chosen.beat_fd >= 0 else None,
        aside=closing.enter_context(contextlib.closing(Aside[Token](poller))),
        fd_reserve=closing.enter_context(contextlib.closing(FdReserve())),
    )
    closing.callback(lambda: recording.end(context.now()))
    for text in set_aside:
        recording.note(about_supervisor(context.now().wall, text))
    fleet = Fleet(
        next_number=recording.journal.next_process_number,
        own_pid=os.getpid(),
        max_processes=_possible_processes(context),
    )
    resources = closing.enter_context(contextlib.closing(Resources(guard)))
    suspects = Suspects()
    analysis = Analysis(fleet, resources, suspects, guard)
    observers = ObserverSocket(chosen.observer_path, poller)
    observation = closing.enter_context(
        contextlib.closing(Observation(observers, poller, context.inventory, fleet, resources.intake, guard))
    )
    ends = (chosen.park_fd, chosen.unpark_fd) if chosen.park_fd >= 0 else None
    descriptors = closing.enter_context(contextlib.closing(DescriptorStore(ends, resources.handover.descriptor)))
    handover = Handover(recording.journal, fleet, resources.handover, descriptors, guard)
    recover(context, fleet, observation, handover)
    context.logs.sweep(fleet.members, recording.journal.has_numbered)
    sources = Sources(closing.enter_context(contextlib.closing(Aside[frozenset[Line]](poller))))
    stacking = Stacking(context, fleet, control, Stacks(poller, find_py_spy()), suspects, sources)
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


def _possible_processes(context: Context) -> int:
    """Return how many processes may run at once: as many as are allowed, and as the limit of open files permits."""
    allowed, files = context.settings.max_processes, resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    possible = max(1, (files - _OWN_FDS) // _FDS_OF_A_PROCESS)
    if possible >= allowed:
        return allowed
    text = f"at most {possible:,} processes can run at once, not {allowed:,} (PROCESSION_MAX_PROCESSES)"
    text = f"{text}: the limit of open files is {files:,} (ulimit -n)"
    say(text)
    context.recording.note(about_supervisor(context.now().wall, text))
    return possible


def _end_with(name: str, pid: int, poller: Poller, happened: deque[e.Happening]) -> None:
    """Stop everything when that process dies: without the launcher or the guardian nobody would end what we leave."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        happened.append(_ending_with(name))
        return

    def gone(_events: int) -> None:
        poller.forget(pidfd)
        happened.append(_ending_with(name))

    poller.watch(pidfd, gone)


def _ending_with(name: str) -> e.StopAll:
    return e.StopAll(by=f"supervisor (its {name} died)", within_s=_ORPHANED_GRACE_S)


if __name__ == "__main__":
    sys.exit(main())
