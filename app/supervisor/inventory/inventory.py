"""The inventory of every process below the supervisor, and how a tree is ended.

The supervisor is a subreaper, so whatever loses its parent is re-parented to it and stays in sight::

    supervisor ── roots (fork, spawn) ── descendants
      ├── forkserver ── roots ── descendants          infrastructure: known as parents, never listed, never killed
      └── re-parented descendants                     whose they are says `origins`

Where a process belongs is settled when it is first seen and kept: a re-parented orphan no longer says whose it was.
All calls read /proc and return at once; the loop is the only caller.
"""

import os
import signal as signals
import time
from collections.abc import Iterable

from app.linux import identity, proc
from app.linux.pipes import holders
from app.linux.procfs import Stat
from app.records.primitives import Key, Record
from app.records.process import Descendant, Sample

from .census import Census

#: Pids looked at in one sweep; what is beyond comes with the next (25 µs for each newcomer).
_PER_SWEEP = 2000
#: Roots whose fds are counted in one sweep, in turn (2.3 µs each).
_FDS_PER_SWEEP = 200
#: How long a hunt for a chain of forks lasts at most, after which pause without a new pid it ends, how often it begins.
_HUNT_S, _QUIET_S, _HUNT_EVERY_S = 0.02, 0.001, 0.1
_MAX_ANCESTORS = 8
#: How often one call searches for what was forked meanwhile.
_MOST_SEARCHES = 10


class Sweep(Record, frozen=True, kw_only=True):
    """What one sweep found.  ``samples`` by process id; a process that was reaped has none.

    ``zombies``: direct children of ours that are nobody's to join, for waitpid(pid); they are not listed.
    Samples and descendants that did not change since the last sweep are the very same objects.
    """

    samples: dict[str, Sample]
    descendants: tuple[Descendant, ...]
    zombies: tuple[int, ...]


class Inventory(Census):
    """Roots (supervised processes, by process id) and everything below them, by (pid, start time).

    ``booted_at``: when the machine started, as the records count time.
    """

    def __init__(self, own_pid: int, booted_at: float) -> None:
        super().__init__(own_pid)
        self._booted_at = booted_at
        self._swept_at = float("-inf")
        self._turn = 0
        self._hunted_at = float("-inf")

    def belongs_to(self, pid: int) -> str | None:
        """The process id that a process of the OS comes from, None where it is none of ours."""
        self.discover()
        entry = self.entries.get(pid)
        return entry.root if entry else None

    def below(self, pid: int) -> list[Descendant]:
        """All that live below a process by their parents and were found so far, itself not."""
        family, found = {pid}, [entry for entry in self.entries.values() if entry.lives()]
        while more := {e.gauge.pid for e in found if e.gauge.stat.ppid in family} - family:
            family |= more
        return [e.descendant(self._booted_at) for e in found if e.gauge.pid in family and e.gauge.pid != pid]

    def note_fork(self, pid: int, process_id: str) -> None:
        """A process says that it was forked somewhere below this one."""
        self.origins.announce(pid, process_id)
        if (entry := self.entries.get(pid)) and entry.root is None:
            self.settle(entry)

    def infrastructure(self, pids: Iterable[int]) -> None:
        """These, and no others any more, are helpers of the supervisor: never listed, never killed."""
        self.helpers = frozenset(pids)
        for pid in self.helpers:
            self.forget(pid)

    def everything(self) -> set[Key]:
        """All that live below us at this moment, roots included; neither helpers nor programs attached elsewhere."""
        self.discover()
        return {e.gauge.key for e in self.entries.values() if e.root not in self.attached and e.lives()}

    def sweep(self, now_monotonic: float) -> Sweep:
        """Find what is new, and measure everything."""
        self.discover(_PER_SWEEP)
        elapsed_s, self._swept_at = now_monotonic - self._swept_at, now_monotonic
        self._count_fds()
        samples: dict[str, Sample] = {}
        listed: list[Descendant] = []
        zombies: list[int] = []
        for pid, entry in list(self.entries.items()):
            try:
                sample = entry.gauge.measure(elapsed_s)
            except ProcessLookupError:
                self.forget(pid)
                continue
            if entry.process or (entry.is_root and entry.root):
                samples[entry.process or entry.root or ""] = sample
            elif sample.ppid == self.own_pid and entry.gauge.stat.dead:
                zombies.append(pid)
            else:
                if entry.unsettled:
                    self.settle(entry)
                listed.append(entry.descendant(self._booted_at))
        return Sweep(samples=samples, descendants=tuple(listed), zombies=tuple(zombies))

    def tree_of(self, process_id: str) -> list[Descendant]:
        """Search, and return all living descendants of a process, its orphans included, itself not."""
        self.discover()
        return self.known_tree_of(process_id)

    def known_tree_of(self, process_id: str) -> list[Descendant]:
        """Return the same of those that were found so far."""
        return [
            entry.descendant(self._booted_at)
            for entry in self.entries.values()
            if entry.root == process_id and not entry.is_root and entry.lives()
        ]

    def alive(self, keys: Iterable[Key]) -> set[Key]:
        """Those of ``keys`` that are still there and no zombies."""
        return {key for key in keys if (e.lives() if (e := self.find(key)) else identity.lives(key))}

    def kill_tree(self, keys: Iterable[Key]) -> set[Key]:
        """SIGKILL all of ``keys`` and what their families fork; returns what is left: call again until it is empty.

        A search after a kill finds every fork, because fork() fails in a process that was sent a SIGKILL.  So each kill
        is followed by a search; what was killed after the last one is returned too.
        """
        found = set(keys)
        family = [entry for key in found if (entry := self.find(key))]
        roots = {entry.root for entry in family if entry.root}
        # Our own session holds the supervisor's helpers too.
        sessions = {entry.gauge.stat.session for entry in family} - {os.getsid(0), 0}
        doomed: set[Key] = set()
        for _ in range(_MOST_SEARCHES):
            for key in found:
                identity.signal(key, signals.SIGKILL)
            doomed |= found | self._hunt(roots, sessions)
            if not (found := self._born(doomed, roots, sessions) - doomed):
                break
        for key in found:
            identity.signal(key, signals.SIGKILL)
        return self.alive(doomed) | found

    def _born(self, doomed: set[Key], roots: set[str], sessions: set[int]) -> set[Key]:
        """Search, and return what belongs to the roots and what the doomed have forked."""
        pids = {pid for pid, _ in doomed}
        # Other programs may run in the same session, that of a terminal: theirs are known by their parents.
        ours = {None, *roots}
        born = [e for e in self.discover() if e.parent in pids or (e.root in ours and e.gauge.stat.session in sessions)]
        kin = [e for e in self.entries.values() if e.root in roots]
        return {entry.gauge.key for entry in born + kin if not entry.is_root}

    def _hunt(self, roots: set[str], sessions: set[int]) -> set[Key]:
        """Kill whatever of these was given the newest pid, again and again; return what was killed.

        In a chain of forks each process forks the next and exits, too fast for any list of processes.  Only the kernel
        knows its end: the newest pid.
        """
        now = time.monotonic()
        if now < self._hunted_at + _HUNT_EVERY_S:
            return set()
        self._hunted_at = now
        caught: set[Key] = set()
        last, until, quiet_at = 0, now + _HUNT_S, now + _QUIET_S
        while (pid := self._newcomers.newest()) and (now := time.monotonic()) < until:
            if pid == last:
                if now > quiet_at:
                    break
                continue
            last, quiet_at = pid, now + _QUIET_S
            stat = proc.stat(pid)
            if stat is None or stat.is_thread or pid in self.helpers or pid in self.entries:
                continue
            if self._is_of(stat, roots, sessions):
                key = (pid, stat.start_ticks)
                identity.signal(key, signals.SIGKILL)
                caught.add(key)
        return caught

    def _is_of(self, stat: Stat, roots: set[str], sessions: set[int]) -> bool:
        """Return whether a process came from one of the roots: by the nearest ancestor that is known.

        Session and environment say whose it is only of what is below us and has no such ancestor.
        """
        for _ in range(_MAX_ANCESTORS):
            entry = self.entries.get(stat.ppid)
            if entry and entry.root:
                return entry.root in roots
            if entry or self._is_ours(stat.ppid):
                return stat.session in sessions or self.origins.of(stat, None) in roots
            # Those of a chain may have gone on the way.
            if (above := proc.stat(stat.ppid)) is None:
                return False
            stat = above
        return False

    def kill(self, keys: Iterable[Key]) -> set[Key]:
        """SIGKILL these, and not what else belongs to the same root; returns what is left and what they forked."""
        doomed = set(keys)
        for key in doomed:
            identity.signal(key, signals.SIGKILL)
        pids = {pid for pid, _ in doomed}
        born = {entry.gauge.key for entry in self.discover() if entry.parent in pids}
        return self.alive(doomed | born)

    def orphan_zombies(self) -> tuple[int, ...]:
        """The zombies of this moment that are our direct children and nobody's to join, for waitpid(pid)."""
        entries = self.entries.values()
        own_pid = self.own_pid
        return tuple(e.gauge.pid for e in entries if not e.is_root and e.is_zombie_of(own_pid))

    def holders(self, fd: int, process_id: str | None = None) -> tuple[int, ...]:
        """The living descendants (of one process) that hold the write end of the pipe whose read end is our ``fd``."""
        pids = (pid for pid, entry in self.entries.items() if not entry.is_root and process_id in (None, entry.root))
        return holders(fd, pids)

    def _count_fds(self) -> None:
        roots = [*self.roots.values(), *self.observed.values()]
        for offset in range(min(_FDS_PER_SWEEP, len(roots))):
            gauge = roots[(self._turn + offset) % len(roots)].gauge
            gauge.fds = proc.count_fds(gauge.pid)
        self._turn += _FDS_PER_SWEEP
