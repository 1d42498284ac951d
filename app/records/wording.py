"""What people call shared resources, and how they read a duration.  Pure."""

from __future__ import annotations

from collections.abc import Mapping

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
    return f"{_PARTS.get(resource.name.lstrip('_'), words)} of {resource_name(resources, parent.id)}"


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
