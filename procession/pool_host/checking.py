"""Check a job's specification, field by field; refusals say what is allowed."""

import os
import pickle
from dataclasses import dataclass
from typing import Any

from procession import target

from . import functions, showing
from .functions import FromFolder, Function, ImportGuard
from .refusals import Refused, invalid
from .requests import check_whole

APPLY = ("apply", "apply_async")
STARMAP = ("starmap", "starmap_async")
IMAP = ("imap", "imap_unordered")
METHODS = (*APPLY, "map", "map_async", *IMAP, *STARMAP)
MAX_ITEMS = 1_000_000
MAX_ERROR = 500
MAX_ARGUMENTS = 1000
_FIELDS = ("method", "function", "args", "kwargs", "iterable", "chunksize", "path")

Items = list[Any] | range


@dataclass(frozen=True)
class Order:
    """A job that can be run.  ``items`` is None for apply; ``label`` is the function as requested."""

    method: str
    label: str
    function: Function
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    items: Items | None
    chunksize: int | None

    @property
    def arguments(self) -> str:
        """The arguments of the function, shortened."""
        if self.items is not None:
            return showing.text(self.items, MAX_ARGUMENTS)
        written = [repr(value) for value in self.args] + [f"{name}={value!r}" for name, value in self.kwargs.items()]
        return showing.shorten(", ".join(written), MAX_ARGUMENTS)


def check(spec: dict[str, Any], guard: ImportGuard) -> Order:
    """Return the job that ``spec`` describes; raises `Refused`.  Imports the function's module: the user's code."""
    for name in spec:
        if name not in _FIELDS:
            raise invalid(str(name), f"unknown field; a job has {', '.join(_FIELDS)}")
    method = spec.get("method")
    if method not in METHODS:
        raise invalid("method", f"must be one of {', '.join(METHODS)}, not {showing.text(method, 50)}")
    args, kwargs = _arguments(spec, method)
    items = _items(spec, method)
    chunksize = _chunksize(spec, method)
    label, folder = _label(spec), _folder(spec)
    with guard:
        function = _function(label, folder)
    _check_call(function, method, args, kwargs, items)
    return Order(method, label, function, args, kwargs, items, chunksize)


def _arguments(spec: dict[str, Any], method: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    args, kwargs = spec.get("args") or (), spec.get("kwargs") or {}
    if not isinstance(args, list | tuple):
        raise invalid("args", "must be a list")
    if not isinstance(kwargs, dict) or not all(isinstance(name, str) for name in kwargs):
        raise invalid("kwargs", "must be an object")
    if method not in APPLY:
        for name, value in (("args", args), ("kwargs", kwargs)):
            if value:
                raise invalid(name, f"only for apply and apply_async; {method} takes an iterable")
    return tuple(args), kwargs


def _items(spec: dict[str, Any], method: str) -> Items | None:
    given = spec.get("iterable")
    if method in APPLY:
        if given is not None:
            raise invalid("iterable", f"only for map, imap and starmap; {method} takes args and kwargs")
        return None
    if given is None:
        raise invalid("iterable", f'required by {method}: a list, or {{"range": [start, stop, step]}}')
    items = _range(given, method) if isinstance(given, dict) else given
    if not isinstance(items, list | range):
        raise invalid("iterable", 'must be a list, or {"range": [start, stop, step]}')
    if len(items) > MAX_ITEMS:
        raise invalid("iterable", f"must have at most {MAX_ITEMS:,} items, not {len(items):,}")
    return _starred(items, method) if method in STARMAP else items


def _range(given: dict[str, Any], method: str) -> range:
    bounds = given.get("range")
    if given.keys() != {"range"} or not isinstance(bounds, list) or not 1 <= len(bounds) <= 3:
        raise invalid("iterable", 'an object must be {"range": [stop]}, [start, stop] or [start, stop, step]')
    whole = [check_whole("iterable", bound, -(10**15), 10**15) for bound in bounds]
    if len(whole) == 3 and whole[2] == 0:
        raise invalid("iterable", "the step of a range must not be 0")
    if method in STARMAP:
        raise invalid("iterable", f"{method} needs a list of argument lists, not a range")
    return range(*whole)


def _starred(items: list[Any] | range, method: str) -> list[Any]:
    for index, item in enumerate(items):
        if not isinstance(item, list):
            raise invalid("iterable", f"{method} needs lists of arguments; item {index} is {showing.text(item, 50)}")
    return [tuple(item) for item in items if isinstance(item, list)]


def _chunksize(spec: dict[str, Any], method: str) -> int | None:
    given = spec.get("chunksize")
    if given is None:
        return None
    if method in APPLY:
        raise invalid("chunksize", f"only for map, imap and starmap; {method} has one task")
    return check_whole("chunksize", given, 1, MAX_ITEMS)


def _label(spec: dict[str, Any]) -> str:
    label = spec.get("function")
    if not isinstance(label, str) or not label:
        raise invalid("function", "must be a catalogue function or module:function")
    return label


def _folder(spec: dict[str, Any]) -> str | None:
    folder = spec.get("path")
    if folder is None:
        return None
    if not isinstance(folder, str) or "\0" in folder or not os.path.isdir(folder):
        raise invalid("path", f"must be an existing folder, not {showing.text(folder, 200)}")
    return os.path.abspath(folder)


def _function(label: str, folder: str | None) -> Function:
    module, colon, qualname = label.partition(":")
    try:
        if not colon:
            return _in_catalogue(label)
        if folder is None:
            found = target.find(module, qualname)
        else:
            found = FromFolder(functions.find(folder, module, qualname), folder, module, qualname)
        pickle.dumps(found)
        return found
    except Refused:
        raise
    except BaseException as error:  # noqa: BLE001 - also sys.exit() in the user's module
        told = showing.shorten(f"{type(error).__name__}: {error}", MAX_ERROR)
        raise invalid("function", f"cannot load {showing.shorten(label, 100)}: {told}") from None


def _in_catalogue(name: str) -> Function:
    found = functions.find_in_catalogue(name)
    if found is None:
        allowed = ", ".join(functions.names_in_catalogue())
        raise invalid("function", f"unknown: {showing.text(name, 100)}; use {allowed}, or your own module:function")
    return found


def _check_call(
    function: Function, method: str, args: tuple[Any, ...], kwargs: dict[str, Any], items: Items | None
) -> None:
    """Raise `Refused` where the function cannot take its arguments; of a map, the first item is checked."""
    if items is not None:
        if not items:
            return
        first: Any = items[0]
        args = tuple(first) if method in STARMAP else (first,)
    called = function._function if isinstance(function, FromFolder) else function
    try:
        target.check_arguments(called, list(args), kwargs)
    except TypeError as error:
        raise invalid("args" if items is None else "iterable", showing.shorten(str(error), MAX_ERROR)) from None
