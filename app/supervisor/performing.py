"""Performing what the fleet has decided: the only place from which signals leave and children are started.

`perform` takes actions and returns what came of them as events; nothing here decides, and nothing here waits.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import assert_never

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.linux.activity import blocked_on
from app.linux.identity import parse
from app.linux.proc import stat
from app.protocol.control import EndDescendant, reply
from app.protocol.frames import framed
from app.protocol.message import Message
from app.protocol.pool_host import MAX_ASK, HostAsk, HostRefused, encode_ask
from app.protocol.programs import BreakLock
from app.records import primitives as p
from app.records.errors import NoSuchProcess, NotPossible
from app.records.event import EventDraft
from app.records.primitives import JsonDict
from app.supervisor.children.children import Children
from app.supervisor.control.peer import Client
from app.supervisor.control.server import ControlServer
from app.supervisor.observers.observation import Observation

from . import subtree as kin
from .insight import Insight
from .signals import number_of
from .stacking import Stacking
from .world import World

_TOO_LARGE = f"iterable: over {MAX_ASK} bytes of JSON; use a range, or have the tasks read a file"
#: What a quiet process may block on for ever; a timed sleep or a wait for events is none of them.
_SUSPICIOUS = frozenset({"waiting", "disk"})


class Performing:
    """Acts on children, trees, the journal and clients."""

    def __init__(
        self,
        world: World,
        fleet: Fleet,
        children: Children,
        control: ControlServer,
        *,
        stacking: Stacking,
        observation: Observation,
        insight: Insight,
    ) -> None:
        self._world, self._fleet = world, fleet
        self._observation, self._insight = observation, insight
        self._children, self._control = children, control
        self._stacking = stacking
        self._lying: set[str] = set()
        self._log_sizes: dict[str, int] = {}

    def perform(self, actions: list[a.Action], now: p.Now) -> list[e.Happening]:
        """Perform all, in order."""
        return [event for action in actions for event in self._one(action, now)]

    def _one(self, action: a.Action, now: p.Now) -> list[e.Happening]:
        match action:
            case a.Spawn():
                return [self._spawn(action)]
            case a.SendTo(process=process_id, signums=signums):
                self._signal(process_id, signums)
            case a.Remember(process=process_id):
                return [e.Remembered(process_id, self._tree(process_id))]
            case a.KillTree(process=process_id, keys=keys):
                return [e.Remaining(process_id, self._kill(process_id, keys))]
            case a.CheckTree(process=process_id, keys=keys):
                living = frozenset(self._world.inventory.alive(keys)) | self._tree(process_id)
                return [e.Remaining(process_id, living)]
            case a.Look(process=process_id):
                return [e.Looked(process_id, self._state_letter(process_id))]
            case a.Reap() | a.Close() | a.Forget():
                return self._let_go(action)
            case a.Probe() | a.AskHost() | a.Watch() | a.WatchRunner():
                return self._enquire(action)
            case a.FindFrame(process=process_id, worker=worker):
                self._stacking.find_frame(process_id, worker or self._key(process_id), now, worker=worker)
            case a.Note(draft=draft):
                self._world.recording.note(draft)
            case a.Answer(client=client, message=message):
                self._send(client, message)
            case _:
                assert_never(action)
        return []

    # Children

    def _spawn(self, action: a.Spawn) -> e.Happening:
        process, settings = action.process, self._world.settings
        job: JsonDict = {
            **action.job,
            "log": str(settings.log_path(process.id)),
            "stack": str(settings.stack_path(process.id)),
            "nofile": self._world.nofile,
        }
        try:
            self._world.logs.track(process.id)
            child = self._children.start(process, job)
        except Exception as error:  # noqa: BLE001 - start() runs code of several modules; whatever it says is told
            return e.NotSpawned(process.id, f"{type(error).__name__}: {error}")
        self._name_helpers()
        key = (child.pid, self._world.inventory.add_root(process.id, child.pid))
        ppid = self._children.forkserver_pid if child.method == "forkserver" else os.getpid()
        return e.Spawned(process.id, key, ppid or os.getpid(), child.sentinel)

    def _signal(self, process_id: str, signums: tuple[int, ...]) -> None:
        where = self._observation if self._is_observed(process_id) else self._children
        for signum in signums:
            where.signal(process_id, signum)

    def _is_observed(self, process_id: str) -> bool:
        member = self._fleet.members.get(process_id)
        return member is not None and member.process.observed

    def _name_helpers(self) -> None:
        """Our own helpers are no descendants of anybody's, and nobody's to kill."""
        helpers = (*self._children.infrastructure(), *self._world.logs.pids(), *self._stacking.helpers())
        self._world.inventory.infrastructure(helpers)

    def _let_go(self, action: a.Reap | a.Close | a.Forget) -> list[e.Happening]:
        process_id = action.process
        match action:
            case a.Reap():
                self._children.reap(process_id)
                return [e.Reaped(process_id)]
            case a.Close():
                self._children.close(process_id)
                self._lying.discard(process_id)
            case a.Forget():
                self._children.close(process_id)
                self._observation.forget(process_id)
                self._world.forget(process_id)
                self._insight.forget(process_id)
        return []

    # Trees

    def _tree(self, process_id: str) -> frozenset[p.Key]:
        return frozenset(parse(one.id) for one in kin.tree_of(self._world.inventory, self._fleet, process_id))

    def _kill(self, process_id: str, keys: frozenset[p.Key]) -> frozenset[p.Key]:
        member, inventory = self._fleet.members.get(process_id), self._world.inventory
        # The tree of one process of a program is a part of what belongs to the same root.
        kill = inventory.kill_tree if member is None or kin.is_root(member.process) else inventory.kill
        left = frozenset(kill(keys)) | self._tree(process_id)
        self._reap_orphans()
        return left

    def _reap_orphans(self) -> None:
        """Zombies that were re-parented to us are nobody's to join but ours."""
        for pid in self._world.inventory.orphan_zombies():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    def end_descendant(self, client: Client, command: EndDescendant, now: p.Now) -> None:
        """Signal a descendant or an orphan; what is not in the inventory cannot be named."""
        one = self._fleet.descendants.get(command.descendant)
        if one is None:
            raise NoSuchProcess(f"there is no descendant {command.descendant}")
        signum = number_of(command.signal)
        if not self._world.inventory.signal(parse(one.id), signum):
            raise NotPossible(f"signal is not possible: {one.id} is gone")
        name = signal.Signals(signum).name
        text = f"{name} sent to descendant {one.pid} ({one.command[:80]})"
        self._world.recording.note(
            EventDraft(
                at=now.wall,
                kind="signal",
                text=text,
                by=command.by,
                process=one.root,
                pid=one.pid,
                name=one.name,
            )
        )
        client.send(reply(command.request, one))

    def break_lock(self, client: Client, command: BreakLock, now: p.Now) -> None:
        """Release a lock whose holder is dead; the journal says who wanted it."""
        told = self._insight.break_lock(command.resource)
        draft = EventDraft(at=now.wall, kind="asked", text=told["text"], by=command.by)
        self._world.recording.note(draft)
        client.send(reply(command.request, told))

    def swept_out(self) -> bool:
        """At the very end: SIGKILL what is left below us; True once nothing is."""
        self._name_helpers()
        left = self._world.inventory.everything()
        if left:
            self._world.inventory.kill_tree(left)
        self._reap_orphans()
        return not self._world.inventory.everything() and not self._world.inventory.orphan_zombies()

    # Looking

    def sample(self, now: p.Now) -> list[e.Happening]:
        """One sweep over everything that lives."""
        world = self._world
        self._name_helpers()
        sweep = world.inventory.sweep(now.mono)
        for pid in sweep.zombies:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        world.vitals.refresh(now.mono)
        world.remember(sweep, self._fleet.pools.living(), now)
        sampled = e.Sampled(sweep.samples, sweep.descendants, self._log_sizes)
        self._log_sizes = {}
        # Sentinels of the dead are looked at until they tell the truth.
        lying = (self._sentinel(process_id) for process_id in tuple(self._lying))
        return [sampled, *lying, *self._observation.look()]

    def check_logs(self, now: p.Now) -> None:
        """Hold the logs to their cap; their sizes are told with the next sample."""
        logs = self._world.logs
        if (due := logs.next_deadline()) is None or now.mono < due:
            return
        self._log_sizes |= logs.check(now.mono)
        self._name_helpers()
        for text in logs.take_notices():
            self._world.recording.note(EventDraft(at=now.wall, kind="supervisor", text=text, by="supervisor"))

    def _sentinel(self, process_id: str) -> e.Happening:
        ready = self._children.sentinel_ready(process_id)
        if ready:
            self._lying.discard(process_id)
        held_by = () if ready else self._world.inventory.holders(self._children.by_id[process_id].sentinel, process_id)
        return e.SentinelSeen(process_id, ready, held_by)

    def exited(self, process_id: str, exitcode: int | None) -> list[e.Happening]:
        """The pidfd of a child fired."""
        self._world.inventory.drop_root(process_id)
        self._lying.add(process_id)
        oom_kills = self._world.vitals.oom_kills_since_refresh() if exitcode == -signal.SIGKILL else 0
        return [e.Ended(process_id, exitcode, oom_kills), self._sentinel(process_id)]

    def _state_letter(self, process_id: str) -> str | None:
        pid = self._pid(process_id)
        found = stat(pid) if pid else None
        return found.state if found else None

    def _enquire(self, action: a.Probe | a.AskHost | a.Watch | a.WatchRunner) -> list[e.Happening]:
        match action:
            case a.Probe(process=process_id, worker=worker):
                return self._probe(process_id, worker)
            case a.AskHost():
                return self._ask_host(action)
            case a.Watch():
                return [self._observation.watch(action)]
            case a.WatchRunner():
                return [self._observation.watch_runner(action)]

    def _ask_host(self, action: a.AskHost) -> list[e.Happening]:
        child = self._children.by_id.get(action.process)
        word = framed(encode_ask(HostAsk(number=action.number, ask=action.ask)))
        if len(word) > MAX_ASK:
            refused = HostRefused(number=action.number, reason="invalid", detail=_TOO_LARGE, field="iterable")
            return [e.HostSaid(action.process, refused)]
        obstacle = child.channel.ask(word) if child and child.channel else "its host is not started yet"
        if obstacle is None:
            return []
        detail = f"pool {action.process} does not answer: {obstacle}"
        return [e.HostSaid(action.process, HostRefused(number=action.number, reason="away", detail=detail))]

    def _probe(self, process_id: str, worker: p.Key | None) -> list[e.Happening]:
        pid = worker[0] if worker else self._pid(process_id)
        blocked = blocked_on(pid) if pid else None
        if blocked is None:
            return []
        of = worker[0] if worker else None
        return [e.BlockedOn(process_id, blocked.kind in _SUSPICIOUS, blocked.in_words, of)]

    def _key(self, process_id: str) -> p.Key | None:
        member = self._fleet.members.get(process_id)
        return member.key if member else None

    def _pid(self, process_id: str) -> int | None:
        if self._is_observed(process_id):
            return self._observation.pid(process_id)
        child = self._children.by_id.get(process_id)
        return child.pid if child and not child.ended else None

    def _send(self, client_id: int, message: Message) -> None:
        if client := self._control.clients.get(client_id):
            client.send(message)
