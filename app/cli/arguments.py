"""Argument types of the command line: each returns the value, or raises `ArgumentTypeError` (exit code 2)."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from app.records.primitives import UNDECODABLE, JsonDict

#: ``add(name, help, run, of_one=True)`` adds the parser of a command; with ``of_one`` it takes the ID of a process.
Add: TypeAlias = Callable[..., ArgumentParser]


def pair(text: str) -> tuple[str, str]:
    """Return name and value of NAME=VALUE."""
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise ArgumentTypeError(f"must have the form NAME=VALUE, not {text!r}")
    return name, value


def folder(text: str) -> str:
    """Return the absolute path of a folder."""
    return str(Path(text).absolute())


def seconds(text: str) -> float:
    """Return a number of seconds, 0 or more."""
    value = _number(text, float)
    if not 0 <= value < float("inf"):
        raise ArgumentTypeError(f"must be a number of seconds, not {text!r}")
    return value


def count(text: str) -> int:
    """Return a whole number, 1 or more."""
    return _from(1, text)


def natural(text: str) -> int:
    """Return a whole number, 0 or more."""
    return _from(0, text)


def whole(text: str) -> int:
    return int(_number(text, int))


def json_list(text: str) -> list[Any]:
    value = _json(text)
    if not isinstance(value, list):
        raise ArgumentTypeError(f"must be a JSON list, not {text!r}")
    return value


def json_object(text: str) -> dict[str, Any]:
    value = _json(text)
    if not isinstance(value, dict):
        raise ArgumentTypeError(f"must be a JSON object, not {text!r}")
    return value


def _from(least: int, text: str) -> int:
    value = whole(text)
    if value < least:
        raise ArgumentTypeError(f"must be {least} or more, not {text!r}")
    return value


def _number(text: str, kind: type[int | float]) -> float:
    try:
        return kind(text)
    except ValueError:
        raise ArgumentTypeError(f"must be a number, not {text!r}") from None


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except UNDECODABLE:
        raise ArgumentTypeError(f"invalid JSON: {text!r}") from None


_TRUTH = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def typed(given: Iterable[tuple[str, str]], parameters: Mapping[str, JsonDict]) -> JsonDict:
    """Return the parameters of a workload, converted to the types in the catalogue."""
    return {name: _read(text, parameters.get(name, {}).get("type", "str")) for name, text in given}


def untyped(text: str) -> Any:
    """Return the value of JSON (``3``, ``[1, 2]``), or the text itself (``hello``)."""
    try:
        return msgspec.json.decode(text)
    except UNDECODABLE:
        return text


def _read(text: str, kind: str) -> Any:
    try:
        match kind:
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "bool":
                return _TRUTH[text.lower()]
    except (ValueError, KeyError):
        pass
    return text
