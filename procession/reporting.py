"""`report`: tell the supervisor the progress of a workload.

``report() ──▶ Channel ──▶ report socket ──▶ supervisor``; only a supervised process has a channel, connected by
`procession.child`.  Imports nothing, because ``import procession`` loads this module.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .channel import Channel

_channel: Channel | None = None


def report(done: float, total: float | None = None, note: str | None = None) -> bool:
    """Report the progress to the supervisor; do nothing and return False where there is none.

    Never blocks, and may be called as often as you like: at most 20 reports a second are sent, the newest ones, and the
    last one when the target returns.  ``report(n, n)`` is sent at once.  Raises TypeError or ValueError unless ``done``
    is a finite number.
    """
    return _channel is not None and _channel.progress(done, total, note)


def connect(channel: Channel) -> None:
    """Let `report` write to ``channel``, in this process and its forks."""
    global _channel  # noqa: PLW0603 - a process has one supervisor, and users call a plain function
    _channel = channel
