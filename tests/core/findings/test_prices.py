"""What ending a process would cost: each thing that it holds or does is a sentence."""

from __future__ import annotations

from app.core.findings.prices import price, prices
from app.core.findings.scene import Scene
from app.records.resource import ResourceKind
from tests.core.findings.scenes import MAIN, ONE, THREE, TWO, actor, edge, resource, scene, waiting


def of_one(*things: object, **more: object) -> tuple[str, ...]:
    return prices(scene(*things, **more), ONE)  # type: ignore[arg-type]


def test_a_lock_and_who_waits_for_it() -> None:
    lock = resource("jobs", holder=ONE, waiting=waiting(MAIN, TWO, THREE))
    assert of_one(lock) == ("it holds lock jobs; 3 processes wait for it, and it would stay locked",)


def test_locks_of_others_cost_nothing() -> None:
    assert of_one(resource("jobs", holder=TWO), resource("free"), resource("lost", holder=ONE, abandoned=True)) == ()


def test_a_semaphore_that_others_wait_for() -> None:
    """And one that nobody waits for just now."""
    semaphore = resource("slots", ResourceKind.SEMAPHORE, acquired_by=(ONE, THREE), waiting=waiting(TWO))
    seen = scene(semaphore, edge(TWO, "slots", ONE, THREE))
    expected = ("it has acquired semaphore slots and would never release it; 1 process waits for it",)
    assert prices(seen, ONE) == prices(seen, THREE) == expected
    assert prices(seen, TWO) == ()
    alone = resource("slots", ResourceKind.SEMAPHORE, acquired_by=(ONE,))
    assert of_one(alone) == ("it has acquired semaphore slots and would never release it",)


def test_a_task() -> None:
    assert of_one(actor(ONE, task="fit(3)")) == ("it is executing task fit(3); it is lost",)
    assert "waits for ever" in of_one(actor(ONE, task="fit(3)", role="pool:x"))[0]


def test_a_feeder() -> None:
    queue = resource("q", ResourceKind.QUEUE, buffered={str(ONE): 12, str(TWO): 1})
    assert of_one(queue) == ("12 items in its feeder's buffer for queue q are lost",)
    assert prices(scene(queue), TWO) == ("1 item in its feeder's buffer for queue q is lost",)
    assert prices(scene(queue), MAIN) == ()


def test_a_manager() -> None:
    manager = resource("m", ResourceKind.MANAGER, server=ONE, objects=5, users=(ONE, MAIN, TWO))
    assert of_one(manager) == ("it is the manager m: 5 objects go; 2 processes could use them",)


def test_a_sleeper() -> None:
    condition = resource("c", ResourceKind.CONDITION, waiting=waiting(ONE, to="wait"))
    assert of_one(condition) == ("it waits at condition c, and the next notify_all() would hang for ever",)


def test_the_owner_of_a_pool() -> None:
    pool = resource("p", ResourceKind.POOL, workers=(ONE, TWO, THREE))
    assert prices(scene(pool, actor(TWO, dead=0)), MAIN) == ("2 workers stay behind of its pool p",)


def test_all_of_it_is_a_text() -> None:
    seen = scene(actor(ONE, task="fit(3)"), resource("jobs", holder=ONE))
    assert price(seen, ONE) == (
        "It holds lock jobs, and it would stay locked. It is executing task fit(3); it is lost."
    )
    assert price(Scene(), 4711) == ""
