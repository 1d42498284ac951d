"""The types of what is typed on the command line; each raises `ArgumentTypeError`, which is wrong usage."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from app.records.primitives import JsonDict

#: ``add(name, help, run, of_one=True)`` makes the parser of one command; ``of_one``: it takes the ID of a process.
Add: TypeAlias = Callable[..., ArgumentParser]


def pair(text: str) -> tuple[str, str]:
    """NAME=VALUE."""
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def folder(text: str) -> str:
    """As an absolute path."""
    return str(Path(text).absolute())


def seconds(text: str) -> float:
    """Not negative, and not for ever."""
    value = _number(text, float)
    if not 0 <= value < float("inf"):
        raise ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def count(text: str) -> int:
    """From 1 on."""
    return _from(1, text)


def natural(text: str) -> int:
    """From 0 on."""
    return _from(0, text)


def whole(text: str) -> int:
    """Any whole number."""
    return int(_number(text, int))


def json_list(text: str) -> list[Any]:
    """A list in JSON."""
    value = _json(text)
    if not isinstance(value, list):
        raise ArgumentTypeError(f"{text!r} is not a list in JSON")
    return value


def json_object(text: str) -> dict[str, Any]:
    """An object in JSON."""
    value = _json(text)
    if not isinstance(value, dict):
        raise ArgumentTypeError(f"{text!r} is not an object in JSON")
    return value


def _from(least: int, text: str) -> int:
    value = whole(text)
    if value < least:
        raise ArgumentTypeError(f"{text!r} is less than {least}")
    return value


def _number(text: str, kind: type[int | float]) -> float:
    try:
        return kind(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a number") from None


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ArgumentTypeError(f"{text!r} is not JSON") from None


_TRUTH = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def typed(given: Iterable[tuple[str, str]], parameters: Mapping[str, JsonDict]) -> JsonDict:
    """The parameters of a workload, each by the type in its record of the catalogue."""
    return {name: _read(text, parameters.get(name, {}).get("type", "str")) for name, text in given}


def untyped(text: str) -> Any:
    """JSON where it is JSON, else the text itself: ``3``, ``[1, 2]``, ``hello``."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
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
