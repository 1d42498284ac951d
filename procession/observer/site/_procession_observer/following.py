"""Go from objects to all that the program's code can reach from them by name; no code of the program is run."""

import os
import sys
from _weakref import ref
from gc import get_referents

from . import code_names
from .code_names import ANY, Anything
from .wrapping import KEY, is_of_copy

_MOST = 2000  # objects to look at
_LIBRARY = os.path.dirname(os.__file__) + os.sep
OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep
_INSTALLED = os.sep + "site-packages" + os.sep
_MODULE, _FUNCTION, _CODE, _METHOD = type(os), type(os.walk), type(os.walk.__code__), type(os.environ.get)
_PLAIN = frozenset((int, float, complex, bool, str, bytes, bytearray, type(None), type(Ellipsis), _CODE))
_MAKES = frozenset(("__init__", "__new__"))
_BY_NAME = _MAKES | code_names.BY_WITH
_RUNNERS = frozenset(("Thread", "BaseProcess"))
_GENERATORS = frozenset(("generator", "coroutine", "async_generator"))
_CONNECTIONS = frozenset(name + ".connection" for name in ("multiprocessing", "multiprocess", "billiard"))


class Following:
    """A search that begins with the objects ``waiting``."""

    def __init__(self, waiting):
        self._waiting = waiting
        self._keys = set()
        self._codes = []
        self._names, self._called = set(), set()
        #: Functions by the names with which they are called, which no code has named yet.
        self._not_called = {}
        self._seen = {}  # by id, with the object, so that it lives as long as its id is known

    def keys(self):
        """Return the keys of the resources that are reached, with the marks of what is done with them."""
        while self._waiting:
            thing = self._waiting.pop()
            kind = type(thing)
            if kind in _PLAIN or id(thing) in self._seen:
                continue
            self._seen[id(thing)] = thing
            if len(self._seen) > _MOST:
                raise Anything
            if kind is _FUNCTION:
                self._waiting.extend(self._of_function(thing))
            elif issubclass(kind, type):
                self._waiting.extend(self._of_class(thing))
            elif kind is not _MODULE:
                self._waiting.extend(self._of_object(thing, kind))
        return self._keys.union(code_names.marks(self._codes, self._names))

    def _of_function(self, function):
        code = function.__code__
        if code.co_filename.startswith(OURS):
            return
        # Of a decorator, also the function that it decorates.
        yield from (cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell))
        if _is_in_library(code.co_filename):
            return  # it names nothing else of the program
        names = code_names.of_code(code)
        self._codes.append(code)
        self._names |= names
        for name in code_names.called(code, names) - self._called:
            self._called.add(name)
            yield from self._not_called.pop(name, ())
        yield from function.__defaults__ or ()
        yield from (function.__kwdefaults__ or {}).values()
        for name in names:
            value = function.__globals__.get(name)
            if value is None:
                value = sys.modules.get(name)  # imported in the function
            yield from self._of_value(value, names)

    def _of_value(self, value, names):
        """Yield the value of a variable; of a module, what of it the code names."""
        if type(value) is not _MODULE:
            yield value
        elif id(value) not in self._seen and not is_of_library(value):
            self._seen[id(value)] = value
            for name in names & vars(value).keys():
                yield from self._of_value(vars(value)[name], names)
            del self._seen[id(value)]  # other code names something else of it

    def _of_class(self, cls):
        """Yield what a class has; of its methods, those that code names, if no code of the library may call others."""
        if is_of_library(cls):
            return
        is_own = all(one is object or not is_of_library(one) for one in cls.__mro__)
        for name, value in list(vars(cls).items()):
            is_property = type(value) is property
            parts = (value.fget, value.fset, value.fdel) if is_property else (getattr(value, "__func__", value),)
            # Others are called without being named.
            by_name = is_own and (name in _BY_NAME or not name.startswith("__"))
            for part in parts:
                if by_name and type(part) is _FUNCTION:
                    yield from self._when_called(part, name, *((cls.__name__,) if name in _MAKES else ()))
                else:
                    yield part
        yield from cls.__bases__

    def _when_called(self, function, *names):
        """Return a function in a tuple if code has named one of these; otherwise keep it until some does."""
        if not self._called.isdisjoint(names):
            return (function,)
        for name in names:
            self._not_called.setdefault(name, []).append(function)
        return ()

    def _of_object(self, thing, kind):
        """Return what an object refers to; of a resource, note its key instead."""
        key = own_key(thing)
        if key is None:
            owner = own_key(thing.__self__) if kind is _METHOD else None
            if owner is not None or kind.__name__ in _GENERATORS:
                self._keys.add(ANY + (owner or ""))
            if is_of_library(kind):
                self._keys.update(ANY + key for key in _held_by(thing))
            if _RUNNERS.isdisjoint(one.__name__ for one in kind.__mro__):
                return (kind, thing() if kind is ref else None, *get_referents(thing))
            # What it runs, it runs in a thread or process of its own.
            parts = dict(object.__getattribute__(thing, "__dict__"))
            target = parts.pop("_target", None)
            return (kind, *parts.values(), *self._when_called(target, "start", "run"))
        self._keys.add(key)
        if not is_of_library(kind):
            self._keys.add(ANY + key)  # its methods have other names
        return ()


def _held_by(thing):
    """Yield the keys of the resources in the attributes of an object, such as the queue of a handler of logging."""
    try:
        values = list(object.__getattribute__(thing, "__dict__").values())
    except AttributeError:
        return
    for value in values:
        key = own_key(value)
        if key is not None:
            yield key


def _is_filled(cell):
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def own_key(thing):
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


def is_of_library(thing):
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
