"""What is stored about ended programs is bounded, however many programs come and go."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.core.resources.book import LINGERS_S
from app.protocol import observer as w
from app.records.primitives import Now
from app.supervisor.resources.resources import Resources

#: Pids above the kernel's limit, which no process has.
FIRST_PID = 1 << 23
HELLO: dict[str, Any] = {"ppid": 1, "python": "3.11.7", "executable": "python"}


def time_of(number: int, later: float = 0.0) -> Now:
    """Return the time at which that program runs: ten seconds after the one before."""
    return Now(time.monotonic() + 10 * number + later, time.time() + 10 * number + later)


def run_and_end(resources: Resources, number: int, name: str) -> None:
    """Report a program with a fork child, a pool worker, a queue, a lock and shared memory, and its end."""
    program, pid = f"p{number}", FIRST_PID + 3 * number
    keys = [f"{kind}:{1_000_000 + 10 * number + n}" for n, kind in enumerate(("sem", "sem", "sem", "pipe"))]
    made = [
        w.Made(key=keys[0], resource="lock"),
        w.Made(key=keys[1], resource="lock"),
        w.Made(key=keys[2], resource="lock", name="kept"),
        w.Made(key=keys[3], resource="pipe"),
        w.Made(
            key=f"queue:{number}",
            resource="queue",
            parts={"rlock": keys[0], "wlock": keys[1], "pipe": keys[3]},
            name="jobs",
        ),
        w.Made(key=f"shm:{name}", resource="shared_memory", name="memory", facts={"size": 1}),
    ]
    words = [
        *made,
        w.Started(child=pid + 2, name="w", daemon=True, start_method="fork", role=f"pool:{pid}-never-told"),
        w.Joining(child=pid + 1),
    ]
    resources.intake.report((pid, 1), w.Hello(program=program, **HELLO), (), time_of(number))
    for word in words:
        resources.intake.report((pid, 1), word, (), time_of(number))
    for child in (pid + 1, pid + 2):
        resources.intake.report((child, 1), w.Hello(program=program, forked=True, **HELLO), (), time_of(number))
        resources.intake.forked(pid, child)
    resources.read(time_of(number))
    for one in (pid, pid + 1, pid + 2):
        resources.intake.ended(one, time_of(number))


def container_sizes(thing: object, depth: int = 3) -> Iterator[tuple[str, int]]:
    """Yield the size of every container in the object, by attribute name."""
    for name, value in vars(thing).items():
        if isinstance(value, dict | set | list | deque):
            yield f"{type(thing).__name__}.{name}", len(value)
        elif depth and type(value).__module__.startswith("app.") and hasattr(value, "__dict__"):
            yield from container_sizes(value, depth - 1)


def test_ended_programs_leave_only_bounded_records() -> None:
    """Their leaks in /dev/shm are forgotten with the record of the program."""
    name = f"procession-test-{os.getpid()}"
    left = Path("/dev/shm") / name
    left.write_text("x")
    try:
        resources = Resources()
        sizes = []
        for number in range(1, 601):
            run_and_end(resources, number, name)
            resources.read(time_of(number, LINGERS_S + 1))
            resources.forget(f"p{number}")
            resources.handover.forget_news()
            if number in {300, 600}:
                sizes.append(dict(container_sizes(resources)))
        grown = {one: (sizes[0][one], size) for one, size in sizes[1].items() if size > sizes[0][one]}
        # These have limits of their own, of 1,000 and more.
        # Where a reading stopped for want of time: one entry for each kind of work.
        grown.pop("ResourceReader._starts", None)
        assert grown.keys() <= {"Intake._ended", "Book._held_by_dead"}
        assert resources.leaks == ()
        assert resources._leaks._left == {}
        assert not resources.records
        resources.close()
    finally:
        left.unlink()
