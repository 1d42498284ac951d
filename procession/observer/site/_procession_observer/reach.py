"""Find which resources a function can use: those that it is given, and those that its code names.

A forked child inherits everything, but it can use only what it reaches by a variable: an argument, a global or
enclosing variable of its function, or of a function or class that this one names, and so on.  What it does not reach,
it will neither put into, nor set, nor release.
"""

import sys
from _functools import partial  # type: ignore[import-not-found]

from . import code_names
from .code_names import ANY, ENDS, Anything
from .following import OURS, Following, is_of_library, own_key

_FUNCTION = type(lambda: None)
_MOST_BYTES = 2000  # of the keys in a message
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
_EXITS = frozenset(("exit", "quit", "SystemExit", "KeyboardInterrupt"))
#: What may be set or notified for others.
_SET = ("event:", "cond:")


def reached(function, *given):
    """Return the keys of the resources that a function can use when it is called with these; None for any."""
    try:
        keys = _reached(function, [function, *given])
    except Exception:
        return None
    return sorted(keys) if sum(map(len, keys)) + 3 * len(keys) <= _MOST_BYTES else None


def used_after(frame):
    """Return what the code of a frame can use if a signal interrupts it; nothing if that is unknown.

    The keys of events and conditions, and `ENDS` if it ends processes or puts something, such as an end marker.
    """
    variables = frame.f_globals
    try:
        names = code_names.of_code(frame.f_code)
        given = [variables.get(name) for name in names]
        if frame.f_locals is not variables:
            given.extend(frame.f_locals.values())
        keys = Following(given).keys()
    except Anything:
        return []
    of_end = {ENDS} if code_names.ends_or_puts(names) else set()
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
    name = _name(function)
    if name in _STARTS_WORKERS:
        return set()
    if is_of_library(function) and not _uses_only_given(function):
        raise Anything
    keys = Following(waiting).keys().union(_everywhere())
    # What a function of the library does with what it is given is not read.
    return keys | {ANY} if name in _ONLY_GIVEN else keys


def _is_wrapper(function):
    """Return whether a function of the library is one of ours, such as what a pool worker runs."""
    return type(function) is _FUNCTION and function.__code__.co_filename.startswith(OURS)


def _name(function):
    called = getattr(function, "__func__", function)
    return "%s.%s" % (getattr(called, "__module__", ""), getattr(called, "__qualname__", ""))


def _uses_only_given(function):
    """Return whether a function of the library uses nothing but its arguments and its ``self``."""
    owner = getattr(function, "__self__", None)
    if owner is not None and own_key(owner) is not None:
        return True  # put() of a queue, set() of an event
    name = _name(function)
    if name == "threading.Timer.run":
        return not is_of_library(owner.function) or _uses_only_given(owner.function)
    return name in _ONLY_GIVEN


def _everywhere():
    """Yield the keys of what any code may use without naming it: what logging and output write into."""
    logging = sys.modules.get("logging")
    writers = [reference() for reference in list(logging._handlerList)] if logging else []
    for writer in (*writers, sys.stdout, sys.stderr):
        # What these lead to further away is of their framework.
        for value in list(getattr(writer, "__dict__", {}).values()):
            key = own_key(value)
            if key is not None:
                yield from (key, ANY + key)
