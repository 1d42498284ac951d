"""Run one measure of one pool in a new interpreter and session, for a limited time.

Pools hang, and leave processes behind; so nothing here waits without a limit, and everything that the run has started
is ended after it, also what has left its session.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from benchmarks.usage import descendants

ROOT = Path(__file__).parents[2]

# For the pool to end its workers itself, after its figures are told.
CLOSE_S = 5.0

TRACKER_S = 1.0


class TrialError(Exception):
    """A trial gave no figures; the text says why."""


def run(kind: str, name: str, peer: str, method: str, workers: int, limit: float) -> dict[str, Any]:
    """Run a trial and return its report; raise TrialError."""
    command = (sys.executable, "-m", "benchmarks.pools.run", kind, name, peer, method, str(workers))
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryDirectory(prefix="procession-bench-") as folder:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "TMPDIR": folder},  # what a killed pool leaves goes with it
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        try:
            assert process.stdout
            line = _line(process.stdout.fileno(), limit)
            if not line:
                raise TrialError(_last(process, errors))
            told: dict[str, Any] = json.loads(line)
            if error := told.get("error"):
                raise TrialError(f"failed: {str(error)[:100]}")
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(CLOSE_S)
            return told
        finally:
            _end(process)


def _line(fd: int, limit: float) -> bytes:
    """Return the first line, empty if the pipe ends before; raise TrialError after ``limit`` seconds."""
    deadline, text = time.monotonic() + limit, b""
    while not text.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            raise TrialError(f"hung (over {limit:.0f} s)")
        more = os.read(fd, 65536)
        if not more:
            return b""
        text += more
    return text


def _last(process: subprocess.Popen[bytes], errors: IO[bytes]) -> str:
    """Return the last line of its error output."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1)
    errors.seek(0)
    words = errors.read().decode(errors="replace").strip().splitlines()
    return f"failed: {words[-1][:100] if words else f'exit code {process.returncode}'}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and all of its descendants, and its whole session where they are no longer its descendants.

    Resource trackers come last: they remove the semaphores of a killed pool once they are alone.
    """
    left = descendants(process.pid) + _session(process.pid)
    trackers = [pid for pid in left if "resource_tracker" in _command(pid)]
    process.kill()
    _kill([pid for pid in left if pid not in trackers])
    deadline = time.monotonic() + TRACKER_S
    while any(_command(pid) for pid in trackers) and time.monotonic() < deadline:
        time.sleep(0.01)
    _kill([*trackers, *_session(process.pid)])
    process.wait()
    assert process.stdout
    process.stdout.close()


def _session(leader: int) -> list[int]:
    """Return the other processes of its session."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if os.getsid(int(entry.name)) == leader:
                found.append(int(entry.name))
    return [pid for pid in found if pid != leader]


def _command(pid: int) -> str:
    """Return a command line; empty if the process has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
