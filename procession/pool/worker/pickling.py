"""Pickling as `multiprocessing` does it, by the C pickler: what `ForkingPickler` knows, without its Python class."""

from __future__ import annotations

import copyreg
import pickle
from io import BytesIO
from multiprocessing.reduction import ForkingPickler

PROTOCOL = 5
#: What needs no table, and is never the same object twice: immutable, and made of nothing else.
SCALARS = frozenset((int, float, bool, type(None), str, bytes))

_table: dict[type, object] = {}
_registered = -1


def dumps(value: object) -> memoryview:
    """The pickle of anything; raises what pickling raises."""
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
