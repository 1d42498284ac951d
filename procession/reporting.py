"""`report`: a workload tells how far it is.

``report() ──▶ Channel ──▶ report socket ──▶ supervisor``; the channel is there only in a supervised
process, where `procession.child` connects it.  Imports nothing, because ``import procession`` loads it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .channel import Channel

_channel: Channel | None = None


def report(done: float, total: float | None = None, note: str | None = None) -> bool:
    """Tell the supervisor how far the work is; do nothing and return False where there is none.

    Never blocks, and may be called as often as one likes: at most 20 reports a second are sent, the newest
    ones, and what is held back at the end goes out when the target returns.  ``report(n, n)`` goes out at
    once.  Raises TypeError or ValueError where ``done`` is no finite number.
    """
    return _channel is not None and _channel.progress(done, total, note)


def connect(channel: Channel) -> None:
    """From now on `report` writes to ``channel``, in this process and in what it forks."""
    global _channel  # noqa: PLW0603 - a process has one supervisor, and users call a plain function
    _channel = channel
