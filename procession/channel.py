"""The child's end of the report socket: one `app.protocol.control.Report` in JSON per datagram.

Nothing here may disturb the user's code: nothing blocks, a full socket drops and counts, and once the user has closed
the descriptor (its number may be another file by now) reporting ends silently.  No threads and no locks, so that the
process can fork at any moment; two threads that report at once send at most one message too many.
"""

import json
import os
import socket
from time import monotonic

from . import descriptors

MAX_REPORT = 4096
MAX_NOTE = 500
# Bursts of ten and ten a second: never more than 20 in any second, yet a few quick notes in a row all get through.
INTERVAL_S = 0.1
BURST_S = 0.9
FINAL_INTERVAL_S = 1.0
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Channel:
    """Sends reports over ``fd``, which it takes over; forked children share it, and report themselves."""

    _pending: tuple[float, float | None, str | None] | None
    _dropped: int
    _quiet_until: float
    _final_after: float

    def __init__(self, fd: int) -> None:
        self._fd = descriptors.move_high(fd)
        self._identity = descriptors.identity(self._fd)
        self._start_anew()
        os.register_at_fork(after_in_child=self._after_fork)

    def progress(self, done: float, total: float | None, note: str | None) -> bool:
        """Send the progress, or keep it for later where too many were sent."""
        done = float(done)
        if done - done != 0.0:
            raise ValueError(f"done must be a finite number, not {done}")
        self._pending = (done, total, note)
        now = monotonic()
        if now < self._quiet_until and (done != total or now < self._final_after):
            return True
        if done == total:
            self._final_after = now + FINAL_INTERVAL_S
        self._quiet_until = max(self._quiet_until + BURST_S, now) + INTERVAL_S - BURST_S
        return self.flush()

    def flush(self) -> bool:
        """Send the progress that was kept, if any."""
        if self._pending is None:
            return True
        done, total, note = self._pending
        note = None if note is None else str(note)[:MAX_NOTE]
        sent = self.tell("progress", done=done, total=_finite(total), note=note, dropped=self._dropped)
        if sent:
            self._pending = None
        return sent

    def tell(self, kind: str, **fields: object) -> bool:
        """Send one report; return False where the socket is full or gone."""
        datagram = encode({"kind": kind, "pid": os.getpid(), **fields})
        if descriptors.identity(self._fd) != self._identity:
            return False
        # A new object each time: a kept one would cause a ResourceWarning at exit, when user threads may still report.
        endpoint = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, self._fd)
        try:
            endpoint.setblocking(False)
            endpoint.send(datagram, socket.MSG_NOSIGNAL)
        except OSError:
            self._dropped += 1
            return False
        finally:
            endpoint.detach()
        return True

    def _start_anew(self) -> None:
        self._pending = None
        self._dropped = 0
        self._quiet_until = 0.0
        self._final_after = 0.0

    def _after_fork(self) -> None:
        self._start_anew()
        self.tell("forked")


def encode(report: dict[str, object]) -> bytes:
    """Return the report as JSON of at most `MAX_REPORT` bytes: cuts the longest text in its middle, keeps its end."""
    datagram = _dump(report)
    while len(datagram) > MAX_REPORT:
        name, text = max(
            ((name, value) for name, value in report.items() if isinstance(value, str)), key=lambda pair: len(pair[1])
        )
        report = {**report, name: shorten(text, len(text) * MAX_REPORT // len(datagram) - 60)}
        datagram = _dump(report)
    return datagram


def shorten(text: str, length: int) -> str:
    """Cut ``text`` to about ``length`` characters: a quarter from its beginning, the rest from its end."""
    length = max(length, 0)
    if len(text) <= length:
        return text
    head, tail = text[: length // 4], text[len(text) - (length - length // 4) :]
    head, tail = head[: head.rfind("\n") + 1], tail[tail.find("\n") + 1 :] or tail
    return f"{head}… {len(text) - len(head) - len(tail)} characters left out …\n{tail}"


def _dump(report: dict[str, object]) -> bytes:
    return _encoder.encode(report).encode("utf-8", "replace")


def _finite(number: float | None) -> float | None:
    if number is None:
        return None
    number = float(number)
    return number if number - number == 0.0 else None
