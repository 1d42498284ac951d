"""The order that the supervisor gives to a child; for annotations, the child itself does not load it."""

from __future__ import annotations

from typing import Any, TypedDict


class Job(TypedDict):
    """What `procession.child.main.main` is to run and where; JSON-able.

    ``path`` is the user's folder, ``root`` the one with the catalogue (None for a user's own target);
    ``log`` gets standard output and error, ``stack`` what faulthandler writes.
    ``nofile`` is its soft limit of open files.
    """

    id: str
    module: str
    qualname: str
    path: str | None
    root: str | None
    args: list[Any]
    kwargs: dict[str, Any]
    log: str
    stack: str
    nofile: int
