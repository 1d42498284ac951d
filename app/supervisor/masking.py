"""Keeps secrets out of what is shown: by the name of a variable or option, and passwords inside of addresses.

Pure.  Rather one too many than one too few.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

MASK = "••••"
_NAME = re.compile(r"token|secret|passw|pwd|key|credential|auth|cookie|dsn", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_OPTION = re.compile(r"^(?P<option>-{1,2}[\w.-]+)(?P<rest>=.*)?$", re.DOTALL)


def masked_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables, those masked whose name sounds like a secret."""
    return {name: MASK if _NAME.search(name) else _without_userinfo(value) for name, value in environment.items()}


def masked_command(arguments: Sequence[str]) -> list[str]:
    """The arguments, with what follows ``--password`` or ``--token=`` masked."""
    shown: list[str] = []
    masks_next = False
    for argument in arguments:
        option = _OPTION.match(argument)
        secret = bool(option and _NAME.search(option["option"]))
        if option and secret and option["rest"]:
            shown.append(f"{option['option']}={MASK}")
        elif masks_next and not option:
            shown.append(MASK)
        else:
            shown.append(_without_userinfo(argument))
        masks_next = bool(option and secret and not option["rest"])
    return shown


def _without_userinfo(value: str) -> str:
    return _USERINFO.sub(MASK, value)
