"""The requests about pools, as pydantic models.

The host of the pool checks which fields of a job go together, and whether they suit its function, which it has.
"""

from typing import Annotated, Any

from msgspec import UNSET, UnsetType
from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.protocol.pool_host import AgreedTask
from app.records import limits
from app.records.pool import JobMethod, JobSpec, PoolSpec
from app.records.process import StartMethod

from .processes import (
    ABSENT,
    EMPTY,
    MAX_ARGUMENTS,
    MAX_JSON_INTEGER,
    MAX_PATH_CHARACTERS,
    Body,
    IdPath,
    Name,
    StuckAfter,
)

MAX_ITEMS = 1_000_000
ITERABLE = {
    "description": f"Items for a map, at most {MAX_ITEMS:,}: a list, or a `range` as in Python. For starmap, a list of "
    "lists, each with the arguments of one call.",
    "anyOf": [
        {"type": "array", "items": {}, "maxItems": MAX_ITEMS},
        {
            "type": "object",
            "required": ["range"],
            "additionalProperties": False,
            "properties": {
                "range": {
                    "description": "[stop], [start, stop] or [start, stop, step].",
                    "type": "array",
                    "items": {"type": "integer", "minimum": -(10**15), "maximum": 10**15},
                    "minItems": 1,
                    "maxItems": 3,
                }
            },
        },
        {"type": "null"},
    ],
}


def _list_or_object(value: Any) -> Any:
    if value is None or isinstance(value, list | dict):
        return value
    raise PydanticCustomError("iterable", 'Input should be a list or {{"range": [start, stop, step]}}')


Iterable = Annotated[Any, AfterValidator(_list_or_object), WithJsonSchema(ITERABLE)]
WorkerCount = Annotated[int, Field(ge=1, le=limits.MAX_POOL_WORKERS)]


class JobPath(IdPath):
    """The ids of a pool and a job in the address."""

    job: int = Field(ge=1, le=MAX_JSON_INTEGER)


class WorkerPath(IdPath):
    """The id of a pool and the pid of a worker in the address."""

    pid: int = Field(ge=1, le=limits.MAX_PID)


class OpenPoolBody(Body):
    """The arguments of `procession.Pool`."""

    name: Name | None = None
    processes: WorkerCount | None = Field(None, description="Number of workers; by default the number of CPUs.")
    start_method: StartMethod = "forkserver"
    maxtasksperchild: Annotated[int, Field(ge=1, le=limits.MAX_TASKS_PER_CHILD)] | None = None
    retries: int = Field(0, ge=0, le=limits.MAX_TASK_RETRIES, description="How often a lost task is retried.")
    stuck_after_s: StuckAfter | None = Field(
        10.0, description="A worker that has been on one task for so long counts as stuck."
    )

    def spec(self) -> PoolSpec:
        return PoolSpec(**self.model_dump())


def _methods(*kinds: str) -> dict[str, list[str]]:
    return {"enum": [str(one) for one in JobMethod if one.startswith(kinds)]}


_OF_A_MAP = {"args": EMPTY, "kwargs": EMPTY}
#: What goes with which methods, in JSON Schema.
BY_METHOD: list[Any] = [
    {"properties": {"method": _methods("apply"), "iterable": ABSENT, "chunksize": ABSENT}},
    {
        "required": ["iterable"],
        "properties": {"method": _methods("map", "imap"), "iterable": {"not": ABSENT}} | _OF_A_MAP,
    },
    {
        "required": ["iterable"],
        "properties": {
            "method": _methods("starmap"),
            "iterable": {"type": "array", "items": {"type": "array"}},
        }
        | _OF_A_MAP,
    },
]


class JobBody(Body):
    """A call of a pool method, with a function of the catalogue or your own `module:function`.

    At most 256 KiB: for more, let `iterable` be a `range`, or pass the name of a file.
    """

    model_config = ConfigDict(json_schema_extra={"oneOf": BY_METHOD})

    method: Annotated[JobMethod, Field(strict=False)]
    function: str = Field(min_length=1, max_length=limits.MAX_TARGET_CHARACTERS)
    args: list[Any] = Field([], max_length=MAX_ARGUMENTS, description="For apply and apply_async.")
    kwargs: dict[str, Any] = Field({}, description="For apply and apply_async.")
    iterable: Iterable = None
    chunksize: Annotated[int, Field(ge=1, le=MAX_ITEMS)] | None = Field(None, description="For the maps.")
    path: str | None = Field(None, max_length=MAX_PATH_CHARACTERS, description="Folder to import your module from.")

    @property
    def is_target(self) -> bool:
        """Whether the function is a `module:function`, not one of the catalogue."""
        return ":" in self.function

    def spec(self) -> JobSpec:
        return JobSpec(**self.model_dump(exclude={"args"}), args=tuple(self.args))


class ResizeBody(Body):
    """The new number of workers."""

    processes: WorkerCount


class TaskBody(Body):
    """A task, as in the record of its worker."""

    job: int | None = Field(ge=1, le=MAX_JSON_INTEGER)
    index: int = Field(ge=0, le=MAX_JSON_INTEGER)


class WorkerBody(Body):
    """All fields are optional; `task` protects any other task from being lost."""

    task: TaskBody | None = Field(
        None, description="Refuse unless the worker is on this task now; null: unless it is on none."
    )

    def agreed(self) -> AgreedTask | UnsetType | None:
        """Return the task for the host; unset if any task may be lost."""
        if "task" not in self.model_fields_set:
            return UNSET
        return None if self.task is None else AgreedTask(job=self.task.job, index=self.task.index)


class NothingBody(Body):
    """An empty body."""
