"""What people call shared resources, and how they read a duration.  Pure."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping

from .primitives import JsonDict
from .resource import Resource, ResourceKind

#: Parts that the source of multiprocessing names itself.
_PARTS = {
    "sem": "capacity semaphore",
    "rlock": "read lock",
    "wlock": "write lock",
    "cond": "condition",
    "lock": "lock",
    "inqueue": "task queue",
    "outqueue": "result queue",
}
#: A variable has no bracket after a space, but a file may: ``train (1).py``.
_NAME_AND_PLACE = re.compile(r"(.*?) \((.*:\d+)\)", re.DOTALL)
_UNITS = (("s", 60), ("m", 60), ("h", 24))


def resource_name(resources: Mapping[str, Resource], key: str) -> str:
    """Return what people call a resource: ``lock jobs (train.py:41)``, ``read lock of queue tasks``."""
    resource = resources.get(key)
    if resource is None:
        return f"a resource that is gone ({key})"
    label = kind_label(resource.kind, managed=resource.manager is not None)
    words = f"{label} {resource.name or resource.address or key}"
    parent = resources.get(resource.part_of or "")
    if parent is None or parent.part_of == key:
        return words
    part = _PARTS.get(resource.name.lstrip("_"), words)
    return f"{part} of {resource_name(resources, parent.id)}"


def split_name(name: str) -> tuple[str, str]:
    """Return the variable of a reported name and where it was created: ``jobs`` and ``train.py:41``, or ""."""
    return (found[1], found[2]) if (found := _NAME_AND_PLACE.fullmatch(name)) else (name, "")


def part_label(name: str) -> str:
    """Return what people call a part by its name in the source of multiprocessing: ``read lock`` for ``_rlock``."""
    return _PARTS.get(name.lstrip("_"), name)


def figure(kind: ResourceKind, facts: JsonDict) -> str:
    """Return the state of a resource in words, from the fields of its record; "" if unknown or without one.

    ``12 of 50 items``, ``held``, ``2 of 3 free, 1 lost``, ``not set, 2 waiting``, ``1 of 3 arrived``, ``3 waiting``.
    """
    return words(facts) if (words := _FIGURES.get(kind)) else ""


def _items(facts: JsonDict) -> str:
    size, most = facts.get("size"), facts.get("maxsize")
    return "" if size is None else f"{size:,} of {most:,} items" if most else f"{size:,} item{'' if size == 1 else 's'}"


def _held(facts: JsonDict) -> str:
    if (value := facts.get("value")) is None:
        return ""
    return "free" if value > 0 else "abandoned" if facts.get("abandoned") else "held"


def _free(facts: JsonDict) -> str:
    if (value := facts.get("value")) is None:
        return ""
    free = f"{value:,} of {most:,} free" if (most := facts.get("maximum")) else f"{value:,} free"
    return f"{free}, {lost:,} lost" if (lost := facts.get("lost")) else free


def _sleepers(facts: JsonDict) -> str:
    sleepers = facts.get("sleepers")
    return "" if sleepers is None else f"{sleepers:,} waiting" if sleepers else "none waiting"


def _flag(facts: JsonDict) -> str:
    if (flag := facts.get("flag")) is None:
        return ""
    word = "set" if flag else "not set"
    return f"{word}, {sleepers:,} waiting" if (sleepers := facts.get("sleepers")) else word


def _arrived(facts: JsonDict) -> str:
    if facts.get("broken"):
        return "broken"
    parties = facts.get("parties")
    return "" if parties is None else f"{facts.get('arrived') or 0:,} of {parties:,} arrived"


_FIGURES = {
    **dict.fromkeys((ResourceKind.QUEUE, ResourceKind.JOINABLE_QUEUE, ResourceKind.SIMPLE_QUEUE), _items),
    **dict.fromkeys((ResourceKind.LOCK, ResourceKind.RLOCK), _held),
    **dict.fromkeys((ResourceKind.SEMAPHORE, ResourceKind.BOUNDED_SEMAPHORE), _free),
    ResourceKind.CONDITION: _sleepers,
    ResourceKind.EVENT: _flag,
    ResourceKind.BARRIER: _arrived,
}


def kind_label(kind: ResourceKind, *, managed: bool = False) -> str:
    """Return the kind in words: ``bounded semaphore``, ``RLock``, ``managed lock``."""
    words = "RLock" if kind is ResourceKind.RLOCK else kind.replace("_", " ")
    return f"managed {words}" if managed else words


def duration(seconds: float) -> str:
    """Return a duration in its two largest units: ``0.4 s``, ``12 s``, ``3 m 20 s``, ``2 h 4 m``, ``1 d 3 h``."""
    if seconds < 9.95:
        return f"{round(max(0.0, seconds), 1):g} s"
    parts: list[tuple[int, str]] = []
    rest = round(seconds)
    for unit, size in _UNITS:
        rest, count = divmod(rest, size)
        parts.insert(0, (count, unit))
    parts.insert(0, (rest, "d"))
    first = next(at for at, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


def signal_name(signum: int) -> str:
    """Return ``SIGTERM``, or ``signal 40`` for one without a name."""
    try:
        return signal.Signals(signum).name
    except ValueError:
        return f"signal {signum}"
