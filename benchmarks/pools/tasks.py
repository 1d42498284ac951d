"""The functions that the pools' workers run; every worker imports this module, so it is small."""

from __future__ import annotations

import os
import time

MEBIBYTE = b"x" * (1 << 20)


def noop(*_: object) -> None:
    """Do nothing."""


def identity(value: int) -> int:
    """Return the item."""
    return value


def give(_: int) -> bytes:
    """Return a large result."""
    return MEBIBYTE


def take(data: bytes) -> int:
    """Take a large argument."""
    return len(data)


def whoami(_: int) -> int:
    """Return the worker's pid, after a moment in which the other workers get tasks."""
    time.sleep(0.02)
    return os.getpid()


def register(folder: str) -> None:
    """Announce the pid of this worker once, as the name of a file."""
    path = f"{folder}/{os.getpid()}"
    if not os.path.exists(path):  # noqa: PTH110  # pathlib would be most of what the task costs
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT))


def short(folder: str, number: int) -> int:
    """Announce the worker, then work for a millisecond."""
    register(folder)
    time.sleep(0.001)
    return number


def victim(folder: str, seconds: float) -> str:
    """Announce the worker, then sleep until it is killed."""
    register(folder)
    time.sleep(seconds)
    return "finished"


class Big:
    """A result that announces its worker when pickling begins."""

    def __init__(self, folder: str, size: int) -> None:
        self.folder, self.size = folder, size

    def __reduce__(self) -> tuple[type[bytes], tuple[bytes]]:
        register(self.folder)
        return bytes, (b"y" * self.size,)


def give_big(folder: str, size: int) -> Big:
    """Return a result that takes a while to write."""
    return Big(folder, size)
