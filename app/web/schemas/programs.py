"""What requests about programs and what they hold may carry; see `schemas`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from app.records.errors import InvalidField
from app.records.program import ProgramSpec
from app.records.resource import ResourceKind

from .processes import Body, Id, Query

MAX_ARGUMENTS = 1000
# The kernel takes 128 KiB for one.
Argument = Annotated[str, Field(max_length=100_000, pattern=r"^[^\x00]*$")]
VariableName = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00=]+$")]


class ProgramPath(BaseModel):
    """The id in the address."""

    id: Id


class ResourcePath(BaseModel):
    """The id in the address."""

    id: Id


class ResourcesQuery(Query):
    """Filters; all of them must hold."""

    program: Id | None = None
    kind: ResourceKind | None = None


class RunBody(Body):
    """A `workload` of the catalogue of programs with `params`, or a `command` with its arguments.

    The program itself is not changed: `safe_pool` puts `procession.Pool` in the place of `multiprocessing.Pool` while
    it runs, `track_owners` notes who took each lock.
    """

    workload: str | None = Field(None, max_length=200)
    params: dict[str, Any] = Field({})
    command: Annotated[list[Argument], Field(min_length=1, max_length=MAX_ARGUMENTS)] | None = None
    cwd: Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[^\x00]+$")] | None = None
    env: dict[VariableName, Argument] = Field({}, max_length=MAX_ARGUMENTS)
    name: str | None = Field(None, min_length=1, max_length=100)
    safe_pool: bool = False
    track_owners: bool = False

    def spec(self) -> ProgramSpec:
        """As the supervisor wants it; raises `InvalidField` for fields that do not go together."""
        if (self.workload is None) == (self.command is None):
            raise InvalidField("workload", "give either `workload` or `command`, and not both")
        if self.command is not None and self.params:
            raise InvalidField("params", "goes with `workload`; a `command` has its arguments in itself")
        if self.command is None and (self.cwd is not None or self.env):
            raise InvalidField("env", "`cwd` and `env` go with `command`; a `workload` takes `params`")
        return ProgramSpec(**self.model_dump(exclude={"command"}), command=tuple(self.command or ()))
