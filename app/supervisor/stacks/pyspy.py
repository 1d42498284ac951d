"""Run py-spy once, for the stack of a process that cannot write one itself, such as a stopped process.

Always with ``--nonblocking``: pausing a process with many threads makes it 5–15 times slower.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from app.core.scene.python_stack import OBSERVER
from app.linux.poller import Poller

_NO_PYTHON = "Failed to find python version"
_CHUNK = 65536
_LIMIT_BYTES = 1024 * 1024


def find_py_spy() -> str | None:
    """Return the path of py-spy, next to this Python or on PATH; None if it is not installed."""
    beside = Path(sys.executable).with_name("py-spy")
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("py-spy")


def _without_observer(dump: str) -> str:
    """Return a dump without the frames of the observer, which are not the program's."""
    return "".join(line for line in dump.splitlines(keepends=True) if OBSERVER not in line)


class PySpy:
    """One run; `done` returns whether it has ended, and reaps it."""

    def __init__(self, program: str, pid: int, poller: Poller) -> None:
        command = (program, "dump", "--nonblocking", "--full-filenames", "--pid", str(pid))
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert self._process.stdout is not None
        self._out = self._process.stdout
        self._output = b""
        self._poller = poller
        os.set_blocking(self._out.fileno(), False)
        poller.watch(self._out.fileno(), self._readable)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def dump(self) -> str | None:
        """The stack dump that it printed; None if it printed none."""
        text = self._output.decode(errors="replace")
        # Before it comes the command, which may be a script of many lines with secrets in it.
        start = text.find("\nThread ", text.find("\nPython v") + 1)
        return _without_observer(text[start + 1 :]) if start >= 0 else None

    @property
    def error(self) -> str:
        """Return the error that it printed, without the command before it: the first line, and the innermost cause."""
        lines = [line.strip() for line in self._output.decode(errors="replace").splitlines() if line.strip()]
        causes = [line.partition(": ")[2] for line in lines if line[:1].isdigit() and "(os error" in line]
        first = next((line for line in lines if line.startswith("Error")), "")
        return ": ".join(filter(None, [first, *causes[-1:]])) or "it printed no error"

    @property
    def may_succeed(self) -> bool:
        """Return whether another run may: while a thread of a Python runs, what is read of it changes."""
        return _NO_PYTHON not in self.error

    def done(self) -> bool:
        """Return whether it has ended, and reap it."""
        return self._out.closed and self._process.poll() is not None

    def kill(self) -> None:
        """Kill it; `done` still has to reap it."""
        self._close()
        self._process.kill()

    def _readable(self, _events: int) -> None:
        try:
            chunk = os.read(self._out.fileno(), _CHUNK)
        except BlockingIOError:
            return
        self._output += chunk
        if not chunk or len(self._output) > _LIMIT_BYTES:
            self._close()

    def _close(self) -> None:
        if not self._out.closed:
            self._poller.forget(self._out.fileno())
            self._out.close()
