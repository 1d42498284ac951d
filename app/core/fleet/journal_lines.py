"""What others have us write into the journal, a host of a pool or a program: as much as each may.  Pure."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from app.records import primitives as p

from . import actions as a
from .member import Member

Out = list[a.Action]

#: Journal lines of one host: so many at once, and so many a second.
_LINES = 200
_LINES_PER_S = 20.0
_LONGEST_LINE = 500


@dataclass
class Lines:
    """How many lines a host may still write into the journal, and how many it could not."""

    left: float = _LINES
    counted_at: float = 0.0
    dropped: int = 0

    def take(self, now: float) -> bool:
        """Whether one more is allowed."""
        self.left = min(_LINES, self.left + (now - self.counted_at) * _LINES_PER_S)
        self.counted_at = now
        if self.left < 1:
            self.dropped += 1
            return False
        self.left -= 1
        return True


def write(lines: Lines | None, member: Member, kind: str, text: str, pid: int | None, now: p.Now, out: Out) -> None:
    """Write a line, unless there were too many; the next one says how many are missing.  None: as many as there are."""
    if lines is None:
        out.append(a.Note(member.draft(now, kind, text, "process")))
    elif lines.take(now.mono):
        dropped, lines.dropped = lines.dropped, 0
        more = f" ({dropped} lines before this one were too many)" if dropped else ""
        draft = member.draft(now, kind, text[:_LONGEST_LINE] + more, "process")
        out.append(a.Note(replace(draft, pid=pid or draft.pid)))
