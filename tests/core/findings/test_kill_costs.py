"""What ending a process would cost, one sentence for each loss."""

from __future__ import annotations

from app.core.findings.kill_costs import kill_cost, kill_costs
from app.core.scene.scene import Scene
from app.records.resource import ResourceKind
from tests.core.scene.scenes import MAIN, ONE, THREE, TWO, actor, edge, resource, scene, waiting


def of_one(*things: object, **more: object) -> tuple[str, ...]:
    return kill_costs(scene(*things, **more), ONE)  # type: ignore[arg-type]


def test_a_lock_and_its_waiters() -> None:
    lock = resource("jobs", holder=ONE, waiting=waiting(MAIN, TWO, THREE))
    assert of_one(lock) == ("it holds lock jobs, which would stay locked; 3 processes wait for it",)


def test_locks_of_others_cost_nothing() -> None:
    assert of_one(resource("jobs", holder=TWO), resource("free"), resource("lost", holder=ONE, abandoned=True)) == ()


def test_a_semaphore_that_others_wait_for() -> None:
    """And one that no process waits for."""
    semaphore = resource("slots", ResourceKind.SEMAPHORE, acquired_by=(ONE, THREE), waiting=waiting(TWO))
    seen = scene(semaphore, edge(TWO, "slots", ONE, THREE))
    expected = ("it has acquired semaphore slots and would never release it; 1 process waits for it",)
    assert kill_costs(seen, ONE) == kill_costs(seen, THREE) == expected
    assert kill_costs(seen, TWO) == ()
    alone = resource("slots", ResourceKind.SEMAPHORE, acquired_by=(ONE,))
    assert of_one(alone) == ("it has acquired semaphore slots and would never release it",)


def test_a_task() -> None:
    assert of_one(actor(ONE, task="fit(3)")) == ("it is executing task fit(3), which would be lost",)
    assert "calls that wait for its result would hang" in of_one(actor(ONE, task="fit(3)", role="pool:x"))[0]


def test_a_feeder() -> None:
    queue = resource("q", ResourceKind.QUEUE, buffered={str(ONE): 12, str(TWO): 1})
    assert of_one(queue) == ("12 items in its feeder's buffer for queue q would be lost",)
    assert kill_costs(scene(queue), TWO) == ("1 item in its feeder's buffer for queue q would be lost",)
    assert kill_costs(scene(queue), MAIN) == ()


def test_a_manager() -> None:
    manager = resource("m", ResourceKind.MANAGER, server=ONE, objects=5, users=(ONE, MAIN, TWO))
    assert of_one(manager) == ("it is the manager m: 5 objects would be lost; 2 processes use it",)


def test_a_sleeper() -> None:
    condition = resource("c", ResourceKind.CONDITION, waiting=waiting(ONE, to="wait"))
    assert of_one(condition) == ("it waits on condition c, and the next notify_all() would hang forever",)


def test_the_owner_of_a_pool() -> None:
    pool = resource("p", ResourceKind.POOL, workers=(ONE, TWO, THREE))
    assert kill_costs(scene(pool, actor(TWO, dead=0)), MAIN) == ("2 workers of its pool p would be left running",)


def test_kill_cost_is_one_text() -> None:
    seen = scene(actor(ONE, task="fit(3)"), resource("jobs", holder=ONE))
    assert kill_cost(seen, ONE) == (
        "It holds lock jobs, which would stay locked. It is executing task fit(3), which would be lost."
    )
    assert kill_cost(Scene(), 4711) == ""
