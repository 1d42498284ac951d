"""The environment of a multiprocessing program under observation.

The code that runs *in* the program is in the folder ``site``, first on the program's import path: every interpreter
that the program starts, of any version, finds our ``sitecustomize`` there.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SITE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "site")
SOCKET, PROGRAM = "PROCESSION_OBSERVE", "PROCESSION_PROGRAM"
OWNERS, SAFE_POOL = "PROCESSION_OBSERVE_OWNERS", "PROCESSION_SAFE_POOL"


def variables(
    socket: str, program: str | None = None, *, owners: bool = False, safe_pool: bool = False
) -> dict[str, str]:
    """Return what must be in the environment of ``program`` for it to be observed through ``socket``.

    ``owners``: also record who acquired each lock; ``safe_pool``: replace multiprocessing's Pool by ours.
    """
    chosen = {SOCKET: os.path.abspath(socket), "PYTHONPATH": SITE}
    if program is not None:
        chosen[PROGRAM] = program
    if owners:
        chosen[OWNERS] = "1"
    if safe_pool:
        chosen[SAFE_POOL] = "1"
    return chosen


def joined(environ: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` with the variables ``added``; their import path comes before the one that was there."""
    # An empty entry means the current folder: do not add one.
    path = os.pathsep.join(filter(None, (one.get("PYTHONPATH") for one in (added, environ))))
    return {**environ, **added} | ({"PYTHONPATH": path} if path else {})
