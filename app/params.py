"""``--param name=text``: from text to the value that the catalogue asks for.

What cannot be read as that type stays text: the supervisor refuses it, in the same words as for everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from .supervisor.model import JsonDict

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
