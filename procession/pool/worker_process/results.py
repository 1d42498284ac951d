"""The answers of a worker: pickles of values and errors, as `multiprocessing.pool` sends them."""

from __future__ import annotations

from .ring import RAISED, VALUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Dumps = Callable[[object], bytes | memoryview]


def dumps_value(value: object, dumps: Dumps) -> tuple[int, bytes | memoryview]:
    """Return (VALUE, pickle) of what a task returned, or RAISED with the error of pickling it."""
    try:
        return VALUE, dumps(value)
    except Exception as error:  # noqa: BLE001 - pickling runs the user's code
        return RAISED, dumps(_encoding_error(error, value))


def dumps_error(error: Exception, dumps: Dumps) -> bytes | memoryview:
    """Return the pickle of an exception with its traceback."""
    # Costs 5 ms, only for tasks that raise.
    from multiprocessing.pool import ExceptionWithTraceback  # type: ignore[attr-defined]

    try:
        return dumps(ExceptionWithTraceback(error, error.__traceback__))
    except Exception as unpicklable:  # noqa: BLE001 - as above
        failure = _encoding_error(unpicklable, error)
        return dumps(ExceptionWithTraceback(failure, error.__traceback__))


def line_of(error: BaseException) -> str:
    """Return ``ValueError: what it says``."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - its text is made by the user's code
        return type(error).__name__


def _encoding_error(error: Exception, value: object) -> Exception:
    """Return the stdlib's MaybeEncodingError, also where the repr of the value raises."""
    from multiprocessing.pool import MaybeEncodingError  # type: ignore[attr-defined]

    try:
        made: Exception = MaybeEncodingError(error, value)
    except Exception:  # noqa: BLE001 - a repr is the user's code
        made = MaybeEncodingError(line_of(error), f"<{type(value).__qualname__} whose repr raises>")
    return made


class Unimportable:
    """Replaces a function that could not be unpickled; raises that error when called."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __call__(self, *args: object, **kwargs: object) -> None:
        raise self._error.with_traceback(None)
