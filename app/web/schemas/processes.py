"""What requests may carry, as pydantic models: they validate, and the OpenAPI document is made from them.

Shapes of answers are the records of `app.records.process`; they are not written down a second time here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.records.errors import InvalidField
from app.records.process import LaunchSpec, RestartPolicy, StartMethod, State

MAX_COUNT = 1000
MAX_IDS = 1000
MAX_JOIN_S = 3600.0
MAX_LOG_BYTES = 1024 * 1024

Seconds = Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)]
Pid = Annotated[int | None, Field(ge=1, le=2**22, description="refused unless that is still its pid")]
Id = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\w.-]+$")]


class Body(BaseModel):
    """A JSON body: no coercion, no unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """A query string: text is coerced, unknown names are refused."""

    model_config = ConfigDict(extra="forbid")


class ProcessPath(BaseModel):
    """The id in the address."""

    id: Id


class DescendantPath(BaseModel):
    """The id in the address: PID-STARTTICKS."""

    id: Id


def _policy(value: Any) -> Any:
    return {"policy": value} if isinstance(value, str) else value


class RestartBody(Body):
    """When to start it again by itself; a bare policy name will do."""

    policy: Literal["never", "on-failure", "always"] = "never"
    limit: int = Field(5, ge=1, le=1000, description="consecutive restarts before it is given up as fatal")
    delay_s: Seconds = 1.0
    max_delay_s: Seconds = 60.0
    stable_s: Seconds = 10.0


class LaunchBody(Body):
    """A catalogue `workload` with `params`, or a `target` `module:function` found in `path`, with arguments."""

    workload: str | None = Field(None, max_length=200)
    params: dict[str, Any] = {}
    target: str | None = Field(None, max_length=500)
    args: list[Any] = Field([], max_length=1000)
    kwargs: dict[str, Any] = {}
    path: str | None = Field(None, max_length=4096, description="folder that `target` is imported from")
    name: str | None = Field(None, min_length=1, max_length=100)
    start_method: StartMethod | None = None
    daemon: bool | None = None
    auto_start: bool = True
    auto_join: bool | None = None
    grace_s: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] | None = None
    restart: Annotated[RestartBody, BeforeValidator(_policy)] | None = None
    stuck_after_s: Annotated[float, Field(ge=1, le=86400, allow_inf_nan=False)] | None = None

    def spec(self) -> LaunchSpec:
        """As the supervisor wants it; raises `InvalidField` for fields that do not go together."""
        if (self.workload is None) == (self.target is None):
            raise InvalidField("workload", "give either `workload` or `target`, and not both")
        if self.workload is None and self.params:
            raise InvalidField("params", "goes with `workload`; a `target` takes `args` and `kwargs`")
        if self.target is None and (self.args or self.kwargs or self.path):
            raise InvalidField("args", "`args`, `kwargs` and `path` go with `target`; a `workload` takes `params`")
        values = self.model_dump(exclude={"restart", "args", "count"})
        restart = RestartPolicy(**self.restart.model_dump()) if self.restart else None
        return LaunchSpec(**values, args=tuple(self.args), restart=restart)


class BatchBody(LaunchBody):
    """Launch many of the same."""

    count: int = Field(ge=1, le=MAX_COUNT)


class VerbBody(Body):
    """Nothing is needed; `pid` guards against acting on a successor."""

    pid: Pid = None


class JoinBody(Body):
    """How long to wait at most; without it, until the process has ended (an hour at most)."""

    timeout_s: Annotated[float, Field(ge=0, le=MAX_JOIN_S, allow_inf_nan=False)] | None = None


class SignalBody(Body):
    """A signal by name, with or without SIG, or by number."""

    signal: str | int
    pid: Pid = None

    def text(self) -> str:
        """As the supervisor wants it."""
        return str(self.signal)


class StackBody(Body):
    """Of itself, or of one of its descendants."""

    pid: Annotated[int | None, Field(ge=1, le=2**22, description="of this descendant instead")] = None


class ActionsBody(Body):
    """One verb for many processes."""

    verb: Literal["start", "terminate", "kill", "close", "restart", "suspend", "resume", "join"]
    ids: list[Id] = Field(min_length=1, max_length=MAX_IDS)


class ListQuery(Query):
    """Filters; all of them must hold."""

    state: State | None = None
    workload: str | None = Field(None, max_length=200)
    q: str | None = Field(None, max_length=200, description="text in id, name, workload, target, pid or cause")


class LogQuery(Query):
    """Which bytes of the log."""

    offset: int = Field(-65536, ge=-(2**62), le=2**62, description="negative: counted from the end")
    limit: int = Field(65536, ge=1, le=MAX_LOG_BYTES)


class EventsQuery(Query):
    """Which lines of the journal."""

    after: int = Field(0, ge=0, le=2**62)
    limit: int = Field(200, ge=1, le=1000)
    latest: bool = Field(default=False, description="the last `limit` lines instead of the first after `after`")
    before: int | None = Field(None, ge=1, le=2**62, description="only lines before this one; goes with `latest`")
    process: Id | None = None
    kind: str | None = Field(None, max_length=100)
    q: str | None = Field(None, max_length=200)


class HistoryQuery(Query):
    """How many points per process."""

    points: int = Field(600, ge=1, le=600)


class FleetHistoryQuery(Query):
    """How many points per process."""

    points: int = Field(40, ge=1, le=600)


class ConsequencesQuery(Query):
    """Of which verb."""

    verb: Literal["terminate", "kill"]
