"""Who is there and whose: finds the processes below the supervisor and settles where each belongs.

`inventory.Inventory` adds the sweeps and how a tree is ended, `new_pids` names the pids worth a look, `origins` knows
about those that lost their parents.
"""

from app.linux import identity, proc
from app.linux.gauges import FdBudget, Gauge
from app.linux.procfs import Stat
from app.records.primitives import Key

from .entry import Entry
from .new_pids import Newcomers
from .origins import Origins


class Census:
    """``entries`` by pid: roots and descendants; ``roots`` and ``observed`` by process id, kept until they are dropped.

    ``attached`` are the roots whose processes are not below us.
    """

    def __init__(self, own_pid: int) -> None:
        self.own_pid = own_pid
        self.entries: dict[int, Entry] = {}
        self.roots: dict[str, Entry] = {}
        self.observed: dict[str, Entry] = {}
        self.attached: set[str] = set()
        self.helpers: frozenset[int] = frozenset()
        self.origins = Origins()
        self._newcomers = Newcomers()
        self._budget = FdBudget()
        self._backlog: list[int] = []
        self._ended: dict[int, int] = {}

    def add_root(self, process_id: str, pid: int, reports: int | None = None) -> int:
        """Enter a supervised process; returns its start time, 0 where it is gone already.

        ``reports`` is the inode of its end of the report socket.
        """
        self._newcomers.expect(pid)
        self.drop_root(process_id)
        self.forget(pid)
        self.origins.root_started(process_id, pid, reports)
        if not (gauge := self._gauge(pid)):
            return 0
        self.roots[process_id] = self.entries[pid] = Entry(gauge, process_id, gauge.stat.ppid, is_root=True)
        return gauge.stat.start_ticks

    def drop_root(self, process_id: str) -> None:
        """A supervised process is over; whatever is left below it becomes an orphan.

        Its zombie stays unknown to the inventory: it is its owner's to join.  One that lives on is an orphan itself.
        """
        root = self.roots.pop(process_id, None)
        if root is None:
            return
        for entry in self.entries.values():
            if entry.root == process_id:
                entry.orphan = True
        if root.lives():
            root.is_root = False
            return
        pid, start_ticks = root.gauge.key
        self._ended[pid] = start_ticks
        if self.entries.get(pid) is root:
            self.forget(pid)

    def forget_root(self, process_id: str) -> None:
        """Its record is gone; what lives on of a program that is not below us is still none of ours."""
        self.drop_root(process_id)
        if all(entry.root != process_id for entry in self.entries.values()):
            self.attached.discard(process_id)

    def adopt(self, key: Key, root: str | None) -> None:
        """Enter a process that is not below us, but that a supervisor before us left behind."""
        if key[0] not in self.entries and (gauge := self._gauge(*key)):
            self.entries[key[0]] = Entry(gauge, root, gauge.stat.ppid, orphan=True)

    def observe(self, process_id: str, key: Key, root: str, *, attached: bool) -> None:
        """An observed process has a record of its own; it may be the ``root`` of a program that is not below us."""
        if attached:
            self.attached.add(root)
        entry = self.find(key)
        if entry is None and key[0] not in self.helpers and (gauge := self._gauge(*key)):
            self.forget(key[0])
            entry = self.entries[key[0]] = Entry(gauge, root, gauge.stat.ppid)
        if entry and not entry.is_root:
            entry.root, entry.process = root, process_id
            self.observed[process_id] = entry

    def drop_observed(self, process_id: str) -> None:
        """An observed process is over; its zombie is its parent's to join, or to be reaped by who watches it."""
        if entry := self.observed.pop(process_id, None):
            pid, start_ticks = entry.gauge.key
            self._ended[pid] = start_ticks
            if self.entries.get(pid) is entry:
                self.forget(pid)
        for left in self.entries.values():
            left.orphan = left.orphan or left.root == process_id

    def find(self, key: Key) -> Entry | None:
        """The entry of exactly this process."""
        entry = self.entries.get(key[0])
        return entry if entry and entry.gauge.key == key else None

    def forget(self, pid: int) -> None:
        """Take a process out that is gone."""
        if entry := self.entries.pop(pid, None):
            entry.gauge.close()

    def discover(self, limit: int | None = None) -> list[Entry]:
        """Enter what came since the last call and return it; beyond ``limit`` pids the rest waits for the next call."""
        reconcile = self._newcomers.due()
        found = self._newcomers.everything() if reconcile else self._newcomers.candidates()
        pids = self._backlog + found
        self._backlog = pids[limit:] if limit else []
        fresh = {pid: stat for pid in pids[:limit] if (stat := self._stranger(pid))}
        entered = self._enter_kin(fresh)
        if reconcile:
            self._newcomers.check(entry.gauge.pid for entry in entered)
            self._ended = {pid: ticks for pid, ticks in self._ended.items() if identity.exists((pid, ticks))}
        return entered

    def settle(self, entry: Entry) -> None:
        """Find out whose it is; what cannot be told now may be told later."""
        entry.tries += 1
        parent = self.entries.get(entry.parent)
        entry.root = self.origins.of(entry.gauge.stat, parent.root if parent else None)
        if parent and parent.root:
            entry.orphan = parent.orphan
        else:
            entry.orphan = not self._below_living_root(entry)

    def close(self) -> None:
        for pid in list(self.entries):
            self.forget(pid)
        self._newcomers.close()

    def _stranger(self, pid: int) -> Stat | None:
        if pid == self.own_pid or pid in self.helpers:
            return None
        if entry := self.entries.get(pid):
            try:
                entry.gauge.look()
                return None
            except ProcessLookupError:
                self.forget(pid)
        stat = proc.stat(pid)
        if stat is None or stat.is_thread or self._ended.get(pid) == stat.start_ticks:
            return None
        return stat

    def _enter_kin(self, fresh: dict[int, Stat]) -> list[Entry]:
        """Enter those whose chain of parents leads to us, parents first; all others are foreign."""
        entered: list[Entry] = []
        while kin := [pid for pid, stat in fresh.items() if self._is_ours(stat.ppid)]:
            for pid in kin:
                stat = fresh.pop(pid)
                if gauge := self._gauge(pid, stat.start_ticks):
                    entry = self.entries[pid] = Entry(gauge, None, stat.ppid)
                    self.settle(entry)
                    entered.append(entry)
        return entered

    def _is_ours(self, pid: int) -> bool:
        return pid == self.own_pid or pid in self.entries or pid in self.helpers

    def _below_living_root(self, entry: Entry) -> bool:
        root = self.roots.get(entry.root) if entry.root else None
        # One that is older than its root was left behind by an earlier start of the same process.
        return root is not None and root.gauge.stat.start_ticks <= entry.gauge.stat.start_ticks

    def _gauge(self, pid: int, start_ticks: int | None = None) -> Gauge | None:
        try:
            gauge = Gauge(pid, self._budget)
        except ProcessLookupError:
            return None
        if start_ticks in (None, gauge.stat.start_ticks):
            return gauge
        gauge.close()
        return None
