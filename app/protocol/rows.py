"""The lists of records within a pool, as patches: the rows that changed, by their key, and the order where it did.

Pure.  ``{"changed": [{"pid": 7, "tasks_done": 3}], "order": [7, 9]}``: a row that is not known yet comes with all
fields, and one that is not in ``order`` is gone.  Where two rows have the same key, the list comes whole.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import astuple, fields

from app.records.pool import Job, PoolWorker
from app.records.primitives import JsonDict

Row = PoolWorker | Job

#: The fields of a pool that are lists of rows, and by what a row is known.
KEYS = {"workers": "pid", "jobs": "id"}
_FIELDS = {record: tuple(field.name for field in fields(record)) for record in (PoolWorker, Job)}


def patch(name: str, before: tuple[Row, ...], after: tuple[Row, ...]) -> JsonDict | list[JsonDict]:
    """What is new in the list ``name``; the list where there is no telling its rows apart."""
    key = KEYS[name]
    known = {getattr(row, key): row for row in before}
    order = [getattr(row, key) for row in after]
    if len(known) < len(before) or len(set(order)) < len(order):
        whole: list[JsonDict] = msgspec.to_builtins(after)
        return whole
    rows = (_row(key, known.get(own), row) for own, row in zip(order, after, strict=True))
    told: JsonDict = {"changed": [row for row in rows if row]}
    if order != list(known):
        told["order"] = order
    return told


def lay(pool: JsonDict, changes: JsonDict) -> JsonDict:
    """The changes with each patch of a list in them replaced by the list as it is now; ``pool`` stays as it is."""
    lists = {name: _lay(KEYS[name], pool[name], told) for name, told in changes.items() if _is_patch(name, told)}
    return {**changes, **lists}


def _is_patch(name: str, told: Any) -> bool:
    return name in KEYS and isinstance(told, dict)


def _lay(key: str, before: list[JsonDict], told: JsonDict) -> list[JsonDict]:
    known = {row[key]: row for row in before}
    for row in told["changed"]:
        known[row[key]] = {**known.get(row[key], {}), **row}
    return [known[own] for own in told["order"]] if "order" in told else list(known.values())


def _row(key: str, old: Row | None, new: Row) -> JsonDict:
    if old is new:
        return {}
    if old is None:
        everything: JsonDict = msgspec.to_builtins(new)
        return everything
    pairs = zip(_FIELDS[type(new)], astuple(old), astuple(new), strict=True)
    changed = {name: msgspec.to_builtins(after) for name, before, after in pairs if before != after}
    return {key: getattr(new, key), **changed} if changed else {}
