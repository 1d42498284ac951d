"""Journal lines on behalf of a pool host or a program, each within its quota.  Pure."""

from msgspec import Struct
from msgspec.structs import replace

from app.records import primitives as p

from . import actions as a
from .member import Member

#: Journal lines of one host or program: at once, and per second.
_LINES = 200
_LINES_PER_S = 20.0
_LONGEST_LINE = 500


class LineQuota(Struct):
    """How many lines a host or program may still write, and how many were ``dropped`` since its last one."""

    left: float = _LINES
    counted_at: float = 0.0
    dropped: int = 0

    def take(self, now: float) -> bool:
        """Return whether one more line is allowed, and count it."""
        self.left = min(_LINES, self.left + (now - self.counted_at) * _LINES_PER_S)
        self.counted_at = now
        if self.left < 1:
            self.dropped += 1
            return False
        self.left -= 1
        return True


def write(
    quota: LineQuota | None, member: Member, kind: str, text: str, pid: int | None, now: p.Now, out: a.Out
) -> None:
    """Write a line, unless the quota is used up; the next line says how many were dropped.  None: no quota."""
    if quota is None:
        out.append(a.Note(member.draft(now, kind, text, "process")))
    elif quota.take(now.mono):
        dropped, quota.dropped = quota.dropped, 0
        more = f" ({dropped:,} lines before this one were dropped)" if dropped else ""
        draft = member.draft(now, kind, text[:_LONGEST_LINE] + more, "process")
        out.append(a.Note(replace(draft, pid=pid or draft.pid)))
