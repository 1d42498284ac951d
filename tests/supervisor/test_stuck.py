"""Programs that hang for a reason within one process: told with the line, and the process counts as stuck."""

from __future__ import annotations

import os
import signal

import pytest

from app.records.waits import Finding, FindingKind
from tests.supervisor.program_runs import Programs
from tests.waiting import wait_until

#: The module is imported by a thread when the child is forked.
IMPORT_LOCK = """
import multiprocessing, sys, threading, time

with open("slow_module.py", "w") as file:
    file.write("import time\\ntime.sleep(3)")
sys.path.insert(0, ".")

def load():
    import slow_module

def work():
    import slow_module

if __name__ == "__main__":
    threading.Thread(target=load, name="loader").start()
    time.sleep(1)
    multiprocessing.get_context("fork").Process(target=work, name="worker").start()
"""
#: A coroutine is sent to the event loop of a thread that exists in the parent only.
LOOP_OF_PARENT = """
import asyncio, multiprocessing, threading

loop = asyncio.new_event_loop()

async def answer():
    return 42

def work():
    asyncio.run_coroutine_threadsafe(answer(), loop).result()

if __name__ == "__main__":
    threading.Thread(target=loop.run_forever, name="loop", daemon=True).start()
    process = multiprocessing.get_context("fork").Process(target=work, name="worker")
    process.start()
    process.join()
"""
#: Two threads take two locks of the module threading in opposite order; the main thread joins them.
THREADS = """
import multiprocessing, threading

first, second = threading.Lock(), threading.Lock()
meeting = threading.Barrier(2)

def take(one, other):
    with one:
        meeting.wait()
        with other:
            pass

def work():
    pairs = ((first, second), (second, first))
    threads = [threading.Thread(target=take, args=pair, name=f"taker-{n}") for n, pair in enumerate(pairs)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()

if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=work, name="worker")
    process.start()
    process.join()
"""
#: A handler of a signal calls notify() in the thread that waits.
OWN_SLEEPER = """
import multiprocessing, signal

condition = multiprocessing.Condition()

def stop(*_):
    with condition:
        condition.notify()

signal.signal(signal.SIGALRM, stop)
signal.alarm(1)
with condition:
    condition.wait()
"""
#: A command writes more than a pipe takes, and its parent waits for its exit before it reads.
FULL_PIPE = """
import multiprocessing, subprocess, sys

def work(command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    process.wait()
    process.stdout.read()

if __name__ == "__main__":
    process = multiprocessing.get_context("fork").Process(target=work, args=(sys.argv[1:],), name="worker")
    process.start()
    process.join()
"""
#: A command leaves a process behind that has its output open.
LEFT_BEHIND = """
import multiprocessing, subprocess

def work():
    subprocess.check_output(["sh", "-c", "sleep 600 & echo started"])

if __name__ == "__main__":
    process = multiprocessing.get_context("fork").Process(target=work, name="worker")
    process.start()
    process.join()
"""
#: An idle program: it waits until a signal ends it, and one of its threads for work.
IDLE = """
import multiprocessing, queue, threading

def serve(work):
    work.get()

threading.Thread(target=serve, args=(queue.Queue(),), daemon=True).start()
print("idle", flush=True)
threading.Event().wait()
"""


def told(programs: Programs, program: str, kind: FindingKind, *parts: str) -> Finding:
    """Return the finding of this kind once its text has all parts: the lines come a moment later."""

    def look() -> Finding | None:
        return next(
            (one for one in programs.findings(program) if one.kind is kind and all(part in one.text for part in parts)),
            None,
        )

    found = wait_until(look, 30, f"a finding {kind} with {parts}")
    assert found
    return found


def is_stuck(programs: Programs, program: str, name: str) -> str:
    shown = programs.named(program).get(name)
    return shown.stuck.reason if shown and shown.stuck else ""


def test_import_lock_held_at_fork_is_told_with_its_line(programs: Programs) -> None:
    program = programs.run(IMPORT_LOCK)
    line = IMPORT_LOCK[: IMPORT_LOCK.index("import slow_module", IMPORT_LOCK.index("def work"))].count("\n") + 1
    place = f"at script.py:{line} in work(), waits for the lock of a module that it imports"
    told(programs, program, FindingKind.STUCK, "worker (pid", place, "had 1 other thread (loader) when it forked")
    reason = "stuck: waits for the lock of a module that it imports"
    wait_until(lambda: is_stuck(programs, program, "worker") == reason, 20, "the worker is shown as stuck")


def test_future_of_a_loop_that_only_the_parent_has(programs: Programs) -> None:
    program = programs.run(LOOP_OF_PARENT)
    found = told(programs, program, FindingKind.STUCK, "in work(), waits in Future.result() of concurrent.futures")
    assert "use the start method spawn or forkserver, or fork before starting threads" in found.cure


def test_threads_of_a_process_that_wait_for_each_other(programs: Programs) -> None:
    """Both are named with their lines, and the program waits behind them."""
    program = programs.run(THREADS)
    of_threads = "all its other threads wait, too: taker-0 at script.py:10 in take() and taker-1 at script.py:10"
    told(programs, program, FindingKind.STUCK, "in work(), waits in Thread.join() of threading", of_threads)


def test_handler_that_notifies_the_wait_that_it_has_interrupted(programs: Programs) -> None:
    program = programs.run(OWN_SLEEPER)
    told(programs, program, FindingKind.DEADLOCK, "in stop(), waits in notify()", "The sleeper is the process itself")


@pytest.mark.parametrize("command", [("seq", "1000000"), ("sh", "-c", "seq 1000000; true")], ids=" ".join)
def test_command_whose_output_nobody_reads_while_its_exit_is_awaited(
    programs: Programs, command: tuple[str, ...]
) -> None:
    program = programs.run(FULL_PIPE, *command)
    found = told(programs, program, FindingKind.DEADLOCK, f"waits for the exit of {command[0]} (pid", "seq (pid")
    assert "worker (pid" in found.text
    assert "read the output of a command before waiting for its exit" in found.cure


def test_output_that_a_process_left_behind_keeps_open(programs: Programs) -> None:
    program = programs.run(LEFT_BEHIND)
    text = "waits for the end of the output of sh (pid"
    found = told(programs, program, FindingKind.STUCK, text, "sleep (pid", "left behind, keeps the pipe open")
    os.kill(found.pids[1], signal.SIGKILL)
    wait_until(lambda: programs.record(program).state == "ended", 20, "the program goes on and ends")


def test_idle_program_is_not_stuck(programs: Programs) -> None:
    program = programs.run(IDLE)
    programs.until(program, "idle")
    # Another program that is stuck for as long has been told by then.
    other = programs.run(LOOP_OF_PARENT)
    told(programs, other, FindingKind.STUCK, "waits in Future.result()")
    assert programs.findings(program) == []
