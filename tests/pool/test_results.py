"""The results of a pool have the stdlib's interface: what they return and raise, callbacks, counts."""

import multiprocessing
from typing import Any

import pytest

from procession.pool.errors import WorkerLost
from procession.pool.tasks.apply import AsyncResult
from procession.pool.tasks.iterators import ChunkedIterator, IMapIterator, OrderedResults, UnorderedResults
from procession.pool.tasks.maps import MapResult
from procession.pool.tasks.task import Chunk, Item
from procession.pool.worker_process.main import run_chunk
from tests.pool.owner import CallsAtOnce

LOST = WorkerLost(4711, -9, "SIGKILL", "task 1")


def apply_result(callback: Any = None, error_callback: Any = None) -> AsyncResult:
    return AsyncResult(CallsAtOnce(), 1, divmod, (7, 2), {"spare": "x"}, callback, error_callback, 0)


def items(result: Any, count: int) -> list[Item]:
    return [Item(result, index, abs, (index,), 0) for index in range(count)]


def test_a_result_that_is_not_ready_raises() -> None:
    result = apply_result()
    assert not result.ready()
    with pytest.raises(multiprocessing.TimeoutError):
        result.get(0)
    with pytest.raises(ValueError, match="not ready"):
        result.successful()


def test_a_result_can_be_read_repeatedly() -> None:
    result = apply_result()
    result.settle(True, 3)
    assert (result.get(), result.get(0), result.successful()) == (3, 3, True)


def test_the_arguments_are_released_with_the_result() -> None:
    result = apply_result()
    result.settle(True, 3)
    assert (result.function, result.args, result.kwds) == (None, None, None)


def test_a_callback_sees_a_result_that_is_not_ready_yet() -> None:
    seen = []
    result = apply_result(callback=lambda value: seen.append((value, result.ready())))
    result.settle(True, 3)
    assert seen == [(3, False)]
    assert result.ready()


def test_a_callback_that_raises_is_shown_and_ignored(capsys: pytest.CaptureFixture[str]) -> None:
    result = apply_result(callback=lambda _value: 1 / 0)
    result.settle(True, 3)
    assert result.get() == 3
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_failure_names_its_task() -> None:
    told = []
    result = apply_result(error_callback=told.append)
    result.settle(False, LOST)
    assert told == [LOST]
    [failure] = result.failures()
    assert (failure.error, failure.task.function, failure.task.arguments) == (LOST, "divmod", "7, 2, spare='x'")
    progress = result.progress()
    assert (progress.lost, progress.failed, progress.done, progress.over) == (1, 0, 0, True)


def test_waiting_for_a_result_that_would_never_be_ready_is_refused() -> None:
    """A callback waits for a result with a callback: they run one after the other."""
    for result in (apply_result(callback=print), MapResult(CallsAtOnce(), 1, 1, 3, None, print)):
        with pytest.raises(RuntimeError, match="would never be ready"):
            result.wait(0)
    apply_result().wait(0)


def test_a_map_raises_its_first_error_when_all_tasks_have_ended() -> None:
    called = []
    result = MapResult(CallsAtOnce(), 1, 1, 3, None, called.append)
    one, two, three = items(result, 3)
    two.settle(False, LOST)
    three.settle(False, KeyError("later"))
    assert not result.ready()
    one.settle(True, 10)
    assert called == [LOST]
    assert result.partial() == [10, None, None]
    progress = result.progress()
    assert (progress.total, progress.done, progress.failed, progress.lost) == (3, 1, 1, 1)
    with pytest.raises(WorkerLost):
        result.get()


def test_a_chunk_names_its_items() -> None:
    result = MapResult(CallsAtOnce(), 4, 10, 25, None, None)
    chunk = Chunk(result, 2, run_chunk, (abs, (20, 21, 22, 23, 24)), 0)
    facts = chunk.facts()
    assert (facts.call, facts.index, facts.first, facts.size, facts.function) == (4, 2, 20, 5, "abs")


def test_chunks_are_put_in_order() -> None:
    result = MapResult(CallsAtOnce(), 1, 2, 5, None, None)
    for index, values in ((2, [4]), (0, [0, 1]), (1, [2, 3])):
        Chunk(result, index, run_chunk, (abs, ()), 0).settle(True, values)
    assert result.get(0) == [0, 1, 2, 3, 4]


def test_imap_keeps_the_order() -> None:
    result = OrderedResults(CallsAtOnce(), 1, 1)
    one, two, three = items(result, 3)
    three.settle(True, 3)
    two.settle(False, KeyError("two"))
    with pytest.raises(multiprocessing.TimeoutError):
        result.next(0)
    one.settle(True, 1)
    result.set_length(3)
    iterator = IMapIterator(result)
    assert next(iterator) == 1
    with pytest.raises(KeyError):
        next(iterator)
    assert list(iterator) == [3]


def test_imap_unordered_yields_results_as_they_come() -> None:
    result = UnorderedResults(CallsAtOnce(), 1, 1)
    one, two = items(result, 2)
    two.settle(True, 2)
    iterator = IMapIterator(result)
    assert next(iterator) == 2
    result.set_length(2)
    one.settle(True, 1)
    assert list(iterator) == [1]


def test_chunks_of_an_imap_are_yielded_item_by_item() -> None:
    result = OrderedResults(CallsAtOnce(), 1, 2)
    for index in range(2):
        Chunk(result, index, run_chunk, (abs, ()), 0).settle(True, [2 * index, 2 * index + 1])
    result.set_length(2)
    chunked = ChunkedIterator(IMapIterator(result))
    assert chunked.next(0) == 0
    assert list(chunked) == [1, 2, 3]
    assert chunked.progress().done == 2


def test_a_failing_repr_of_an_argument_is_replaced() -> None:
    class Unspeakable:
        def __repr__(self) -> str:
            raise OSError

    result = AsyncResult(CallsAtOnce(), 1, abs, (Unspeakable(),), None, None, None, 0)
    assert "no repr" in result.facts().arguments or "Unspeakable" in result.facts().arguments
