"""The charts of resources: depth, bytes, rates, value and waiters, one column a second.  Pure."""

from collections.abc import Iterable

from app.core.resources.readings import LOCKS, QUEUES
from app.records.primitives import Now
from app.records.resource import Resource, ResourceKind

from .history import OF_RESOURCES, History, Sample

COLUMN_S = 1.0
#: Other kinds have no figure that changes.  Beyond the first 1,000, resources have no chart.
_CHARTED = (QUEUES | LOCKS) | {
    ResourceKind.PIPE,
    ResourceKind.SEMAPHORE,
    ResourceKind.BOUNDED_SEMAPHORE,
    ResourceKind.VALUE,
    ResourceKind.ARRAY,
    ResourceKind.POOL,
}
_MOST = 1000


class Charts:
    """Fills ``history``, by resource id; parts of a composite have no chart of their own."""

    def __init__(self) -> None:
        self.history = History(series=OF_RESOURCES)
        self._next_at = 0.0

    def look(self, resources: Iterable[Resource], now: Now) -> None:
        """Add a column if one is due."""
        if now.mono < self._next_at:
            return
        self._next_at = now.mono + COLUMN_S
        shown = [one for one in resources if one.kind in _CHARTED and one.part_of is None][:_MOST]
        self.history.record(now.wall, {one.id: _sample(one) for one in shown})


def _sample(one: Resource) -> Sample:
    value: float | None = one.value
    if one.values and isinstance(one.values[0], int | float):
        value = one.values[0]
    size = one.queued if one.kind is ResourceKind.POOL else one.size
    return size, one.pipe_bytes, one.put_per_s, one.get_per_s, value, len(one.waiting)
