"""One stack capture: each step tries or checks one source, and returns at once."""

import os
from enum import Enum, auto
from pathlib import Path

from app.linux import identity, own_files, proc
from app.linux.activity import Blocked, blocked_on
from app.linux.poller import Poller
from app.linux.procfs import catches
from app.records.primitives import Key, Record

from .pyspy import PySpy

_FAULTHANDLER_S = 1.0
_PY_SPY_S = 5.0
#: Runs of py-spy at a time; each takes 10 ms of CPU and 10 MB.
_MAX_PY_SPYS = 2
#: Runs of py-spy for one capture: of a process with a thread that runs all the time, every other one fails.
_MAX_RUNS = 20


class StackResult(Record, frozen=True, kw_only=True):
    """A stack; ``source`` is faulthandler, py-spy or proc; ``notes`` say why the sources before it failed."""

    source: str
    text: str
    notes: tuple[str, ...] = ()


class Shared:
    """What captures have to share: stack files (a forked child writes into its parent's) and runs of py-spy."""

    def __init__(self, poller: Poller, py_spy: str | None) -> None:
        self.poller = poller
        self.py_spy = py_spy
        self.files: set[Path] = set()
        self.spies: list[PySpy] = []

    def spy_on(self, pid: int) -> PySpy | None:
        """Run py-spy; return None while too many run.  Raises OSError if it cannot be run."""
        if self.py_spy is None or len(self.spies) >= _MAX_PY_SPYS:
            return None
        spy = PySpy(self.py_spy, pid, self.poller)
        self.spies.append(spy)
        return spy

    def reap(self) -> None:
        """Reap the py-spys that have ended."""
        self.spies = [spy for spy in self.spies if not spy.done()]


class _Step(Enum):
    FILE = auto()
    SIGNALLED = auto()
    SPY = auto()
    SPYING = auto()
    PROC = auto()


class Capture:
    """Tries the sources in order, from the first that can work for the process as it is."""

    def __init__(self, key: Key, path: Path, signum: int, shared: Shared) -> None:
        self.key = key
        self._path, self._signum, self._shared = path, signum, shared
        self._notes: list[str] = []
        self._deadline = 0.0
        self._file: StackFile | None = None
        self._spy: PySpy | None = None
        self._runs = 0
        self._blocked = blocked_on(key[0])
        self._next_step = _Step.FILE
        if obstacle := self._obstacle():
            self._give_up(f"faulthandler not used: {obstacle}")

    def step(self, now: float) -> StackResult | None:
        """Advance; return the result once there is one."""
        if not identity.lives(self.key):
            return self._result("proc", "The process has ended.\n")
        match self._next_step:
            case _Step.FILE:
                return self._send_signal(now)
            case _Step.SIGNALLED:
                return self._look_into_file(now)
            case _Step.SPY:
                return self._start_spy(now)
            case _Step.SPYING:
                return self._look_at_spy(now)
            case _Step.PROC:
                return self._result("proc", _threads_text(self._blocked))

    def leave(self) -> None:
        """Release the stack file and kill py-spy."""
        if self._file:
            self._shared.files.discard(self._path)
            self._file = None
        if self._spy:
            self._spy.kill()
            self._spy = None

    # faulthandler

    def _obstacle(self) -> str | None:
        """Return why faulthandler cannot be used; without a handler the signal would kill the process."""
        pid = self.key[0]
        if self._blocked is None or self._blocked.kind == "zombie":
            return "the process has ended"
        if self._blocked.os_state in "TtD":
            return f"the process is {self._blocked.main.in_words} and cannot handle a signal"
        if not self._signum or not catches(proc.read(f"{pid}/status") or b"", self._signum):
            return "the process has no handler for its signal"
        return None

    def _send_signal(self, now: float) -> StackResult | None:
        if self._path in self._shared.files:
            return None
        if obstacle := self._obstacle():  # it may have called exec while this waited for the file
            return self._give_up(f"faulthandler not used: {obstacle}")
        try:
            self._file = StackFile(self._path)
        except OSError as error:
            return self._give_up(f"faulthandler not used: {error}")
        self._shared.files.add(self._path)
        if not identity.signal(self.key, self._signum):
            return self._give_up("faulthandler not used: its signal could not be sent")
        self._next_step, self._deadline = _Step.SIGNALLED, now + _FAULTHANDLER_S
        return None

    def _look_into_file(self, now: float) -> StackResult | None:
        assert self._file is not None
        try:
            dump = self._file.complete(now)
        except OSError as error:
            return self._give_up(f"cannot read the file of faulthandler: {error}")
        if dump:
            return self._result("faulthandler", dump)
        if now >= self._deadline:
            return self._give_up(f"faulthandler wrote no complete stack within {_FAULTHANDLER_S:g} s")
        return None

    def _give_up(self, note: str) -> StackResult | None:
        """Note why this source failed, and try the next one in the next step."""
        self.leave()
        self._notes.append(note)
        self._next_step = _Step.SPY if self._next_step in (_Step.FILE, _Step.SIGNALLED) else _Step.PROC
        return None

    # py-spy

    def _start_spy(self, now: float) -> StackResult | None:
        if self._shared.py_spy is None:
            return self._give_up("py-spy is not installed (pip install 'procession[stacks]')")
        try:
            self._spy = self._shared.spy_on(self.key[0])
        except OSError as error:
            return self._give_up(f"py-spy cannot be run: {error}")
        if self._spy:
            if not self._runs:
                self._deadline = now + _PY_SPY_S
            self._next_step, self._runs = _Step.SPYING, self._runs + 1
        return None

    def _look_at_spy(self, now: float) -> StackResult | None:
        assert self._spy is not None
        if self._spy.done():
            if dump := self._spy.dump:
                return self._result("py-spy", dump)
            if self._spy.may_succeed and self._runs < _MAX_RUNS and now < self._deadline:
                self._spy, self._next_step = None, _Step.SPY
                return None
            return self._give_up(f"py-spy found no stack: {self._spy.error}")
        if now >= self._deadline:
            return self._give_up(f"py-spy did not finish within {_PY_SPY_S:g} s")
        return None

    # The answer

    def _result(self, source: str, body: str) -> StackResult:
        text = f"{_heading(self.key[0], self._blocked)}\n\n{body}"
        return StackResult(source=source, text=text, notes=tuple(self._notes))


def _heading(pid: int, blocked: Blocked | None) -> str:
    if blocked is None:
        return f"pid {pid}: ended"
    return f"pid {pid} ({blocked.main.name}): {blocked.in_words}; state {blocked.os_state}"


def _threads_text(blocked: Blocked | None) -> str:
    if blocked is None:
        return ""
    lines = [
        f"{one.tid} {one.name}: {one.in_words}" + (f" [{one.wchan}]" if one.wchan not in ("", "0") else "")
        for one in blocked.threads
    ]
    if blocked.threads_not_shown:
        lines.append(f"… and {blocked.threads_not_shown:,} more threads")
    return "\n".join(["No Python stack available. Threads from /proc:", *lines, ""])


_LIMIT_BYTES = 256 * 1024
#: A dump is complete when the file has not grown for so long; faulthandler itself takes 1 ms.
_QUIET_S = 0.02
_MARK = b"(most recent call first)"


class StackFile:
    """Reads the dump that is appended after this object was created, before the signal is sent.

    Raises OSError if the file does not exist, or is none of ours.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        fd = own_files.opened(path, os.O_RDWR)
        try:
            if os.fstat(fd).st_size > _LIMIT_BYTES:
                os.ftruncate(fd, 0)  # the child's descriptor appends, so it goes on at the new end
            self._start = self._size = os.fstat(fd).st_size
        finally:
            os.close(fd)
        self._grew_at = 0.0

    def complete(self, now: float) -> str | None:
        """Return the dump once it is complete."""
        size = own_files.size(self._path)
        if size != self._size:
            self._size, self._grew_at = size, now
        if size <= self._start or now - self._grew_at < _QUIET_S:
            return None
        dump = self._read()
        return dump.decode(errors="replace") if _MARK in dump and dump.endswith(b"\n") else None

    def _read(self) -> bytes:
        fd = own_files.opened(self._path)
        try:
            return os.pread(fd, _LIMIT_BYTES, self._start)
        finally:
            os.close(fd)
