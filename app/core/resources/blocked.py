"""A wait as it was read, before it is known who can end it.  Pure."""

from typing import NamedTuple

from .thing import Thing


class Blocked(NamedTuple):
    """A thread of ``pid`` waits for ``thing``, at its part ``at``; or, in a join, for process ``of``.

    ``alone``: all its other threads wait too.  ``token`` stays the same during one wait; ``since``: when that began, if
    reported.  ``holders``: if already known; ``tid``: the thread; ``certain`` as in `Edge`.
    """

    pid: int
    thing: Thing | None
    at: Thing | None
    to: str
    main: bool
    timed: bool
    of: int | None = None
    since: float | None = None
    alone: bool = True
    token: int = 0
    holders: tuple[int, ...] | None = None
    tid: int = 0
    certain: bool = True
