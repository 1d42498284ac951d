"""The work of a pool: its jobs, and what can be done to one worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app.protocol.control import AskPool, Stack
from app.protocol.pool_host import ActOnWorker, AnyAsk, ReadJob, Submit
from app.records import pool as pool_model
from app.records.errors import NoSuchProcess
from app.records.pool import WorkerVerb
from app.web.http.json_codec import answer
from app.web.http.problems import Problem
from app.web.present import pools as present
from app.web.schemas.pools import JobBody, JobPath, NothingBody, PoolPath, WorkerBody, WorkerPath

from .openapi import gives
from .services import here, role
from .verbs import STACK_WAIT_S

MEANINGS = {
    WorkerVerb.SUSPEND: "Stop its execution for now (SIGSTOP); tasks that wait in it move to other workers.",
    WorkerVerb.RESUME: "Let it go on (SIGCONT).",
    WorkerVerb.TERMINATE: "Send SIGTERM to it; the answer says what that cost: a task that was lost or retried.",
    WorkerVerb.KILL: "Send SIGKILL to it; the answer says what that cost: a task that was lost or retried.",
}

api = APIBlueprint("pool_work", __name__, url_prefix="/api/v1/pools", abp_tags=[Tag(name="Jobs and workers")])


@api.get("/<id>/jobs", responses=gives(present.Jobs))
def jobs(path: PoolPath) -> Response:
    """Its newest jobs, oldest first, without their results."""
    pool = here().pool(path.id)
    return answer({"jobs": pool["jobs"], "jobs_not_shown": pool["jobs_not_shown"]})


@api.post("/<id>/jobs", responses=gives(pool_model.Job, 202))
def submit(path: PoolPath, body: JobBody) -> Response:
    """Run a job; whatever the method, the answer is its record, at once."""
    if body.is_target and not here().settings.allow_targets:
        raise Problem(403, "A `module:function` over HTTP needs PROCESSION_ALLOW_TARGETS=1.")
    return answer(_asked(path.id, Submit(spec=body.spec(), by=role())), 202)


@api.get("/<id>/jobs/<job>", responses=gives(present.JobAnswer))
def job(path: JobPath) -> Response:
    """One job with its result and its failures."""
    return answer(present.job(_asked(path.id, ReadJob(job=path.job))))


def _verb(verb: WorkerVerb) -> Callable[[WorkerPath, WorkerBody], Response]:
    def view(path: WorkerPath, body: WorkerBody) -> Response:
        return answer(_asked(path.id, ActOnWorker(pid=path.pid, verb=verb, task=body.agreed())), 202)

    view.__name__ = f"{verb}_worker"
    view.__doc__ = MEANINGS[verb]
    return view


for _each in WorkerVerb:
    api.post(f"/<id>/workers/<pid>/{_each}", responses=gives(present.WorkerAnswer, 202))(_verb(_each))


@api.post("/<id>/workers/<pid>/stack")
def stack(path: WorkerPath, body: NothingBody) -> Response:
    """What each of its threads is doing now, and which source told it."""
    if path.pid not in [worker["pid"] for worker in here().pool(path.id)["workers"]]:
        raise NoSuchProcess(f"Pool {path.id} has no worker {path.pid}.")
    control = here().control
    command = Stack(request=control.number(), by=role(), process=path.id, pid=path.pid)
    return answer(control.ask(command, STACK_WAIT_S))


def _asked(pool_id: str, ask: AnyAsk) -> Any:
    control = here().control
    return control.ask(AskPool(request=control.number(), by=role(), pool=pool_id, ask=ask))
