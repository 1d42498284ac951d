"""Pickle as `multiprocessing` does, with the C pickler: `ForkingPickler`'s reducers without its Python class.

A program may have replaced that class by another, as recipes for dill and cloudpickle do; then that pickles.
"""

from __future__ import annotations

import copyreg
import pickle
import sys
from io import BytesIO
from multiprocessing import reduction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PROTOCOL = 5
#: Types that need no reducers, and whose values have no references.
SCALARS = frozenset((int, float, bool, type(None), str, bytes))

_STANDARD: Any = next(one for one in pickle.Pickler.__subclasses__() if one.__module__ == reduction.__name__)
_DUMPS = vars(_STANDARD)["dumps"]
#: Where the stdlib looks the pickler up, and under which name.
_PLACES = (
    ("multiprocessing.queues", "_ForkingPickler"),
    ("multiprocessing.connection", "_ForkingPickler"),
    ("multiprocessing.reduction", "ForkingPickler"),
)


class _Reducers:
    """The reducers of `copyreg` and of ForkingPickler in one dictionary, made anew when either has changed."""

    def __init__(self) -> None:
        self._general: dict[Any, Any] = {}
        self._extra: dict[Any, Any] = {}
        self._all: dict[Any, Any] = {}

    def current(self) -> dict[Any, Any]:
        general, extra = copyreg.dispatch_table, _STANDARD._extra_reducers
        if self._general != general or self._extra != extra:
            self._general, self._extra = dict(general), dict(extra)
            self._all = {**general, **extra}
        return self._all


_reducers = _Reducers()


def dumps(value: object) -> bytes | memoryview:
    """Return the pickle of ``value``; raises what pickling raises."""
    if (replacement := _replacement()) is not None:
        pickled: bytes | memoryview = replacement.dumps(value)
        return pickled
    stream = BytesIO()
    pickler = pickle.Pickler(stream, PROTOCOL)
    pickler.dispatch_table = _reducers.current()
    pickler.dump(value)
    return stream.getbuffer()


def loads(pickled: bytes | memoryview) -> Any:
    """Return the object; raises what unpickling raises."""
    replacement = _replacement()
    return pickle.loads(pickled) if replacement is None else replacement.loads(pickled)


def has_reducer(kind: type) -> bool:
    """Return whether the program has a way of its own to pickle objects of this type."""
    return kind in copyreg.dispatch_table or kind in _STANDARD._extra_reducers or _replacement() is not None


def _replacement() -> Any:
    """Return what the program has put in the place of ForkingPickler; None where it is the stdlib's."""
    for module, name in _PLACES:
        pickler = getattr(sys.modules.get(module), name, _STANDARD)
        if pickler is not _STANDARD:
            return pickler
    return None if vars(_STANDARD)["dumps"] is _DUMPS else _STANDARD
