"""Observed programs, what they hold, and who waits for what.

All of it is read from the stream; the supervisor is asked only to run a program and to break a lock.
"""

from __future__ import annotations

import time

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app.protocol.control import History
from app.protocol.programs import BreakLock, ProgramWorkloads, RunProgram
from app.records import program as program_model
from app.records import resource as resource_model
from app.records import waits as waits_model
from app.web.http.json_codec import answer
from app.web.http.problems import Problem
from app.web.present import processes as present
from app.web.present import programs as presented
from app.web.schemas.pools import NothingBody
from app.web.schemas.processes import HistoryQuery
from app.web.schemas.programs import ProgramPath, ResourcePath, ResourcesQuery, RunBody

from .openapi import gives
from .services import here, role

api = APIBlueprint("programs", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Programs")])


@api.get("/programs", responses=gives(presented.Programs))
def programs() -> Response:
    """All programs, the ended ones that are still remembered among them."""
    return answer({"programs": list(here().state().programs.values())})


@api.post("/programs", responses=gives(present.Process, 201))
def run(body: RunBody) -> Response:
    """Run a program under observation; the answer is the record of its first process, whose id is the program's."""
    if body.command is not None and not here().settings.allow_targets:
        raise Problem(403, "Running a `command` over HTTP needs PROCESSION_ALLOW_TARGETS=1.")
    control = here().control
    made = control.ask(RunProgram(request=control.number(), by=role(), spec=body.spec()))
    return answer(present.process(made["process"], time.time()), 201)


@api.get("/programs/workloads", responses=gives(presented.CataloguePrograms))
def workloads() -> Response:
    """The catalogue of programs, theme by theme, with typed parameters."""
    return answer(here().control.ask(ProgramWorkloads(request=here().control.number())))


@api.get("/programs/<id>", responses=gives(program_model.Program))
def program(path: ProgramPath) -> Response:
    """One program."""
    return answer(here().program(path.id))


@api.get("/resources", responses=gives(presented.Resources))
def resources(query: ResourcesQuery) -> Response:
    """What programs hold: queues, pipes, locks, shared values, managers, pools, listeners."""
    wanted = (
        record
        for record in here().state().resources.values()
        if query.program in (None, record["program"]) and query.kind in (None, record["kind"])
    )
    return answer(presented.resources(wanted))


@api.get("/resources/<id>", responses=gives(resource_model.Resource))
def resource(path: ResourcePath) -> Response:
    """One of them; fields that its kind cannot have are left out."""
    return answer(presented.resource(here().resource(path.id)))


@api.get("/resources/<id>/history")
def history(path: ResourcePath, query: HistoryQuery) -> Response:
    """Size, bytes in the pipe, rates and value over the last ten minutes, where it has them."""
    control = here().control
    resource_id = here().resource(path.id)["id"]
    return answer(control.ask(History(request=control.number(), process=resource_id, points=query.points)))


@api.post("/resources/<id>/break", responses=gives(presented.LockBroken))
def break_lock(path: ResourcePath, body: NothingBody) -> Response:
    """Release a lock in the place of its dead holder; refused while the holder lives."""
    control = here().control
    broken = control.ask(BreakLock(request=control.number(), by=role(), resource=path.id))
    return answer(broken | {"resource": presented.resource(broken["resource"])})


@api.get("/waits", responses=gives(waits_model.Waits))
def waits() -> Response:
    """Who waits for what, the deadlocks among it, and everything that is wrong, in sentences."""
    return answer(here().state().waits)
