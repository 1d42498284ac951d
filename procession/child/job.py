"""The job of a child, as the supervisor sends it; only for annotations, the child does not load it."""

from typing import Any, TypedDict


class Job(TypedDict):
    """What `procession.child.main.main` runs, and where; JSON-able.

    ``path`` is the user's folder, ``root`` the catalogue's (None for a user's own target); ``log`` gets standard output
    and error, ``stack`` what faulthandler writes; ``nofile`` is the soft limit of open files.
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
