"""Any value as JSON of bounded size: the results of tasks, and their arguments.

What cannot be JSON is shown by its repr; of a large value, only the beginning.
"""

import math
from typing import Any, NamedTuple

MAX_RESULT = 16 * 1024
MAX_DEPTH = 20
# Readers of JSON turn larger integers into floats.
_LEAST, _MOST = -(2**63), 2**63 - 1


class Shown(NamedTuple):
    """A value as JSON; ``cut`` says that something was left out."""

    value: Any
    cut: bool


def show(value: object, limit: int = MAX_RESULT) -> Shown:
    """Return ``value`` in about ``limit`` characters of JSON."""
    budget = Budget(limit)
    return Shown(budget.take(value), budget.cut)


def text(value: object, limit: int) -> str:
    """Return the repr of ``value``, cut after ``limit`` characters."""
    return shorten(_repr(value, limit + 1), limit)


def shorten(long: str, limit: int) -> str:
    """Return the first ``limit`` characters of ``long``; an ellipsis marks a cut."""
    return long if len(long) <= limit else f"{long[: limit - 1]}…"


class Budget:
    """How many characters may still be shown, over one value or several."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self.cut = False

    def take(self, value: object, depth: int = 0) -> Any:
        """Return what can be shown of ``value``."""
        if depth > MAX_DEPTH:
            return self._text("…", cut=True)
        match value:
            case None | bool():
                return self._spend(value, 5)
            case str() if type(value) is str:
                return self._text(value[: self._left + 1])
            case int() if type(value) is int and _LEAST <= value <= _MOST:
                return self._spend(value, len(str(value)))
            case float() if type(value) is float and math.isfinite(value):
                return self._spend(value, len(str(value)))
            case list() | tuple() if type(value) in (list, tuple):
                return self._items(value, depth)
            case dict() if type(value) is dict and all(type(key) is str for key in value):
                return self._entries(value, depth)
        return self._text(_repr(value, self._left + 1))

    @property
    def is_spent(self) -> bool:
        return self._left <= 0

    def _items(self, values: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
        shown = []
        for value in values:
            if self.is_spent:
                self.cut = True
                break
            shown.append(self.take(value, depth + 1))
        return self._spend(shown, 2)  # type: ignore[no-any-return]

    def _entries(self, values: dict[str, Any], depth: int) -> dict[str, Any]:
        shown = {}
        for key, value in values.items():
            if self.is_spent:
                self.cut = True
                break
            shown[self._text(key)] = self.take(value, depth + 1)
        return self._spend(shown, 2)  # type: ignore[no-any-return]

    def _text(self, long: str, *, cut: bool = False) -> str:
        left = max(self._left, 1)
        if cut or len(long) > left:
            self.cut = True
        return self._spend(shorten(long, left), min(len(long), left) + 2)  # type: ignore[no-any-return]

    def _spend(self, shown: Any, cost: int) -> Any:
        self._left -= cost + 1
        return shown


def _repr(value: object, limit: int) -> str:
    """Return about the first ``limit`` characters of the repr, without building a large one."""
    if isinstance(value, str | bytes | bytearray) and len(value) > limit:
        value = value[:limit]
    try:
        return repr(value)[: limit + 1]
    except Exception as error:  # noqa: BLE001 - a __repr__ is the user's code
        return f"<{type(value).__qualname__} without a repr: {type(error).__name__}>"
