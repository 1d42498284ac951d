"""What code names: variables, attributes and modules, with those of the functions within.

What an object is used for is told by the names of its methods; code that finds them in another way may call any.
"""

import sys
from opcode import opmap

from . import releases

_CODE = type((lambda: None).__code__)
_NAMES = {}  # type: ignore[var-annotated] # by code
_MOST_CODES = 2000
#: Of the standard library, loaded or not; unknown before Python 3.10.
_LIBRARY = getattr(sys, "stdlib_module_names", frozenset())  # type: ignore[var-annotated]


class Anything(Exception):
    """The code may use any variable: it runs what it is told to."""


#: Code that names one of these may use any variable.
_RUNS_TEXT = frozenset(("eval", "exec", "globals", "modules", "__import__", "import_module"))
#: Code that names one of these may call any method of what it has.
_CALLS_ANY = frozenset(
    ("getattr", "__getattribute__", "methodcaller", "attrgetter", "QueueHandler", "dictConfig", "vars", "__dict__")
)
_RECEIVES = frozenset(("get", "get_nowait", "recv", "loads"))
#: What a with statement calls without naming it.
BY_WITH = frozenset(("__enter__", "__exit__", "__aenter__", "__aexit__"))
_OF_WITH = frozenset(
    opmap[name]
    for name in ("SETUP_WITH", "SETUP_ASYNC_WITH", "BEFORE_WITH", "BEFORE_ASYNC_WITH", "LOAD_SPECIAL")
    if name in opmap
)
#: Code that names one of these may give an object of the program as a file, of which these methods are called.
_USES_FILES = frozenset(("print", "dump", "writer", "StreamHandler", "redirect_stdout", "redirect_stderr", "stdout"))
_OF_FILES = frozenset(("write", "writelines", "flush"))
#: Stands for any method, of all that code has; before a key, of that resource.
ANY = "*"
#: Comes before the name of a method that code calls on something.
CALLS = "."
#: What ends the wait of somebody else.
_METHODS = frozenset(
    ("set", "notify", "notify_all", "wait", "abort", "reset", "put", "put_nowait", "get", "get_nowait", "task_done")
)
#: Stands for the descriptors that code writes to, which are only numbers; code that names one of these writes to some.
DESCRIPTORS = "fd"
_WRITES = frozenset(("write", "writev", "send", "sendall"))
#: Stands for the locks that code releases without having acquired them, one of those that it can use.
RELEASES = "release"
#: Stands for the processes that code ends or interrupts; code that names one of these does so.
ENDS = "end"
_ENDS = frozenset(("terminate", "kill", "killpg", "send_signal", "raise_signal", "interrupt_main", "pthread_kill"))
_ENDS_OR_PUTS = _ENDS | {"put", "put_nowait"}


def of_code(code):
    """Return the names in code; raise `Anything` if it may use any variable."""
    try:
        return _NAMES[code]
    except KeyError:
        pass
    names = set(code.co_names)
    for constant in code.co_consts:
        if type(constant) is _CODE:
            names.update(of_code(constant))
    if not _RUNS_TEXT.isdisjoint(names):
        raise Anything
    if len(_NAMES) < _MOST_CODES:
        _NAMES[code] = names
    return names


def called(code, names):
    """Return the names of the methods that code with these names may call, with those that it calls unnamed."""
    unnamed = set()
    if "enter_context" in names or any(not _OF_WITH.isdisjoint(one.co_code[::2]) for one in _with_inner(code)):
        unnamed |= BY_WITH
    if not _USES_FILES.isdisjoint(names):
        unnamed |= _OF_FILES
    return names | unnamed


def _with_inner(code):
    """Yield code, and that of the functions within."""
    yield code
    for constant in code.co_consts:
        if type(constant) is _CODE:
            yield from _with_inner(constant)


def marks(codes, names):
    """Yield what stands for the descriptors, processes, locks and methods that codes with these names use."""
    if not names.isdisjoint(_WRITES):
        yield DESCRIPTORS
    if not names.isdisjoint(_ENDS):
        yield ENDS
    if releases.foreign(codes):
        yield RELEASES
    if not names.isdisjoint(_CALLS_ANY) or any(map(_imports_later, codes)):
        yield ANY
    elif not names.isdisjoint(_RECEIVES) and any(map(_calls_a_value, codes)):
        yield ANY  # a function that it has received
    yield from (CALLS + name for name in names & _METHODS)


def ends_or_puts(names):
    """Return whether code with these names ends processes, or puts something, such as an end marker."""
    return not names.isdisjoint(_ENDS_OR_PUTS)


def _calls_a_value(code):
    """Return whether code calls what a local variable or an expression holds; always before Python 3.11."""
    before_it = opmap.get("PUSH_NULL")
    return before_it is None or any(before_it in one.co_code[::2] for one in _with_inner(code))


def _imports_later(code):
    """Return whether code imports a module that is not loaded yet: what that names is unknown."""
    importing = [one for one in _with_inner(code) if opmap["IMPORT_NAME"] in one.co_code[::2]]
    if not importing:
        return False
    from dis import get_instructions

    found = (one.argval for each in importing for one in get_instructions(each) if one.opname == "IMPORT_NAME")
    return any(name not in sys.modules and name.partition(".")[0] not in _LIBRARY for name in found)
