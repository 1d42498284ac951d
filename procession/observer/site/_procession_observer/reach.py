"""Find which resources a function can use: those that it is given, and those that its code names.

A forked child inherits everything, but it can use only what it reaches by a variable: an argument, a global or
enclosing variable of its function, or of a function or class that this one names, and so on.  What it does not reach,
it will neither put into, nor set, nor release.
"""

import os
import sys
from _functools import partial  # type: ignore[import-not-found]
from _weakref import ref
from gc import get_referents

from . import releases
from .wrapping import KEY, is_of_copy

_MOST = 2000  # objects to look at
_MOST_BYTES = 2000  # of the keys in a message
_LIBRARY = os.path.dirname(os.__file__) + os.sep
_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep
_INSTALLED = os.sep + "site-packages" + os.sep
_MODULE, _FUNCTION, _CODE = type(os), type(os.walk), type(os.walk.__code__)
_PLAIN = frozenset((int, float, complex, bool, str, bytes, bytearray, type(None), type(Ellipsis), _CODE))


class _Anything(Exception):
    """The code may use any variable: it runs what it is told to."""


#: Code that names one of these may use any variable.
_RUNS_TEXT = frozenset(("eval", "exec", "globals", "modules", "__import__", "import_module"))
#: What threads of the library run.  Callbacks of the program that they call are followed where they are set.
_ONLY_GIVEN = frozenset(
    (
        "multiprocessing.queues.Queue._feed",
        "multiprocess.queues.Queue._feed",
        "billiard.queues.Queue._feed",
        "multiprocessing.pool.Pool._handle_tasks",
        "multiprocessing.pool.Pool._handle_results",
        "multiprocess.pool.Pool._handle_tasks",
        "multiprocess.pool.Pool._handle_results",
        "concurrent.futures.process._ExecutorManagerThread.run",
        "logging.handlers.QueueListener._monitor",
    )
)
#: These use nothing until a worker dies; then they start another one.
_STARTS_WORKERS = frozenset(name + ".pool.Pool._handle_workers" for name in ("multiprocessing", "multiprocess"))
_CONNECTIONS = frozenset(name + ".connection" for name in ("multiprocessing", "multiprocess", "billiard"))
#: Stands for the descriptors that code writes to, which are only numbers; code that names one of these writes to some.
DESCRIPTORS = "fd"
_WRITES = frozenset(("write", "writev", "send", "sendall"))
#: Stands for the locks that code releases without having acquired them, one of those that it can use.
RELEASES = "release"
#: Stands for the processes that code ends or interrupts; code that names one of these does so.
ENDS = "end"
_ENDS = frozenset(
    ("terminate", "kill", "killpg", "send_signal", "raise_signal", "interrupt_main", "pthread_kill", "_exit")
)
_ENDS_OR_PUTS = _ENDS | {"put", "put_nowait"}
_EXITS = frozenset(("exit", "quit", "SystemExit", "KeyboardInterrupt"))
#: What may be set or notified for others.
_SET = ("event:", "cond:")
_NAMES = {}  # type: ignore[var-annotated] # by code: the names in it and in the functions within
_MOST_CODES = 2000


def reached(function, *given):
    """Return the keys of the resources that a function can use when it is called with these; None for any."""
    try:
        keys = _reached(function, [function, *given, *_everywhere()])
    except Exception:
        return None
    return sorted(keys) if sum(map(len, keys)) + 3 * len(keys) <= _MOST_BYTES else None


def used_after(frame):
    """Return what the code of a frame can use if a signal interrupts it; nothing if that is unknown.

    The keys of events and conditions, and `ENDS` if it ends processes or puts something, such as an end marker.
    """
    variables, names = frame.f_globals, _names(frame.f_code)
    given = [variables.get(name) for name in names]
    if frame.f_locals is not variables:
        given.extend(frame.f_locals.values())
    try:
        keys = _followed(given)
    except _Anything:
        return []
    of_end = {ENDS} if not _ENDS_OR_PUTS.isdisjoint(names) else set()
    return sorted(of_end.union(key for key in keys if key.startswith(_SET)))


def raises(function):
    """Return whether a function may raise on purpose, so that its caller does not go on."""
    from opcode import opmap

    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None:
        return False
    return opmap["RAISE_VARARGS"] in code.co_code[::2] or not _EXITS.isdisjoint(code.co_names)


def _reached(function, waiting):
    while type(function) is partial or _is_wrapper(function):
        function = function.func if type(function) is partial else function.__wrapped__
    if _name(function) in _STARTS_WORKERS:
        return ()
    if _is_of_library(function) and not _uses_only_given(function):
        raise _Anything
    return _followed(waiting)


def _followed(waiting):
    keys, codes = set(), []
    seen = {}  # by id, with the object, so that it lives as long as its id is known
    while waiting:
        thing = waiting.pop()
        kind = type(thing)
        if kind in _PLAIN or id(thing) in seen:
            continue
        seen[id(thing)] = thing
        if len(seen) > _MOST:
            raise _Anything
        if kind is _FUNCTION:
            waiting.extend(_of_function(thing, codes))
        elif issubclass(kind, type):
            waiting.extend(_of_class(thing))
        elif kind is not _MODULE:
            waiting.extend(_of_object(thing, kind, keys))
    return keys.union(_marks(codes))


def _is_wrapper(function):
    """Return whether a function of the library is one of ours, such as what a pool worker runs."""
    return type(function) is _FUNCTION and function.__code__.co_filename.startswith(_OURS)


def _name(function):
    called = getattr(function, "__func__", function)
    return "%s.%s" % (getattr(called, "__module__", ""), getattr(called, "__qualname__", ""))


def _uses_only_given(function):
    """Return whether a function of the library uses nothing but its arguments and its ``self``."""
    owner = getattr(function, "__self__", None)
    if owner is not None and _own_key(owner) is not None:
        return True  # put() of a queue, set() of an event
    name = _name(function)
    if name == "threading.Timer.run":
        return not _is_of_library(owner.function) or _uses_only_given(owner.function)
    return name in _ONLY_GIVEN


def _everywhere():
    """Yield what any code may use without naming it: what logging and output write into."""
    logging = sys.modules.get("logging")
    writers = [reference() for reference in list(logging._handlerList)] if logging else []
    for writer in (*writers, sys.stdout, sys.stderr):
        # What these lead to further away is of their framework.
        yield from (value for value in getattr(writer, "__dict__", {}).values() if _own_key(value) is not None)


def _marks(codes):
    """Yield what stands for the descriptors, processes and locks that code uses, as far as names tell."""
    names = frozenset().union(*map(_names, codes))
    if not names.isdisjoint(_WRITES):
        yield DESCRIPTORS
    if not names.isdisjoint(_ENDS):
        yield ENDS
    if releases.foreign(codes):
        yield RELEASES


def _of_function(function, codes):
    code = function.__code__
    if code.co_filename.startswith(_OURS) or _is_in_library(code.co_filename):
        return
    codes.append(code)
    yield from (cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell))
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    names = _names(code)
    variables = function.__globals__
    for name in names:
        value = variables.get(name)
        if value is None:
            value = sys.modules.get(name)  # imported in the function
        yield value
        if type(value) is _MODULE and not _is_of_library(value):
            yield from (vars(value).get(attribute) for attribute in names)


def _names(code):
    try:
        return _NAMES[code]
    except KeyError:
        pass
    names = set(code.co_names)
    for constant in code.co_consts:
        if type(constant) is _CODE:
            names.update(_names(constant))
    if not _RUNS_TEXT.isdisjoint(names):
        raise _Anything
    if len(_NAMES) < _MOST_CODES:
        _NAMES[code] = names
    return names


def _is_filled(cell):
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _of_class(cls):
    if _is_of_library(cls):
        return
    for value in list(vars(cls).values()):
        yield getattr(value, "__func__", None) or getattr(value, "fget", None) or value
    yield from cls.__bases__


def _of_object(thing, kind, keys):
    """Return what an object refers to; of a resource, note its key instead.  No code of the program is run."""
    key = _own_key(thing)
    if key is None:
        return (kind, thing() if kind is ref else None, *get_referents(thing))
    keys.add(key)
    return ()


def _own_key(thing):
    """Return the key of a resource, or of the pipe that this is an end of; None for anything else."""
    try:
        return object.__getattribute__(thing, KEY)
    except AttributeError:
        pass
    kind = type(thing)
    if kind.__module__ not in _CONNECTIONS or not hasattr(kind, "fileno"):
        return None
    return key_of_fd(thing.fileno())


def key_of_fd(fd):
    """Return the key of a pipe or socket, whichever descriptor it is of."""
    import stat

    status = os.fstat(fd)
    return ("sock:%d" if stat.S_ISSOCK(status.st_mode) else "pipe:%d") % status.st_ino


def _is_of_library(thing):
    """Return whether a function, class or module is of the standard library, which knows no variable of the program."""
    thing = getattr(thing, "__func__", thing)
    code = getattr(thing, "__code__", None)
    if code is not None:
        place = code.co_filename
    else:
        module = thing if type(thing) is _MODULE else sys.modules.get(getattr(thing, "__module__", None) or "")
        place = getattr(module, "__file__", None)
    if place is None:
        return module is None or module.__name__ != "__main__"
    return _is_in_library(place)


def _is_in_library(place):
    return is_of_copy(place) or (place.startswith(_LIBRARY) and _INSTALLED not in place)
