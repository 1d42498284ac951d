"""The requests about programs and resources, as pydantic models."""

from typing import Annotated, Any

from pydantic import Field

from app.records.errors import InvalidField
from app.records.program import ProgramSpec
from app.records.resource import ResourceKind

from .processes import (
    ABSENT,
    EMPTY,
    MAX_ARGUMENTS,
    MAX_PATH_CHARACTERS,
    MAX_WORKLOAD_CHARACTERS,
    Body,
    Id,
    Name,
    Query,
    either,
)

#: Of one argument; the kernel allows 128 KiB.
MAX_ARGUMENT_CHARACTERS = 100_000
MAX_VARIABLE_NAME_CHARACTERS = 1000
Argument = Annotated[str, Field(max_length=MAX_ARGUMENT_CHARACTERS, pattern=r"^[^\x00]*$")]
VariableName = Annotated[str, Field(min_length=1, max_length=MAX_VARIABLE_NAME_CHARACTERS, pattern=r"^[^\x00=]+$")]
Folder = Annotated[str, Field(min_length=1, max_length=MAX_PATH_CHARACTERS, pattern=r"^[^\x00]+$")]


OF_WORKLOAD: dict[str, Any] = {"command": ABSENT, "cwd": ABSENT, "env": EMPTY}


class ResourcesQuery(Query):
    """Filters; a resource must match all of them."""

    program: Id | None = None
    kind: ResourceKind | None = None


class RunBody(Body):
    """A `workload` of the catalogue of programs with `params`, or a `command` with its arguments.

    The program itself is not changed: `safe_pool` replaces `multiprocessing.Pool` with `procession.Pool` while it runs,
    `track_owners` records who acquires each lock.
    """

    model_config = either(
        workload={"workload": {"type": "string"}} | OF_WORKLOAD,
        command={"command": {"type": "array"}, "workload": ABSENT, "params": EMPTY},
    )

    workload: str | None = Field(None, max_length=MAX_WORKLOAD_CHARACTERS)
    params: dict[str, Any] = Field({})
    command: Annotated[list[Argument], Field(min_length=1, max_length=MAX_ARGUMENTS)] | None = None
    cwd: Folder | None = None
    env: dict[VariableName, Argument] = Field(
        {}, max_length=MAX_ARGUMENTS, json_schema_extra={"additionalProperties": False}
    )
    name: Name | None = None
    safe_pool: bool = False
    track_owners: bool = False

    def spec(self) -> ProgramSpec:
        """Return the spec for the supervisor; raise `InvalidField` for fields that cannot be combined."""
        if (self.workload is None) == (self.command is None):
            raise InvalidField("workload", "give either `workload` or `command`, not both")
        if self.command is not None and self.params:
            raise InvalidField("params", "`params` are for a `workload`; a `command` includes its arguments")
        if self.command is None and (self.cwd is not None or self.env):
            raise InvalidField("env", "`cwd` and `env` are for a `command`; a `workload` takes `params`")
        return ProgramSpec(**self.model_dump(exclude={"command"}), command=tuple(self.command or ()))
