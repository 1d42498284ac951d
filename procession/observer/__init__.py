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


def environment(
    socket: str, program: str, base_env: Mapping[str, str], *, owners: bool = False, safe_pool: bool = False
) -> dict[str, str]:
    """Return ``base_env`` for ``program``, to be observed through the socket at the path ``socket``.

    ``owners``: also record who acquired each lock; ``safe_pool``: replace multiprocessing's Pool by ours.
    """
    environ = {name: value for name, value in base_env.items() if name not in {OWNERS, SAFE_POOL}}
    environ |= {SOCKET: os.path.abspath(socket), PROGRAM: program, "PYTHONPATH": _first(environ.get("PYTHONPATH", ""))}
    if owners:
        environ[OWNERS] = "1"
    if safe_pool:
        environ[SAFE_POOL] = "1"
    return environ


def _first(path: str) -> str:
    # An empty entry means the current folder: do not add one, keep one that was there.
    others = [entry for entry in path.split(os.pathsep) if entry != SITE] if path else []
    return os.pathsep.join([SITE, *others])
