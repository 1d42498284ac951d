"""What requests about pools may carry; see `schemas`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, WithJsonSchema

from app.supervisor.errors import InvalidField
from app.supervisor.model import StartMethod
from app.supervisor.pool_model import JobMethod, JobSpec, PoolSpec

from .schemas import Body, Id

MAX_WORKERS = 256
MAX_ITEMS = 1_000_000
APPLIES = frozenset({JobMethod.APPLY, JobMethod.APPLY_ASYNC})

WorkerCount = Annotated[int, Field(ge=1, le=MAX_WORKERS)]
ITERABLE = {
    "description": "the items of a map; a long one need not be sent: `range` stands for Python's",
    "anyOf": [
        {"type": "array", "items": {}},
        {
            "type": "object",
            "required": ["range"],
            "additionalProperties": False,
            "properties": {
                "range": {
                    "description": "start, stop and, if need be, step",
                    "type": "array",
                    "items": {"type": "integer"},
                    "minItems": 2,
                    "maxItems": 3,
                }
            },
        },
    ],
}


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

    At most 512 KiB: let `iterable` be a `range`, or pass the name of a file.
    """

    method: Annotated[JobMethod, Field(strict=False)]
    function: str = Field(min_length=1, max_length=500)
    args: list[Any] = Field([], max_length=1000, description="of apply and apply_async")
    kwargs: dict[str, Any] = Field({}, description="of apply and apply_async")
    iterable: Annotated[Any, WithJsonSchema(ITERABLE)] = None
    chunksize: Annotated[int, Field(ge=1, le=MAX_ITEMS)] | None = None
    path: str | None = Field(None, max_length=4096, description="folder that the module is imported from")

    @property
    def is_target(self) -> bool:
        """Whether the function is one's own and not of the catalogue."""
        return ":" in self.function

    def spec(self) -> JobSpec:
        """As the host wants it; raises `InvalidField` for fields that do not go together."""
        if self.path is not None and not self.is_target:
            raise InvalidField("path", "goes with a `module:function`; a function of the catalogue needs none")
        if self.method in APPLIES:
            self._check_apply()
        else:
            self._check_map()
        return JobSpec(**self.model_dump(exclude={"args"}), args=tuple(self.args))

    def _check_apply(self) -> None:
        if self.iterable is not None:
            raise InvalidField("iterable", f"`{self.method}` takes `args` and `kwargs`")
        if self.chunksize is not None:
            raise InvalidField("chunksize", f"goes with the maps; `{self.method}` is one task")

    def _check_map(self) -> None:
        if self.args or self.kwargs:
            raise InvalidField("args" if self.args else "kwargs", f"`{self.method}` takes an `iterable` instead")
        if not isinstance(self.iterable, list) and not _is_range(self.iterable):
            allowed = 'a list, or {"range": [start, stop]} or {"range": [start, stop, step]} of integers'
            raise InvalidField("iterable", f"`{self.method}` needs {allowed}")
        if (count := _length(self.iterable)) > MAX_ITEMS:
            raise InvalidField("iterable", f"{count} items are too many, at most {MAX_ITEMS} are allowed")


class ResizeBody(Body):
    """How many workers it is to have."""

    processes: WorkerCount


class NothingBody(Body):
    """Nothing is needed, and nothing is allowed."""


def _is_range(value: Any) -> bool:
    if not isinstance(value, dict) or value.keys() != {"range"} or not isinstance(value["range"], list):
        return False
    numbers = value["range"]
    whole = all(type(each) is int and abs(each) <= 2**53 for each in numbers)
    return whole and len(numbers) in (2, 3) and 0 not in numbers[2:]


def _length(iterable: Any) -> int:
    return len(iterable if isinstance(iterable, list) else range(*iterable["range"]))
