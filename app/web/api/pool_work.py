"""The jobs of a pool, and actions on its workers."""

from collections.abc import Callable
from typing import Any

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app.protocol.control import AskPool, Stack
from app.protocol.pool_host import ActOnWorker, AnyAsk, ReadJob, Submit
from app.records.errors import NoSuchProcess
from app.records.pool import Job, WorkerVerb
from app.web.http.json_codec import answer
from app.web.http.problems import Problem
from app.web.present import pools as present
from app.web.present.answers import StackText
from app.web.schemas.pools import JobBody, JobPath, NothingBody, WorkerBody, WorkerPath
from app.web.schemas.processes import IdPath

from .openapi import gives
from .services import ask, role, services
from .verbs import STACK_WAIT_S

MEANINGS = {
    WorkerVerb.SUSPEND: "Suspend a worker (SIGSTOP); its prefetched tasks move to other workers.",
    WorkerVerb.RESUME: "Resume a suspended worker (SIGCONT).",
    WorkerVerb.TERMINATE: "Send SIGTERM to a worker; the answer names the task that was lost or retried.",
    WorkerVerb.KILL: "Send SIGKILL to a worker; the answer names the task that was lost or retried.",
}

api = APIBlueprint("pool_work", __name__, url_prefix="/api/v1/pools", abp_tags=[Tag(name="Jobs and workers")])


@api.get("/<id>/jobs", responses=gives(present.Jobs))
def jobs(path: IdPath) -> Response:
    """Return the newest jobs of a pool, oldest first, without their results."""
    pool = services().pool(path.id)
    return answer({"jobs": pool["jobs"], "jobs_not_shown": pool["jobs_not_shown"]})


@api.post("/<id>/jobs", responses=gives(Job, 202))
def submit(path: IdPath, body: JobBody) -> Response:
    """Submit a job; the answer is its record, at once for every method."""
    if body.is_target and not services().settings.allow_targets:
        raise Problem(403, "Running a `module:function` over HTTP requires PROCESSION_ALLOW_TARGETS=1.")
    return answer(_asked(path.id, Submit(spec=body.spec(), by=role())), 202)


@api.get("/<id>/jobs/<job>", responses=gives(present.JobAnswer))
def job(path: JobPath) -> Response:
    """Return a job with its result and its failures."""
    return answer(present.job(_asked(path.id, ReadJob(job=path.job))))


def _verb(verb: WorkerVerb) -> Callable[[WorkerPath, WorkerBody], Response]:
    def view(path: WorkerPath, body: WorkerBody) -> Response:
        return answer(_asked(path.id, ActOnWorker(pid=path.pid, verb=verb, task=body.agreed())), 202)

    view.__name__ = f"{verb}_worker"
    view.__doc__ = MEANINGS[verb]
    return view


for _each in WorkerVerb:
    api.post(f"/<id>/workers/<pid>/{_each}", responses=gives(present.WorkerAnswer, 202))(_verb(_each))


@api.post("/<id>/workers/<pid>/stack", responses=gives(StackText))
def stack(path: WorkerPath, body: NothingBody) -> Response:
    """Capture the stack of a worker; `source` is faulthandler, py-spy or proc."""
    if path.pid not in [worker["pid"] for worker in services().pool(path.id)["workers"]]:
        raise NoSuchProcess(f"Pool {path.id} has no worker {path.pid}.")
    return answer(ask(Stack(process=path.id, pid=path.pid), STACK_WAIT_S))


def _asked(pool_id: str, wanted: AnyAsk) -> Any:
    return ask(AskPool(pool=pool_id, ask=wanted))
