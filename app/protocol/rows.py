"""Patches for the lists of records in a pool: the changed rows, by their key, and the order if that changed.

Pure.  ``{"changed": [{"pid": 7, "tasks_done": 3}], "order": [7, 9]}``: a new row comes with all its fields, and a row
that is not in ``order`` is removed.  If two rows have the same key, the list comes whole.
"""

from typing import Any

import msgspec
from msgspec.structs import astuple, fields

from app.records.pool import Job, PoolWorker
from app.records.primitives import JsonDict

Row = PoolWorker | Job

#: The fields of a pool that are lists of rows, and the key of a row.
KEYS = {"workers": "pid", "jobs": "id"}
_FIELDS = {record: tuple(field.name for field in fields(record)) for record in (PoolWorker, Job)}


def patch(name: str, before: tuple[Row, ...], after: tuple[Row, ...]) -> JsonDict | list[JsonDict]:
    """Return what changed in the list ``name``; the whole list if two of its rows have the same key."""
    key = KEYS[name]
    known = {getattr(row, key): row for row in before}
    order = [getattr(row, key) for row in after]
    if len(known) < len(before) or len(set(order)) < len(order):
        whole: list[JsonDict] = msgspec.to_builtins(after)
        return whole
    rows = (_row(key, known.get(own), row) for own, row in zip(order, after, strict=True))
    changes: JsonDict = {"changed": [row for row in rows if row]}
    if order != list(known):
        changes["order"] = order
    return changes


def merge(pool: JsonDict, changes: JsonDict) -> JsonDict:
    """Return the changes, with each patch of a list replaced by the whole new list; ``pool`` stays as it is."""
    lists = {name: _merge(KEYS[name], pool[name], patch) for name, patch in changes.items() if _is_patch(name, patch)}
    return {**changes, **lists}


def _is_patch(name: str, value: Any) -> bool:
    return name in KEYS and isinstance(value, dict)


def _merge(key: str, before: list[JsonDict], patch: JsonDict) -> list[JsonDict]:
    known = {row[key]: row for row in before}
    for row in patch["changed"]:
        known[row[key]] = {**known.get(row[key], {}), **row}
    return [known[own] for own in patch["order"]] if "order" in patch else list(known.values())


def _row(key: str, old: Row | None, new: Row) -> JsonDict:
    if old is new:
        return {}
    if old is None:
        everything: JsonDict = msgspec.to_builtins(new)
        return everything
    pairs = zip(_FIELDS[type(new)], astuple(old), astuple(new), strict=True)
    changed = {name: msgspec.to_builtins(after) for name, before, after in pairs if before != after}
    return {key: getattr(new, key), **changed} if changed else {}
