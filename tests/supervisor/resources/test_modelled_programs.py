"""Random real programs: the verdict about each equals that of a slow model.

Each thread acquires its locks, says that it is ready, and goes to its place once all are ready; so the state is the
same however they are scheduled.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, seed, settings

from tests.core.resources.modelled_programs import EVENTS, LOCKS, QUEUES, Name, Program, programs, stuck, told
from tests.supervisor.resources.observed_programs import Watched, watched

#: Looks at a program of which nothing is told, one after the other.
_LOOKS = 6


def source(program: Program) -> str:
    """Return the program as Python; what a thread's code names and calls stands in a branch that is never taken."""
    lines = [
        "context = multiprocessing.get_context('fork')",
        *(f"{name} = context.Lock()" for name in LOCKS),
        *(f"{name} = context.Queue()" for name in QUEUES),
        *(f"{name} = context.Event()" for name in EVENTS),
        "children = {}",
        "def at_gate(name):",
        "    open(f'ready-{name}', 'w').close()",
        "    while not os.path.exists('gate'): time.sleep(0.02)",
        "",
    ]
    for name in sorted(program, reverse=True):
        lines += _function(program, name)
    lines += ["if __name__ == '__main__':", "    os.chdir({folder!r})", "    run_0_0()"]
    return "\n".join(lines)


def _function(program: Program, name: Name) -> list[str]:
    thread, (process, number) = program[name], name
    named = [*sorted(thread.names), *(f"context.{method}" for method in sorted(thread.calls))]
    body = [f"if len(sys.argv) > 9: print({', '.join(named)})"]
    if name == (0, 0):
        for child in sorted({process for process, _ in program} - {0}):
            body += [f"children[{child}] = context.Process(target=run_{child}_0)", f"children[{child}].start()"]
    if not number:
        others = sorted(each for of, each in program if of == process and each)
        body.append("threads = []")
        for each in others:
            body.append(f"threads.append(threading.Thread(target=run_{process}_{each}, daemon=True))")
            body.append("threads[-1].start()")
    body += [f"{lock}.acquire()" for lock in thread.holds]
    body.append(f"at_gate('{process}-{number}')")
    places = {
        "sleep": "time.sleep(600)",
        "end": "return",
        "join": f"children[{thread.of}].join()",
        "threads": "for one in threads: one.join()",
    }
    waits = {
        **dict.fromkeys(LOCKS, "acquire()"),
        **dict.fromkeys(QUEUES, "get({})"),
        **dict.fromkeys(EVENTS, "wait({})"),
    }
    timeout = "timeout=600" if thread.timed else ""
    body.append(places.get(thread.at) or f"{thread.at}.{waits[thread.at].format(timeout)}")
    if not number:
        body.append("time.sleep(600)")  # a main thread does not end
    return [f"def run_{process}_{number}():", *(f"    {line}" for line in body), ""]


def check(folder: Path, program: Program) -> None:
    folder.mkdir()
    with watched(folder, source(program).replace("{folder!r}", repr(str(folder)))) as running:
        running.see(lambda _: len(list(folder.glob("ready-*"))) == len(program))
        (folder / "gate").touch()
        pids = pids_of(running, program)
        wanted = {pids[one] for one in stuck(program)}
        running.see(lambda one: told(one.resources.waits()) == wanted)
        for _ in range(_LOOKS):
            running.look()
        assert told(running.resources.waits()) == wanted


def pids_of(running: Watched, program: Program) -> dict[int, int]:
    """Return the pids of the processes, in the order in which the first one started them."""
    started = [heard.word.child for heard in running.words if type(heard.word).__name__ == "Started"]
    return dict(enumerate([running.pid, *started][: max(process for process, _ in program) + 1]))


@pytest.mark.parametrize("number", [*range(4), *(pytest.param(one, marks=pytest.mark.long) for one in range(4, 104))])
def test_verdict_about_a_random_program(tmp_path: Path, number: int) -> None:
    @seed(Random(number).getrandbits(32))
    @settings(max_examples=1, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(programs().filter(lambda one: len(one) <= 8))
    def once(program: Program) -> None:
        check(tmp_path / f"{len(list(tmp_path.iterdir()))}", program)

    once()
