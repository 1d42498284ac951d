"""Look at what one process does at this moment, because the core asks."""

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.linux import identity
from app.linux.activity import blocked_on
from app.linux.proc import stat
from app.records import primitives as p

#: What a quiet process may block on for ever; not a timed sleep or a wait for events.
_SUSPICIOUS = frozenset({"waiting", "disk"})


def state_letter(key: p.Key) -> str | None:
    """Return the state of a process as in /proc, ``T`` for a stopped one; None if it has ended."""
    found = stat(key[0])
    return found.state if found and found.start_ticks == key[1] else None


def probe(action: a.Probe) -> list[e.Happening]:
    """Return what a process is blocked on, as an event; nothing if it has ended."""
    pid = action.key[0]
    blocked = blocked_on(pid) if identity.lives(action.key) else None
    if blocked is None:
        return []
    worker = pid if action.worker else None
    return [e.BlockedOn(action.process, blocked.kind in _SUSPICIOUS, blocked.in_words, worker)]
