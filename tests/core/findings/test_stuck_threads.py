"""Processes of which all threads wait for each other, in words; and which processes count as stuck."""

from msgspec.structs import replace

from app.core.findings.diagnosis import Diagnosis
from app.core.scene.python_stack import Frame
from app.core.scene.scene import DeadThread, Scene
from app.records.resource import ResourceKind
from app.records.waits import Edge, FindingKind, ThreadWait
from tests.core.scene.scenes import MAIN, ONE, TWO, actor, after, edge, join, resource, scene, settled, thread_wait

LIB = "/usr/lib/python3.11"
IMPORT = [
    Frame("_ModuleLock.acquire", "<frozen importlib._bootstrap>", 170),
    Frame("_find_and_load", "<frozen importlib._bootstrap>", 1170),
    Frame("work", "/srv/shop/jobs.py", 25),
    Frame("BaseProcess.run", f"{LIB}/multiprocessing/process.py", 108),
]
RESULT = [
    Frame("Condition.wait", f"{LIB}/threading.py", 327),
    Frame("Future.result", f"{LIB}/concurrent/futures/_base.py", 451),
    Frame("work", "/srv/shop/jobs.py", 20),
]
GET = [Frame("Queue.get", f"{LIB}/queue.py", 171), Frame("serve", "/srv/shop/jobs.py", 9)]
EVENT = [Frame("Event.wait", f"{LIB}/threading.py", 629), Frame("idle", "/srv/shop/jobs.py", 4)]


def waits(pid: int, *tids: int, able: tuple[tuple[int, int], ...] = ()) -> tuple[ThreadWait, ...]:
    """The waits of threads of a process for each other."""
    nodes = frozenset({*((pid, tid) for tid in tids), *able})
    names = ("", "feeder", "job")
    found = (
        edge(pid, None, pid, to="thread", main=not tid, tid=tid, thread=name)
        for tid, name in zip(tids, names, strict=False)
    )
    return tuple(ThreadWait(edge=one, able=nodes) for one in found)


def told(seen: Scene) -> list[str]:
    return [one.text for one in settled(seen, 6).findings if one.kind is FindingKind.STUCK]


def of(*each: ThreadWait, **more: object) -> Scene:
    return Scene(**{**_fields(scene(actor(ONE, threads_at_fork=1))), "waits": each, **more})


def _fields(seen: Scene) -> dict[str, object]:
    return {name: getattr(seen, name) for name in seen.__struct_fields__}


def test_import_lock_that_a_thread_of_the_parent_held_at_fork() -> None:
    [text] = told(of(*waits(ONE, 0), stacks={ONE: {ONE: IMPORT}}))
    assert text == (
        "worker-1 (pid 11), at jobs.py:25 in work(), waits for the lock of a module that it imports, and has no other "
        "thread that could end that wait. main (pid 10) had 1 other thread when it forked this process: these do not "
        "exist here, and what they held stays locked."
    )


def test_result_of_a_future_and_other_threads_that_wait() -> None:
    [text] = told(of(*waits(ONE, 0, 7, 8), stacks={ONE: {ONE: RESULT}}))
    assert (
        "waits in Future.result() of concurrent.futures, and all its other threads wait, too: feeder and job." in text
    )
    [unread] = told(of(*waits(ONE, 0)))
    assert unread.startswith("worker-1 (pid 11) waits for a lock between threads, and has no other thread")


def test_first_process_of_a_program_may_wait_for_an_event_on_purpose() -> None:
    """A signal ends it; any other process that waits so was forgotten."""
    assert told(of(*waits(MAIN, 0), stacks={MAIN: {MAIN: EVENT}})) == []
    assert len(told(of(*waits(ONE, 0), stacks={ONE: {ONE: EVENT}}))) == 1
    assert len(told(of(*waits(MAIN, 0), stacks={MAIN: {MAIN: RESULT}}))) == 1


def test_idle_pool_behind_an_event_of_the_first_process_is_not_a_deadlock() -> None:
    """Its handler thread waits for the workers, and these for tasks."""
    pool = resource("pool", ResourceKind.POOL)
    handler = ThreadWait(edge=edge(MAIN, None, to="end", of=ONE, main=False, tid=7), able=frozenset({(ONE, 0)}))
    worker = ThreadWait(edge=edge(ONE, "pool", MAIN, to="get"), able=frozenset({(MAIN, 0), (MAIN, 7)}))
    waiting = waits(MAIN, 0, able=((MAIN, 7),))
    seen = replace(scene(pool), waits=(*waiting, handler, worker))
    assert settled(replace(seen, stacks={MAIN: {MAIN: EVENT}}), 6).findings == ()
    [found] = settled(replace(seen, stacks={MAIN: {MAIN: RESULT}}), 6).findings
    assert "main (pid 10), at jobs.py:20 in work(), waits in Future.result() of concurrent.futures;" in found.text
    diagnosis = Diagnosis()
    diagnosis.look(seen, after(0))
    assert set(diagnosis.suspects) == {MAIN, ONE}


def test_a_thread_that_runs_is_a_way_out() -> None:
    assert told(of(*waits(ONE, 0, able=((ONE, 9),)))) == []


def test_a_handler_of_a_signal_may_set_an_event_but_releases_no_lock() -> None:
    """A process that handles signals may wait for one; one that imports a module does not."""
    handled = tuple(replace(one, edge=replace(one.edge, handled=True)) for one in waits(ONE, 0))
    for frames, idle in ((EVENT, True), (GET, True), (IMPORT, False), (RESULT, False), ([], True)):
        assert (told(of(*handled, stacks={ONE: {ONE: frames}} if frames else {})) == []) is idle
    assert len(told(of(*waits(ONE, 0), stacks={ONE: {ONE: GET}}))) == 1


def test_who_waits_behind_a_stuck_process() -> None:
    """Its parent joins it; both are stuck."""
    seen = of(*waits(ONE, 0), thread_wait(join(MAIN, ONE)))
    [found] = [one for one in settled(seen, 6).findings if one.kind is FindingKind.STUCK]
    assert found.text.endswith("1 more process is blocked behind it: main (pid 10).")
    assert found.pids == (ONE, MAIN)


def test_native_threads_of_the_parent_are_told_too() -> None:
    """Those of OpenMP, for example, which Python does not count; only if the process was forked."""
    actors = {MAIN: actor(MAIN, threads=5), ONE: actor(ONE, start_method="fork")}
    seen = replace(of(*waits(ONE, 0)), actors=actors)
    [text] = told(seen)
    assert text.endswith("has 5 threads, of a library such as OpenMP or BLAS for example: what one of them held at the "
        "fork stays locked here.")  # fmt: skip
    [text] = told(replace(seen, actors={**actors, ONE: actor(ONE, start_method="spawn")}))
    assert text.endswith("has no other thread that could end that wait.")


def stuck(*things: Edge, seconds: float = 3) -> dict[str, str]:
    """Return the reasons by process."""
    diagnosis = Diagnosis()
    seen = scene(*things, resource("a"), resource("b"))
    for second in (0, seconds):
        diagnosis.look(seen, after(second))
    return {key: one.reason for key, one in diagnosis.stuck.items()}


def test_processes_of_a_deadlock_and_behind_it_are_stuck() -> None:
    edges = edge(ONE, "b", TWO), edge(TWO, "a", ONE), join(MAIN, ONE)
    assert stuck(*edges) == {
        "p1": "deadlock: waits in join() for worker-1 (pid 11)",
        "p11": "deadlock: waits for lock b",
        "p12": "deadlock: waits for lock a",
    }
    assert stuck(*edges[1:]) == {}


def test_suspects_are_known_before_there_is_a_finding() -> None:
    diagnosis = Diagnosis()
    seen = scene(edge(ONE, "b", TWO), edge(TWO, "a", ONE), resource("a"), resource("b"))
    assert diagnosis.look(seen, after(0)).findings == ()
    assert diagnosis.suspects == (ONE, TWO)


def test_thread_that_runs_code_of_the_program_is_told_with_what_it_waits_for() -> None:
    """Also if it waits for something outside, such as the tasks thread of a pool in a generator of the program."""
    source = edge(ONE, "jobs", TWO, to="get", main=False, tid=9, thread="tasks")
    given = of(*waits(ONE, 0, 7), ThreadWait(edge=source, able=frozenset({(ONE, 0)})))
    seen = replace(given, resources={"jobs": resource("jobs", ResourceKind.QUEUE)})
    [text] = told(replace(seen, stacks={ONE: {ONE: RESULT, 9: [Frame("rows", "/srv/shop/jobs.py", 4)]}}))
    assert "all its other threads wait, too: tasks at jobs.py:4 in rows(), which waits to get from queue jobs" in text
    assert " and feeder." in text


def test_thread_that_died_is_told_beside_those_that_wait() -> None:
    dead = DeadThread(name="consumer", target="", error="ZeroDivisionError: division by zero, at jobs.py:6 in eat()")
    seen = replace(of(*waits(ONE, 0)), actors={MAIN: actor(MAIN), ONE: actor(ONE, dead_threads=(dead,))})
    [text] = told(seen)
    assert text.endswith("Thread consumer of worker-1 (pid 11) has died of ZeroDivisionError: division by zero, "
        "at jobs.py:6 in eat().")  # fmt: skip


def test_threads_of_python_are_not_taken_for_those_of_a_library() -> None:
    submit = [
        Frame("ProcessPoolExecutor.submit", f"{LIB}/concurrent/futures/process.py", 725),
        Frame("work", "/srv/shop/jobs.py", 6),
    ]
    actors = {MAIN: actor(MAIN, threads=3, python_threads=2), ONE: actor(ONE, start_method="fork")}
    seen = replace(of(*waits(ONE, 0)), actors=actors)
    [text] = told(seen)
    assert text.endswith("has no other thread that could end that wait.")
    [text] = told(replace(seen, stacks={ONE: {ONE: submit}}))
    assert "An executor works only in the process that has made it" in text
