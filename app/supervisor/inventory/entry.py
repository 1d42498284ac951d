"""One process of the inventory."""

from msgspec import Struct

from app.linux import identity, proc
from app.linux.gauges import Gauge
from app.linux.procfs import Stat
from app.records.process import Descendant

#: A process of unknown origin is asked again that often: between fork and exec its environment is its parent's.
_TRIES = 5


class Entry(Struct, eq=False):
    """One process of the inventory; ``parent`` is the pid of its parent when it was found.

    ``process`` is the id of its own record where it is an observed one: then it is no mere descendant.
    """

    gauge: Gauge
    root: str | None
    parent: int
    is_root: bool = False
    process: str | None = None
    orphan: bool = False
    tries: int = 0
    _shown: Descendant | None = None
    _shown_stat: Stat | None = None

    @property
    def unsettled(self) -> bool:
        """Whether it is worth asking again whose it is."""
        return self.root is None and self.tries < _TRIES

    def lives(self) -> bool:
        """Whether it runs at this moment."""
        try:
            return not self.gauge.look().dead
        except ProcessLookupError:
            return False

    def is_zombie_of(self, ppid: int) -> bool:
        """Whether it is dead at this moment, and not reaped by this parent yet."""
        try:
            stat = self.gauge.look()
        except ProcessLookupError:
            return False
        return stat.dead and stat.ppid == ppid

    def descendant(self, booted_at: float) -> Descendant:
        """Its record; the very same object where nothing changed."""
        stat, percent = self.gauge.stat, self.gauge.sample.cpu_percent
        shown, command = self._shown, self.gauge.command()
        if (
            shown is None
            or stat is not self._shown_stat
            or (shown.cpu_percent, shown.root, shown.orphan) != (percent, self.root, self.orphan)
            or shown.command != command
        ):
            self._shown = shown = self._described(stat, command, percent, booted_at)
            self._shown_stat = stat
        return shown

    def _described(self, stat: Stat, command: str, percent: float | None, booted_at: float) -> Descendant:
        return Descendant(
            id=identity.text(self.gauge.key),
            pid=stat.pid,
            ppid=stat.ppid,
            root=self.root,
            name=stat.name,
            command=command,
            state=stat.state,
            orphan=self.orphan,
            start_time=booted_at + stat.start_ticks / proc.TICKS_PER_S,
            cpu_percent=percent,
            rss_bytes=stat.rss_pages * proc.PAGE_BYTES,
            threads=stat.threads,
        )
