"""Pickle as `multiprocessing` does, with the C pickler: `ForkingPickler`'s reducers without its Python class."""

from __future__ import annotations

import copyreg
import pickle
from io import BytesIO
from multiprocessing.reduction import ForkingPickler

PROTOCOL = 5
#: Types that need no reducers, and whose values have no references.
SCALARS = frozenset((int, float, bool, type(None), str, bytes))

_table: dict[type, object] = {}
_registered = -1


def dumps(value: object) -> memoryview:
    """Return the pickle of ``value``; raises what pickling raises."""
    global _table, _registered
    extra = ForkingPickler._extra_reducers  # type: ignore[attr-defined]
    registered = len(copyreg.dispatch_table) + len(extra)
    if registered != _registered:
        _table, _registered = {**copyreg.dispatch_table, **extra}, registered
    stream = BytesIO()
    pickler = pickle.Pickler(stream, PROTOCOL)
    pickler.dispatch_table = _table  # type: ignore[assignment]
    pickler.dump(value)
    return stream.getbuffer()
