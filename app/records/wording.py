"""What people call the things that processes share.  Pure."""

from __future__ import annotations

from collections.abc import Mapping

from .resource import Resource, ResourceKind

#: Parts that have a name of their own in the source of multiprocessing.
_PARTS = {
    "sem": "bound",
    "rlock": "read lock",
    "wlock": "write lock",
    "cond": "condition",
    "lock": "lock",
    "inqueue": "queue of tasks",
    "outqueue": "queue of results",
}


def thing(resources: Mapping[str, Resource], key: str) -> str:
    """``lock jobs (train.py:41)``; of a part also what it belongs to."""
    resource = resources.get(key)
    if resource is None:
        return f"something that is gone ({key})"
    managed = "managed " if resource.manager else ""
    words = f"{managed}{kind_words(resource.kind)} {resource.name or resource.address or key}"
    parent = resources.get(resource.part_of or "")
    if parent is None or parent.part_of == key:
        return words
    return f"{_PARTS.get(resource.name.lstrip('_'), words)} of {thing(resources, parent.id)}"


def kind_words(kind: ResourceKind) -> str:
    """``bounded semaphore``, ``RLock``."""
    return "RLock" if kind is ResourceKind.RLOCK else kind.replace("_", " ")
