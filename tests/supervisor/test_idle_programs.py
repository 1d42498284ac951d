"""Programs that wait until a signal or a person lets them go on are not accused; the same wait without that is told."""

from __future__ import annotations

import pytest

from app.records.waits import FindingKind
from tests.supervisor.program_runs import Programs
from tests.waiting import wait_until

#: A pipe to itself: nobody writes into it.
NOBODY_WRITES = """
import multiprocessing, os

r, w = os.pipe()
print("idle", flush=True)
os.read(r, 1)
"""
#: The handler of a signal writes into the pipe that the main thread reads.
SELF_PIPE = """
import multiprocessing, os, signal

r, w = os.pipe()
signal.signal(signal.SIGTERM, lambda *_: os.write(w, b"x"))
print("idle", flush=True)
os.read(r, 1)
"""
#: The interpreter writes into it, for each signal that has a handler.
WAKEUP = """
import multiprocessing, signal, socket

r, w = socket.socketpair()
w.setblocking(False)
signal.set_wakeup_fd(w.fileno())
signal.signal(signal.SIGTERM, lambda *_: None)
print("idle", flush=True)
r.recv(1)
"""
#: A handler that only notes the signal does not write.
NOTES = """
import multiprocessing, os, signal

seen = []
signal.signal(signal.SIGTERM, lambda number, _: seen.append(number))
r, w = os.pipe()
print("idle", flush=True)
os.read(r, 1)
"""
#: Runs until Ctrl-C, which ends the join; then it stops its worker.
UNTIL_CTRL_C = """
import multiprocessing

def work(stop):
    stop.wait()

def main():
    stop = multiprocessing.Event()
    process = multiprocessing.Process(target=work, args=(stop,))
    process.start()
    print("idle", flush=True)
    try:
        process.join()
    except KeyboardInterrupt:
        stop.set()

if __name__ == "__main__":
    main()
"""
#: Here Ctrl-C only ends the program.
NEVER_SET = UNTIL_CTRL_C.replace("KeyboardInterrupt", "OSError")
#: The handler of another signal raises, and a finally clause stops the worker.
UNTIL_SIGTERM = (
    UNTIL_CTRL_C.replace("except KeyboardInterrupt", "finally")
    .replace("import multiprocessing", "import multiprocessing, signal, sys")
    .replace("def main():", "def end(*_):\n    sys.exit(0)\n\ndef main():\n    signal.signal(signal.SIGTERM, end)")
)
#: The worker waits for an item, which a stop is not: its sentinel was forgotten.
NO_ITEM = UNTIL_CTRL_C.replace("Event()", "Queue()").replace("stop.wait", "stop.get")
#: The handler of main opens a gate for its worker.
GATE = """
import multiprocessing, signal

gate = multiprocessing.Lock()

def work():
    gate.acquire()

if __name__ == "__main__":
    gate.acquire()
    signal.signal(signal.SIGTERM, lambda *_: gate.release())
    process = multiprocessing.Process(target=work)
    process.start()
    print("idle", flush=True)
    process.join()
"""
#: The handler of main writes into the pipe that its worker reads.
STOP_PIPE = """
import multiprocessing, os, signal

r, w = os.pipe()

def work():
    os.read(r, 1)

if __name__ == "__main__":
    process = multiprocessing.Process(target=work)
    process.start()
    signal.signal(signal.SIGTERM, lambda *_: os.write(w, b"x"))
    print("idle", flush=True)
    process.join()
"""


def told_as_deadlock(programs: Programs, program: str) -> None:
    """Wait until a program is told as a deadlock."""
    wait_until(lambda: any(one.kind is FindingKind.DEADLOCK for one in programs.findings(program)), 30, "a deadlock")


@pytest.mark.parametrize("source", [SELF_PIPE, WAKEUP, GATE, STOP_PIPE])
def test_a_wait_that_a_signal_ends_is_idle(programs: Programs, source: str) -> None:
    program = programs.run(source)
    programs.until(program, "idle")
    # Another program that hangs for as long has been told by then.
    told_as_deadlock(programs, programs.run(NOBODY_WRITES))
    assert programs.findings(program) == []


@pytest.mark.parametrize("source", [UNTIL_CTRL_C, UNTIL_SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_program_that_runs_until_a_signal_raises_is_idle(programs: Programs, source: str) -> None:
    program = programs.run(source)
    programs.until(program, "idle")
    told_as_deadlock(programs, programs.run(NEVER_SET))
    told_as_deadlock(programs, programs.run(NO_ITEM))
    assert programs.findings(program) == []


def test_a_handler_that_writes_nothing_does_not_end_a_read(programs: Programs) -> None:
    told_as_deadlock(programs, programs.run(NOTES))
