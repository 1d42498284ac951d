"""Find the function of a job by its name, and pass it to the workers so that they find it too.

A function of the user's folder is passed as a `FromFolder`, because most workers were started before the host knew of
that folder.  Loaded by workers: kept light.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from importlib import import_module

from procession import target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

Function = Callable[..., object]

#: The module of the catalogue that a host loads when needed, and the attribute that marks its functions.
CATALOGUE = "workers.pooled"
_MARK = "__pool_function__"
_IMPORT_S = 5.0


class FromFolder:
    """A function whose module is found in ``folder``; unpickled in a worker, it becomes the function itself."""

    def __init__(self, function: Function, folder: str, module: str, qualname: str) -> None:
        self._function = function
        self._found_by = folder, module, qualname
        self.__name__ = self.__qualname__ = qualname
        self.__module__ = module

    def __call__(self, *args: Any, **kwargs: Any) -> object:
        return self._function(*args, **kwargs)

    def __reduce__(self) -> tuple[Function, tuple[str, str, str]]:
        return find, self._found_by


class ImportGuard:
    """Delays forks while a thread imports the user's module, for at most `_IMPORT_S`.

    A worker forked during the import would have a copy of the module's import lock that is never released.
    """

    def __init__(self) -> None:
        self._begin_anew()
        os.register_at_fork(before=self._before, after_in_parent=self._after, after_in_child=self._begin_anew)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def _begin_anew(self) -> None:
        self._lock = threading.RLock()
        self._held = threading.local()

    def _before(self) -> None:
        self._held.here = self._lock.acquire(timeout=_IMPORT_S)

    def _after(self) -> None:
        if getattr(self._held, "here", False):
            self._held.here = False
            self._lock.release()


def find(folder: str, module: str, qualname: str) -> Function:
    """Import ``module`` from ``folder`` and return its function ``qualname``; raises whatever that raises.

    Raises ImportError where a module of this name was already loaded from elsewhere: its functions are others.
    """
    if folder not in sys.path:
        sys.path.insert(0, folder)
    before = sys.modules.get(module.partition(".")[0])
    if before is not None and _is_elsewhere(before, folder):
        raise ImportError(
            f"{before.__name__} is already loaded from {_place(before)}, and a process can load only one module "
            "of a name; open another pool"
        )
    return target.find(module, qualname)


def find_in_catalogue(name: str) -> Function | None:
    """Return the catalogue's function ``name``, or None."""
    for function in vars(import_module(CATALOGUE)).values():
        if getattr(getattr(function, _MARK, None), "name", None) == name:
            return function  # type: ignore[no-any-return]
    return None


def names_in_catalogue() -> list[str]:
    marks = (getattr(function, _MARK, None) for function in vars(import_module(CATALOGUE)).values())
    return [mark.name for mark in marks if mark is not None]


def _is_elsewhere(module: ModuleType, folder: str) -> bool:
    """Return whether ``folder`` has a module of this name that is not this one."""
    own = os.path.join(os.path.realpath(folder), module.__name__)
    is_there = os.path.exists(f"{own}.py") or os.path.isdir(own)
    return is_there and not os.path.realpath(_place(module)).startswith((f"{own}.", own + os.sep))


def _place(module: ModuleType) -> str:
    """Return the module's file; of a package without one, its folder."""
    return getattr(module, "__file__", None) or os.path.join(*getattr(module, "__path__", [""])[:1], "")
