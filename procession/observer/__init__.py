"""Observation of a multiprocessing program that knows nothing of it: what it must find in its environment.

What runs *in* the program is the folder ``site`` beside this: it stands first on the program's import path, so that
every interpreter that the program starts, of whatever version, finds our ``sitecustomize`` there.
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
    """``base_env`` for a program ``program`` that is to be observed through ``socket``, a path.

    ``owners``: also note who took each lock; ``safe_pool``: put our Pool in the place of multiprocessing's.
    """
    environ = {name: value for name, value in base_env.items() if name not in {OWNERS, SAFE_POOL}}
    environ |= {SOCKET: os.path.abspath(socket), PROGRAM: program, "PYTHONPATH": _first(environ.get("PYTHONPATH", ""))}
    if owners:
        environ[OWNERS] = "1"
    if safe_pool:
        environ[SAFE_POOL] = "1"
    return environ


def _first(path: str) -> str:
    # An empty entry would mean the current folder: none is added, and one that was there stays.
    others = [entry for entry in path.split(os.pathsep) if entry != SITE] if path else []
    return os.pathsep.join([SITE, *others])
