"""Launch processes, and read their records, charts, details and logs."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app.protocol.control import Consequences, History, Inspect, Launch
from app.records.errors import NotPossible
from app.records.primitives import JsonDict
from app.records.verbs import Verb
from app.web.http.auth import Role
from app.web.http.json_codec import answer
from app.web.http.problems import Problem
from app.web.present import answers
from app.web.present import processes as present
from app.web.schemas.processes import (
    BatchBody,
    ConsequencesQuery,
    HistoryQuery,
    IdPath,
    LaunchBody,
    ListQuery,
    LogQuery,
)
from app.web.upstream import logs

from .openapi import gives
from .services import ask, now, role, services

SEARCHED = ("id", "name", "workload", "target", "pid", "state", "cause")

api = APIBlueprint("processes", __name__, url_prefix="/api/v1/processes", abp_tags=[Tag(name="Processes")])


@api.get("", responses=gives(present.Processes))
def processes(query: ListQuery) -> Response:
    """Return all processes that match the filters."""
    state = services().state()
    wanted = (record for record in state.processes.values() if _wanted(record, query))
    return answer(present.processes(wanted, state.at))


@api.post("", responses=gives(present.Process, 201))
def launch(body: LaunchBody) -> Response:
    """Launch a process; the answer is its record."""
    return answer(_launched(body, 1)["processes"][0], 201)


@api.post("/batch", responses=gives(present.Processes, 201))
def launch_many(body: BatchBody) -> Response:
    """Launch `count` equal processes; the answer has their records."""
    return answer(_launched(body, body.count), 201)


@api.get("/<id>", responses=gives(present.Process))
def process(path: IdPath) -> Response:
    """Return a process."""
    return answer(present.process(services().process(path.id), now()))


@api.get("/<id>/history", responses=gives(answers.Chart))
def history(path: IdPath, query: HistoryQuery) -> Response:
    """Return the chart of a process for the last ten minutes: CPU and memory."""
    return answer(ask(History(process=path.id, points=query.points)))


@api.get("/<id>/inspect", responses=gives(answers.Details))
def inspect(path: IdPath) -> Response:
    """Return memory shares, open files, connections, limits and the environment (operator only)."""
    details = ask(Inspect(process=path.id))
    if role() is not Role.OPERATOR:
        notes = [*details.get("notes", ()), "environment: shown to the operator only"]
        details |= {"environment": None, "notes": notes}
    return answer(details)


@api.get("/<id>/consequences", responses=gives(answers.Affected))
def consequences(path: IdPath, query: ConsequencesQuery) -> Response:
    """Return what terminate or kill would do: which descendants it would end, and what would be lost."""
    return answer(ask(Consequences(process=path.id, verb=Verb(query.verb))))


@api.get("/<id>/log", responses=gives(present.LogPart))
def log(path: IdPath, query: LogQuery) -> Response:
    """Return a part of the output of a process (standard output and error)."""
    process_id = services().process(path.id)["id"]
    try:
        return answer(logs.read(services().settings.log_path(process_id), query.offset, query.limit))
    except OSError as error:
        raise NotPossible(f"log is not possible: {error}") from error


def _launched(body: LaunchBody, count: int) -> JsonDict:
    if body.target is not None and not services().settings.allow_targets:
        raise Problem(403, "Launching a `target` over HTTP requires PROCESSION_ALLOW_TARGETS=1.")
    launched = ask(Launch(spec=body.spec(), count=count))
    return present.processes(launched["processes"], now())


def _wanted(record: JsonDict, query: ListQuery) -> bool:
    if query.state is not None and record["state"] != query.state:
        return False
    if query.workload is not None and record["workload"] != query.workload:
        return False
    return query.q is None or query.q.lower() in _text(record).lower()


def _text(record: JsonDict) -> str:
    return " ".join(str(record[name]) for name in SEARCHED if record[name] is not None)
