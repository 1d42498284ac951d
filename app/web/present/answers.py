"""Answers that are no records of the state: they are only described here, for the OpenAPI document.

The supervisor makes them, and they are passed on as they come.
"""

from typing import Any

from app.records.event import Event
from app.records.primitives import JsonDict, Record
from app.records.process import Descendant


class Session(Record, frozen=True, kw_only=True):
    """The role of a client: operator or viewer."""

    role: str


class CatalogueParameter(Record, frozen=True, kw_only=True):
    """A parameter of a workload, program or function.

    ``type`` is int, float, str or bool; without a ``default`` it is required.
    """

    name: str
    type: str
    default: float | str | bool | None
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...] | None
    help: str


class CatalogueWorkload(Record, frozen=True, kw_only=True):
    """A workload of the catalogue; ``defaults`` are fields of a launch."""

    name: str
    title: str
    description: str
    look_at: str
    theme: str
    parameters: tuple[CatalogueParameter, ...]
    defaults: JsonDict


class CatalogueWorkloads(Record, frozen=True, kw_only=True):
    """The catalogue of workloads."""

    workloads: tuple[CatalogueWorkload, ...]


class Events(Record, frozen=True, kw_only=True):
    """Events of the journal, oldest first; the next are those after ``next``."""

    events: tuple[Event, ...]
    next: int


class Chart(Record, frozen=True, kw_only=True):
    """A chart: for each id and name of a figure, its values at the moments ``at`` (null: not known)."""

    at: tuple[float, ...]
    series: dict[str, dict[str, tuple[float | None, ...]]]


class StackText(Record, frozen=True, kw_only=True):
    """A stack; ``source`` is faulthandler, py-spy or proc; ``notes`` say why the sources before it failed."""

    source: str
    text: str
    notes: tuple[str, ...] = ()


class ProcessJoined(Record, frozen=True, kw_only=True):
    """Whether the process has ended, and its exit code."""

    joined: bool
    exitcode: int | None


class Affected(Record, frozen=True, kw_only=True):
    """What terminate or kill would do, in sentences; ``descendants`` would end too."""

    pid: int | None
    descendants: tuple[Descendant, ...]
    text: str


class Details(Record, frozen=True, kw_only=True):
    """Details of a process, null if they cannot be read; ``notes`` say why, and what was left out."""

    pss_bytes: int | None
    uss_bytes: int | None
    open_files: tuple[JsonDict, ...] | None
    connections: tuple[JsonDict, ...] | None
    environment: dict[str, str] | None
    cwd: str | None
    command: tuple[str, ...] | None
    cpu_affinity: tuple[int, ...] | None
    nice: int | None
    limits: dict[str, str] | None
    notes: tuple[str, ...]


RECORDS: tuple[Any, ...] = (
    Session,
    CatalogueWorkloads,
    Events,
    Chart,
    StackText,
    ProcessJoined,
    Affected,
    Details,
)
