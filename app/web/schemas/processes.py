"""The requests about processes, as pydantic models: they validate, and the OpenAPI document is generated from them.

Answers are the records of `app.records`.
"""

import signal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from app.records import limits
from app.records.errors import InvalidField
from app.records.process import LaunchSpec, RestartPolicy, StartMethod, State

MAX_JOIN_S = 3600.0
MAX_LOG_BYTES = 1024 * 1024
MAX_ARGUMENTS = 1000
MAX_PATH_CHARACTERS = 4096
MAX_WORKLOAD_CHARACTERS = 200
MAX_SEARCH_CHARACTERS = 200
MAX_KIND_CHARACTERS = 100
#: The largest whole number that JSON readers keep exact; also for offsets of a log and numbers of the journal.
MAX_JSON_INTEGER = 2**53 - 1
#: Points of a chart: ten minutes at one a second.
MAX_POINTS = 600
DEFAULT_LOG_BYTES = 64 * 1024

Seconds = Annotated[float, Field(ge=0, le=limits.MAX_SECONDS, allow_inf_nan=False)]
RestartDelay = Annotated[
    float, Field(ge=limits.MIN_RESTART_DELAY_S, le=limits.MAX_RESTART_DELAY_S, allow_inf_nan=False)
]
LongestDelay = Annotated[float, Field(ge=limits.MIN_RESTART_DELAY_S, le=limits.MAX_SECONDS, allow_inf_nan=False)]
Grace = Annotated[float, Field(ge=0, le=limits.MAX_GRACE_S, allow_inf_nan=False)]
StuckAfter = Annotated[float, Field(ge=limits.MIN_STUCK_AFTER_S, le=limits.MAX_SECONDS, allow_inf_nan=False)]
Pid = Annotated[
    int | None, Field(ge=1, le=limits.MAX_PID, description="Refuse unless this is still the pid of the process.")
]
Id = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.-]+$")]
#: The supervisor checks the characters, by `str.isprintable`; this is the same in JSON Schema.
_PRINTABLE = {"pattern": r"^(?: |[^\p{C}\p{Z}])+$"}
Name = Annotated[str, Field(min_length=1, max_length=limits.MAX_NAME_CHARACTERS, json_schema_extra=_PRINTABLE)]


class Body(BaseModel):
    """A JSON body: values are not coerced, unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _take_whole_numbers(cls, values: Any) -> Any:
        """Take 2.0 for 2, as JSON Schema does: some writers of JSON have no other whole numbers."""
        if not isinstance(values, dict):
            return values
        return {name: int(one) if isinstance(one, float) and one.is_integer() else one for name, one in values.items()}


class Query(BaseModel):
    """A query string: values are coerced, unknown names are refused."""

    model_config = ConfigDict(extra="forbid")


class IdPath(BaseModel):
    """The id in the address; that of a descendant is PID-STARTTICKS."""

    id: Id


PolicyName = Literal["never", "on-failure", "always"]


def _policy(value: Any) -> Any:
    return {"policy": value} if isinstance(value, str) else value


class RestartBody(Body):
    """When to restart the process automatically; a policy name alone is allowed."""

    policy: PolicyName = "never"
    limit: int = Field(
        5, ge=1, le=limits.MAX_RESTARTS, description="Consecutive restarts before the state becomes `fatal`."
    )
    delay_s: RestartDelay = 1.0
    max_delay_s: LongestDelay = Field(60.0, description="Delays double up to this; less than `delay_s` counts as that.")
    stable_s: Seconds = 10.0


#: What a field is in JSON Schema if it must not be given, or be empty.
EMPTY: dict[str, Any] = {"maxItems": 0, "maxLength": 0, "maxProperties": 0}
ABSENT = {"type": "null"}
OF_WORKLOAD: dict[str, Any] = {"target": ABSENT, "args": EMPTY, "kwargs": EMPTY, "path": EMPTY}
OF_TARGET = {"workload": ABSENT, "target": {"type": "string", "pattern": "^[^:]+:[^:]+$"}, "params": EMPTY}


def either(**choices: dict[str, Any]) -> ConfigDict:
    """Return the config of a body whose schema has exactly one of these fields, with the properties that it brings."""
    return ConfigDict(
        json_schema_extra={"oneOf": [{"required": [name], "properties": each} for name, each in choices.items()]}
    )


class LaunchBody(Body):
    """A `workload` of the catalogue with `params`, or a `target` (`module:function`) with `args` and `kwargs`."""

    model_config = either(workload={"workload": {"type": "string"}} | OF_WORKLOAD, target=OF_TARGET)

    workload: str | None = Field(None, max_length=MAX_WORKLOAD_CHARACTERS)
    params: dict[str, Any] = {}
    target: str | None = Field(None, max_length=limits.MAX_TARGET_CHARACTERS)
    args: list[Any] = Field([], max_length=MAX_ARGUMENTS)
    kwargs: dict[str, Any] = {}
    path: str | None = Field(None, max_length=MAX_PATH_CHARACTERS, description="Folder to import `target` from.")
    name: Name | None = None
    start_method: StartMethod | None = None
    daemon: bool | None = None
    auto_start: bool = True
    auto_join: bool | None = None
    grace_s: Grace | None = None
    restart: (
        Annotated[RestartBody, BeforeValidator(_policy, json_schema_input_type=RestartBody | PolicyName)] | None
    ) = None
    stuck_after_s: StuckAfter | None = None

    def spec(self) -> LaunchSpec:
        """Return the spec for the supervisor; raise `InvalidField` for fields that cannot be combined."""
        if (self.workload is None) == (self.target is None):
            raise InvalidField("workload", "give either `workload` or `target`, not both")
        if self.workload is None and self.params:
            raise InvalidField("params", "`params` are for a `workload`; a `target` takes `args` and `kwargs`")
        if self.target is None and (self.args or self.kwargs or self.path):
            raise InvalidField("args", "`args`, `kwargs` and `path` are for a `target`; a `workload` takes `params`")
        values = self.model_dump(exclude={"restart", "args", "count"})
        restart = RestartPolicy(**self.restart.model_dump()) if self.restart else None
        return LaunchSpec(**values, args=tuple(self.args), restart=restart)


class BatchBody(LaunchBody):
    """A launch of `count` equal processes."""

    count: int = Field(ge=1, le=limits.MAX_LAUNCHED)


class VerbBody(Body):
    """All fields are optional; `pid` protects a restarted process from being acted on."""

    pid: Pid = None


class JoinBody(Body):
    """How long to wait at most; by default an hour."""

    timeout_s: Annotated[float, Field(ge=0, le=MAX_JOIN_S, allow_inf_nan=False)] | None = None


def _in_any_case(name: str) -> str:
    return "".join(f"[{one}{one.lower()}]" if one.isalpha() else one for one in name)


_SIGNAL_NAMES = "|".join(sorted(_in_any_case(one.removeprefix("SIG")) for one in signal.Signals.__members__))
_SIGNAL_NUMBERS = sorted(int(one) for one in signal.Signals)
SIGNAL = {
    "description": "SIGUSR1, usr1 or 10.",
    "anyOf": [
        {"type": "string", "pattern": f"^(?:{_in_any_case('SIG')})?(?:{_SIGNAL_NAMES})$"},
        {"type": "string", "pattern": f"^0*(?:{'|'.join(map(str, _SIGNAL_NUMBERS))})$"},
        {"type": "integer", "enum": _SIGNAL_NUMBERS},
    ],
}


class SignalBody(Body):
    """A signal by name, with or without SIG, or by number."""

    signal: Annotated[str | int, WithJsonSchema(SIGNAL)]
    pid: Pid = None

    def text(self) -> str:
        return str(self.signal)


class StackBody(Body):
    """The process itself, or one of its descendants."""

    pid: Annotated[int | None, Field(ge=1, le=limits.MAX_PID, description="Capture this descendant instead.")] = None


class ActionsBody(Body):
    """One verb for many processes."""

    verb: Literal["start", "terminate", "kill", "close", "restart", "suspend", "resume", "join"]
    ids: list[Id] = Field(min_length=1, max_length=limits.MAX_IDS)


class ListQuery(Query):
    """Filters; a process must match all of them."""

    state: State | None = None
    workload: str | None = Field(None, max_length=MAX_WORKLOAD_CHARACTERS)
    q: str | None = Field(
        None, max_length=MAX_SEARCH_CHARACTERS, description="Text in id, name, workload, target, pid, state or cause."
    )


class LogQuery(Query):
    """The bytes of the log to return."""

    offset: int = Field(
        -DEFAULT_LOG_BYTES,
        ge=-MAX_JSON_INTEGER,
        le=MAX_JSON_INTEGER,
        description="A negative offset counts from the end.",
    )
    limit: int = Field(DEFAULT_LOG_BYTES, ge=1, le=MAX_LOG_BYTES)


class EventsQuery(Query):
    """The events to return."""

    after: int = Field(0, ge=0, le=MAX_JSON_INTEGER)
    limit: int = Field(200, ge=1, le=limits.MAX_EVENTS)
    latest: bool = Field(default=False, description="Return the last `limit` events, not the first after `after`.")
    before: int | None = Field(
        None, ge=1, le=MAX_JSON_INTEGER, description="Only events before this one; use with `latest`."
    )
    process: Id | None = None
    kind: str | None = Field(None, max_length=MAX_KIND_CHARACTERS)
    q: str | None = Field(None, max_length=MAX_SEARCH_CHARACTERS)


class HistoryQuery(Query):
    """The number of points of the chart."""

    points: int = Field(MAX_POINTS, ge=1, le=MAX_POINTS)


class FleetHistoryQuery(Query):
    """The number of points of each chart."""

    points: int = Field(40, ge=1, le=MAX_POINTS)


class ConsequencesQuery(Query):
    """The verb whose consequences to return."""

    verb: Literal["terminate", "kill"]
