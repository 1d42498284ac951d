"""Act on processes, on one or on many: the verbs of `multiprocessing.Process` and a few more."""

from collections.abc import Callable
from http import HTTPStatus

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app.protocol.control import Act, Join, SendSignal, Stack
from app.records.errors import ProcessionError
from app.records.verbs import Verb
from app.web.http.json_codec import answer
from app.web.http.problems import of_refusal
from app.web.present import answers
from app.web.present import processes as present
from app.web.schemas.processes import MAX_JOIN_S, ActionsBody, IdPath, JoinBody, SignalBody, StackBody, VerbBody

from .openapi import gives
from .services import ask, now, role, services

#: How long a stack capture may take: py-spy needs long on a busy machine.
STACK_WAIT_S = 15.0


api = APIBlueprint("verbs", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Verbs")])


def _verb(verb: Verb) -> Callable[[IdPath, VerbBody], Response]:
    def view(path: IdPath, body: VerbBody) -> Response:
        return _record(Act(process=path.id, verb=verb, pid=body.pid))

    view.__name__ = str(verb)
    view.__doc__ = f"{verb.effect[0].upper()}{verb.effect[1:]}."
    return view


for _each in Verb:
    api.post(f"/processes/<id>/{_each}", responses=gives(present.Process, 202))(_verb(_each))


@api.post("/processes/<id>/signal", responses=gives(present.Process, 202))
def signal(path: IdPath, body: SignalBody) -> Response:
    """Send a signal to a process."""
    return _record(SendSignal(process=path.id, signal=body.text(), pid=body.pid))


@api.post("/processes/<id>/join", responses=gives(answers.ProcessJoined))
def join(path: IdPath, body: JoinBody) -> Response:
    """Wait for a process to end, at most `timeout_s`; blocks no other request."""
    wait_s = MAX_JOIN_S if body.timeout_s is None else body.timeout_s
    return answer(ask(Join(process=path.id, timeout_s=wait_s), wait_s))


@api.post("/processes/<id>/stack", responses=gives(answers.StackText))
def stack(path: IdPath, body: StackBody) -> Response:
    """Capture the stack of a process or of a descendant; `source` is faulthandler, py-spy or proc."""
    return answer(ask(Stack(process=path.id, pid=body.pid), STACK_WAIT_S))


@api.post("/actions", responses=gives(present.ActionResults))
def actions(body: ActionsBody) -> Response:
    """Apply one verb to many processes; each has its own result."""
    commands = [_command(body.verb, process_id) for process_id in body.ids]
    refusals = services().control.ask_many(commands)
    results = tuple(map(_result, body.ids, refusals))
    return answer(present.ActionResults(results=results))


def _command(verb: str, process_id: str) -> Act | Join:
    if verb == "join":
        return Join(by=role(), process=process_id, timeout_s=0)
    return Act(by=role(), process=process_id, verb=Verb(verb))


def _result(process_id: str, error: ProcessionError | None) -> present.ActionResult:
    if error is None:
        return present.ActionResult(id=process_id, status=HTTPStatus.ACCEPTED)
    return present.ActionResult(id=process_id, status=of_refusal(error).status, detail=str(error))


def _record(command: Act | SendSignal) -> Response:
    return answer(present.process(ask(command), now()), 202)
