"""The bare loop of `benchmarks.bare` as a process that takes commands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .stamps import Stamps


class Bare:
    """A running bare loop; its reports arrive in ``stamps``."""

    def __init__(self, process: subprocess.Popen[str], stamps: Stamps) -> None:
        self.pid = process.pid
        self.stamps = stamps
        self._process = process

    def tell(self, command: str) -> None:
        """Send one command."""
        assert self._process.stdin
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()


@contextmanager
def bare(folder: Path, method: str, name: str) -> Iterator[Bare]:
    """Run a bare loop with a start method; end it with all its children."""
    stamps = Stamps(folder, f"bare-{name}-{method}")
    command = (sys.executable, "-m", "benchmarks.bare", method, stamps.path)
    process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    try:
        yield Bare(process, stamps)
    finally:
        process.communicate(timeout=60)
        stamps.close()
