"""Find the target by module and name, check its arguments, and call it.

A target is a function, or a `multiprocessing.Process` subclass: an instance of it then becomes this process.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from multiprocessing import process
from types import FunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Target = Callable[..., object]


def find(module: str, qualname: str) -> Target:
    """Import ``module`` and return its ``qualname`` (dots allowed).

    Raises whatever the import raises, AttributeError for an unknown name, and TypeError for what cannot be called.
    """
    __import__(module)  # importlib.import_module would add itself to the traceback
    found: Any = sys.modules[module]
    for name in qualname.split("."):
        found = getattr(found, name)
    if not callable(found):
        raise TypeError(f"{module}:{qualname} is not callable: {type(found).__name__}")
    return found  # type: ignore[no-any-return]


def check_arguments(target: Target, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Raise TypeError, naming the signature, where ``target`` cannot take these arguments."""
    if _surely_takes(target, args, kwargs):
        return
    import inspect  # 5 ms under spawn

    try:
        signature = inspect.signature(target)
    except ValueError:
        return  # a builtin without a signature
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        name = getattr(target, "__qualname__", repr(target))
        raise TypeError(f"{name}{signature}: {error}") from None


def call(target: Target, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Run the target in this process until it returns."""
    if isinstance(target, type) and issubclass(target, process.BaseProcess):
        _become(target(*args, **kwargs)).run()
    else:
        target(*args, **kwargs)


def _surely_takes(target: Target, args: list[Any], kwargs: dict[str, Any]) -> bool:
    """Return whether a plain function gets each parameter exactly once, which saves importing inspect."""
    if type(target) is not FunctionType:
        return False
    code = target.__code__
    if args:
        return not kwargs and code.co_kwonlyargcount == 0 and len(args) == code.co_argcount
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return code.co_posonlyargcount == 0 and kwargs.keys() == set(names)


def _become(wanted: process.BaseProcess) -> process.BaseProcess:
    """Make ``wanted`` the current process, with the identity, name and configuration of the present one."""
    present: Any = process.current_process()
    adopted: Any = wanted
    for name in ("_identity", "_config", "_name", "_parent_pid", "_parent_name", "_popen"):
        setattr(adopted, name, getattr(present, name))
    process._current_process = adopted  # type: ignore[attr-defined]
    process._process_counter = itertools.count(1)  # type: ignore[attr-defined]  # making ``wanted`` has counted as a child
    return wanted
