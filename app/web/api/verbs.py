"""Acting on processes: the verbs of `multiprocessing.Process` and a few more, one by one or many at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app.protocol.control import Act, Join, SendSignal, Stack
from app.records.errors import ProcessionError
from app.records.process import Verb
from app.web.http.json_codec import answer
from app.web.http.problems import of_refusal
from app.web.present import processes as present
from app.web.schemas.processes import MAX_JOIN_S, ActionsBody, JoinBody, ProcessPath, SignalBody, StackBody, VerbBody

from .openapi import gives
from .services import here, role

# py-spy on a busy machine.
STACK_WAIT_S = 15.0
MEANINGS = {
    Verb.START: "Start a process that was created only.",
    Verb.TERMINATE: "Send SIGTERM, and after its grace SIGKILL to its whole tree.",
    Verb.KILL: "Send SIGKILL to it and its whole tree.",
    Verb.CLOSE: "Release what is held for a process that has ended.",
    Verb.RESTART: "Stop it if it runs, then start it again.",
    Verb.SUSPEND: "Stop its execution for now (SIGSTOP).",
    Verb.RESUME: "Let it go on (SIGCONT).",
}


api = APIBlueprint("verbs", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Verbs")])


def _verb(verb: Verb) -> Callable[[ProcessPath, VerbBody], Response]:
    def view(path: ProcessPath, body: VerbBody) -> Response:
        control = here().control
        return _record(Act(request=control.number(), by=role(), process=path.id, verb=verb, pid=body.pid))

    view.__name__ = str(verb)
    view.__doc__ = MEANINGS[verb]
    return view


for _each in Verb:
    api.post(f"/processes/<id>/{_each}", responses=gives(present.Process, 202))(_verb(_each))


@api.post("/processes/<id>/signal", responses=gives(present.Process, 202))
def signal(path: ProcessPath, body: SignalBody) -> Response:
    """Send any signal."""
    control = here().control
    return _record(SendSignal(request=control.number(), by=role(), process=path.id, signal=body.text(), pid=body.pid))


@api.post("/processes/<id>/join")
def join(path: ProcessPath, body: JoinBody) -> Response:
    """Wait until it has ended, at most `timeout_s`; nobody else waits meanwhile."""
    control = here().control
    wait_s = MAX_JOIN_S if body.timeout_s is None else body.timeout_s
    command = Join(request=control.number(), by=role(), process=path.id, timeout_s=wait_s)
    return answer(control.ask(command, wait_s))


@api.post("/processes/<id>/stack")
def stack(path: ProcessPath, body: StackBody) -> Response:
    """What each of its threads is doing now, and which source told it."""
    control = here().control
    command = Stack(request=control.number(), by=role(), process=path.id, pid=body.pid)
    return answer(control.ask(command, STACK_WAIT_S))


@api.post("/actions", responses=gives(present.ActionResults))
def actions(body: ActionsBody) -> Response:
    """Do one verb to many processes; one that is refused does not stop the rest."""
    commands = [_command(body.verb, process_id) for process_id in body.ids]
    told = here().control.tell(commands)
    results = tuple(_result(command.process, told[command.request]) for command in commands)
    return answer(present.ActionResults(results=results))


def _command(verb: str, process_id: str) -> Act | Join:
    number = here().control.number()
    if verb == "join":
        return Join(request=number, by=role(), process=process_id, timeout_s=0)
    return Act(request=number, by=role(), process=process_id, verb=Verb(verb))


def _result(process_id: str, error: ProcessionError | None) -> present.ActionResult:
    if error is None:
        return present.ActionResult(id=process_id, status=HTTPStatus.ACCEPTED)
    return present.ActionResult(id=process_id, status=of_refusal(error).status, detail=str(error))


def _record(command: Act | SendSignal) -> Response:
    return answer(present.process(here().control.ask(command), time.time()), 202)
