"""How a stop escalates: SIGTERM to the leader, wait, then SIGKILL to the remembered tree until nothing is left.

Pure.  A `Stop` is the state of one escalation, with its deadlines; `Stop.due` returns what to do next.  Only the leader
gets the SIGTERM: sent to a whole process group it hung 13 of 15 parents of a spawn Pool.
"""

from enum import Enum

from msgspec import Struct, field

from app.records.primitives import Key

#: How long the rest of the tree may take to exit by itself after its leader.
LINGER_S = 1.0
_CHECK_S = 0.05
_KILL_AGAIN_S = 0.01
_KILL_AGAIN_MAX_S = 1.0


class Due(Enum):
    """What is to be done for a stop."""

    NOTHING = "nothing"
    CHECK = "check"
    KILL = "kill"
    DONE = "done"


class Stop(Struct, kw_only=True):
    """One escalation.  Times are monotonic seconds; for a kill, ``kill_at`` is ``asked_at``."""

    by: str
    signal: str
    asked_at: float
    kill_at: float
    leader: Key
    tree: set[Key] = field(default_factory=set)
    leader_gone: bool = False
    checked: bool = False
    next_at: float = 0.0
    pause_s: float = _KILL_AGAIN_S

    def remember(self, keys: frozenset[Key]) -> None:
        """Add processes of the tree; they stay remembered when they are re-parented."""
        self.tree |= keys - {self.leader}

    def leader_ended(self, now: float) -> None:
        """Note that the leader is gone; what it left behind gets a moment to exit."""
        self.leader_gone = True
        self.kill_at = min(self.kill_at, now + LINGER_S)
        self.next_at = now

    def remaining(self, keys: frozenset[Key]) -> None:
        """Note which processes of the tree are left, newcomers included."""
        self.tree = set(keys - {self.leader})
        self.checked = self.leader_gone

    def hurry(self, by: str, now: float) -> None:
        """Escalate to SIGKILL now."""
        self.by, self.signal, self.kill_at, self.next_at = by, "SIGKILL", now, now

    def due(self, now: float) -> Due:
        """Return what to do at ``now``; a kill is repeated, ever more slowly, until nothing is left."""
        if self.over():
            return Due.DONE
        if now >= self.kill_at and now >= self.next_at:
            self.next_at, self.pause_s = now + self.pause_s, min(_KILL_AGAIN_MAX_S, 2 * self.pause_s)
            return Due.KILL
        if self.leader_gone and now >= self.next_at:
            self.next_at = now + _CHECK_S
            return Due.CHECK
        return Due.NOTHING

    def over(self) -> bool:
        """Return whether the leader is gone and a look after that found nothing of its tree."""
        return self.leader_gone and self.checked and not self.tree

    def deadline(self) -> float:
        """Return when `due` returns something new."""
        if self.leader_gone:
            return self.next_at
        return max(self.kill_at, self.next_at)

    def left(self) -> tuple[int, ...]:
        """Return the pids that still live."""
        leader = () if self.leader_gone else (self.leader[0],)
        return leader + tuple(sorted(pid for pid, _ in self.tree))

    def targets(self) -> frozenset[Key]:
        """Return the processes to kill."""
        return frozenset(self.tree if self.leader_gone else self.tree | {self.leader})
