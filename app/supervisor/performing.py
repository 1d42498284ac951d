"""Perform what the core has decided: the only place that starts children and sends signals.

`perform` takes actions and returns their outcomes as events.  Nothing here decides, waits or reads the fleet: an action
carries all that is needed.
"""

import os
import signal
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import assert_never

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.linux import identity
from app.protocol.control import refuse, reply
from app.protocol.frames import framed
from app.protocol.message import Message
from app.protocol.pool_host import MAX_ASK, HostAsk, HostRefused, encode_ask
from app.records import primitives as p
from app.records.errors import NotPossible, ProcessionError
from app.records.event import EventDraft
from app.records.primitives import JsonDict
from app.supervisor.children.children import Children
from app.supervisor.control.server import ControlServer
from app.supervisor.inventory import trees
from app.supervisor.observers.observation import Observation

from .analysis import Analysis
from .context import Context
from .probing import probe, state_letter
from .sampling import Sampling
from .stacking import Stacking

_TOO_LARGE = f"iterable: over {MAX_ASK:,} bytes of JSON; use a range, or let the tasks read a file"
_INTERNAL = "internal error of the supervisor; see its traceback on the standard error of `procession serve`"
_COMMAND_CHARACTERS = 80


class Performing:
    """Performs actions on children, process trees, the journal and clients."""

    def __init__(
        self,
        context: Context,
        children: Children,
        control: ControlServer,
        *,
        sampling: Sampling,
        stacking: Stacking,
        observation: Observation,
        analysis: Analysis,
    ) -> None:
        self._context, self._sampling = context, sampling
        self._observation, self._analysis = observation, analysis
        self._children, self._control = children, control
        self._stacking = stacking

    def perform(self, actions: list[a.Action], now: p.Now) -> list[e.Happening]:
        """Perform the actions in order; return the events that follow."""
        outcomes: list[e.Happening] = []
        for action in actions:
            failed = partial(self._failed, action, outcomes)
            with self._context.guard.over("actions", failed), self._fds_for(action):
                outcomes += self._one(action, now)
        return outcomes

    def _fds_for(self, action: a.Action) -> AbstractContextManager[None]:
        """Free the reserve of descriptors for what ends a process, which must work when no other is left."""
        ends = isinstance(action, a.SendTo | a.SignalDescendant | a.Remember | a.KillTree | a.CheckTree)
        return self._context.fd_reserve.lent() if ends else nullcontext()

    def _failed(self, action: a.Action, outcomes: list[e.Happening]) -> None:
        """Answer the client of an action that failed; add the outcome without which a start or stop would not end."""
        match action:
            case a.SignalDescendant(client=client, command=command) | a.ReleaseLock(client=client, command=command):
                self._control.fail(client, command.request)
            case a.Answer(client=client, message=message):
                self._control.fail(client, getattr(message, "request", 0))
            case a.Spawn(process=process):
                outcomes.append(e.NotSpawned(process.id, _INTERNAL))
                self._abandon(process.id)
            case a.KillTree(tree=tree, keys=keys) | a.CheckTree(tree=tree, keys=keys):
                living = self._known_living(tree, keys)
                outcomes.append(e.Remaining(tree.process, living))
                if isinstance(action, a.KillTree):
                    with self._fds_for(action):
                        for key in living:
                            identity.signal(key, signal.SIGKILL)
            case a.Reap(process=process_id):
                outcomes.append(e.Reaped(process_id))

    def _one(self, action: a.Action, now: p.Now) -> list[e.Happening]:
        match action:
            case a.Spawn():
                return [self._spawn(action)]
            case a.SendTo():
                self._signal(action)
            case a.SignalDescendant():
                self._signal_descendant(action, now)
            case a.ReleaseLock():
                self._release_lock(action, now)
            case a.Remember(tree=tree):
                return [e.Remembered(tree.process, self._living(tree))]
            case a.KillTree(tree=tree, keys=keys):
                return [e.Remaining(tree.process, self._kill(tree, keys))]
            case a.CheckTree(tree=tree, keys=keys):
                living = frozenset(self._context.inventory.alive(keys)) | self._living(tree)
                return [e.Remaining(tree.process, living)]
            case a.Look(process=process_id, key=key):
                return [e.Looked(process_id, state_letter(key))]
            case a.Reap() | a.Close() | a.Forget():
                return self._let_go(action)
            case a.Probe() | a.AskHost() | a.Watch() | a.WatchRunner():
                return self._enquire(action)
            case a.FindFrame(process=process_id, key=key, worker=worker):
                self._stacking.find_frame(process_id, key, now, worker=worker)
            case a.Note(draft=draft):
                self._context.recording.note(draft)
            case a.Answer(client=client, message=message):
                self._send(client, message)
            case _:
                assert_never(action)
        return []

    # Children

    def _spawn(self, action: a.Spawn) -> e.Happening:
        process, settings = action.process, self._context.settings
        job: JsonDict = {
            **action.job,
            "log": str(settings.log_path(process.id)),
            "stack": str(settings.stack_path(process.id)),
            "nofile": self._context.nofile,
        }
        try:
            self._context.logs.track(process.id)
            child = self._children.start(process, job)
        except Exception as error:  # noqa: BLE001 - start() runs code of several modules; the record shows any error
            return e.NotSpawned(process.id, f"{type(error).__name__}: {error}")
        self._sampling.name_helpers()
        key = (child.pid, self._context.inventory.add_root(process.id, child.pid, child.reports_inode))
        ppid = self._children.forkserver.pid if child.method == "forkserver" else os.getpid()
        return e.Spawned(process.id, key, ppid or os.getpid(), child.sentinel)

    def _abandon(self, process_id: str) -> None:
        """End a child whose start is reported as failed: it may run."""
        self._children.signal(process_id, signal.SIGKILL)
        self._children.close(process_id)
        self._context.inventory.drop_root(process_id)

    def _signal(self, action: a.SendTo) -> None:
        where = self._observation if action.observed else self._children
        for signum in action.signums:
            where.signal(action.process, signum)

    def _let_go(self, action: a.Reap | a.Close | a.Forget) -> list[e.Happening]:
        process_id = action.process
        match action:
            case a.Reap():
                self._children.reap(process_id)
                self._context.logs.ended(process_id)
                return [e.Reaped(process_id)]
            case a.Close():
                self._children.close(process_id)
                self._sampling.forget(process_id)
            case a.Forget():
                self._children.close(process_id)
                self._sampling.forget(process_id)
                self._observation.forget(process_id)
                self._context.forget(process_id)
                self._analysis.forget(process_id)
        return []

    # Trees

    def _living(self, tree: a.Tree) -> frozenset[p.Key]:
        return frozenset(one.key for one in trees.living(self._context.inventory, tree))

    def _known_living(self, tree: a.Tree, keys: frozenset[p.Key]) -> frozenset[p.Key]:
        """Return what lives of a tree as far as it was known before a search that failed."""
        known = {key for key in keys if identity.lives(key)}
        with self._context.guard.over("searches of trees"):
            known |= {one.key for one in trees.known(self._context.inventory, tree)}
        return frozenset(known)

    def _kill(self, tree: a.Tree, keys: frozenset[p.Key]) -> frozenset[p.Key]:
        inventory = self._context.inventory
        # `kill_tree` kills everything of a root; a branch is only a part of it.
        kill = inventory.kill if tree.branch else inventory.kill_tree
        # The kill has searched for new processes already.
        left = frozenset(kill(keys)) | frozenset(one.key for one in trees.known(inventory, tree))
        self._sampling.reap_orphans()
        return left

    def _signal_descendant(self, action: a.SignalDescendant, now: p.Now) -> None:
        one, command = action.descendant, action.command
        if not identity.signal(one.key, action.signum):
            refusal = NotPossible(f"signal is not possible: pid {one.pid} has ended")
            self._send(action.client, refuse(command.request, refusal))
            return
        name = signal.Signals(action.signum).name
        draft = EventDraft(
            at=now.wall,
            kind="signal",
            text=f"{name} sent to descendant {one.pid} ({one.command[:_COMMAND_CHARACTERS]})",
            by=command.by,
            process=one.root,
            pid=one.pid,
            name=one.name,
        )
        self._context.recording.note(draft)
        self._send(action.client, reply(command.request, one))

    def _release_lock(self, action: a.ReleaseLock, now: p.Now) -> None:
        command = action.command
        try:
            released = self._analysis.break_lock(command.resource)
        except ProcessionError as refusal:
            self._send(action.client, refuse(command.request, refusal))
            return
        self._context.recording.note(EventDraft(at=now.wall, kind="asked", text=released["text"], by=command.by))
        self._send(action.client, reply(command.request, released))

    def _enquire(self, action: a.Probe | a.AskHost | a.Watch | a.WatchRunner) -> list[e.Happening]:
        match action:
            case a.Probe():
                return probe(action)
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
        obstacle = child.channel.ask(word) if child and child.channel else "its host has not been started"
        if obstacle is None:
            return []
        detail = f"pool {action.process} does not answer: {obstacle}"
        return [e.HostSaid(action.process, HostRefused(number=action.number, reason="away", detail=detail))]

    def _send(self, client_id: int, message: Message) -> None:
        if client := self._control.clients.get(client_id):
            client.send(message)
