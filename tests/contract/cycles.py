"""Cycles among what imports each other: modules, scripts or folders."""

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def circles(imports: Mapping[T, set[T]]) -> set[T]:
    """Return what is left once everything that imports nothing of the rest has been taken away, again and again."""
    left = dict(imports)
    while free := [one for one, others in left.items() if not others & left.keys() - {one}]:
        for one in free:
            del left[one]
    return set(left)
