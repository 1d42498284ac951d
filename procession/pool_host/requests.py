"""The requests to a host: `app.protocol.pool_host` as the host reads it, without importing it."""

from dataclasses import dataclass
from typing import Any, Literal

from .refusals import invalid

MAX_PROCESSES = 256
Verb = Literal["suspend", "resume", "terminate", "kill"]


@dataclass(frozen=True)
class Submit:
    """Start a job; answered before it has finished."""

    spec: dict[str, Any]
    by: str = "operator"


@dataclass(frozen=True)
class Resize:
    """Set the number of workers."""

    processes: int


@dataclass(frozen=True)
class Close:
    """Accept no more jobs."""


@dataclass(frozen=True)
class Terminate:
    """End the workers."""


@dataclass(frozen=True)
class JoinPool:
    """Wait for the end of the pool after close or terminate."""

    timeout_s: float | None = None


#: Act on a worker whatever task it has.
ANY_TASK: Any = object()


@dataclass(frozen=True)
class ActOnWorker:
    """Apply ``verb`` to worker ``pid``; refused unless its task is ``task``: {job, index}, or None for no task."""

    pid: int
    verb: Verb
    task: dict[str, Any] | None = ANY_TASK


@dataclass(frozen=True)
class ReadJob:
    """Return the details of a job."""

    job: int


Request = Submit | Resize | Close | Terminate | JoinPool | ActOnWorker | ReadJob
_REQUESTS: dict[str, Any] = {
    request.__name__: request for request in (Submit, Resize, Close, Terminate, JoinPool, ActOnWorker, ReadJob)
}


def read(told: object) -> Request:
    """Return the request in a JSON object; raises `Refused`."""
    if not isinstance(told, dict) or not isinstance(told.get("type"), str) or told["type"] not in _REQUESTS:
        raise invalid("ask", f"type must be one of {', '.join(_REQUESTS)}")
    fields = {name: value for name, value in told.items() if name != "type"}
    try:
        request: Request = _REQUESTS[told["type"]](**fields)
    except TypeError as error:
        raise invalid("ask", str(error).replace("__init__() ", "")) from None
    _check(request)
    return request


def _check(request: Request) -> None:
    match request:
        case Submit(spec=spec) if not isinstance(spec, dict):
            raise invalid("spec", "must be an object")
        case Resize(processes=number):
            check_whole("processes", number, 1, MAX_PROCESSES)
        case JoinPool(timeout_s=None):
            pass
        case JoinPool(timeout_s=seconds):
            _check_seconds(seconds)
        case ReadJob(job):
            check_whole("job", job, 1, 2**53)
        case ActOnWorker(pid=pid) if isinstance(pid, bool) or not isinstance(pid, int):
            raise invalid("pid", "must be the pid of a worker")
        case ActOnWorker(verb=verb) if verb not in ("suspend", "resume", "terminate", "kill"):
            raise invalid("verb", f"must be one of suspend, resume, terminate, kill, not {verb!r}")
        case ActOnWorker(task=task) if task is not ANY_TASK and task is not None and not isinstance(task, dict):
            raise invalid("task", "must be null, or an object with job and index")


def check_whole(field: str, number: object, least: int, most: int) -> int:
    """Return ``number`` if it is an int within the bounds; raises `Refused`."""
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
        raise invalid(field, f"must be a whole number from {least} to {most}, not {_shown(number)}")
    return number


def _check_seconds(seconds: object) -> None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 86_400:
        raise invalid("timeout_s", f"must be a number of seconds from 0 to 86400, not {_shown(seconds)}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 50 else f"{text[:50]}…"
