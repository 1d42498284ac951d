"""Pools as JSON: the records of the supervisor, and answers about jobs and workers."""

from typing import Any

from app.records import pool as pool_model
from app.records.primitives import JsonDict, Record


class Pools(Record, frozen=True, kw_only=True):
    """A list of pools."""

    pools: tuple[pool_model.Pool, ...]


class Jobs(Record, frozen=True, kw_only=True):
    """The newest jobs of a pool, oldest first; ``jobs_not_shown`` counts older jobs that were dropped."""

    jobs: tuple[pool_model.Job, ...]
    jobs_not_shown: int


class JobAnswer(pool_model.Job, frozen=True, kw_only=True):
    """A job with its result and its first failures.

    ``result`` is JSON if possible, otherwise a repr, truncated at about 16 KiB (``result_cut``); ``failures_not_shown``
    counts further failures.
    """

    arguments: str = ""
    result: Any = None
    result_cut: bool = False
    failures: tuple[pool_model.TaskFailure, ...] = ()
    failures_not_shown: int = 0


class WorkerAnswer(Record, frozen=True, kw_only=True):
    """The result of acting on a worker; ``text`` is a sentence about it.

    After terminate and kill also: whether the worker has ``ended``, the ``task`` that it had, whether that was lost or
    retried (``outcome``), and how many prefetched tasks were ``returned`` to the queue.
    """

    pid: int
    text: str
    ended: bool | None = None
    exitcode: int | None = None
    cause: str | None = None
    task: pool_model.PoolTask | None = None
    outcome: str | None = None
    returned: int | None = None


class Joined(Record, frozen=True, kw_only=True):
    """Whether the pool has ended."""

    joined: bool


class PoolFunction(Record, frozen=True, kw_only=True):
    """A function of the catalogue; ``example`` is a job with it."""

    name: str
    title: str
    description: str
    look_at: str
    target: str
    parameters: list[JsonDict]
    example: JsonDict


class PoolFunctions(Record, frozen=True, kw_only=True):
    """The catalogue of pool functions."""

    functions: tuple[PoolFunction, ...]


def job(detail: JsonDict) -> JsonDict:
    """Return a `JobDetail` as one flat record."""
    return {**detail["job"], **{name: value for name, value in detail.items() if name != "job"}}
