"""The stream of state: what changed since the last step, and the reader's copy of it all.

Pure.  The loop knows which ids it touched and asks `patches` for what is new about them; `Mirror` is the copy
that the web's Feed keeps, so that it answers a GET without asking the supervisor::

    loop: patches(shown, now, touched) ──Delta(seq, base)──▶ Mirror.apply ──▶ snapshot()
                                              a gap: SequenceGap ──▶ a fresh Snapshot ──▶ Mirror.load
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec.structs import astuple, fields

from .errors import SequenceGap
from .model import Descendant, JsonDict, Process
from .pool_model import Pool
from .stream import Delta, Snapshot

#: How many journal lines a snapshot carries, and a `Mirror` keeps.
EVENTS_SHOWN = 200
#: Kept as they are in a patch; everything else is made of records or collections.
_SCALARS = frozenset({str, int, float, bool, type(None)})
_FIELDS = {record: tuple(field.name for field in fields(record)) for record in (Process, Descendant, Pool)}

Thing = TypeVar("Thing", Process, Descendant, Pool)


def patch(old: Thing | None, new: Thing) -> JsonDict:
    """All fields of ``new`` where there was no ``old``; else its id and what differs, or nothing."""
    if old is None:
        everything: JsonDict = msgspec.to_builtins(new)
        return everything
    # Records are replaced field by field, so most values are the very same: 1.5 µs for 50 fields.
    pairs = zip(_FIELDS[type(new)], astuple(old), astuple(new), strict=True)
    changed = {name: _plain(after) for name, before, after in pairs if before is not after and before != after}
    return {"id": new.id, **changed} if changed else {}


def patches(
    old: Mapping[str, Thing], new: Mapping[str, Thing], touched: Iterable[str]
) -> tuple[tuple[JsonDict, ...], tuple[str, ...]]:
    """(the patches, the ids that are gone) among the ``touched`` ids; one that did not change gives none."""
    changed: list[JsonDict] = []
    removed: list[str] = []
    for key in touched:
        if key not in new:
            if key in old:
                removed.append(key)
        elif changes := patch(old.get(key), new[key]):
            changed.append(changes)
    return tuple(changed), tuple(removed)


class Mirror:
    """The reader's copy of the state, as plain JSON.  A dict that was handed out never changes afterwards."""

    def __init__(self) -> None:
        self.seq = 0
        self.at = 0.0
        self.host: JsonDict = {}
        self.supervisor: JsonDict = {}
        self.processes: dict[str, JsonDict] = {}
        self.descendants: dict[str, JsonDict] = {}
        self.pools: dict[str, JsonDict] = {}
        self.events: deque[JsonDict] = deque(maxlen=EVENTS_SHOWN)

    def load(self, snapshot: Snapshot) -> None:
        """Start anew from a snapshot."""
        plain = msgspec.to_builtins(snapshot)
        self.seq, self.at = snapshot.seq, snapshot.at
        self.host, self.supervisor = plain["host"], plain["supervisor"]
        self.processes = {process["id"]: process for process in plain["processes"]}
        self.descendants = {descendant["id"]: descendant for descendant in plain["descendants"]}
        self.pools = {pool["id"]: pool for pool in plain["pools"]}
        self.events = deque(plain["events"], EVENTS_SHOWN)

    def apply(self, delta: Delta) -> None:
        """Take one step; raises `SequenceGap`, changing nothing, where it does not follow on ours."""
        changed = delta.changed
        processes = _merged(self.processes, changed.processes)
        descendants = _merged(self.descendants, changed.descendants)
        pools = _merged(self.pools, changed.pools)
        if delta.base != self.seq or processes is None or descendants is None or pools is None:
            raise SequenceGap(self.seq, delta.base)
        self.seq, self.at = delta.seq, delta.at
        if changed.host is not None:
            self.host = msgspec.to_builtins(changed.host)
        if changed.supervisor is not None:
            self.supervisor = msgspec.to_builtins(changed.supervisor)
        self.processes.update(processes)
        self.descendants.update(descendants)
        self.pools.update(pools)
        for key in delta.removed:
            self.processes.pop(key, None)
            self.descendants.pop(key, None)
            self.pools.pop(key, None)
        self.events.extend(msgspec.to_builtins(delta.events))

    def snapshot(self) -> JsonDict:
        """The whole state, shaped as `Snapshot`."""
        return {
            "seq": self.seq,
            "at": self.at,
            "host": self.host,
            "supervisor": self.supervisor,
            "processes": list(self.processes.values()),
            "descendants": list(self.descendants.values()),
            "events": list(self.events),
            "pools": list(self.pools.values()),
        }


def _plain(value: Any) -> Any:
    return value if type(value) in _SCALARS else msgspec.to_builtins(value)


def _merged(known: Mapping[str, JsonDict], changes: Iterable[JsonDict]) -> dict[str, JsonDict] | None:
    """The changed things as they are now; None where a patch is for something that we do not know."""
    merged: dict[str, JsonDict] = {}
    for change in changes:
        key = change["id"]
        # A new thing comes with all its fields, and all kinds of things have a pid.
        if key not in known and "pid" not in change:
            return None
        merged[key] = {**known.get(key, {}), **change}
    return merged
