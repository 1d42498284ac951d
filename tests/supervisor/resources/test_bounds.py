"""However many programs come and go, nothing of them is kept for longer than it is shown."""

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

#: Pids that nobody has: above the kernel's own limit.
FIRST_PID = 1 << 23
HELLO: dict[str, Any] = {"ppid": 1, "python": "3.11.7", "executable": "python"}


def moment(number: int, later: float = 0.0) -> Now:
    """When that program lives, ten seconds after the one before; its words are told as they come, a little earlier."""
    return Now(time.monotonic() + 10 * number + later, time.time() + 10 * number + later)


def live_and_die(resources: Resources, number: int, name: str) -> None:
    """A program of a parent, a fork child and a worker of a pool, with a queue, a lock and shared memory."""
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
    resources.intake.report((pid, 1), w.Hello(program=program, **HELLO), (), moment(number))
    for word in words:
        resources.intake.report((pid, 1), word, (), moment(number))
    for child in (pid + 1, pid + 2):
        resources.intake.report((child, 1), w.Hello(program=program, forked=True, **HELLO), (), moment(number))
        resources.intake.forked(pid, child)
    resources.read(moment(number))
    for one in (pid, pid + 1, pid + 2):
        resources.intake.ended(one, moment(number))


def kept(thing: object, depth: int = 3) -> Iterator[tuple[str, int]]:
    """The size of every container in it, by the name of its attribute."""
    for name, value in vars(thing).items():
        if isinstance(value, dict | set | list | deque):
            yield f"{type(thing).__name__}.{name}", len(value)
        elif depth and type(value).__module__.startswith("app.") and hasattr(value, "__dict__"):
            yield from kept(value, depth - 1)


def test_many_programs_leave_nothing() -> None:
    """What is remembered of the dead has a bound; what was in /dev/shm goes with the record of its program."""
    name = f"procession-test-{os.getpid()}"
    left = Path("/dev/shm") / name
    left.write_text("x")
    try:
        resources = Resources()
        sizes = []
        for number in range(1, 601):
            live_and_die(resources, number, name)
            resources.read(moment(number, LINGERS_S + 1))
            resources.forget(f"p{number}")
            resources.handover.forget_news()
            if number in {300, 600}:
                sizes.append(dict(kept(resources)))
        grown = {one: (sizes[0][one], size) for one, size in sizes[1].items() if size > sizes[0][one]}
        # These have bounds of their own, of 1,000 and more.
        assert grown.keys() <= {"Intake._ended", "Book._held_by_dead", "NameNumbers._seen"}
        assert resources.leaks == ()
        assert resources._leaks._left == {}
        assert not resources.records
        resources.close()
    finally:
        left.unlink()
