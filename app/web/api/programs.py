"""Observed programs, their resources, and who waits for what.

All of it is read from the stream; the supervisor is asked only to run a program, for a chart, and to release a lock.
"""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app.protocol.control import History
from app.protocol.programs import BreakLock, ProgramWorkloads, RunProgram
from app.records.program import Program
from app.records.resource import Resource
from app.records.waits import Waits
from app.web.http.json_codec import answer
from app.web.http.problems import Problem
from app.web.present import processes as present_processes
from app.web.present import programs as present_programs
from app.web.present.answers import Chart
from app.web.schemas.pools import NothingBody
from app.web.schemas.processes import HistoryQuery, IdPath
from app.web.schemas.programs import ResourcesQuery, RunBody

from .openapi import gives
from .services import ask, now, services

api = APIBlueprint("programs", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Programs")])


@api.get("/programs", responses=gives(present_programs.Programs))
def programs() -> Response:
    """Return all programs, including ended programs that are still shown."""
    return answer({"programs": list(services().state().programs.values())})


@api.post("/programs", responses=gives(present_processes.Process, 201))
def run(body: RunBody) -> Response:
    """Run a program and observe it; the answer is the record of its first process, whose id is that of the program."""
    if body.command is not None and not services().settings.allow_targets:
        raise Problem(403, "Running a `command` over HTTP requires PROCESSION_ALLOW_TARGETS=1.")
    made = ask(RunProgram(spec=body.spec()))
    return answer(present_processes.process(made["process"], now()), 201)


@api.get("/programs/workloads", responses=gives(present_programs.CataloguePrograms))
def workloads() -> Response:
    """Return the catalogue of programs by theme, with typed parameters."""
    return answer(ask(ProgramWorkloads()))


@api.get("/programs/<id>", responses=gives(Program))
def program(path: IdPath) -> Response:
    """Return a program."""
    return answer(services().program(path.id))


@api.get("/resources", responses=gives(present_programs.Resources))
def resources(query: ResourcesQuery) -> Response:
    """Return the resources of programs: queues, pipes, locks, shared values, managers, pools, listeners."""
    wanted = (
        record
        for record in services().state().resources.values()
        if query.program in (None, record["program"]) and query.kind in (None, record["kind"])
    )
    return answer(present_programs.resources(wanted))


@api.get("/resources/<id>", responses=gives(Resource))
def resource(path: IdPath) -> Response:
    """Return a resource; fields that its kind does not have are left out."""
    return answer(present_programs.resource(services().resource(path.id)))


@api.get("/resources/<id>/history", responses=gives(Chart))
def history(path: IdPath, query: HistoryQuery) -> Response:
    """Return the chart of a resource for the last ten minutes: size, bytes in the pipe, rates or value."""
    resource_id = services().resource(path.id)["id"]
    return answer(ask(History(process=resource_id, points=query.points)))


@api.post("/resources/<id>/break", responses=gives(present_programs.LockBroken))
def break_lock(path: IdPath, body: NothingBody) -> Response:
    """Release a lock whose holder is dead; 409 while the holder is alive."""
    broken = ask(BreakLock(resource=path.id))
    return answer(broken | {"resource": present_programs.resource(broken["resource"])})


@api.get("/waits", responses=gives(Waits))
def waits() -> Response:
    """Return who waits for what, the cycles, and the findings."""
    return answer(services().state().waits)
