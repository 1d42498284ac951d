"""How a stop escalates: ask the leader, wait, then kill the remembered tree until nothing of it is left.

Pure: a `Stop` is the state of one escalation, with its deadlines; `Stop.due` says what to do next.  The leader alone
gets the SIGTERM: sent to a whole process group it hung 13 of 15 parents of a spawn Pool.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from app.records.primitives import Key

#: How long what a leader leaves behind may take to follow it by itself.
LINGER_S = 1.0
_CHECK_S = 0.05
_KILL_AGAIN_S = 0.01
_KILL_AGAIN_MAX_S = 1.0


class Due(Enum):
    """What a stop wants now."""

    NOTHING = "nothing"
    CHECK = "check"
    KILL = "kill"
    DONE = "done"


@dataclass(kw_only=True)
class Stop:
    """One escalation.  Times are monotonic seconds; ``kill_at`` at once for a kill."""

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
        """Add what belongs to the tree; it stays remembered when it is re-parented."""
        self.tree |= keys - {self.leader}

    def leader_ended(self, now: float) -> None:
        """The leader is gone; what it left behind gets a last moment."""
        self.leader_gone = True
        self.kill_at = min(self.kill_at, now + LINGER_S)
        self.next_at = now

    def remaining(self, keys: frozenset[Key]) -> None:
        """Only ``keys`` of the tree are left, newcomers included."""
        self.tree = set(keys - {self.leader})
        self.checked = self.leader_gone

    def hurry(self, by: str, now: float) -> None:
        """Kill now."""
        self.by, self.signal, self.kill_at, self.next_at = by, "SIGKILL", now, now

    def due(self, now: float) -> Due:
        """What to do at ``now``; a kill is repeated, ever more slowly, until nothing is left."""
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
        """Whether the leader is gone and, looked at after that, nothing of its tree is left."""
        return self.leader_gone and self.checked and not self.tree

    def deadline(self) -> float:
        """When `due` has something to say next."""
        if self.leader_gone:
            return self.next_at
        return max(self.kill_at, self.next_at)

    def left(self) -> tuple[int, ...]:
        """The pids that are still there."""
        leader = () if self.leader_gone else (self.leader[0],)
        return leader + tuple(sorted(pid for pid, _ in self.tree))

    def targets(self) -> frozenset[Key]:
        """Whom to kill."""
        return frozenset(self.tree if self.leader_gone else self.tree | {self.leader})
