"""After a start, compare what the previous supervisor has left in the journal with the OS.

A process whose end was not seen is `lost`, and what is left of it is killed where it is proven to be ours; one with a
restart policy is started again; a program of a terminal has gone on and keeps its record (`handover`).
"""

import os
import time

import msgspec

from app.core.fleet import actions as a
from app.core.fleet.events import Plan
from app.core.fleet.fleet import Fleet
from app.core.processes import starts
from app.core.programs import program as programs
from app.linux import identity, proc
from app.linux.procfs import Stat
from app.records import primitives as p
from app.records.errors import JournalError
from app.records.event import about_supervisor
from app.records.primitives import UNDECODABLE, Key
from app.records.process import State, key_of
from app.supervisor.handover.handover import Handover
from app.supervisor.inventory.origins import VARIABLE
from app.supervisor.journal.facts import ProcessFact
from app.supervisor.observers.observation import Observation

from .context import Context

#: After so many deaths in a row, each before `SETTLED_S`, a supervisor takes over nothing.
MAX_DEATHS = 3
SETTLED_S = 2.0
#: Damaged rows that are reported, each in a line of the journal.
_MAX_REPORTED = 20
#: How long to wait for what was killed.
_KILL_S, _KILL_PAUSE_S = 1.0, 0.005


def recover(context: Context, fleet: Fleet, observation: Observation, handover: Handover) -> None:
    """Restore the records of the previous run, kill what is left of its processes, and journal all of it."""
    now, journal = context.now(), context.recording.journal
    if journal.replaced:
        _note(context, now, journal.replaced)
    before = context.recording.begin(fleet.own_pid, now)
    for removed in journal.removed[:_MAX_REPORTED]:
        _note(context, now, removed)
    left, died_too_often = context.recording.unfinished(now), _has_died_too_often(context, now)
    went_on, out = handover.take_over(now, set_all_aside=died_too_often)
    elsewhere = went_on | {fact.id for fact in left.processes if _is_attached(_plan(fact))}
    orphans = [
        key_of(one.id)
        for one in left.descendants
        if one.root not in elsewhere and _still_ours(context, key_of(one.id), one.boot_id, one.root)
    ]
    for one in left.descendants:
        if key_of(one.id) in orphans:
            context.inventory.adopt(key_of(one.id), one.root)
        else:
            context.recording.forget_descendant(one.id)
    _watch_again(context, observation, out)
    lost, left_over = [], set(orphans)
    for fact in (fact for fact in left.processes if fact.id not in went_on):
        if died_too_often:
            _give_up(context, fleet, fact)
        if died_too_often or _restored(context, fleet, observation, fact, now, left_over):
            lost.append(fact)
    left_over |= _families(context, observation, left_over, {fact.id for fact in lost} - elsewhere)
    alive = _kill(context, left_over)
    if before and before.ended_at is None:
        processes = "process" if len(lost) == 1 else "processes"
        text = f"the previous supervisor (pid {before.pid}) was killed: {len(lost):,} {processes} lost"
        _note(context, now, f"{text}, {len(left_over) - len(alive):,} still running and killed now")
    if alive:
        pids = ", ".join(str(pid) for pid, _ in sorted(alive))
        _note(context, now, f"still running after SIGKILL, listed as orphans: pid {pids}")


def _families(context: Context, observation: Observation, known: set[Key], lost: set[str]) -> set[Key]:
    """Adopt and return what else is left: what is below a known process, in its session, or observed in a lost program.

    Observed processes are in no journal: the processes of a program report themselves.
    """
    roots = {pid: entry.root for pid, start in known if (entry := context.inventory.find((pid, start)))}
    sessions = dict(roots)
    others = [stat for pid in proc.pids() if pid not in roots and (stat := proc.stat(pid)) and _is_possible(stat)]
    found: set[Key] = set()
    while True:
        new = [(stat, root) for stat in others if (root := _root(stat, roots, sessions, observation, lost))]
        if not new:
            return found
        for stat, root in new:
            roots[stat.pid] = root
            context.inventory.adopt((stat.pid, stat.start_ticks), root)
            found.add((stat.pid, stat.start_ticks))
        others = [stat for stat in others if stat.pid not in roots]


def _is_possible(stat: Stat) -> bool:
    return not stat.dead and stat.ppid != os.getpid() and proc.owner(stat.pid) == os.geteuid()


def _root(
    stat: Stat, roots: dict[int, str | None], sessions: dict[int, str | None], observation: Observation, lost: set[str]
) -> str | None:
    """Return the process of ours that another one came from; None if nothing proves it."""
    return (
        roots.get(stat.ppid)
        or sessions.get(stat.session)
        or next((one for one in lost if observation.descent.was_started_for(stat.pid, one)), None)
    )


def _kill(context: Context, left_over: set[Key]) -> set[Key]:
    """SIGKILL processes that are proven to be ours, with what they fork; return those that live on for a second."""
    until, alive = time.monotonic() + _KILL_S, context.inventory.kill_tree(left_over)
    while alive and time.monotonic() < until:
        time.sleep(_KILL_PAUSE_S)
        alive = context.inventory.kill_tree(alive)
    for key in left_over - alive:
        context.inventory.forget(key[0])
        context.recording.forget_descendant(identity.text(key))
    return alive


def _has_died_too_often(context: Context, now: p.Now) -> bool:
    """Count this start; return whether what is taken over may be what the last supervisors died of."""
    try:
        starts_in_a_row = context.recording.journal.count_start()
    except JournalError:
        return False
    if starts_in_a_row <= MAX_DEATHS:
        return False
    text = f"the last {MAX_DEATHS} supervisors died right after their start: this one takes over nothing"
    _note(context, now, f"{text}; programs in terminals continue unobserved, and no process is restarted")
    return True


def _give_up(context: Context, fleet: Fleet, fact: ProcessFact) -> None:
    """Forget a process whose facts cannot be used; its journal lines remain."""
    if member := fleet.members.get(fact.id):
        fleet.drop(member)
    context.recording.forget(fact.id)


def _restored(
    context: Context, fleet: Fleet, observation: Observation, fact: ProcessFact, now: p.Now, left_over: set[Key]
) -> bool:
    """Return what `_restore` returns; forget a record that turns out to be damaged, so that the others come back."""
    try:
        return _restore(context, fleet, observation, fact, now, left_over)
    except Exception as error:  # noqa: BLE001 - a plan is a tree of any values
        _give_up(context, fleet, fact)
        why = f"{type(error).__name__}: {error}"
        _note(context, now, f"removed the damaged row of {fact.id} from the journal: {why}")
        return False


def _restore(
    context: Context, fleet: Fleet, observation: Observation, fact: ProcessFact, now: p.Now, left_over: set[Key]
) -> bool:
    """Restore the record of a process; return whether the process was lost.  If it runs, ``left_over`` gets it."""
    plan, boot_id = _plan(fact), context.recording.journal.boot_id
    if plan is None:
        # Damaged, or written by another version; its journal lines remain.
        context.recording.forget(fact.id)
        _note(context, now, f"{fact.id} ({fact.name}) cannot be restored: its plan cannot be read")
        return False
    key = (fact.pid, fact.start_ticks) if fact.pid and fact.start_ticks else None
    runs = key is not None and (
        _runs(key, fact.boot_id, boot_id) if _is_attached(plan) else _still_ours(context, key, fact.boot_id, fact.id)
    )
    former = starts.Former(id=fact.id, state=State(fact.state), pid=fact.pid, created_at=fact.created_at, runs=runs)
    if runs and _is_attached(plan):
        _watch_again(context, observation, programs.went_on(fleet, plan, former, now))
        return False
    if key and runs:
        context.inventory.adopt(key, fact.id)
        left_over.add(key)
    for note in starts.restore(fleet, plan, former, now):
        context.recording.note(note.draft)
    if plan.program:
        programs.restored(fleet, fleet.member(fact.id))
    return True


def _watch_again(context: Context, observation: Observation, actions: list[a.Action]) -> None:
    for action in actions:
        match action:
            case a.Watch():
                context.happened.append(observation.watch_again(action))
            case a.Note(draft=draft):
                context.recording.note(draft)


def _plan(fact: ProcessFact) -> Plan | None:
    try:
        return msgspec.json.decode(fact.spec or "", type=Plan)
    except UNDECODABLE:
        return None


def _is_attached(plan: Plan | None) -> bool:
    """Return whether it is a program of a terminal, which is not our descendant and does not end with us."""
    return plan is not None and plan.program is not None and plan.process.observed


def _runs(key: Key, boot_id_then: str, boot_id: str) -> bool:
    """Return whether the process still runs; pid and start time identify it only within one boot."""
    return boot_id_then == boot_id and identity.lives(key)


def _still_ours(context: Context, key: Key, boot_id_then: str, root: str | None) -> bool:
    """Return whether a process still runs and shows that it is of this home: what we adopt we may kill.

    The journal alone proves nothing, it may be damaged.  What a supervised process starts has its id in the
    environment, or its files open.
    """
    pid = key[0]
    if not _runs(key, boot_id_then, context.recording.journal.boot_id) or proc.owner(pid) != os.geteuid():
        return False
    if root and proc.environment_value(pid, VARIABLE) == root:
        return True
    home, name = context.settings.home.resolve(), f"{root}." if root else ""
    files = (f"{home}/logs/{name}", f"{home}/stacks/{name}")
    return any(proc.link(f"{pid}/fd/{fd}").startswith(files) for fd in proc.names(f"{pid}/fd"))


def _note(context: Context, now: p.Now, text: str) -> None:
    context.recording.note(about_supervisor(now.wall, text))
