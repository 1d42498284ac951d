"""The answers of a worker: pickles of values and errors, as `multiprocessing.pool` sends them."""

from __future__ import annotations

from .pickling import dumps
from .ring import RAISED, VALUE


def dumps_value(value: object) -> tuple[int, memoryview]:
    """Return (VALUE, pickle) of what a task returned, or RAISED with the error of pickling it."""
    try:
        return VALUE, dumps(value)
    except Exception as error:  # noqa: BLE001 - pickling runs the user's code
        from multiprocessing.pool import MaybeEncodingError  # type: ignore[attr-defined]

        return RAISED, dumps_error(MaybeEncodingError(error, value))


def dumps_error(error: Exception) -> memoryview:
    """Return the pickle of an exception with its traceback."""
    # Costs 5 ms, only for tasks that raise.
    from multiprocessing.pool import ExceptionWithTraceback, MaybeEncodingError  # type: ignore[attr-defined]

    try:
        return dumps(ExceptionWithTraceback(error, error.__traceback__))
    except Exception as unpicklable:  # noqa: BLE001 - as above
        failure = MaybeEncodingError(unpicklable, error)
        return dumps(ExceptionWithTraceback(failure, error.__traceback__))


class Unimportable:
    """Replaces a function that could not be unpickled; raises that error when called."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __call__(self, *args: object, **kwargs: object) -> None:
        raise self._error.with_traceback(None)
