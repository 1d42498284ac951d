"""What programs rely on beyond the documented interface: types, attributes, recipes, subclasses."""

import itertools
import multiprocessing
import multiprocessing.pool
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.pool import mapstar
from pathlib import Path
from typing import Any, NoReturn

import pytest

from procession import Pool
from procession.pool import PoolBroken, PoolTerminated, WorkerLost
from procession.pool.dispatching.delivery import Delivery
from procession.pool.dispatching.preparing import Preparing, _Preparer
from tests.open_files import open_files
from tests.pool import tasks
from tests.pool.conftest import OpenPool
from tests.pool.killing import WITHIN_S
from tests.waiting import wait_until

pytestmark = pytest.mark.any_method

WORKERS = 2


def test_types_are_the_stdlibs(open_pool: OpenPool) -> None:
    """Whoever asks with isinstance gets the same answer."""
    pool = open_pool(WORKERS)
    standard = multiprocessing.pool
    assert isinstance(pool, standard.Pool)
    assert isinstance(pool.apply_async(abs, (-1,)), standard.AsyncResult)
    assert isinstance(pool.map_async(abs, [-1]), standard.MapResult)
    assert isinstance(pool.imap(abs, [-1]), standard.IMapIterator)
    assert isinstance(pool.imap_unordered(abs, [-1]), standard.IMapUnorderedIterator)


def test_results_take_attributes(open_pool: OpenPool) -> None:
    """Programs note on a result what it is for."""
    pool = open_pool(WORKERS)
    for result in (pool.apply_async(abs, (-1,)), pool.map_async(abs, [-1]), pool.imap(abs, [-1])):
        result.label = "mine"  # type: ignore[attr-defined, union-attr]
        assert result.label == "mine"  # type: ignore[attr-defined, union-attr]


def test_calls_that_have_not_ended_are_in_the_cache(open_pool: OpenPool, log: str, gate: Path) -> None:
    """Programs wait until few are left; `_number_left` has the tasks of a map, `_taskqueue` the calls that wait."""
    pool: Any = open_pool(1)
    held = pool.apply_async(tasks.held, (log, 0, str(gate)))
    mapped = pool.map_async(tasks.square, range(5), chunksize=1)
    iterated = pool.imap(tasks.square, range(3))
    assert len(pool._cache) == 3
    assert mapped._number_left == 5
    assert [result._job in pool._cache for result in (held, mapped, iterated)] == [True] * 3
    wait_until(lambda: pool._taskqueue.qsize() >= 1, WITHIN_S)
    gate.touch()
    held.get(WITHIN_S)
    assert mapped.get(WITHIN_S) == [0, 1, 4, 9, 16]
    assert list(iterated) == [0, 1, 4]
    assert mapped._number_left == 0
    wait_until(lambda: not pool._cache, WITHIN_S)
    assert pool._taskqueue.empty()


def test_size_can_be_read_and_set_as_programs_do(open_pool: OpenPool) -> None:
    pool: Any = open_pool(WORKERS)
    assert pool._processes == WORKERS
    pool._processes = WORKERS + 1
    pool._repopulate_pool()
    wait_until(lambda: len(pool._pool) == WORKERS + 1, WITHIN_S)


def test_default_size_is_the_interpreters() -> None:
    with Pool() as pool, multiprocessing.Pool() as standard:
        assert len(pool._pool) == len(standard._pool)  # type: ignore[attr-defined]


def istarmap(self: Any, func: Callable[..., Any], iterable: Iterable[Any], chunksize: int = 1) -> Iterator[Any]:
    """As many programs define it: a starmap that yields results as they come."""
    batches = multiprocessing.pool.Pool._get_tasks(func, iterable, chunksize)  # type: ignore[attr-defined]
    result = multiprocessing.pool.IMapIterator(self)  # type: ignore[call-arg]
    generated = self._guarded_task_generation(result._job, multiprocessing.pool.starmapstar, batches)  # type: ignore[attr-defined]
    self._taskqueue.put((generated, result._set_length))  # type: ignore[attr-defined]
    return (item for chunk in result for item in chunk)


@pytest.mark.parametrize("chunksize", [1, 3])
def test_istarmap_recipe_works(open_pool: OpenPool, chunksize: int) -> None:
    pool = open_pool(WORKERS)
    pairs = [(2, power) for power in range(10)]
    assert list(istarmap(pool, pow, iter(pairs), chunksize)) == [2**power for power in range(10)]
    assert not pool._cache


def test_error_of_a_task_that_was_put_into_the_task_queue_reaches_its_result(open_pool: OpenPool) -> None:
    pool = open_pool(WORKERS)
    iterated = istarmap(pool, divmod, [(4, 2), (1, 0)])
    assert next(iterated) == (2, 0)
    with pytest.raises(ZeroDivisionError):
        next(iterated)


def test_end_of_the_pool_ends_what_was_put_into_the_task_queue(open_pool: OpenPool, log: str, gate: Path) -> None:
    """The stdlib leaves it waiting for ever."""
    pool = open_pool(1)
    pool.apply_async(tasks.held, (log, 0, str(gate)))
    iterated = istarmap(pool, pow, ((2, power) for power in itertools.count()))
    wait_until(lambda: tasks.read(log).started[0], WITHIN_S)
    pool.terminate()
    with pytest.raises(PoolTerminated):
        next(iterated)


def test_apply_and_map_use_what_a_subclass_overrides(method: str) -> None:
    """As in the stdlib, where apply() calls apply_async(), and each map _map_async()."""
    seen = []

    class Counting(Pool):
        def apply_async(self, func: Any, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
            seen.append("apply_async")
            return super().apply_async(func, *args, **kwargs)

        def _map_async(self, func: Any, iterable: Any, mapper: Any, *args: Any) -> Any:  # type: ignore[override]
            seen.append(mapper.__name__)
            return super()._map_async(func, iterable, mapper, *args)

    with Counting(WORKERS, context=multiprocessing.get_context(method)) as pool:
        assert pool.apply(abs, (-1,)) == 1
        assert pool.map(abs, [-1]) == [1]
        assert pool.map_async(abs, [-1]).get(WITHIN_S) == [1]
        assert pool.starmap(pow, [(2, 3)]) == [8]
        assert pool.starmap_async(pow, [(2, 3)]).get(WITHIN_S) == [8]
    assert seen == ["apply_async", "mapstar", "mapstar", "starmapstar", "starmapstar"]


def reversed_chunk(call: tuple[Callable[[Any], Any], tuple[Any, ...]]) -> list[Any]:
    """A mapper of a program: it gets the function and the items of a chunk."""
    function, items = call
    return [function(item) for item in reversed(items)]


@pytest.mark.parametrize(("chunksize", "expected"), [(1, [0, 1, 4, 9]), (2, [1, 0, 9, 4])])
def test_mapper_of_a_program_is_called_with_each_chunk(
    open_pool: OpenPool, chunksize: int, expected: list[int]
) -> None:
    pool = open_pool(WORKERS)
    assert pool._map_async(tasks.square, range(4), reversed_chunk, chunksize).get(WITHIN_S) == expected
    assert pool._map_async(tasks.square, range(4), mapstar, chunksize).get(WITHIN_S) == [0, 1, 4, 9]


def test_thread_pool_stays_the_stdlibs_where_the_pool_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its constructor calls that of whatever ``multiprocessing.pool.Pool`` names."""
    monkeypatch.setattr(multiprocessing.pool, "Pool", Pool)
    with multiprocessing.pool.ThreadPool(WORKERS) as pool:
        assert pool.map(lambda _: os.getpid(), range(4)) == [os.getpid()] * 4
        assert not isinstance(pool, Pool)


@pytest.mark.parametrize("part", [Delivery, Preparing], ids=["dispatcher", "preparer"])
def test_thread_of_the_pool_that_fails_breaks_the_pool_at_once(
    open_pool: OpenPool, monkeypatch: pytest.MonkeyPatch, log: str, gate: Path, part: type
) -> None:
    """Nobody waits for ever, whatever the thread was doing."""
    pool = open_pool(1)
    held = pool.apply_async(tasks.held, (log, 0, str(gate)))
    waiting = [
        pool.apply_async(tasks.square, (2,)),
        pool.map_async(tasks.square, range(50), chunksize=1),
        pool.map_async(tasks.echo, [open_pool] * 5),
    ]
    iterated = pool.imap(tasks.square, range(9))

    def fail(*_: object) -> NoReturn:
        raise MemoryError("no memory left")

    if part is Delivery:
        monkeypatch.setattr(Delivery, "settle", fail)
        monkeypatch.setattr(Delivery, "_sorted", fail)
        gate.touch()
    else:
        monkeypatch.setattr(_Preparer, "_take", fail)
        pool.apply_async(tasks.echo, (open_pool,))
    for result in (held, *waiting):
        with pytest.raises((PoolBroken, WorkerLost)):
            result.get(WITHIN_S)
    with pytest.raises(PoolBroken):
        next(iterated)
    with pytest.raises(PoolBroken, match="no memory left"):
        pool.apply(tasks.square, (1,))


def test_imap_works_where_no_thread_can_be_started(open_pool: OpenPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit of processes, or while the interpreter shuts down; so do callbacks."""
    pool = open_pool(WORKERS)
    told: list[int] = []

    def refuse(_: threading.Thread) -> NoReturn:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert list(pool.imap(tasks.square, (number for number in range(5)))) == [0, 1, 4, 9, 16]
    assert pool.apply_async(tasks.square, (3,), callback=told.append).get(WITHIN_S) == 9
    assert told == [9]
    pool.close()
    assert pool.join(WITHIN_S)


def test_constructor_raises_where_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> NoReturn:
        raise RuntimeError("can't start new thread")

    before = open_files()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        Pool(WORKERS)
    assert not multiprocessing.active_children()
    assert open_files() == before
