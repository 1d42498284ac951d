"""The parts of the HTTP API that are not about one process, pool or program: snapshot, journal, catalogue, metrics.

All views validate with pydantic, ask the supervisor and return records; an error is raised, and becomes a problem
document.
"""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app.protocol.control import EndDescendant, Events, History, PoolFunctions, Workloads
from app.protocol.programs import ProgramWorkloads
from app.records.errors import SupervisorAway
from app.records.primitives import JsonDict
from app.records.process import Descendant
from app.web.http.json_codec import answer
from app.web.present import answers
from app.web.present import processes as present
from app.web.schemas.processes import EventsQuery, FleetHistoryQuery, IdPath, SignalBody

from . import metrics
from .openapi import gives
from .services import ask, role, services

api = APIBlueprint("system", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="System")])


@api.get("/session", responses=gives(answers.Session))
def session() -> Response:
    """Return the role of this client's token."""
    return answer({"role": role()})


@api.get("/snapshot", responses=gives(present.Snapshot))
def snapshot() -> Response:
    """Return the whole state at one moment."""
    return answer(present.snapshot(services().state()))


@api.get("/workloads", responses=gives(answers.CatalogueWorkloads))
def workloads() -> Response:
    """Return the catalogue of workloads, with typed parameters."""
    return answer(ask(Workloads()))


@api.get("/events", responses=gives(answers.Events))
def events(query: EventsQuery) -> Response:
    """Return events of the journal, oldest first."""
    return answer(ask(Events(**query.model_dump())))


@api.get("/history", responses=gives(answers.Chart))
def history(query: FleetHistoryQuery) -> Response:
    """Return the charts of all processes for the last minutes: CPU and memory."""
    return answer(ask(History(points=query.points)))


@api.post("/descendants/<id>/signal", responses=gives(Descendant, 202))
def signal_descendant(path: IdPath, body: SignalBody) -> Response:
    """Send a signal to a descendant or an orphan; its id is PID-STARTTICKS."""
    return answer(ask(EndDescendant(descendant=path.id, signal=body.text())), 202)


def catalogue() -> JsonDict:
    """Return the entries of all catalogues by kind; nothing while the supervisor is away."""
    try:
        return {**ask(Workloads()), **ask(ProgramWorkloads()), **ask(PoolFunctions())}
    except SupervisorAway:
        return {}


def prometheus() -> Response:
    """Return the metrics in Prometheus' text format."""
    return Response(metrics.text(services().state()), mimetype=metrics.MIMETYPE)
