"""What a host can be asked: `app.protocol.pool_host` as this side reads it, without anything of that side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .refusals import invalid

MAX_PROCESSES = 256
Verb = Literal["suspend", "resume", "terminate", "kill"]


@dataclass(frozen=True)
class Submit:
    """Run a job; answered at once."""

    spec: dict[str, Any]
    by: str = "operator"


@dataclass(frozen=True)
class Resize:
    """Have that many workers."""

    processes: int


@dataclass(frozen=True)
class Close:
    """Take no more jobs."""


@dataclass(frozen=True)
class Terminate:
    """End the workers now."""


@dataclass(frozen=True)
class JoinPool:
    """Wait for the end after close or terminate."""

    timeout_s: float | None = None


#: Of a worker: whichever task it has.
ANY_TASK: Any = object()


@dataclass(frozen=True)
class ActOnWorker:
    """Do ``verb`` to the worker ``pid``; refused where it has another than ``task``: ``job`` and ``index``, or none."""

    pid: int
    verb: Verb
    task: dict[str, Any] | None = ANY_TASK


@dataclass(frozen=True)
class ReadJob:
    """Tell everything of a job."""

    job: int


Ask = Submit | Resize | Close | Terminate | JoinPool | ActOnWorker | ReadJob
_ASKS: dict[str, Any] = {
    ask.__name__: ask for ask in (Submit, Resize, Close, Terminate, JoinPool, ActOnWorker, ReadJob)
}


def read(told: object) -> Ask:
    """The ask in an object of JSON; raises `Refused`."""
    if not isinstance(told, dict) or not isinstance(told.get("type"), str) or told["type"] not in _ASKS:
        raise invalid("ask", f"its type must be one of {', '.join(_ASKS)}")
    fields = {name: value for name, value in told.items() if name != "type"}
    try:
        ask: Ask = _ASKS[told["type"]](**fields)
    except TypeError as error:
        raise invalid("ask", str(error).replace("__init__() ", "")) from None
    _check(ask)
    return ask


def _check(ask: Ask) -> None:
    match ask:
        case Submit(spec=spec) if not isinstance(spec, dict):
            raise invalid("spec", "must be an object")
        case Resize(processes=number):
            check_whole("processes", number, 1, MAX_PROCESSES)
        case JoinPool(timeout_s=None):
            pass
        case JoinPool(timeout_s=seconds):
            _check_seconds(seconds)
        case ReadJob(job):
            check_whole("job", job, 1, 10**9)
        case ActOnWorker(pid=pid) if isinstance(pid, bool) or not isinstance(pid, int):
            raise invalid("pid", "must be the pid of a worker")
        case ActOnWorker(verb=verb) if verb not in ("suspend", "resume", "terminate", "kill"):
            raise invalid("verb", f"must be one of suspend, resume, terminate, kill, not {verb!r}")
        case ActOnWorker(task=task) if task is not ANY_TASK and task is not None and not isinstance(task, dict):
            raise invalid("task", "must be null, or an object with a job and an index")


def check_whole(field: str, number: object, least: int, most: int) -> int:
    """``number`` where it is a whole one within the bounds; raises `Refused`."""
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
        raise invalid(field, f"must be a whole number from {least} to {most}, not {_shown(number)}")
    return number


def _check_seconds(seconds: object) -> None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 86_400:
        raise invalid("timeout_s", f"must be a number of seconds from 0 to 86400, not {_shown(seconds)}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 50 else f"{text[:50]}…"
