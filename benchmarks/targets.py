"""What the measured processes run: they report when their code began."""

import os
import time


def stamp(fifo: str, tag: str, seconds: float = 0.0) -> None:
    """Write ``tag`` and the monotonic clock, which all processes share, into the fifo; then sleep."""
    now = time.monotonic_ns()
    fd = os.open(fifo, os.O_WRONLY)
    os.write(fd, f"{tag} {now}\n".encode())
    os.close(fd)
    if seconds:
        time.sleep(seconds)
