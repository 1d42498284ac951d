"""What requests about pools may carry; see `schemas`.

What a job's fields have to do with each other and with its function is checked by the host, which has the function.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, UnsetType
from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.protocol.pool_host import AgreedTask
from app.records.pool import JobMethod, JobSpec, PoolSpec
from app.records.process import StartMethod

from .processes import Body, Id

MAX_WORKERS = 256
MAX_ITEMS = 1_000_000
ITERABLE = {
    "description": f"the items of a map, at most {MAX_ITEMS}; `range` stands for Python's, so that a long one need "
    "not be sent; starmap takes a list of lists, each with the arguments of one call",
    "anyOf": [
        {"type": "array", "items": {}, "maxItems": MAX_ITEMS},
        {
            "type": "object",
            "required": ["range"],
            "additionalProperties": False,
            "properties": {
                "range": {
                    "description": "start, stop, step; one is stop, two are start and stop",
                    "type": "array",
                    "items": {"type": "integer"},
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
    raise PydanticCustomError("iterable", 'Input should be a list, or {{"range": [start, stop, step]}}')


Iterable = Annotated[Any, AfterValidator(_list_or_object), WithJsonSchema(ITERABLE)]
WorkerCount = Annotated[int, Field(ge=1, le=MAX_WORKERS)]


class PoolPath(BaseModel):
    """The id in the address."""

    id: Id


class JobPath(PoolPath):
    """The ids in the address."""

    job: int = Field(ge=1, le=2**53)


class WorkerPath(PoolPath):
    """The id of the pool, and the pid of one of its workers."""

    pid: int = Field(ge=1, le=2**22)


class OpenPoolBody(Body):
    """A pool, by the arguments of `procession.Pool`."""

    name: str | None = Field(None, min_length=1, max_length=100)
    processes: WorkerCount | None = Field(None, description="without it as many as there are CPUs")
    start_method: StartMethod = "forkserver"
    maxtasksperchild: Annotated[int, Field(ge=1, le=2**31)] | None = None
    retries: int = Field(0, ge=0, le=100, description="how often a task that was lost is tried again")
    stuck_after_s: Annotated[float, Field(ge=1, le=86400, allow_inf_nan=False)] | None = Field(
        10.0, description="a worker that is busy for so long without ending a task counts as stuck"
    )

    def spec(self) -> PoolSpec:
        """As the supervisor wants it."""
        return PoolSpec(**self.model_dump())


class JobBody(Body):
    """One call of one of the eight methods, with a function of the catalogue or a `module:function` of your own.

    At most 256 KiB: let `iterable` be a `range`, or pass the name of a file.
    """

    method: Annotated[JobMethod, Field(strict=False)]
    function: str = Field(min_length=1, max_length=500)
    args: list[Any] = Field([], max_length=1000, description="of apply and apply_async")
    kwargs: dict[str, Any] = Field({}, description="of apply and apply_async")
    iterable: Iterable = None
    chunksize: Annotated[int, Field(ge=1, le=MAX_ITEMS)] | None = Field(None, description="of the maps")
    path: str | None = Field(None, max_length=4096, description="folder that your module is imported from")

    @property
    def is_target(self) -> bool:
        """Whether the function is one's own and not of the catalogue."""
        return ":" in self.function

    def spec(self) -> JobSpec:
        """As the host wants it."""
        return JobSpec(**self.model_dump(exclude={"args"}), args=tuple(self.args))


class ResizeBody(Body):
    """How many workers it is to have."""

    processes: WorkerCount


class TaskBody(Body):
    """A task, as the record of its worker names it."""

    job: int | None = Field(ge=1, le=2**53)
    index: int = Field(ge=0, le=2**53)


class WorkerBody(Body):
    """Nothing is needed; `task` guards against losing another task than the one that was looked at."""

    task: TaskBody | None = Field(
        None, description="refused unless the worker has that one now; null: unless it has none"
    )

    def agreed(self) -> AgreedTask | UnsetType | None:
        """As the host wants it; without it, whichever task the worker has."""
        if "task" not in self.model_fields_set:
            return UNSET
        return None if self.task is None else AgreedTask(job=self.task.job, index=self.task.index)


class NothingBody(Body):
    """Nothing is needed, and nothing is allowed."""
