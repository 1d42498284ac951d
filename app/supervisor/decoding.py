"""Turn what the poller's callbacks have enqueued into events for the fleet; answer what the fleet need not know.

::

    control.inbox ──Launch, Act, SendSignal, EndDescendant, Join, OpenPool, AskPool──▶ event
                  ──Subscribe, Stack, Consequences, Inspect, History, Events, Workloads, PoolFunctions──▶ answered here
                  ──RunProgram, RegisterProgram, ProgramStarted, ProgramEnded──▶ event
    observation ──messages about processes, ends of those that are not our children──▶ event
    children.inbox ──report, exit, lost forkserver, message of the host of a pool──▶ event
"""

from collections.abc import Callable, Iterator
from functools import partial

import msgspec
from msgspec.structs import replace

from app.core.fleet import events as e
from app.core.fleet.events import Plan
from app.protocol import control as m
from app.protocol import programs as pm
from app.protocol import reports as r
from app.protocol.pool_host import AnyHostWord
from app.records import primitives as p
from app.records.errors import InvalidField, NotPossible, ProcessionError
from app.records.limits import MAX_LAUNCHED, MAX_SECONDS
from app.records.program import ProgramSpec
from app.supervisor.children.channels import ChannelClosed, HostMessage
from app.supervisor.children.children import ChildExited, Children, FromChild, ReportReceived
from app.supervisor.children.forkserver import ForkserverExited
from app.supervisor.control.peer import Client
from app.supervisor.control.server import ControlServer
from app.supervisor.observers.observation import Observation
from app.supervisor.plans import pool as pool_plan
from app.supervisor.plans import program as program_plan
from app.supervisor.plans.process import checked_seconds, checked_whole, plan

from .answering import Answering
from .aside import ANSWER_WITHIN_S, LOOK_WITHIN_S, Done, ToAnswer, Token, ToLaunch
from .context import Context
from .publishing import Publishing
from .sampling import Sampling
from .stacking import Stacking

_COMMANDS_PER_TURN = 256
_FROM_CHILDREN_PER_TURN = 1024
_AWAY = f"could not be checked within {LOOK_WITHIN_S:g} s; is it on a file server that does not answer?"
_LATE = f"reading it took more than {ANSWER_WITHIN_S:g} s"


class Decoding:
    """Takes a bounded share of the inboxes each turn, in order of arrival."""

    def __init__(
        self,
        context: Context,
        control: ControlServer,
        children: Children,
        *,
        answering: Answering,
        sampling: Sampling,
        observation: Observation,
        publishing: Publishing,
        stacking: Stacking,
    ) -> None:
        self._aside = context.aside
        self._context, self._control, self._children = context, control, children
        self._answering, self._sampling = answering, sampling
        self._observation = observation
        self._publishing, self._stacking = publishing, stacking

    def waiting(self) -> bool:
        """Return whether a turn left something for the next."""
        return bool(self._control.inbox or self._children.inbox or self._observation.waiting() or self._aside.finished)

    def decode(self, now: p.Now) -> list[e.Happening]:
        """Return the events, those of children first: a command refers to the state that they lead to."""
        return [
            *self._observation.take(now),
            *self._from_children(now),
            *self._from_aside(now),
            *self._from_clients(now),
        ]

    def _from_children(self, now: p.Now) -> Iterator[e.Happening]:
        inbox = self._children.inbox
        for _ in range(min(_FROM_CHILDREN_PER_TURN, len(inbox))):
            with self._context.guard.over("messages of children"):
                yield from self._from_child(inbox.popleft(), now)

    def _from_child(self, message: FromChild, now: p.Now) -> Iterator[e.Happening]:
        match message:
            case ReportReceived(process=process_id, datagram=datagram):
                yield from self._report(process_id, datagram)
            case ChildExited(process=process_id, exitcode=exitcode):
                with self._context.guard.over("last messages of processes"):
                    yield from self._observation.child_ended(process_id, now)
                # Whatever fails while we look around, the end is known; without it nothing would follow from it.
                ended: list[e.Happening] = []
                with self._context.guard.over("ends of children", partial(ended.append, e.Ended(process_id, exitcode))):
                    ended += self._sampling.exited(process_id, exitcode)
                yield from ended
            case ForkserverExited(pid=pid):
                yield e.ForkserverLost(pid)
            case HostMessage(process=process_id, word=word):
                yield self._from_host(process_id, word)
            case ChannelClosed(process=process_id, why=why):
                yield e.ChannelClosed(process_id, why)

    def _from_host(self, process_id: str, word: AnyHostWord | str) -> e.Happening:
        if (child := self._children.by_id.get(process_id)) and child.channel:
            child.channel.taken()
        return e.HostMessageInvalid(process_id, word) if isinstance(word, str) else e.HostSaid(process_id, word)

    def _report(self, process_id: str, datagram: bytes) -> Iterator[e.Happening]:
        report = r.decode_report(datagram)
        match report:
            case None:
                return
            case r.Forked():
                self._context.inventory.note_fork(report.pid, process_id)
            case r.Booted():
                self._stacking.booted(process_id, report.stack_signal)
                self._context.vitals.booted(self._children.by_id.get(process_id), preloaded=report.preloaded)
                yield e.Reported(process_id, report)
            case _:
                yield e.Reported(process_id, report)

    def _from_clients(self, now: p.Now) -> Iterator[e.Happening]:
        for client, command in self._control.take(_COMMANDS_PER_TURN):
            fail = partial(self._control.fail, client.id, command.request)
            with self._context.guard.over("commands", fail):
                yield from self._from_client(client, command, now)
        while self._control.closed:
            yield e.ClientGone(self._control.closed.popleft().id)

    def _from_client(self, client: Client, command: m.AnyCommand, now: p.Now) -> Iterator[e.Happening]:
        try:
            event = self._event_of(client, command, now)
        except ProcessionError as refusal:
            client.send(m.refuse(command.request, refusal))
        else:
            if event:
                yield event

    def refuse(self, event: e.Happening) -> None:
        """Refuse an event that could not be handled, or disconnect its sender."""
        match event:
            case e.Launched(client=client, request=request) | e.Registered(client=client, request=request):
                self._control.fail(client, request)
            case e.Commanded(client=client, command=command):
                self._control.fail(client, command.request)
            case e.Heard(key=key) | e.NotSeen(key=key):
                self._observation.refuse(key)
            case e.Reported(process=process_id) | e.HostSaid(process=process_id):
                self._children.refuse(process_id)

    def _event_of(self, client: Client, command: m.AnyCommand, now: p.Now) -> e.Happening | None:
        """Return the event of a command; None for one that was answered here."""
        number = command.request
        match command:
            case m.Launch() | m.OpenPool() | pm.RunProgram():
                return self._launched(client, command, now)
            case m.Join(timeout_s=timeout_s):
                if timeout_s is not None:
                    checked_seconds("timeout_s", timeout_s, 0, MAX_SECONDS)
                return e.Commanded(client.id, command)
            case m.Subscribe():
                self._publishing.subscribe(client, number, now)
            case m.Stack():
                self._stacking.answer(client, command, now)
            case pm.RegisterProgram():
                return self._registered(client, command)
            case m.Act() | m.SendSignal() | m.EndDescendant() | m.AskPool():
                return e.Commanded(client.id, command)
            case pm.ProgramStarted(program=program, pid=pid) if self._observation.descent.disproves(pid, program):
                raise NotPossible(f"pid {pid} was not started by the `procession run` of {program}")
            case pm.ProgramStarted() | pm.ProgramEnded() | pm.BreakLock():
                return e.Commanded(client.id, command)
            case m.Events(q=str()) | m.Inspect():
                work = self._answering.slow_answer(command)
                self._aside.run(ToAnswer(client.id, number), work, NotPossible(_LATE), ANSWER_WITHIN_S, now.mono)
            case _:
                client.send(m.reply(number, self._answering.answer(command)))
        return None

    def _launched(
        self, client: Client, command: m.Launch | m.OpenPool | pm.RunProgram, now: p.Now
    ) -> e.Launched | None:
        """Return the event of a launch; None for one with paths of a user: looking at them may wait for a disk."""
        settings, count, field = self._context.settings, 1, ""
        make: Callable[[], Plan]
        match command:
            case m.Launch(spec=spec, count=count):
                checked_whole("count", count, 1, MAX_LAUNCHED)
                make, field = partial(plan, spec, settings), "path" if spec.path else ""
            case m.OpenPool(spec=wanted):
                make = partial(pool_plan.plan, wanted, settings)
            case pm.RunProgram(spec=asked):
                # Those of the catalogue are ours, and a process of its own would have to read the catalogue anew.
                make, field = partial(program_plan.plan, asked, settings), "" if asked.workload else "command"
                field = "cwd" if asked.cwd else field
        if not field:
            return e.Launched(client.id, command.request, command.by, make(), count)
        token = ToLaunch(client.id, command.request, command.by, count)
        late = InvalidField(field, _AWAY)
        self._aside.run(token, lambda: msgspec.json.encode(make()), late, LOOK_WITHIN_S, now.mono)
        return None

    def _from_aside(self, now: p.Now) -> Iterator[e.Happening]:
        self._aside.tick(now.mono)
        while self._aside.finished:
            token, result = self._aside.finished.popleft()
            with self._context.guard.over("commands", partial(self._control.fail, token.client, token.request)):
                yield from self._done_aside(token, result)

    def _done_aside(self, token: Token, result: Done | m.Refused) -> Iterator[e.Happening]:
        client = self._control.clients.get(token.client)
        match token, result:
            case ToLaunch(client=number, request=request, by=by, count=count), Done(payload=payload):
                yield e.Launched(number, request, by, msgspec.json.decode(payload, type=Plan), count)
            case ToAnswer(request=request), Done(payload=payload) if client:
                client.send(m.Reply(request=request, result=msgspec.Raw(payload)))
            case _, m.Refused() as refused if client:
                client.send(replace(refused, request=token.request))

    def _registered(self, client: Client, command: pm.RegisterProgram) -> e.Happening:
        if command.pid != client.pid:
            raise InvalidField("pid", f"must be that of the sender, {client.pid}, not {command.pid}")
        settings = self._context.settings
        plan = program_plan.of_terminal(command, settings)
        environment = program_plan.environment(plan.program or ProgramSpec(), settings)
        return e.Registered(client.id, command.request, command.by, plan, command.pid, environment)
