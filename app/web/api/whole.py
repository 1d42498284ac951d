"""The HTTP interface: its frame, and the answers about the whole.

What concerns single processes is in `api_processes` (launch and read) and `api_verbs` (act).  The views
validate by pydantic, ask the supervisor, and return records; every refusal is raised and becomes a problem
document.
"""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app.protocol.control import EndDescendant, Events, History, Workloads
from app.records import process as model
from app.web.http.json_codec import answer
from app.web.present import processes as present
from app.web.schemas.processes import DescendantPath, EventsQuery, FleetHistoryQuery, SignalBody

from . import metrics
from .openapi import gives
from .services import here, role

api = APIBlueprint("whole", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="The whole")])


@api.get("/session")
def session() -> Response:
    """Who this client is: the role of its token."""
    return answer({"role": role()})


@api.get("/snapshot", responses=gives(present.Snapshot))
def snapshot() -> Response:
    """Everything at one moment."""
    return answer(present.snapshot(here().state()))


@api.get("/workloads")
def workloads() -> Response:
    """The catalogue, with typed parameters."""
    return answer(here().control.ask(Workloads(request=here().control.number())))


@api.get("/events")
def events(query: EventsQuery) -> Response:
    """The journal, oldest first."""
    return answer(here().control.ask(Events(request=here().control.number(), **query.model_dump())))


@api.get("/history")
def history(query: FleetHistoryQuery) -> Response:
    """CPU and memory of all processes over the last minutes."""
    return answer(here().control.ask(History(request=here().control.number(), points=query.points)))


@api.post("/descendants/<id>/signal", responses=gives(model.Descendant, 202))
def signal_descendant(path: DescendantPath, body: SignalBody) -> Response:
    """Send a signal to a descendant or an orphan; its id holds pid and start time."""
    control = here().control
    command = EndDescendant(request=control.number(), by=role(), descendant=path.id, signal=body.text())
    return answer(control.ask(command), 202)


def prometheus() -> Response:
    """The figures of all processes in Prometheus' text form."""
    return Response(metrics.text(here().state()), mimetype=metrics.MIMETYPE)
