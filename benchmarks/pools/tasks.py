"""What the pools' workers run; each of them is imported by every peer's workers, so this stays small."""

from __future__ import annotations

import os
import time

MEBIBYTE = b"x" * (1 << 20)


def noop(*_: object) -> None:
    """Nothing: what is left is the pool."""


def identity(value: int) -> int:
    """The least that a map can do."""
    return value


def give(_: int) -> bytes:
    """A large result."""
    return MEBIBYTE


def take(data: bytes) -> int:
    """A large argument."""
    return len(data)


def whoami(_: int) -> int:
    """The worker's pid, after a moment in which the other workers get theirs to do."""
    time.sleep(0.02)
    return os.getpid()


def register(folder: str) -> None:
    """Tell the pid of this worker once, as a file's name."""
    path = f"{folder}/{os.getpid()}"
    if not os.path.exists(path):  # noqa: PTH110  # pathlib would be most of what the task costs
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT))


def short(folder: str, number: int) -> int:
    """A millisecond of work by a worker that can be found."""
    register(folder)
    time.sleep(0.001)
    return number


def victim(folder: str, seconds: float) -> str:
    """To be killed while it sleeps."""
    register(folder)
    time.sleep(seconds)
    return "finished"


class Big:
    """Tells its worker at the moment when the result begins to be pickled, and written."""

    def __init__(self, folder: str, size: int) -> None:
        self.folder, self.size = folder, size

    def __reduce__(self) -> tuple[type[bytes], tuple[bytes]]:
        register(self.folder)
        return bytes, (b"y" * self.size,)


def give_big(folder: str, size: int) -> Big:
    """A result that takes a while to write."""
    return Big(folder, size)
