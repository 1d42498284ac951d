"""Iterables that block, never end, raise, or depend on results: none of them holds up the pool."""

import itertools
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from procession import Pool
from procession.pool import PoolTerminated
from tests.pool import tasks
from tests.pool.conftest import OpenPool
from tests.pool.killing import WITHIN_S, assert_goes_on, kill, started, workers

pytestmark = pytest.mark.any_method

WORKERS = 2


class Sequence:
    """Has a length, and an iteration of its own."""

    def __init__(self, length: int, items: Iterator[int]) -> None:
        self.length, self.items = length, items

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[int]:
        return self.items


def taken(iterator: Any) -> tuple[list[int], list[LookupError]]:
    """All that it gives, and all that it raises, until its end."""
    got, raised = [], []
    while True:
        try:
            got.append(iterator.next(WITHIN_S))
        except StopIteration:
            return got, raised
        except LookupError as error:
            raised.append(error)


def failing(count: int) -> Iterator[int]:
    yield from range(count)
    raise LookupError("no more of these")


@pytest.mark.parametrize("name", ["imap", "imap_unordered"])
@pytest.mark.parametrize("chunksize", [1, 3])
def test_generator_waits_until_results_are_taken(open_pool: OpenPool, name: str, chunksize: int) -> None:
    """A semaphore limits how far it runs ahead of the consumer, a common pattern to limit memory."""
    pool = open_pool(WORKERS)
    slots = threading.Semaphore(3 * chunksize)

    def bounded() -> Iterator[int]:
        for number in range(300):
            slots.acquire()
            yield number

    got = []
    iterator = getattr(pool, name)(tasks.square, bounded(), chunksize)
    for _ in range(300):
        got.append(iterator.next(WITHIN_S))
        slots.release()
    with pytest.raises(StopIteration):
        iterator.next(WITHIN_S)
    assert sorted(got) == [tasks.square(one) for one in range(300)]


def test_generator_uses_the_previous_result(open_pool: OpenPool) -> None:
    """It uses the pool that iterates it."""
    pool = open_pool(WORKERS)

    def chained() -> Iterator[int]:
        value = 1
        for _ in range(50):
            yield value
            value = pool.apply(tasks.add, (value, 1))

    assert list(pool.imap(tasks.square, chained())) == [tasks.square(one) for one in range(1, 51)]


def test_generator_that_waits_does_not_hold_up_the_pool(open_pool: OpenPool) -> None:
    """Other calls are done meanwhile, and the pool can be terminated."""
    pool = open_pool(WORKERS)
    go_on = threading.Event()

    def waiting() -> Iterator[int]:
        yield 1
        go_on.wait()
        yield 2

    iterator = pool.imap(tasks.square, waiting())
    assert iterator.next(WITHIN_S) == 1
    assert_goes_on(pool, WORKERS)
    second = pool.imap_unordered(tasks.square, iter(range(100)))
    assert sorted(second) == [tasks.square(one) for one in range(100)]
    assert not iterator.progress().over
    go_on.set()
    assert list(iterator) == [4]


@pytest.mark.parametrize("chunksize", [1, 4])
def test_terminated_while_a_generator_waits(open_pool: OpenPool, chunksize: int) -> None:
    """Terminate does not wait for it; the consumer gets PoolTerminated."""
    pool = open_pool(WORKERS)
    go_on = threading.Event()

    def waiting() -> Iterator[int]:
        yield from range(chunksize)
        go_on.wait()
        yield 2

    try:
        iterator = pool.imap(tasks.square, waiting(), chunksize)
        assert [iterator.next(WITHIN_S) for _ in range(chunksize)] == [tasks.square(one) for one in range(chunksize)]
        pool.terminate()
        assert pool.join(timeout=WITHIN_S)
        with pytest.raises(PoolTerminated):
            iterator.next(WITHIN_S)
        with pytest.raises(StopIteration):
            iterator.next(WITHIN_S)
    finally:
        go_on.set()


def test_closed_while_a_generator_waits(open_pool: OpenPool) -> None:
    """Earlier tasks are done; only then the pool ends."""
    pool = open_pool(WORKERS)
    go_on = threading.Event()

    def waiting() -> Iterator[int]:
        yield 1
        go_on.wait()
        yield from range(2, 50)

    iterator = pool.imap(tasks.square, waiting())
    assert iterator.next(WITHIN_S) == 1
    pool.close()
    assert not pool.join(timeout=0)
    go_on.set()
    assert list(iterator) == [tasks.square(one) for one in range(2, 50)]
    assert pool.join(timeout=WITHIN_S)


@pytest.mark.parametrize("name", ["imap", "imap_unordered"])
def test_generator_without_an_end(open_pool: OpenPool, name: str) -> None:
    """Only as many items are taken as workers need, plus a limited number ahead."""
    pool = open_pool(WORKERS)
    asked = []

    def endless() -> Iterator[int]:
        for number in itertools.count():
            asked.append(number)
            yield number

    got = list(itertools.islice(getattr(pool, name)(tasks.square, endless()), 1000))
    assert name == "imap_unordered" or got == [tasks.square(one) for one in range(1000)]
    assert len(set(got)) == 1000
    pool.terminate()
    assert pool.join(timeout=WITHIN_S)


@pytest.mark.parametrize(
    "endless", [itertools.count, lambda: iter(itertools.count().__next__, None)], ids=["plain", "fed"]
)
def test_iterable_without_an_end_takes_turns_with_other_calls(
    open_pool: OpenPool, endless: Callable[[], Iterator[int]]
) -> None:
    """Calls submitted later finish while it is iterated; in the stdlib they wait for ever."""
    pool = open_pool(WORKERS)
    numbers = pool.imap(tasks.brief, endless())
    assert next(numbers) == 0
    assert pool.map_async(tasks.square, range(1000), chunksize=1).get(WITHIN_S) == [one * one for one in range(1000)]
    assert pool.apply_async(tasks.square, (3,)).get(WITHIN_S) == 9
    assert list(pool.imap_unordered(tasks.square, (one for one in [4]))) == [16]
    assert list(itertools.islice(numbers, 100)) == list(range(1, 101))


def test_generator_is_iterated_only_as_workers_take_items(open_pool: OpenPool, log: str, gate: Path) -> None:
    """While all workers are busy, an endless one does not fill memory."""
    pool = open_pool(WORKERS)
    held = [pool.apply_async(tasks.held, (log, one, str(gate))) for one in range(WORKERS)]
    for one in range(WORKERS):
        started(log, one)
    asked = itertools.count()
    iterator = pool.imap(tasks.square, (next(asked) for _ in itertools.count()))
    other = pool.imap(tasks.square, iter(range(10)))
    gate.touch()
    assert list(other) == [tasks.square(one) for one in range(10)]
    assert iterator.next(WITHIN_S) == 0
    assert [one.get(WITHIN_S) for one in held] == list(range(WORKERS))
    assert next(asked) < 1_000_000


@pytest.mark.parametrize("chunksize", [1, 4, 100])
@pytest.mark.parametrize("name", ["imap", "imap_unordered"])
def test_iteration_that_raises(open_pool: OpenPool, name: str, chunksize: int) -> None:
    """Earlier items are done; then the consumer gets the exception, and then the end."""
    pool = open_pool(WORKERS)
    iterator = getattr(pool, name)(tasks.square, failing(10), chunksize)
    got, raised = taken(iterator)
    assert [str(error) for error in raised] == ["no more of these"]
    whole = [tasks.square(one) for one in range(10 // chunksize * chunksize)]
    assert (got if name == "imap" else sorted(got)) == whole
    assert_goes_on(pool, WORKERS)


@pytest.mark.parametrize("chunksize", [None, 1, 4])
def test_sequence_whose_iteration_raises(open_pool: OpenPool, chunksize: int | None) -> None:
    """A map of it raises that error, whatever its length says."""
    pool = open_pool(WORKERS)
    with pytest.raises(LookupError, match="no more of these"):
        pool.map_async(tasks.square, Sequence(50, failing(10)), chunksize).get(WITHIN_S)
    with pytest.raises(LookupError, match="no more of these"):
        pool.map(tasks.square, failing(10), chunksize)
    assert_goes_on(pool, WORKERS)


@pytest.mark.parametrize("chunksize", [1, 4])
@pytest.mark.parametrize("length", [1, 5, 15, 100])
def test_sequence_with_a_wrong_length(open_pool: OpenPool, length: int, chunksize: int) -> None:
    """Nothing hangs, whether it has more or fewer items."""
    pool = open_pool(WORKERS)
    result = pool.map_async(tasks.square, Sequence(length, iter(range(10))), chunksize)
    result.wait(WITHIN_S)
    assert result.ready()
    assert_goes_on(pool, WORKERS)
    assert pool.statistics().state == "open"


def test_list_that_changes_while_it_is_mapped(open_pool: OpenPool) -> None:
    """If it grows or shrinks, no other call is affected."""
    pool = open_pool(WORKERS)
    growing, shrinking = list(range(5000)), list(range(5000))
    results = [pool.map_async(tasks.square, growing, 1), pool.map_async(tasks.square, shrinking, 1)]
    while not all(result.ready() for result in results):
        growing.append(1)
        del shrinking[-1:]
    assert results[0].get(WITHIN_S) == [tasks.square(one) for one in range(5000)]
    results[1].wait(WITHIN_S)
    assert results[1].ready()
    assert_goes_on(pool, WORKERS)


def test_slow_sequence(open_pool: OpenPool) -> None:
    """Other calls are done meanwhile."""
    pool = open_pool(WORKERS)
    go_on = threading.Event()

    def slow() -> Iterator[int]:
        for number in range(20):
            if number == 10:
                go_on.wait()
            yield number

    result = pool.map_async(tasks.square, Sequence(20, slow()), chunksize=1)
    assert_goes_on(pool, WORKERS)
    assert not result.ready()
    go_on.set()
    assert result.get(WITHIN_S) == [tasks.square(one) for one in range(20)]


def test_object_that_is_not_iterable(open_pool: OpenPool) -> None:
    """As in the stdlib: the call raises, or its result does."""
    pool = open_pool(WORKERS)
    with pytest.raises(TypeError):
        pool.map(tasks.square, 5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        next(iter(pool.imap(tasks.square, 5)))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        pool.starmap(tasks.add, [1, 2])  # type: ignore[list-item]
    assert_goes_on(pool, WORKERS)


def test_workers_are_killed_during_an_imap_of_a_generator(open_pool: OpenPool) -> None:
    """No item is lost or repeated except those being executed."""
    pool = open_pool(WORKERS, retries=20)

    def killing() -> Iterator[int]:
        for number in range(2000):
            if number % 250 == 249:
                for pid in workers(pool)[:1]:
                    kill(pid)
            yield number

    assert list(pool.imap(tasks.square, killing())) == [tasks.square(one) for one in range(2000)]
    assert_goes_on(pool, WORKERS)


def test_iterator_outlives_its_pool(method: str) -> None:
    """Results that were ready before the pool was terminated can still be taken."""
    with Pool(WORKERS, context=multiprocessing.get_context(method)) as pool:
        iterator = pool.imap(tasks.square, range(10))
        result = pool.map_async(tasks.square, range(10))
        result.wait(WITHIN_S)
        pool.close()
        assert pool.join(timeout=WITHIN_S)
    assert list(iterator) == result.get(WITHIN_S) == [tasks.square(one) for one in range(10)]


def counted(taken: list[int]) -> Iterator[int]:
    """Endless; tells what was taken."""
    for number in itertools.count():
        taken.append(number)
        yield number


@pytest.mark.parametrize("chunksize", [1, 3])
@pytest.mark.parametrize("kind", ["imap", "imap_unordered"])
def test_loop_over_an_endless_imap_that_is_broken_off_ends_it(open_pool: OpenPool, kind: str, chunksize: int) -> None:
    """Nothing more is taken, and close() and join() return."""
    pool = open_pool(WORKERS)
    taken: list[int] = []
    for result in getattr(pool, kind)(tasks.square, counted(taken), chunksize):
        if result > 100:
            break
    pool.close()
    assert pool.join(WITHIN_S)
    assert pool.statistics().queued == 0
    assert not pool._cache


@pytest.mark.parametrize(
    "endless", [itertools.count(), itertools.cycle([1]), itertools.repeat(1)], ids=["count", "cycle", "repeat"]
)
def test_endless_imap_that_is_dropped_at_once_ends(open_pool: OpenPool, endless: Iterator[int]) -> None:
    pool = open_pool(WORKERS)
    pool.imap(tasks.square, endless)
    pool.close()
    assert pool.join(WITHIN_S)


def test_repetition_with_an_end_is_executed_to_it(open_pool: OpenPool, log: str) -> None:
    pool = open_pool(WORKERS)
    pool.imap(tasks.told, itertools.repeat((log, 7), 20))
    pool.close()
    assert pool.join(WITHIN_S)
    assert tasks.read(log).ended[7] == 20


def test_imap_that_waits_for_its_iterable_ends_when_it_is_dropped(open_pool: OpenPool) -> None:
    """Its thread is blocked for ever; nobody waits for it."""
    pool = open_pool(WORKERS)
    gate = threading.Event()

    def blocked() -> Iterator[int]:
        yield 1
        gate.wait()

    iterator = pool.imap(tasks.square, blocked())
    assert next(iterator) == 1
    del iterator
    pool.close()
    assert pool.join(WITHIN_S)
    gate.set()


@pytest.mark.parametrize("iterable", [list, iter], ids=["list", "iterator"])
def test_imap_for_its_effects_alone_executes_all_tasks(
    open_pool: OpenPool, log: str, iterable: Callable[[Any], Any]
) -> None:
    """As with the stdlib: nobody takes the results, and the pool is closed and joined."""
    pool = open_pool(WORKERS)
    pool.imap_unordered(tasks.told, iterable([(log, number) for number in range(300)]))
    pool.close()
    assert pool.join(WITHIN_S)
    assert sum(tasks.read(log).ended.values()) == 300


@pytest.mark.parametrize("kind", ["imap", "imap_unordered"])
def test_buffersize_bounds_what_is_taken_ahead(open_pool: OpenPool, kind: str) -> None:
    """By as many as there are workers, and so many more; in the end, everything has been executed."""
    pool = open_pool(WORKERS)
    taken: list[int] = []
    results = getattr(pool, kind)(tasks.square, itertools.islice(counted(taken), 200), buffersize=3)
    for read in range(1, 201):
        next(results)
        assert len(taken) <= WORKERS + 3 + read + 1  # one that is taken when this one has been read
    with pytest.raises(StopIteration):
        next(results)
    assert len(taken) == 200


def test_buffersize_of_a_list(open_pool: OpenPool) -> None:
    pool = open_pool(WORKERS)
    assert list(pool.imap(tasks.square, list(range(50)), 2, 1)) == [number * number for number in range(50)]


@pytest.mark.parametrize(
    ("buffersize", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), ("1", TypeError)]
)
def test_wrong_buffersize_is_refused(open_pool: OpenPool, buffersize: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="buffersize must be"):
        open_pool(1).imap(tasks.square, [1], buffersize=buffersize)


def test_many_imaps_of_generators_need_few_threads(open_pool: OpenPool) -> None:
    pool = open_pool(WORKERS)
    before = threading.active_count()
    iterators = [pool.imap(tasks.square, iter(range(5))) for _ in range(200)]
    most = threading.active_count()
    assert [list(one) for one in iterators] == [[0, 1, 4, 9, 16]] * 200
    assert max(most, threading.active_count()) - before <= 2
