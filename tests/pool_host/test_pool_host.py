"""A real pool host: it answers requests, reports changes, and leaves nothing behind."""

import contextlib
import json
import os
import re
import signal
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.protocol.pool_host import HostReply
from app.records.pool import JobState, PoolState, WorkerState
from tests.child.bare_supervisor import METHODS, BareSupervisor, bare_supervisor
from tests.pool_host.pool_hosts import LONG_S, PoolHost
from tests.waiting import POLL_S, gone, wait_until

Open = Callable[..., PoolHost]
TEN = {"range": [0, 10]}

MINE = """
import os, resource, time

def limit(): return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
def double(number): return 2 * number
def where(): return os.getpid()
def thing(): return {"a": (1, 2.5, None), "b": {1, }, "c": float("nan"), "d": b"x"}

class Odd:
    def __repr__(self): raise RuntimeError("no repr")

def odd(): return Odd()
def fail_long(): raise ValueError("x" * 100_000)
def fails(number): raise KeyError(number)
nameless = lambda: None
number = 7
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[BareSupervisor]:
    with bare_supervisor(tmp_path) as supervisor:
        supervisor.write("mine.py", MINE)
        yield supervisor


@pytest.fixture
def open_host(supervisor: BareSupervisor) -> Iterator[Open]:
    """Opens hosts, and hangs up on them at the end."""
    hosts: list[PoolHost] = []

    def opened(**spec: Any) -> PoolHost:
        hosts.append(PoolHost(supervisor, **{"processes": 2, **spec}))
        return hosts[-1]

    yield opened
    for host in hosts:
        host.close()


def workers_of(host: PoolHost) -> list[psutil.Process]:
    """The processes of its workers, once they are there."""
    host.wait_until(lambda: len(host.pool.workers) == 2, "two workers")
    return [psutil.Process(worker.pid) for worker in host.pool.workers]


def are_gone(processes: list[psutil.Process]) -> bool:
    return all(gone(process.pid) for process in processes)


# Jobs


@pytest.mark.parametrize("start_method", METHODS)
def test_all_eight_methods(open_host: Open, start_method: str) -> None:
    """Each is answered at once, keeps its own name, and has its result when it has finished."""
    host = open_host(start_method=start_method)
    squares = [number * number for number in range(10)]
    jobs = {
        host.submit("apply", "square", args=[7]): 49,
        host.submit("apply_async", "slow-square", args=[7], kwargs={"seconds": 0}): 49,
        host.submit("map", "square", iterable=TEN): squares,
        host.submit("map_async", "square", iterable=[1, 2, 3], chunksize=2): [1, 4, 9],
        host.submit("imap", "square", iterable=TEN): squares,
        host.submit("imap_unordered", "square", iterable=TEN, chunksize=3): squares,
        host.submit("starmap", "slow-square", iterable=[[2, 0], [3, 0]]): [4, 9],
        host.submit("starmap_async", "slow-square", iterable=[[4, 0]]): [16],
    }
    ended = [host.ended(number) for number in jobs]
    assert [job.method for job in ended] == [
        "apply", "apply_async", "map", "map_async", "imap", "imap_unordered", "starmap", "starmap_async",
    ]  # fmt: skip
    assert {job.state for job in ended} == {JobState.DONE}
    assert [job.total for job in ended] == [1, 1, 5, 2, 10, 4, 2, 1]
    assert [job.done for job in ended] == [job.total for job in ended]
    results = {number: host.detail(number).result for number in jobs}
    results[6].sort()
    assert results == jobs


@pytest.mark.parametrize("method", ["map", "imap", "imap_unordered", "starmap"])
def test_a_job_without_items_is_done_at_once(open_host: Open, method: str) -> None:
    """The result is an empty list."""
    host = open_host()
    job = host.ended(host.submit(method, "square", iterable=[]))
    assert (job.state, job.total) == (JobState.DONE, 0)
    assert host.detail(job.id).result == []


@pytest.mark.parametrize("method", ["map", "imap"])
def test_failures_have_arguments_and_traceback(open_host: Open, method: str) -> None:
    """The other tasks are done; the journal has the outcome."""
    host = open_host()
    job = host.ended(host.submit(method, "raise-at", iterable=TEN, chunksize=1))
    assert (job.state, job.done, job.failed, job.lost) == (JobState.FAILED, 9, 1, 0)
    assert job.error == "ValueError: 7 is the number that raises"
    detail = host.detail(job.id)
    (failure,) = detail.failures
    assert (failure.index, failure.first, failure.size, failure.lost) == (7, 7, 1, False)
    assert (failure.error, failure.arguments, failure.pid) == (job.error, "7", None)
    assert failure.traceback
    assert "in raise_at" in failure.traceback
    missing = [None] if method == "map" else []
    assert detail.result == [0, 1, 2, 3, 4, 5, 6, *missing, 8, 9]
    host.note("job", f"Job {job.id}, {method} of raise-at, finished after")
    host.note("job", "9 tasks done, 1 failed (ValueError: 7 is the number")


def test_failures_are_limited_to_a_frame(open_host: Open, supervisor: BareSupervisor) -> None:
    """At most a hundred are kept, the others are counted."""
    host = open_host()
    folder = str(supervisor.folder)
    job = host.ended(host.submit("map", "mine:fails", iterable={"range": [0, 300]}, chunksize=1, path=folder))
    detail = host.detail(job.id)
    assert job.failed == 300
    assert 50 < len(detail.failures) <= 100
    assert len(detail.failures) + detail.failures_not_shown == 300


def test_a_lost_task_is_named(open_host: Open) -> None:
    """With its worker, in the job, the state and the journal; the others are done."""
    host = open_host()
    job = host.ended(host.submit("map", "kill-own-worker", iterable=TEN, chunksize=1))
    assert (job.state, job.done, job.lost) == (JobState.LOST, 9, 1)
    detail = host.detail(job.id)
    (failure,) = detail.failures
    assert (failure.index, failure.lost, failure.arguments) == (7, True, "7")
    assert detail.result == [0, 1, 2, 3, 4, 5, 6, None, 8, 9]
    note = host.note("worker-lost", f"lost task 7 of job {job.id}, workers.pooled.kill_own_worker(7): ")
    assert note.pid == failure.pid
    ended = host.worker(lambda worker: worker.state is WorkerState.ENDED)
    assert (ended.pid, ended.exitcode) == (failure.pid, -signal.SIGKILL)
    assert host.pool.lost == 1


def test_a_retried_task_is_not_lost(open_host: Open) -> None:
    """It is counted as retried, and as lost when its last retry fails."""
    host = open_host(retries=1)
    job = host.ended(host.submit("map", "kill-own-worker", iterable=TEN, chunksize=1))
    assert (job.state, job.done, job.lost, job.retried) == (JobState.LOST, 9, 1, 1)
    assert host.detail(job.id).failures[0].attempt == 2


def test_the_end_of_an_idle_worker_is_reported(open_host: Open) -> None:
    """At once, with its exit code; a new worker replaces it."""
    host = open_host()
    first, _ = workers_of(host)
    first.kill()
    note = host.note("worker-ended", f"Worker {first.pid} ended by SIGKILL after 0 tasks; a new worker replaces it.")
    assert note.pid == first.pid
    host.wait_until(lambda: sum(one.state is WorkerState.IDLE for one in host.pool.workers) == 2, "two idle workers")


@pytest.mark.parametrize("start_method", METHODS)
def test_the_users_own_function(open_host: Open, supervisor: BareSupervisor, start_method: str) -> None:
    """Workers find it in the user's folder, although they were started before the host knew of it."""
    host = open_host(start_method=start_method)
    workers_of(host)
    folder = str(supervisor.folder)
    doubled = host.submit("map", "mine:double", iterable=[1, 2], path=folder)
    host.ended(doubled)
    assert host.detail(doubled).result == [2, 4], host.detail(doubled)
    thing = host.submit("apply", "mine:thing", path=folder)
    host.ended(thing)
    assert host.detail(thing).result == {"a": [1, 2.5, None], "b": "{1}", "c": "nan", "d": "b'x'"}
    odd = host.submit("apply", "mine:odd", path=folder)
    host.ended(odd)
    assert host.detail(odd).result == "<Odd without a repr: RuntimeError>"
    long = host.ended(host.submit("apply", "mine:fail_long", path=folder))
    assert long.error
    assert len(long.error) == 300


@pytest.mark.parametrize("start_method", METHODS)
def test_workers_have_the_usual_limit_of_open_files(
    open_host: Open, supervisor: BareSupervisor, start_method: str
) -> None:
    """Although the host's limit is higher, for the largest number of workers."""
    host = open_host(start_method=start_method)
    number = host.submit("apply", "mine:limit", path=str(supervisor.folder))
    host.ended(number)
    assert host.detail(number).result == 1024
    assert psutil.Process(host.started.pid).rlimit(psutil.RLIMIT_NOFILE)[0] > 1024


def test_two_modules_of_one_name(open_host: Open, supervisor: BareSupervisor) -> None:
    """The second one is refused, not mistaken for the first."""
    host = open_host()
    supervisor.write("other/mine.py", "def double(number): return 'another'\n")
    host.submit("apply", "mine:double", args=[1], path=str(supervisor.folder))
    refused = host.refusal(
        "Submit", spec={"method": "apply", "function": "mine:double", "args": [1], "path": f"{supervisor.folder}/other"}
    )
    assert refused.field == "function"
    assert f"mine is already loaded from {supervisor.folder}/mine.py" in refused.detail
    assert "open another pool" in refused.detail


def test_a_large_result_is_cut(open_host: Open) -> None:
    """Its beginning is shown, and that it was cut."""
    host = open_host()
    for method, spec in (("apply", {"args": [1]}), ("map", {"iterable": [1, 1, 1]}), ("imap", {"iterable": [1, 1, 1]})):
        job = host.ended(host.submit(method, "return-big", **spec))
        detail = host.detail(job.id)
        assert detail.result_cut
        assert "x00" in str(detail.result)
        assert len(json.dumps(detail.result)) < 40_000


def test_only_the_newest_jobs_are_kept(open_host: Open) -> None:
    """Older ones are counted; a running one is kept whatever its age."""
    host = open_host()
    asleep = host.submit("apply", "sleep", args=[600])
    numbers = [host.submit("apply", "square", args=[number]) for number in range(60)]
    for number in numbers[-49:]:
        host.ended(number)
    assert [job.id for job in host.pool.jobs] == [asleep, *numbers[-49:]]
    assert host.pool.jobs_not_shown == 11
    assert host.detail(asleep).job.state is JobState.RUNNING
    refused = host.refusal("ReadJob", job=numbers[0])
    assert (refused.reason, refused.detail) == (
        "not_found",
        f"job {numbers[0]} was dropped: only the last 50 finished jobs are kept",
    )
    assert host.refusal("ReadJob", job=1000).detail == "job not found: 1000; 61 jobs submitted so far"
    assert host.refusal("ReadJob", job=2**53 - 1).detail.startswith("job not found")


# Workers


def stalled(host: PoolHost) -> tuple[int, int]:
    """A job with a task that stalls: its number, and the pid of the worker."""
    number = host.submit("map", "stall-at", iterable={"range": [0, 12]}, chunksize=1)
    worker = host.worker(lambda one: one.task is not None and one.task.index == 7 and (one.busy_s or 0) > 0.5)
    return number, worker.pid


@pytest.mark.parametrize("start_method", METHODS)
def test_killing_a_stalled_worker_costs_one_task(open_host: Open, start_method: str) -> None:
    """The answer names it; the job ends with exactly that task lost, and the pool runs the next job."""
    host = open_host(start_method=start_method)
    number, pid = stalled(host)
    told = host.ask("ActOnWorker", pid=pid, verb="kill")
    assert told["text"] == host.note("worker-ended", "Killed").text
    assert re.fullmatch(rf"Killed worker {pid}: task 7 of job {number} was lost after [\d.]+ s.*\.", told["text"])
    assert (told["pid"], told["ended"], told["exitcode"], told["outcome"]) == (pid, True, -9, "lost")
    assert (told["task"]["job"], told["task"]["index"]) == (number, 7)
    assert (host.ended(number).done, host.ended(number).lost) == (11, 1)
    after = host.ended(host.submit("apply", "square", args=[3]))
    assert after.state is JobState.DONE


def test_killing_an_idle_worker_loses_no_task(open_host: Open) -> None:
    """The answer says so."""
    host = open_host()
    first, _ = workers_of(host)
    told = host.ask("ActOnWorker", pid=first.pid, verb="kill")
    assert told["text"] == f"Killed worker {first.pid}: no task was lost."
    assert (told["ended"], told["task"], told["outcome"]) == (True, None, None)


@pytest.mark.parametrize("verb", ["terminate", "kill", "suspend"])
def test_a_worker_with_another_task_than_agreed_is_left_alone(open_host: Open, verb: str) -> None:
    """The refusal names both tasks; with the right one the verb is done."""
    host = open_host()
    number, pid = stalled(host)
    for task, named in (({"job": number, "index": 6}, f"task 6 of job {number}"), (None, "no task")):
        refused = host.refusal("ActOnWorker", pid=pid, verb=verb, task=task)
        assert (refused.reason, refused.detail) == (
            "not_possible",
            f"worker {pid} now has task 7 of job {number}, not {named}; nothing was done",
        )
    told = host.ask("ActOnWorker", pid=pid, verb=verb, task={"job": number, "index": 7})
    assert told["pid"] == pid
    other = host.worker(lambda one: one.pid != pid and one.state == "idle")
    assert host.refusal("ActOnWorker", pid=other.pid, verb=verb, task={"job": 1, "index": 0}).detail == (
        f"worker {other.pid} now has no task, not task 0 of job 1; nothing was done"
    )
    assert host.ask("ActOnWorker", pid=other.pid, verb=verb, task=None)["pid"] == other.pid
    assert host.refusal("ActOnWorker", pid=pid, verb=verb, task=[7]).field == "task"


def test_the_answer_says_that_a_task_will_be_retried(open_host: Open) -> None:
    """When its worker is killed."""
    host = open_host(retries=1)
    number, pid = stalled(host)
    told = host.ask("ActOnWorker", pid=pid, verb="kill")
    assert re.match(
        rf"Killed worker {pid}: task 7 of job {number} had run for [\d.]+ s and will be retried", told["text"]
    )
    again = host.worker(lambda one: one.task is not None and one.task.attempt == 2)
    host.ask("ActOnWorker", pid=again.pid, verb="kill")
    assert (host.ended(number).lost, host.ended(number).retried) == (1, 1)


def ignores_sigterm(pid: int) -> bool:
    """A worker has its task a moment before the task's own code runs."""
    ignored = re.search(r"SigIgn:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
    return ignored is not None and bool(int(ignored[1], 16) >> (signal.SIGTERM - 1) & 1)


def test_a_worker_that_ignores_sigterm_holds_up_no_request(open_host: Open) -> None:
    """The answer comes after 5 s; meanwhile all other requests are answered, and jobs run."""
    host = open_host()
    number = host.submit("apply", "ignore-sigterm", args=[600])
    pid = host.worker(lambda one: one.task is not None).pid
    host.wait_until(lambda: ignores_sigterm(pid), "the task ignores SIGTERM")
    waiting = host.send("ActOnWorker", pid=pid, verb="terminate")
    joining = host.refusal("JoinPool", timeout_s=1)
    assert joining.reason == "not_possible"
    assert host.ended(host.submit("apply", "square", args=[2])).state is JobState.DONE
    assert host.detail(number).job.state is JobState.RUNNING
    assert waiting not in host.answers
    answer = host.answer(waiting)
    assert isinstance(answer, HostReply)
    assert (answer.result["ended"], answer.result["outcome"]) == (False, None)
    assert answer.result["text"] == (
        f"Worker {pid} did not end within 5 s and still runs task 0 of job {number}: it may ignore SIGTERM. Kill it."
    )
    assert host.ask("ActOnWorker", pid=pid, verb="kill")["outcome"] == "lost"


def test_suspend_and_resume(open_host: Open) -> None:
    """The answers say what it means; others do a suspended worker's waiting tasks."""
    host = open_host()
    number = host.submit("map", "slow-square", iterable=TEN, chunksize=1)
    worker = host.worker(lambda one: one.task is not None)
    told = host.ask("ActOnWorker", pid=worker.pid, verb="suspend")
    assert told["text"].startswith(f"Suspended worker {worker.pid}: ")
    host.worker(lambda one: one.pid == worker.pid and one.state is WorkerState.SUSPENDED)
    host.wait_until(lambda: (host.job(number) or host).done == 9, "the others done")  # type: ignore[union-attr]
    told = host.ask("ActOnWorker", pid=worker.pid, verb="resume")
    assert re.fullmatch(rf"Resumed worker {worker.pid}: task \d of job {number} continues\.", told["text"])
    assert host.ended(number).state is JobState.DONE


@pytest.mark.parametrize("verb", ["suspend", "resume", "terminate", "kill"])
def test_a_pid_of_another_process_is_refused(open_host: Open, verb: str) -> None:
    """And that process is not signalled."""
    host = open_host()
    refused = host.refusal("ActOnWorker", pid=os.getpid(), verb=verb)
    assert refused.reason == "not_found"
    assert f"worker not found: {os.getpid()}; workers of this pool: " in refused.detail


# The pool


def test_resize(open_host: Open) -> None:
    """Up and down; the state and the journal say so."""
    host = open_host()
    workers_of(host)
    for processes in (4, 1):
        assert host.ask("Resize", processes=processes)["processes"] == processes
        host.wait_until(
            lambda processes=processes: (
                host.pool.processes == processes
                and sum(one.state is WorkerState.IDLE for one in host.pool.workers) == processes
            ),
            f"{processes} workers",
        )
    host.note("pool", "Resized the pool from 4 to 1 worker.")


def test_close_and_join(open_host: Open) -> None:
    """Submitted jobs are done, new ones refused; then the host reports the end and exits."""
    host = open_host()
    number = host.submit("map", "slow-square", iterable=TEN)
    host.ask("Close")
    refused = host.refusal("Submit", spec={"method": "apply", "function": "square", "args": [1]})
    assert (refused.reason, refused.detail) == ("not_possible", "the pool is closing; open another one")
    assert host.ask("JoinPool", timeout_s=0) == {"joined": False}
    assert host.ask("JoinPool", timeout_s=LONG_S) == {"joined": True}
    assert host.started.end() == 0
    host.wait_until(lambda: host.has_hung_up, "the end of the channel")
    assert (host.pool.state, host.ended(number).state) == (PoolState.CLOSED, JobState.DONE)
    assert host.last_details[number].result == [number * number for number in range(10)]
    assert not [worker for worker in host.pool.workers if worker.state is not WorkerState.ENDED]


@pytest.mark.parametrize("start_method", METHODS)
def test_terminate(open_host: Open, start_method: str) -> None:
    """Running tasks are lost, waiting ones never start; after the answer the workers are gone, and the host exits."""
    host = open_host(start_method=start_method)
    running = host.submit("map", "sleep", iterable=[600] * 5, chunksize=1)
    host.wait_until(lambda: host.pool.running == 2, "two tasks running")
    processes = workers_of(host)
    joined = host.send("JoinPool")
    assert host.answer(joined) != host.ask("Terminate")
    assert are_gone(processes)
    assert host.started.end() == 0
    job = host.ended(running)
    assert (job.state, job.lost) == (JobState.LOST, 5)
    assert host.pool.state is PoolState.TERMINATED
    host.note("pool", "Terminated the pool with 2 running tasks and 3 waiting.")


def test_waiting_joins_are_answered_before_the_end(open_host: Open) -> None:
    """Those of another client, without a timeout."""
    host = open_host()
    number = host.submit("map", "slow-square", iterable=TEN)
    host.ask("Close")
    joins = [host.send("JoinPool") for _ in range(3)]
    host.ended(number)
    for join in joins:
        answer = host.answer(join)
        assert isinstance(answer, HostReply)
        assert answer.result == {"joined": True}


@pytest.mark.parametrize("start_method", METHODS)
def test_the_end_of_the_channel_ends_the_pool(open_host: Open, start_method: str) -> None:
    """When the supervisor has gone, workers and host end."""
    host = open_host(start_method=start_method)
    stalled(host)
    processes = workers_of(host)
    host.close()
    assert host.started.end() == 0
    assert are_gone(processes)


@pytest.mark.parametrize("start_method", METHODS)
def test_sigterm_ends_the_workers_first(open_host: Open, start_method: str) -> None:
    """Then the host sends the outcome, and exits normally."""
    host = open_host(start_method=start_method)
    number, _ = stalled(host)
    host.wait_until(lambda: host.pool.done == 11, "the others done")
    processes = workers_of(host)
    os.kill(host.started.pid, signal.SIGTERM)
    assert host.started.end() == 0
    assert are_gone(processes)
    assert (host.ended(number).lost, host.pool.state) == (1, PoolState.TERMINATED)


@pytest.mark.parametrize("start_method", METHODS)
def test_killing_the_host_ends_channel_and_workers(open_host: Open, start_method: str) -> None:
    """No worker keeps the channel open, and none outlives the host."""
    host = open_host(start_method=start_method)
    stalled(host)
    processes = workers_of(host)
    os.kill(host.started.pid, signal.SIGKILL)
    host.wait_until(lambda: host.has_hung_up, "the end of the channel")
    assert host.started.end() == -signal.SIGKILL
    wait_until(lambda: are_gone(processes))


def test_an_import_that_hangs_holds_up_only_submits(open_host: Open, supervisor: BareSupervisor) -> None:
    """All requests but other submits are answered during the import of the user's module."""
    host = open_host()
    supervisor.write("hanging.py", "import time\ntime.sleep(600)\n")
    before = host.submit("apply", "sleep", args=[600])
    host.send("Submit", spec={"method": "apply", "function": "hanging:run", "path": str(supervisor.folder)})
    assert host.detail(before).job.id == before
    pid = host.worker(lambda one: one.task is not None).pid
    assert host.ask("ActOnWorker", pid=pid, verb="kill")["outcome"] == "lost"
    host.ask("Terminate")
    assert host.started.end() == 0


def test_workers_that_never_boot_break_the_pool(open_host: Open) -> None:
    """The host gives up, reports why, and exits.  A crash is the fault of the worker; another signal is not."""
    host = open_host(start_method="spawn", processes=1)

    def kill_what_boots() -> bool:
        with contextlib.suppress(OSError):  # one that is gone
            for thread in Path(f"/proc/{host.started.pid}/task").iterdir():  # to read all of /proc takes too long
                for child in map(int, (thread / "children").read_text().split()):
                    if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                        os.kill(child, signal.SIGSEGV)
        return host.has_hung_up

    # On a busy machine some boot before they are killed, and it begins to count anew.
    host.wait_until(kill_what_boots, "the host gives up", deadline_s=180, slowest_poll_s=POLL_S)
    assert host.started.end() == 1
    host.listen()
    assert host.pool.error
    assert "workers in a row failed to start" in host.pool.error
    assert f"PoolBroken: {host.pool.error}" in host.started.log_text()


# Words


def test_invalid_messages_are_ignored_or_refused(open_host: Open) -> None:
    """The host keeps running."""
    host = open_host()
    for garbage in (b"", b"\xff\xfe", b"{", b"[]", b"7", b"{}", b'{"number": "one"}', b"[" * 100_000):
        host.connection.send_bytes(garbage)
    for number, ask in enumerate(
        [None, 7, {}, {"type": "Nothing"}, {"type": ["Submit"]}, {"type": "Submit"}, {"type": "Submit", "spec": []}],
        start=1000,
    ):
        host.connection.send_bytes(json.dumps({"kind": "ask", "number": number, "ask": ask}).encode())
        refused: Any = host.answer(number)
        assert refused.reason == "invalid"
    assert host.refusal("ReadJob", job="one").field == "job"
    assert host.refusal("JoinPool", timeout_s="long").field == "timeout_s"
    assert host.refusal("Resize", processes=0).detail == "processes: must be a whole number from 1 to 256, not 0"
    assert host.ended(host.submit("apply", "square", args=[2])).state is JobState.DONE


def test_a_broken_frame_ends_the_channel(open_host: Open) -> None:
    """What follows cannot be decoded, so the pool ends."""
    host = open_host()
    processes = workers_of(host)
    os.write(host.connection.fileno(), struct.pack("!i", 2**30))
    assert host.started.end() == 0
    assert are_gone(processes)


REFUSED = [
    ({"method": "filter"}, "method", "must be one of apply, apply_async, map, map_async, imap"),
    ({"colour": "red"}, "colour", "unknown field; a job has method, function, args"),
    ({"args": "1"}, "args", "must be a list"),
    ({"kwargs": [1]}, "kwargs", "must be an object"),
    ({"iterable": [1]}, "iterable", "only for map, imap and starmap; apply takes args and kwargs"),
    ({"chunksize": 2}, "chunksize", "only for map, imap and starmap; apply has one task"),
    ({"method": "map"}, "iterable", 'required by map: a list, or {"range": [start, stop, step]}'),
    ({"method": "map", "iterable": "abc"}, "iterable", "must be a list, or"),
    ({"method": "map", "iterable": [1], "args": [1]}, "args", "only for apply and apply_async; map takes an iterable"),
    ({"method": "imap", "iterable": [1], "kwargs": {"a": 1}}, "kwargs", "only for apply and apply_async"),
    (
        {"method": "map", "iterable": [1], "chunksize": 0},
        "chunksize",
        "must be a whole number from 1 to 1000000, not 0",
    ),
    ({"method": "map", "iterable": [1], "chunksize": True}, "chunksize", "must be a whole number from 1"),
    ({"method": "map", "iterable": [1], "chunksize": 1.5}, "chunksize", "must be a whole number from 1"),
    (
        {"method": "map", "iterable": {"range": []}},
        "iterable",
        'an object must be {"range": [stop]}, [start, stop] or [start, stop, step]',
    ),
    ({"method": "map", "iterable": {"range": [1], "x": 1}}, "iterable", "an object must be"),
    ({"method": "map", "iterable": {"range": [0, "9"]}}, "iterable", "must be a whole number from"),
    ({"method": "map", "iterable": {"range": [0, 9, 0]}}, "iterable", "the step of a range must not be 0"),
    (
        {"method": "map", "iterable": {"range": [1_000_001]}},
        "iterable",
        "must have at most 1,000,000 items, not 1,000,001",
    ),
    ({"method": "starmap", "iterable": {"range": [5]}}, "iterable", "starmap needs a list of argument lists"),
    ({"method": "starmap", "iterable": [[1], 2]}, "iterable", "starmap needs lists of arguments; item 1 is 2"),
    ({"function": ""}, "function", "must be a catalogue function or module:function"),
    ({"function": 7}, "function", "must be a catalogue function or module:function"),
    ({"function": "cube"}, "function", "unknown: 'cube'; use square, slow-square, prime-count"),
    ({"function": "nowhere:run"}, "function", "cannot load nowhere:run: ModuleNotFoundError: No module named"),
    (
        {"function": "mine:missing"},
        "function",
        "cannot load mine:missing: AttributeError: module 'mine' has no attribute",
    ),
    ({"function": "mine:number"}, "function", "cannot load mine:number: TypeError: mine:number is not callable: int"),
    ({"function": "mine:nameless", "path": None}, "function", "cannot load mine:nameless: PicklingError: "),
    ({"function": "leaving:run"}, "function", "cannot load leaving:run: SystemExit: 3"),
    ({"function": "broken:run"}, "function", "cannot load broken:run: ZeroDivisionError: division by zero"),
    ({"function": ":run"}, "function", "cannot load :run: ValueError: Empty module name"),
    ({"path": "/nowhere/at/all"}, "path", "must be an existing folder, not '/nowhere/at/all'"),
    ({"path": 7}, "path", "must be an existing folder, not 7"),
    ({"args": []}, "args", "missing a required argument: 'number'"),
    ({"args": [1, 2]}, "args", "too many positional arguments"),
    ({"method": "map", "iterable": [1], "function": "mine:where"}, "iterable", "too many positional arguments"),
]


def test_an_invalid_job_is_refused_with_the_reason(open_host: Open, supervisor: BareSupervisor) -> None:
    """Each refusal names the field and what is allowed, and uses no job number."""
    host = open_host(processes=1)
    supervisor.write("leaving.py", "import sys\nsys.exit(3)\n")
    supervisor.write("broken.py", "1 / 0\n")
    for wrong, field, text in REFUSED:
        spec = {"method": "apply", "function": "square", "path": str(supervisor.folder), **wrong}
        if spec["method"] == "apply" and "args" not in wrong and "iterable" not in wrong:
            spec["args"] = [1]
        refused = host.refusal("Submit", spec=spec)
        assert (refused.reason, refused.field) == ("invalid", field), refused
        assert refused.detail.startswith(f"{field}: "), refused
        assert text in refused.detail, refused
    assert host.submit("apply", "square", args=[1]) == 1


# How it tells


def test_the_first_state_is_complete_and_later_ones_are_changes(open_host: Open) -> None:
    """At most every 250 ms, whatever happens; each fits into a frame."""
    host = open_host()
    job = host.ended(host.submit("map", "square", iterable={"range": [0, 200_000]}, chunksize=1))
    first, *others = host.states
    assert first.keys() == {
        "state", "processes", "workers", "jobs", "jobs_not_shown", "queued", "running", "done", "failed", "lost",
        "retried", "stolen", "tasks_per_s", "error",
    }  # fmt: skip
    assert all("processes" not in changed and "retried" not in changed for changed in others)
    assert job.elapsed_s is not None
    assert len(host.states) <= job.elapsed_s / 0.25 + 5
    assert host.pool.done == 200_000


def test_a_host_without_a_supervisor_fails(supervisor: BareSupervisor) -> None:
    """Launched as an ordinary target, it ends with an error that says why."""
    started = supervisor.start("forkserver", "procession.pool_host:serve")
    assert started.end() == 1
    assert "only the supervisor can start a pool host" in started.log_text()


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ({"processes": 0}, "ValueError: Number of processes must be at least 1"),
        ({"start_method": "thread"}, "ValueError: start_method must be one of forkserver, spawn, fork, not 'thread'"),
        ({"maxtasksperchild": 0}, "ValueError: maxtasksperchild must be a positive int or None"),
    ],
)
def test_a_pool_that_cannot_be_opened_ends_its_host(open_host: Open, spec: dict[str, Any], error: str) -> None:
    """With exit code 1 and the reason."""
    host = open_host(**spec)
    assert host.started.end() == 1
    assert error in host.started.log_text()
