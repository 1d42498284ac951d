"""Each finding in words: when there is one, when there is none, and that it names the right processes."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from msgspec.structs import replace

from app.core.findings.diagnosis import Diagnosis
from app.core.scene.python_stack import Frame
from app.core.scene.scene import DeadThread, Leak, Scene
from app.records.process import Descendant, State
from app.records.resource import ResourceKind
from app.records.wait_words import worded
from app.records.waits import HANDLER, Certainty, FindingKind, ThreadWait
from tests.core.scene.scenes import (
    MAIN,
    ONE,
    START,
    THREE,
    TWO,
    actor,
    after,
    edge,
    join,
    only,
    resource,
    scene,
    settled,
    thread_wait,
    waiting,
)

LIB = "/usr/lib/python3.11"
KILLED = "SIGKILL by operator"


def test_a_deadlock_names_who_holds_what_in_the_order_of_the_cycle() -> None:
    found = only(
        scene(resource("a"), resource("b"), edge(ONE, "b", TWO), edge(TWO, "a", ONE), edge(THREE, "a", ONE)),
        FindingKind.DEADLOCK,
    )
    assert found.text == (
        "worker-1 (pid 11) holds lock a and waits for lock b; worker-2 (pid 12) holds lock b and waits for lock a. "
        "1 other process is blocked behind them."
    )
    assert found.pids == (ONE, TWO, THREE)
    assert found.resources == ("b", "a")
    assert found.program == "p1"
    assert "same order" in found.cure


def test_a_dead_process_is_named_with_its_exception() -> None:
    dead = actor(ONE, dead=1, cause="exit 1: KeyError: 3, at a.py:3 in f()")
    found = only(
        scene(dead, resource("a", abandoned=True, holder=ONE, waiting=waiting(TWO))), FindingKind.ABANDONED_LOCK
    )
    assert "exit code 1: KeyError: 3, at a.py:3 in f()" in found.text


def test_a_long_deadlock_names_its_first_and_last_processes() -> None:
    """And how many more there are; its pids and resources are complete."""
    pids, forks = range(20, 50), [f"fork{at}" for at in range(30)]
    around = [edge(pid, fork, pids[(at + 1) % 30]) for at, (pid, fork) in enumerate(zip(pids, forks, strict=True))]
    actors = [actor(pid) for pid in pids]
    found = only(scene(*actors, *map(resource, forks), *around), FindingKind.DEADLOCK)
    clauses = found.text.split("; ")
    assert [clause.split()[0] for clause in clauses if clause.startswith("other")] == [
        "other-20", "other-21", "other-22", "other-23", "other-49"
    ]  # fmt: skip
    assert clauses[-2] == "and so on through 25 more processes"
    assert clauses[-1] == "other-49 (pid 49) holds lock fork28 and waits for lock fork29."
    assert (set(found.pids), set(found.resources)) == (set(pids), set(forks))


def test_a_lock_that_is_taken_twice() -> None:
    found = only(scene(resource("a"), edge(ONE, "a", ONE)), FindingKind.DEADLOCK)
    assert found.text == "worker-1 (pid 11) waits for lock a, which it holds itself."
    assert "RLock" in found.cure


def test_a_deadlock_of_messages() -> None:
    found = only(
        scene(
            resource("results", ResourceKind.QUEUE),
            resource("tasks", ResourceKind.QUEUE),
            edge(MAIN, "results", ONE, to="get"),
            edge(ONE, "tasks", MAIN, to="get"),
        ),
        FindingKind.DEADLOCK,
    )
    assert found.text == (
        "main (pid 10) waits to get from queue results, which only worker-1 (pid 11) can fill; "
        "worker-1 (pid 11) waits to get from queue tasks, which only main (pid 10) can fill."
    )
    assert "timeout" in found.cure


def waits_for_each_other(**facts: Any) -> Scene:
    """Main and a worker wait for each other's items."""
    return scene(
        resource("results", ResourceKind.QUEUE, **facts),
        resource("tasks", ResourceKind.QUEUE),
        edge(MAIN, "results", ONE, to="get"),
        edge(ONE, "tasks", MAIN, to="get"),
    )


def test_a_deadlock_that_rests_on_a_reading_of_code_is_very_likely() -> None:
    """The text says who has the means without using them: a process that inherited them, or another thread."""
    assert only(waits_for_each_other(), FindingKind.DEADLOCK).certainty is Certainty.CERTAIN
    assert only(waits_for_each_other(inherited_by=(TWO,)), FindingKind.DEADLOCK).certainty is Certainty.VERY_LIKELY
    seen = waits_for_each_other()
    heartbeat = frozenset({(ONE, 7)})
    beat = {ONE: {7: (Frame("beat", "/srv/train.py", 9),)}}
    from_both = tuple(replace(wait, apart=heartbeat) for wait in seen.waits)
    from_tasks = (*seen.waits[:1], replace(seen.waits[1], apart=heartbeat))
    for waits, what in ((from_both, "them"), (from_tasks, "queue tasks")):
        found = only(
            replace(seen, waits=waits, stacks=beat, thread_names={ONE: {7: "heartbeat"}}), FindingKind.DEADLOCK
        )
        assert found.certainty is Certainty.VERY_LIKELY
        heartbeat_words = "Thread heartbeat of worker-1 (pid 11), at train.py:9 in beat(),"
        assert found.text.endswith(f" {heartbeat_words} does not fill {what}.")


def test_a_thread_that_may_run_code_of_the_program_makes_a_deadlock_very_likely() -> None:
    """Until its stack is known; it may turn out to run only code of a library."""
    seen = waits_for_each_other()
    waits = tuple(replace(wait, apart=frozenset({(ONE, 7)})) for wait in seen.waits)
    assert only(replace(seen, waits=waits), FindingKind.DEADLOCK).certainty is Certainty.VERY_LIKELY
    feed = {ONE: {7: (Frame("_feed", "/usr/lib/python3.11/multiprocessing/queues.py", 230),)}}
    assert only(replace(seen, waits=waits, stacks=feed), FindingKind.DEADLOCK).certainty is Certainty.CERTAIN


def test_a_deadlock_of_a_lock_and_a_join() -> None:
    found = only(scene(resource("a"), join(MAIN, ONE), edge(ONE, "a", MAIN)), FindingKind.DEADLOCK)
    assert found.text == (
        "main (pid 10) holds lock a and waits in join() for worker-1 (pid 11); worker-1 (pid 11) waits for lock a."
    )


def test_a_deadlock_of_two_that_have_acquired_the_same_semaphore() -> None:
    """Another process could release it, too, and waits for them: it holds nothing."""
    slots = resource("slots", ResourceKind.SEMAPHORE, acquired_by=(ONE, TWO))
    seen = scene(slots, join(MAIN, ONE), edge(ONE, "slots", TWO), edge(TWO, "slots", ONE))
    waits = (seen.waits[0], *(replace(one, able=one.able | {(MAIN, 0)}) for one in seen.waits[1:]))
    found = only(replace(seen, waits=waits), FindingKind.DEADLOCK)
    holds = "(pid {}) holds semaphore slots and waits for semaphore slots"
    assert found.text == (
        f"worker-1 {holds.format(ONE)}; worker-2 {holds.format(TWO)}. 1 other process is blocked behind them."
    )
    assert "acquire it only once" in found.cure


def test_one_that_waits_for_its_turn_to_get_waits_behind_another() -> None:
    """That one does not fill the queue; it has the lock inside."""
    queue = resource("q", ResourceKind.QUEUE)
    turns = edge(TWO, "q", ONE, to="get", behind=True), edge(ONE, "q", MAIN, to="get")
    found = only(scene(queue, join(MAIN, TWO), *turns), FindingKind.DEADLOCK)
    assert found.text == (
        "main (pid 10) waits in join() for worker-2 (pid 12); worker-2 (pid 12) waits to get from queue q behind "
        "worker-1 (pid 11); worker-1 (pid 11) waits to get from queue q, which only main (pid 10) can fill."
    )
    assert worded(turns[0], queue).ended_by == "behind"


def test_a_join_of_a_queue_whose_items_are_not_done() -> None:
    jobs = resource("jobs", ResourceKind.JOINABLE_QUEUE, unfinished=1)
    seen = scene(jobs, edge(MAIN, "jobs", ONE, to="wait"), edge(ONE, "jobs", MAIN, to="get"))
    assert "call task_done() for each item that get() has returned" in only(seen, FindingKind.DEADLOCK).cure


def test_a_deadlock_says_who_was_sent_a_signal_and_goes_on() -> None:
    """It handles SIGTERM, and its parent joins it."""
    waits = edge(ONE, None, TWO, to="recv"), edge(TWO, None, ONE, to="recv")
    found = only(scene(actor(ONE, signals=frozenset({15})), *waits), FindingKind.DEADLOCK)
    assert found.text.endswith("main (pid 10) has sent SIGTERM to worker-1 (pid 11), which handles it and goes on.")


def test_an_abandoned_lock_says_who_died_and_how() -> None:
    dead = actor(ONE, dead=-9, cause=KILLED)
    held = resource("a", holder=ONE, value=0, abandoned=True, waiting=waiting(TWO, THREE))
    found = only(scene(dead, held, edge(TWO, "a", ONE), edge(THREE, "a", ONE)), FindingKind.ABANDONED_LOCK)
    assert found.text == (
        "Lock a is held by worker-1 (pid 11), which is dead: SIGKILL by operator; worker-2 (pid 12) and worker-3 "
        "(pid 13) wait for it."
    )
    assert found.pids == (ONE, TWO, THREE)
    assert "half written" in found.why
    assert "Break the lock" in found.cure


def test_the_only_killed_process_is_a_fair_guess() -> None:
    """A process may take a lock and die between two looks; one whose code cannot use the lock did not."""
    killed = actor(ONE, dead=-9, cause=KILLED)
    lock = resource("a", abandoned=True, ended_users=(ONE, TWO))
    stranger = actor(THREE, dead=-9)
    found = only(scene(killed, actor(TWO, dead=0), stranger, lock), FindingKind.ABANDONED_LOCK)
    assert found.text == "Lock a is most likely held by worker-1 (pid 11), which is dead: SIGKILL by operator."
    assert found.pids == (ONE,)
    both = scene(killed, actor(TWO, dead=-15), lock)
    assert "no living process holds it" in only(both, FindingKind.ABANDONED_LOCK).text


def test_a_gate_that_another_process_opens_is_not_abandoned() -> None:
    """Acquired by a process that ended well, to be released by one that still runs, is not blocked, and can use it."""
    gate = resource("gate", holder=ONE, abandoned=True, value=0, users=(MAIN, TWO, THREE), waiting=waiting(TWO))
    ended = actor(ONE, dead=0)
    assert settled(scene(ended, gate)).findings == ()
    for blocked in (replace(gate, waiting=waiting(MAIN, TWO, THREE)), replace(gate, inherited_by=(MAIN, THREE))):
        assert only(scene(ended, blocked), FindingKind.ABANDONED_LOCK).pids[0] == ONE
    assert only(scene(actor(ONE, dead=1), gate), FindingKind.ABANDONED_LOCK).pids == (ONE, TWO)


@pytest.mark.parametrize("facts", [{"signals": frozenset({15})}, {"ended_by_pool": True}], ids=["signal", "pool"])
def test_a_lock_of_a_process_that_its_parent_ended_is_abandoned_once_somebody_waits(facts: dict[str, Any]) -> None:
    """A pool ends its workers while one of them is in a get()."""
    worker = actor(ONE, dead=-15, **facts)
    lock = resource("r9", holder=ONE, abandoned=True, value=0)
    assert settled(scene(worker, lock)).findings == ()
    only(scene(worker, replace(lock, waiting=waiting(TWO))), FindingKind.ABANDONED_LOCK)


def test_a_daemon_ended_in_get_leaves_a_lock_that_nobody_needs() -> None:
    """A process terminates its daemons when it exits, also while other children still put."""
    daemon = actor(ONE, dead=-15, daemon=True)
    queue = resource("q", ResourceKind.QUEUE)
    lock = resource("a", holder=ONE, value=0, abandoned=True, part_of="q")
    assert settled(scene(daemon, queue, lock)).findings == ()
    awaited, alone = replace(lock, waiting=waiting(TWO)), replace(lock, part_of=None)
    for told in ((daemon, queue, awaited), (daemon, alone), (actor(ONE, dead=-9, daemon=True), queue, lock)):
        only(scene(*told), FindingKind.ABANDONED_LOCK)


def test_a_gate_whose_holder_was_never_seen_is_judged_by_all_that_have_ended() -> None:
    """A process may acquire a lock and end between two looks."""
    gate = resource("gate", abandoned=True, value=0, users=(MAIN, TWO), waiting=waiting(TWO), ended_users=(ONE, THREE))
    assert settled(scene(actor(ONE, dead=0), actor(THREE, dead=0), gate)).findings == ()
    failed = scene(actor(ONE, dead=0), actor(THREE, dead=1), gate)
    assert "no living process holds it" in only(failed, FindingKind.ABANDONED_LOCK).text
    blocked = replace(gate, waiting=waiting(MAIN, TWO))
    only(scene(actor(ONE, dead=0), actor(THREE, dead=0), blocked), FindingKind.ABANDONED_LOCK)


def test_who_waits_behind_those_that_wait_for_an_abandoned_lock() -> None:
    """The main process writes into a pipe that only a waiting process would read."""
    held = resource("a", abandoned=True, value=0, waiting=waiting(TWO))
    hopeless = ThreadWait(edge=edge(TWO, "a"), hopeless=True)
    seen = replace(scene(held), waits=(hopeless, thread_wait(edge(MAIN, None, TWO, to="send"))))
    found = only(seen, FindingKind.ABANDONED_LOCK)
    assert found.text.endswith("worker-2 (pid 12) waits for it. 1 more process is blocked behind it: main (pid 10).")
    assert found.pids == (TWO, MAIN)


def test_an_abandoned_lock_with_an_unknown_holder() -> None:
    found = only(scene(resource("a", abandoned=True)), FindingKind.ABANDONED_LOCK)
    assert found.text == "Lock a is locked, but no living process holds it."


def test_an_abandoned_lock_of_a_queue_warns_of_half_a_message() -> None:
    dead = actor(ONE, dead=-9, cause=KILLED)
    parts = (
        resource("tasks", ResourceKind.QUEUE),
        resource("l", name="_rlock", part_of="tasks", holder=ONE, abandoned=True),
    )
    found = only(scene(dead, *parts), FindingKind.ABANDONED_LOCK)
    assert found.text.startswith("Read lock of queue tasks is held by worker-1 (pid 11), which is dead")
    assert "half a message" in found.why


def drained(**facts: Any) -> Scene:
    """main joins worker-1, which has put more into a queue than its pipe takes."""
    queue = resource("q", ResourceKind.QUEUE, **{"buffered": {str(ONE): 12}, "pipe_bytes": 65536} | facts)
    return scene(queue, actor(ONE, exiting=True), join(MAIN, ONE))


def test_join_before_drain() -> None:
    found = only(drained(), FindingKind.JOIN_BEFORE_DRAIN)
    assert found.text == (
        "main (pid 10) waits in join() for worker-1 (pid 11), which cannot exit: its feeder thread still has 12 items "
        "to flush to queue q, whose pipe is full, and nothing is reading from it."
    )
    assert found.pids == (ONE, MAIN)
    assert found.resources == ("q",)
    assert "before its items have been read" in found.why


def test_join_before_drain_names_a_reader_that_died() -> None:
    seen = drained(ended_users=(TWO, THREE))
    dead = {TWO: actor(TWO, dead=-9, cause=KILLED), THREE: actor(THREE, dead=0, cause="finished")}
    found = only(replace(seen, actors={**seen.actors, **dead}), FindingKind.JOIN_BEFORE_DRAIN)
    assert found.text.endswith(
        " The other process that could have read from it has ended: worker-2 (pid 12), SIGKILL by operator."
    )


def exiting(*holders: int, **facts: Any) -> Scene:
    """main exits, and its feeder thread cannot write what is left of a queue."""
    queue = resource("q", ResourceKind.QUEUE, buffered={str(MAIN): 7000}, pipe_bytes=65536, ended_users=(ONE, TWO))
    dead = [actor(ONE, dead=0, cause="finished"), actor(TWO, dead=1, cause="exit 1: KeyError: 3")]
    flush = edge(MAIN, "q", *holders, **{"to": "flush", "main": False, "tid": 7} | facts)
    return scene(queue, *dead, actor(MAIN, exiting=True), flush)


def with_reader(seen: Scene, tid: int) -> Scene:
    """Another thread of main, or a handler, can read the queue."""
    return replace(seen, waits=tuple(thread_wait(one, (MAIN, tid)) for one in seen.edges))


def test_a_process_that_waits_for_its_own_feeder_at_its_exit() -> None:
    found = only(exiting(MAIN, ONE), FindingKind.JOIN_BEFORE_DRAIN)
    assert found.text == (
        "main (pid 10) is exiting and waits for its own feeder thread, which still has 7,000 items to flush to queue "
        "q, whose pipe is full, and no other process can read from it. The others that could have read from it have "
        "ended: worker-1 (pid 11), finished; worker-2 (pid 12), exit code 1: KeyError: 3."
    )
    assert found.pids == (MAIN, ONE, TWO)
    assert "cancel_join_thread()" in found.cure


@pytest.mark.parametrize(
    "seen",
    [
        exiting(THREE),
        with_reader(exiting(MAIN), 8),
        with_reader(exiting(MAIN), HANDLER),
        exiting(MAIN, certain=False),
    ],
)
def test_an_exit_that_somebody_may_still_read_for(seen: Scene) -> None:
    assert settled(seen).findings == ()


def test_join_before_drain_is_seen_by_the_feeder_alone() -> None:
    """Where the memory of the process cannot be read."""
    flush = edge(ONE, "q", MAIN, to="flush", main=False, tid=7)
    seen = scene(resource("q", ResourceKind.QUEUE), join(MAIN, ONE), flush)
    assert "still has items to flush" in only(seen, FindingKind.JOIN_BEFORE_DRAIN).text


@pytest.mark.parametrize(
    "facts", [{"buffered": {str(ONE): 0}}, {"pipe_bytes": 0}, {"buffered": {str(TWO): 12}}], ids=str
)
def test_join_of_a_process_that_can_end_is_no_finding(facts: dict[str, Any]) -> None:
    assert settled(drained(**facts)).findings == ()


def test_a_queue_that_is_emptied_meanwhile_is_no_finding() -> None:
    """Each look finds fewer items."""
    diagnosis = Diagnosis()
    for second in range(12):
        told = diagnosis.look(drained(buffered={str(ONE): 12 - second}), after(second))
        assert told.findings == ()


def test_a_worker_of_a_stdlib_pool_dies_with_its_task() -> None:
    dead = actor(ONE, dead=-9, cause=KILLED, role="pool:pool-1", task="square(7)")
    found = only(scene(dead, resource("pool-1", ResourceKind.POOL)), FindingKind.POOL_TASK_LOST)
    assert found.text == (
        "worker-1 (pid 11) of pool pool-1 died while executing square(7): its result never arrives. "
        "Cause: SIGKILL by operator."
    )
    assert "--safe-pool" in found.cure
    assert found.pids == (ONE, MAIN)


@pytest.mark.parametrize(
    "facts",
    [
        {"dead": -9, "role": "pool:pool-1"},
        {"dead": 0, "role": "pool:pool-1", "task": "square(7)"},
        {"dead": -9, "task": "square(7)"},
        {"role": "pool:pool-1", "task": "square(7)"},
    ],
    ids=["idle", "ended in order", "of no pool", "alive"],
)
def test_other_workers_are_no_finding(facts: dict[str, Any]) -> None:
    assert settled(scene(actor(ONE, **facts))).findings == ()


def test_a_pool_that_is_terminated_loses_nothing_that_was_wanted() -> None:
    """It reported that it ends them; a worker that it did not report was ended by another process."""
    of_pool: dict[str, Any] = {"dead": -15, "role": "pool:pool-1", "task": "square(7)"}
    assert settled(scene(*(actor(pid, ended_by_pool=True, **of_pool) for pid in (ONE, TWO)))).findings == ()
    alone = scene(actor(ONE, **of_pool), actor(TWO, ended_by_pool=True, **of_pool))
    assert only(alone, FindingKind.POOL_TASK_LOST).pids == (ONE,)


def test_an_executor_breaks_with_its_first_worker() -> None:
    """All its jobs raise; its other workers, which it ends unreported before Python 3.9, are no finding."""
    target = "concurrent.futures.process._process_worker"
    of_pool: dict[str, Any] = {"role": "pool:pool-1", "task": "square", "target": target}
    first = actor(ONE, dead=-9, cause=KILLED, exited_at=START, **of_pool)
    second = actor(TWO, dead=-15, exited_at=START + 1, **of_pool)
    found = only(scene(second, first, resource("pool-1", ResourceKind.POOL)), FindingKind.POOL_TASK_LOST)
    assert found.text == (
        "worker-1 (pid 11) of pool pool-1 died while executing square: all pending jobs raise "
        "BrokenProcessPool. Cause: SIGKILL by operator."
    )
    assert found.pids == (ONE, MAIN)


def test_a_lost_task_of_an_ended_program_is_told_in_the_past_tense() -> None:
    others = [actor(pid, dead=0) for pid in (MAIN, TWO, THREE)]
    dead = actor(ONE, dead=-9, cause=KILLED, role="pool:pool-1", task="square(7)")
    assert "its result never arrived" in only(scene(dead, *others), FindingKind.POOL_TASK_LOST).text


def test_a_lost_task_names_the_pool_of_its_worker() -> None:
    """Of several pools the one that has the other workers; none if that is unknown."""
    of_pool: dict[str, Any] = {"role": "pool:k", "task": "square(7)"}
    pools = [resource("pool-1", ResourceKind.POOL, workers=()), resource("pool-2", ResourceKind.POOL, workers=(TWO,))]
    dead, alive = actor(ONE, dead=-9, **of_pool), actor(TWO, **of_pool)
    assert only(scene(dead, alive, *pools), FindingKind.POOL_TASK_LOST).resources == ("pool-2",)
    assert only(scene(dead, *pools), FindingKind.POOL_TASK_LOST).resources == ()


def test_orphans_of_a_kill() -> None:
    found = only(scene(actor(MAIN, dead=-15, cause="SIGTERM by operator")), FindingKind.ORPHAN)
    assert found.text == (
        "main (pid 10) died and left 3 child processes running: worker-1 (pid 11), worker-2 (pid 12) and "
        "worker-3 (pid 13). Cause: SIGTERM by operator."
    )


@pytest.mark.parametrize("code", [0, None])
def test_a_process_that_exits_normally_leaves_no_orphan(code: int | None) -> None:
    """Or whose exit code is unknown."""
    gone = actor(MAIN, alive=False, state=State.JOINED, exitcode=code)
    assert settled(scene(gone)).findings == ()


def test_helpers_of_multiprocessing_are_no_orphans() -> None:
    """The tracker and the forkserver end by themselves."""
    helpers = [actor(pid, role=role) for pid, role in ((ONE, "tracker"), (TWO, "forkserver"), (THREE, "tracker"))]
    assert settled(scene(actor(MAIN, dead=-9), *helpers)).findings == ()


def test_orphans_without_observation() -> None:
    """A program of C, below one that was killed."""
    orphan = Descendant(
        id="99-1", pid=99, ppid=1, root=f"p{ONE}", name="sleep", command="sleep", state="S", orphan=True
    )
    found = only(scene(actor(ONE, dead=-9, cause=KILLED), orphans=(orphan,)), FindingKind.ORPHAN)
    assert "left 1 child process running: pid 99" in found.text


@pytest.mark.parametrize(
    ("error", "kind", "cure"),
    [
        (
            "AssertionError: daemonic processes are not allowed to have children",
            FindingKind.DAEMON_WITH_CHILD,
            "daemon=False",
        ),
        ("RuntimeError: … has finished its bootstrapping phase.", FindingKind.START_REFUSED, "__main__"),
        ("AttributeError: Can't pickle local object 'f'", FindingKind.START_REFUSED, "module-level"),
        ("AttributeError: Can't get local object 'f'", FindingKind.START_REFUSED, "module-level"),
        ("OSError: out of something", FindingKind.START_REFUSED, "traceback"),
    ],
)
def test_refused_starts(error: str, kind: FindingKind, cure: str) -> None:
    found = only(scene(actor(ONE, refused=(error, error))), kind)
    assert error in found.text
    assert cure in found.cure


def test_a_long_refusal_is_one_line() -> None:
    told = "RuntimeError: \n   An attempt\n" + "x" * 500
    found = only(scene(actor(ONE, refused=(told,))), FindingKind.START_REFUSED)
    assert "could not start a process: RuntimeError: An attempt xxx" in found.text
    assert found.text.endswith("x…")


def test_leaks() -> None:
    kind = ResourceKind.SHARED_MEMORY
    leak = Leak(name="grid (a.py:8)", program="p1", kind=kind, files=("psm_1a2b",), made_by=MAIN, size_bytes=2 << 20)
    found = only(scene(leaks=(leak,)), FindingKind.LEAK)
    assert found.text == (
        "Shared memory grid (a.py:8), 2.0 MiB, created by main (pid 10), is still in /dev/shm as psm_1a2b, although no "
        "process uses it."
    )
    assert "rm /dev/shm/psm_1a2b" in found.cure


def test_a_leaked_queue_is_one_finding() -> None:
    leak = Leak(name="jobs (a.py:8)", program="p1", kind=ResourceKind.QUEUE, files=("sem.a", "sem.b"), made_by=MAIN)
    found = only(scene(leaks=(leak,)), FindingKind.LEAK)
    assert found.text.startswith(
        "Queue jobs (a.py:8), created by main (pid 10), is still in /dev/shm (2 semaphores), although"
    )
    assert "rm /dev/shm/sem.a /dev/shm/sem.b" in found.cure


REMOVED = tuple(
    Leak(name=f"locks {n} (a.py:8)", program="p1", kind=ResourceKind.LOCK, files=("x",), made_by=ONE, removed=True)
    for n in range(8)
)


def test_what_was_removed_after_a_crash() -> None:
    found = only(scene(actor(ONE, dead=-11), leaks=REMOVED), FindingKind.LEAK)
    assert found.text.startswith("worker-1 (pid 11) died before it could clean up 8 locks created at a.py:8: ")
    assert "then removed their 8 files from /dev/shm" in found.text


@pytest.mark.parametrize(
    ("exitcode", "how"),
    [
        (0, {}),
        (1, {}),
        (-signal.SIGINT, {}),  # Ctrl-C: after its finalizers
        (-signal.SIGTERM, {"ended_by_pool": True}),
        (-signal.SIGTERM, {"signals": frozenset({signal.SIGTERM})}),
    ],
)
def test_what_was_removed_after_no_crash(exitcode: int, how: dict[str, Any]) -> None:
    """The warning of the resource tracker is no problem of its own."""
    seen = scene(actor(ONE, dead=exitcode, **how), leaks=REMOVED)
    assert FindingKind.LEAK not in {one.kind for one in settled(seen).findings}


def test_a_broken_barrier() -> None:
    found = only(scene(resource("b", ResourceKind.BARRIER, broken=True)), FindingKind.BROKEN_BARRIER)
    assert found.text == "Barrier b is broken: every wait() raises BrokenBarrierError."


@pytest.mark.parametrize(
    ("kind", "facts", "call"),
    [
        (ResourceKind.CONDITION, {"sleepers": 3}, "the next notify_all() will hang"),
        (ResourceKind.EVENT, {"sleepers": 3}, "the next set() will hang"),
        (ResourceKind.BARRIER, {"arrived": 3, "parties": 4}, "abort() or reset() would hang"),
    ],
)
def test_a_sleeper_that_was_killed(kind: ResourceKind, facts: dict[str, int], call: str) -> None:
    """It counts three sleepers, but only two living processes wait."""
    slept = resource("c", kind, waiting=waiting(TWO, THREE, to="wait"), ended_users=(ONE,), **facts)
    found = only(scene(slept, actor(ONE, dead=-9)), FindingKind.DEAD_SLEEPER)
    assert found.text.startswith(f"Most likely worker-1 (pid 11) died while waiting on {kind} c")
    assert call in found.text
    assert found.pids == (ONE, TWO, THREE)


def test_no_process_is_blamed_if_more_died_than_slept() -> None:
    """Any of them may have slept there."""
    slept = resource("c", ResourceKind.CONDITION, sleepers=1, ended_users=(ONE, TWO))
    found = only(scene(slept, *(actor(pid, dead=-9) for pid in (ONE, TWO))), FindingKind.DEAD_SLEEPER)
    assert found.text.startswith("1 process died while waiting on condition c")
    assert found.pids == ()


def test_a_sleeper_is_named_where_it_was_seen() -> None:
    """What it waited for at the last look before its death is remembered."""
    sleeping = waiting(ONE, TWO, to="wait")
    before = resource("c", ResourceKind.CONDITION, sleepers=2, waiting=sleeping)
    later = resource("c", ResourceKind.CONDITION, sleepers=2, waiting=sleeping[1:], ended_users=(ONE,))
    diagnosis = Diagnosis()
    assert diagnosis.look(scene(before, edge(ONE, "c", to="wait")), after(0)).findings == ()
    for second in (1, 2, 4):
        told = diagnosis.look(scene(later, actor(ONE, dead=-9)), after(second))
    [found] = told.findings
    assert found.text.startswith("worker-1 (pid 11) died while waiting on condition c")
    assert found.pids == (ONE, TWO)


def test_a_notify_to_a_dead_sleeper_hangs() -> None:
    """It has counted the sleepers off before it waits for them, so none is counted any more."""
    notified = resource("c", ResourceKind.CONDITION, sleepers=0, waiting=waiting(TWO, to="notify"), ended_users=(ONE,))
    found = only(scene(notified, actor(ONE, dead=-9)), FindingKind.DEAD_SLEEPER)
    assert found.text == (
        "Most likely worker-1 (pid 11) died while waiting on condition c, which still counts it: "
        "worker-2 (pid 12) waits forever for it to wake up."
    )
    assert found.pids == (ONE, TWO)
    assert settled(scene(notified)).findings == ()


def test_a_dead_process_that_cannot_use_a_condition_did_not_sleep_on_it() -> None:
    slept = resource("c", ResourceKind.CONDITION, sleepers=1)
    assert settled(scene(slept, actor(ONE, dead=-9))).findings == ()


def test_a_notify_in_a_handler_that_has_interrupted_the_wait_of_the_same_thread() -> None:
    """It waits for the frame below it to wake up; without its stack it is known only that nobody can."""
    notified = resource("c", ResourceKind.CONDITION, sleepers=0, waiting=waiting(ONE, to="notify"))
    frames = [
        Frame("Condition.notify", f"{LIB}/multiprocessing/synchronize.py", 300),
        Frame("stop", "/srv/shop/jobs.py", 7),
        Frame("Condition.wait", f"{LIB}/multiprocessing/synchronize.py", 200),
        Frame("serve", "/srv/shop/jobs.py", 31),
    ]
    [found] = settled(scene(notified, stacks={ONE: {ONE: frames}}), 6).findings
    assert found.kind is FindingKind.DEADLOCK
    assert found.text.startswith("worker-1 (pid 11), at jobs.py:7 in stop(), waits in notify() on condition c for a")
    assert "The sleeper is the process itself" in found.text
    [unread] = settled(scene(notified), 6).findings
    assert "No process waits for it that could wake up." in unread.text


def test_all_sleepers_live() -> None:
    seen = scene(
        resource("c", ResourceKind.CONDITION, sleepers=2, waiting=waiting(ONE, TWO, to="wait")), actor(THREE, dead=-9)
    )
    assert settled(seen).findings == ()


def test_findings_are_bounded() -> None:
    """A program may have thousands of problems and of dead processes."""
    many = [resource(f"l{number}", abandoned=True) for number in range(2000)]
    dead = [actor(pid, dead=-9) for pid in range(100, 2100)]
    assert len(settled(scene(*many, *dead)).findings) == 200


def test_a_semaphore_that_lost_a_slot() -> None:
    """To a killed process; one that exits normally may mean to keep its slot."""
    slots = resource(
        "slots", ResourceKind.SEMAPHORE, abandoned=True, value=0, lost=1, lost_to=(ONE,), holder=ONE,
        acquired_by=(THREE,), waiting=waiting(TWO),
    )  # fmt: skip
    found = only(scene(actor(ONE, dead=-9, cause=KILLED), slots), FindingKind.ABANDONED_LOCK)
    assert found.text == (
        "Semaphore slots has lost 1 slot: worker-1 (pid 11, SIGKILL by operator) acquired it, and ended without "
        "releasing it. 0 slots are free; worker-2 (pid 12) waits for it."
    )
    assert found.cure.startswith("Break the semaphore: each time it releases one slot")
    assert found.pids == (ONE, TWO)
    assert settled(scene(actor(ONE, dead=0), slots)).findings == ()


def test_slots_lost_to_several_processes_are_told_once() -> None:
    """Not also as the deadlock of those who wait for them, and of their parent."""
    slots = resource(
        "slots", ResourceKind.SEMAPHORE, abandoned=True, value=0, lost=3, lost_to=(ONE, ONE), holder=ONE,
        waiting=waiting(TWO, THREE),
    )  # fmt: skip
    edges = (edge(TWO, "slots", MAIN), edge(THREE, "slots", MAIN), join(MAIN, TWO))
    told = settled(scene(actor(ONE, dead=1, cause="exit 1: KeyError: 'x'"), slots, *edges))
    [found] = told.findings
    assert found.text == (
        "Semaphore slots has lost 3 slots: worker-1 (pid 11, exit code 1: KeyError: 'x'), 2 times and a process that "
        "died acquired them, and ended without releasing them. 0 slots are free; worker-2 (pid 12) and worker-3 "
        "(pid 13) wait for it."
    )
    assert "Break the semaphore, 3 times" in found.cure
    assert told.cycles == ()


def test_what_is_lost_after_a_break_is_told_without_a_pause() -> None:
    diagnosis = Diagnosis()
    dead = actor(ONE, dead=1)
    for second, lost in enumerate((2, 2, 1)):
        slots = resource(
            "slots", ResourceKind.SEMAPHORE, abandoned=True, value=0, lost=lost, lost_to=(ONE,) * lost, holder=ONE
        )
        told = diagnosis.look(scene(dead, slots), after(second)).findings
    assert "has lost 1 slot:" in told[0].text


def test_a_deadlock_of_managed_locks_is_not_ended_by_a_kill() -> None:
    """Its lock stays locked in the manager, where it cannot be released from outside."""
    locks = [resource(key, manager="m") for key in ("a", "b")]
    found = only(scene(*locks, edge(ONE, "b", TWO), edge(TWO, "a", ONE)), FindingKind.DEADLOCK)
    assert found.text == (
        "worker-1 (pid 11) holds managed lock a and waits for managed lock b; "
        "worker-2 (pid 12) holds managed lock b and waits for managed lock a."
    )
    assert "stays locked when its holder dies" in found.why
    assert found.cure.startswith("Restart the program")


def test_an_abandoned_managed_lock_cannot_be_broken() -> None:
    dead = actor(ONE, dead=-9, cause=KILLED)
    found = only(scene(dead, resource("a", manager="m", holder=ONE, abandoned=True)), FindingKind.ABANDONED_LOCK)
    assert found.text.startswith("Managed lock a is held by worker-1 (pid 11), which is dead")
    assert "cannot be released from here" in found.cure


def test_a_deadlock_of_messages_that_come_over_no_resource() -> None:
    found = only(scene(edge(ONE, None, TWO, to="recv"), edge(TWO, None, ONE, to="recv")), FindingKind.DEADLOCK)
    assert found.text == (
        "worker-1 (pid 11) waits for a message from worker-2 (pid 12); "
        "worker-2 (pid 12) waits for a message from worker-1 (pid 11)."
    )


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("recv", "waits for a message on listener l"),
        ("connect", "waits to be accepted by listener l"),
    ],
)
def test_a_deadlock_at_a_listener(to: str, words: str) -> None:
    """Its owner joins the process that waits for it."""
    found = only(
        scene(resource("l", ResourceKind.LISTENER), join(MAIN, ONE), edge(ONE, "l", MAIN, to=to)), FindingKind.DEADLOCK
    )
    assert found.text == f"main (pid 10) waits in join() for worker-1 (pid 11); worker-1 (pid 11) {words}."


def test_a_silent_client_is_told_when_it_lasts() -> None:
    """A handshake takes a moment; a client that sends nothing for longer keeps all others out."""
    greeting = edge(MAIN, "l", TWO, to="greet")
    seen = scene(resource("l", ResourceKind.LISTENER), greeting)
    assert settled(seen).findings == ()
    diagnosis = Diagnosis()
    diagnosis.look(seen, after(0))
    [found] = diagnosis.look(seen, after(6)).findings
    assert found.kind is FindingKind.SILENT_CLIENT
    assert found.text.startswith("main (pid 10) is blocked in accept() on listener l: worker-2 (pid 12) has connected")
    assert found.pids == (TWO, MAIN)


def test_a_silent_client_from_elsewhere() -> None:
    seen = scene(resource("l", ResourceKind.LISTENER), edge(MAIN, "l", to="greet"))
    diagnosis = Diagnosis()
    diagnosis.look(seen, after(0))
    [found] = diagnosis.look(seen, after(6)).findings
    assert "a client that is not on this machine has connected" in found.text


def test_a_wait_for_the_first_of_an_exit_and_an_item_drains() -> None:
    """It will read the item, so this is no join before drain."""
    queue = resource("q", ResourceKind.QUEUE, buffered={str(ONE): 1})
    seen = scene(queue, edge(ONE, "q", MAIN, to="flush", main=False, tid=7), edge(MAIN, None, ONE, of=ONE, to="end"))
    assert settled(seen).findings == ()


ERROR = "AttributeError: no code, at tasks.py:4 in __init__()"


def dead_thread(target: str, **facts: Any) -> Scene:
    """A thread of main has died that used a queue of a pool with two workers."""
    pool = {"workers": (ONE, TWO), "parts": ("in", "out"), **facts}
    died = DeadThread(name="Thread-3", target=target, error=ERROR, resources=("out",))
    return scene(resource("p", ResourceKind.POOL, **pool), actor(MAIN, dead_threads=(died,)))


@pytest.mark.parametrize(
    ("target", "called"),
    [
        ("multiprocessing.pool.Pool._handle_results", "result handler"),
        ("multiprocessing.pool._handle_tasks", "task handler"),
        ("multiprocessing.pool.Pool._handle_workers", "worker handler"),
        ("concurrent.futures.process._ExecutorManagerThread.run", "manager"),
        ("concurrent.futures.process._queue_management_worker", "manager"),
        ("joblib.externals.loky.process_executor._ExecutorManagerThread.run", "manager"),
    ],
)
def test_a_thread_of_a_pool_that_died(target: str, called: str) -> None:
    found = only(dead_thread(target), FindingKind.DEAD_THREAD)
    assert found.text.startswith(f"The {called} thread of pool p in main (pid 10) has died of {ERROR}: ")
    assert found.text.endswith(" Its 2 workers have nothing to do.")
    assert (found.pids, found.resources) == ((MAIN, ONE, TWO), ("p",))


@pytest.mark.parametrize(
    ("target", "facts"),
    [
        ("__main__.load", {}),
        ("app.pool.Pool._handle_results", {}),
        ("multiprocessing.pool.Pool._handle_results", {"parts": ("other",)}),
        ("multiprocessing.pool.Pool._handle_results", {"workers": ()}),
    ],
)
def test_a_dead_thread_on_which_nobody_depends(target: str, facts: dict[str, Any]) -> None:
    """It is the program's own, or its pool is unknown or closed."""
    assert settled(dead_thread(target, **facts)).findings == ()


def test_a_deadlock_names_threads_of_the_program_that_died() -> None:
    died = DeadThread(name="loader", target="__main__.load", error="KeyError: 3")
    found = only(scene(resource("a"), edge(ONE, "a", ONE), actor(MAIN, dead_threads=(died,))), FindingKind.DEADLOCK)
    assert found.text.endswith(" Thread loader of main (pid 10) has died of KeyError: 3.")
