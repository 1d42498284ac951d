"""The ledger of a pool: tasks sent, answered, taken back, lost and retried, without any process."""

from collections.abc import Iterable, Iterator
from multiprocessing.pool import mapstar
from typing import Any

import pytest

from procession.pool.errors import PoolTerminated, WorkerLost
from procession.pool.tasks.apply import AsyncResult
from procession.pool.tasks.inbox import DEEPEST, SHALLOWEST, Inbox
from procession.pool.tasks.iterators import OrderedResults
from procession.pool.tasks.ledger import MOST_BYTES, MOST_PREPARED, Ledger
from procession.pool.tasks.maps import MapResult
from procession.pool.tasks.sources import Source, arguments
from procession.pool.worker_process.ring import NONE
from tests.pool.owner import CallsAtOnce


def task(number: int = 0, *, retries: int = 0) -> AsyncResult:
    return AsyncResult(CallsAtOnce(), number, abs, (number,), None, None, None, retries)


def numbers(tasks: Any) -> list[int]:
    return [one.call for one in tasks]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def add_inbox(ledger: Ledger, count: int = 0, **options: Any) -> Inbox:
    inbox = Inbox(**options)
    ledger.inboxes.append(inbox)
    ledger.assign(inbox, [task(number) for number in range(count)], 0.0)
    return inbox


def map_source(length: int, chunksize: int = 1) -> tuple[MapResult, Source]:
    result = MapResult(CallsAtOnce(), 1, chunksize, length, None, None)
    return result, Source(result, *arguments(abs, range(length), chunksize, mapper=mapstar), 0)


# Sending


def test_tasks_are_taken_in_the_order_of_their_submission(ledger: Ledger) -> None:
    ledger.queue.extend(task(number) for number in range(5))
    assert numbers(ledger.take(3)) == [0, 1, 2]
    assert numbers(ledger.take(3)) == [3, 4]
    assert ledger.take(3) == []


def test_a_source_is_taken_in_its_turn(ledger: Ledger) -> None:
    _, source = map_source(3)
    ledger.queue.extend([task(7), source, task(8)])
    taken = ledger.take(10)
    assert [one.args for one in taken] == [(7,), (0,), (1,), (2,), (8,)]
    assert not ledger.queue


def test_a_source_stays_at_the_head_until_it_is_exhausted(ledger: Ledger) -> None:
    _, source = map_source(3)
    ledger.queue.append(source)
    assert len(ledger.take(2)) == 2
    assert list(ledger.queue) == [source]
    assert ledger.count_waiting() == 1
    assert len(ledger.take(2)) == 1
    assert not ledger.queue


def test_an_unbounded_source_takes_turns_with_the_next_entry(ledger: Ledger) -> None:
    """Bounded sources keep their order."""
    _, endless = map_source(100)
    endless.unbounded = True
    _, first = map_source(3)
    _, second = map_source(2)
    ledger.queue.extend([endless, task(7), first, second])
    results = {id(endless.result): "endless", id(first.result): "first", id(second.result): "second"}
    turns = [[results.get(id(getattr(one, "result", None)), "task") for one in ledger.take(2)] for _ in range(8)]
    assert turns == [
        ["endless", "endless"],
        ["task", "endless"],
        ["first", "first"],
        ["endless", "endless"],
        ["first", "endless"],
        ["second", "second"],
        ["endless", "endless"],
        ["endless", "endless"],
    ]


def user_source(iterable: Iterable[Any]) -> tuple[OrderedResults, Source]:
    """A source whose iterable is code of the program."""
    result = OrderedResults(CallsAtOnce(), 1, 1)
    source = Source(result, *arguments(abs, iterable, 1, mapper=mapstar), 0)
    source.is_plain = False
    return result, source


def test_a_source_that_runs_code_of_the_program_is_left_to_preparers(ledger: Ledger) -> None:
    _, source = user_source(iter([1]))
    ledger.queue.extend([task(7), source, task(8)])
    assert numbers(ledger.take(9)) == [7]
    assert ledger.preparing
    assert ledger.queue[0] is source
    assert ledger.take(9) == [], "what stands behind it has to wait"


def test_prepared_tasks_come_before_the_queue(ledger: Ledger) -> None:
    ledger.queue.append(task(9))
    ledger.add_prepared(task(7))
    assert not ledger.is_direct
    assert numbers(ledger.take(1)) == [7]
    assert numbers(ledger.take(1)) == [9]


def test_a_task_that_has_to_be_pickled_stops_those_behind_it(ledger: Ledger) -> None:
    ledger.queue.extend([task(1), task(2), task(3)])
    _, second, third = ledger.take(3)
    ledger.return_unprepared([second, third])
    assert ledger.take(3) == []
    ledger.add_prepared(*ledger.take_queued(1))
    assert numbers(ledger.take(3)) == [2]
    assert numbers(list(ledger.queue)) == [3]


def test_room_for_prepared_tasks_is_limited_by_number_and_size(ledger: Ledger) -> None:
    large = task(1)
    large.payload = None, bytes(MOST_BYTES)
    ledger.add_prepared(large)
    assert not ledger.has_room()
    assert not ledger.is_low()
    assert ledger.take(1) == [large]
    assert ledger.has_room()
    for number in range(MOST_PREPARED):
        ledger.add_prepared(task(number))
    assert not ledger.has_room()
    ledger.take(MOST_PREPARED // 2)
    assert ledger.is_low()


def test_the_end_of_an_iterable_sets_the_length_of_its_result() -> None:
    result, source = user_source(iter([3]))
    assert len(source.take(5)) == 1
    assert not source.over
    source.conclude()
    assert source.over
    assert result.progress().total == 1


def failing() -> Iterator[int]:
    yield 1
    raise KeyError("no")


def test_an_iterable_that_raises_ends_its_source_with_that_error() -> None:
    result, source = user_source(failing())
    (item,) = source.take(5)
    source.conclude()
    item.settle(True, 1)
    assert result.next(0) == 1
    with pytest.raises(KeyError):
        result.next(0)
    with pytest.raises(StopIteration):
        result.next(0)


def bounded_source(most_ahead: int) -> tuple[OrderedResults, Source]:
    result, source = user_source(iter(range(100)))
    source.is_plain = source.unbounded = True
    source.most_ahead = most_ahead
    return result, source


def test_a_source_waits_until_its_results_are_taken(ledger: Ledger) -> None:
    result, source = bounded_source(3)
    ledger.queue.extend([source, task(7)])
    (one, two, three, other) = ledger.take(9)
    assert isinstance(other, AsyncResult)
    assert ledger.starved == {source}
    assert ledger.has_waiting
    for item in (one, two, three):
        item.settle(True, 0)
    assert not ledger.feed()
    result.next(0)
    assert ledger.feed()
    assert len(ledger.take(9)) == 1


@pytest.mark.parametrize(("read", "broken_off"), [(0, False), (1, True)])
def test_an_iteration_that_is_left_ends_the_source(ledger: Ledger, read: int, *, broken_off: bool) -> None:
    """One that was never begun is done for its effects: its tasks are executed, and their results dropped."""
    result, source = bounded_source(3)
    ledger.queue.append(source)
    first, *_ = ledger.take(3)
    first.settle(True, 0)
    for _ in range(read):
        result.next(0)
    result.drop()
    ledger.drop(result)
    assert source.over is broken_off
    assert len(ledger.take(200)) == (0 if broken_off else 97)
    assert not ledger.has_waiting


def test_positions_count_up(ledger: Ledger) -> None:
    inbox = add_inbox(ledger, 2)
    ledger.assign(inbox, [task(9)], 0.0)
    assert list(inbox.inflight) == [0, 1, 2]
    assert inbox.inflight.pop(1) is not None
    assert inbox.inflight.pop(1, None) is None
    assert inbox.answered == 1


def test_a_fast_worker_gets_twice_as_many_each_time(ledger: Ledger) -> None:
    inbox = add_inbox(ledger)
    now = 0.0
    for _ in range(20):
        now += 0.001
        ledger.assign(inbox, [], now)
    assert inbox.depth == DEEPEST


def test_a_slow_worker_gets_half_as_many(ledger: Ledger) -> None:
    inbox = add_inbox(ledger)
    inbox.depth, inbox.filled_at = 16, 1.0
    ledger.assign(inbox, [], 2.0)
    assert inbox.depth == 8
    for second in range(3, 20):
        ledger.assign(inbox, [], second)
    assert inbox.depth == SHALLOWEST


def test_the_emptiest_worker_is_served_first(ledger: Ledger) -> None:
    busy, idle = add_inbox(ledger, 1), add_inbox(ledger)
    ledger.queue.extend(task(number) for number in range(1000))
    assert [inbox for inbox, _ in ledger.shares()] == [idle, busy]


def test_few_tasks_are_shared_equally(ledger: Ledger) -> None:
    inboxes = [add_inbox(ledger), add_inbox(ledger)]
    for inbox in inboxes:
        inbox.depth = 64
    ledger.queue.extend(task(number) for number in range(4))
    assert [share for _, share in ledger.shares()] == [1, 1]


def test_a_worker_gets_no_more_tasks_than_its_allowance(ledger: Ledger) -> None:
    inbox = add_inbox(ledger, allowance=3)
    inbox.depth = 64
    assert inbox.room() == 3
    ledger.assign(inbox, [task(), task()], 0.0)
    assert inbox.room() == 1
    inbox.inflight.pop(0)
    assert inbox.room() == 1, "one is done, one is in flight"


def test_a_retiring_worker_gets_nothing(ledger: Ledger) -> None:
    inbox = add_inbox(ledger)
    inbox.closed = True
    assert inbox.room() == 0
    assert not inbox.wants()


# A worker ends


def test_a_dead_worker_loses_only_the_task_that_it_executed(ledger: Ledger) -> None:
    inbox = add_inbox(ledger, 5)
    inbox.inflight.pop(0)
    loss = ledger.remove_worker(inbox, current=1)
    assert loss.task is not None
    assert (loss.task.call, loss.retried, loss.returned) == (1, False, 3)
    assert numbers(ledger.take(9)) == [2, 3, 4]
    assert ledger.lost == 1


def test_a_worker_that_died_between_tasks_loses_none(ledger: Ledger) -> None:
    inbox = add_inbox(ledger, 3)
    inbox.inflight.pop(0)
    loss = ledger.remove_worker(inbox, current=0)
    assert (loss.task, loss.returned, ledger.lost) == (None, 2, 0)


def test_a_worker_that_died_while_booting_loses_none(ledger: Ledger) -> None:
    inbox = add_inbox(ledger, 3)
    assert ledger.remove_worker(inbox, current=NONE).returned == 3
    assert numbers(ledger.take(9)) == [0, 1, 2]


def test_returned_tasks_go_to_the_head_of_the_queue(ledger: Ledger) -> None:
    ledger.queue.append(task(9))
    ledger.remove_worker(add_inbox(ledger, 2), current=NONE)
    assert numbers(ledger.take(9)) == [0, 1, 9]


def test_a_lost_task_is_retried_up_to_its_limit(ledger: Ledger) -> None:
    lost = task(5, retries=2)
    for attempt in (2, 3):
        inbox = add_inbox(ledger)
        ledger.assign(inbox, [lost], 0.0)
        assert ledger.remove_worker(inbox, current=0).retried
        assert lost.attempt == attempt
        assert numbers(ledger.take(9)) == [5]
    inbox = add_inbox(ledger)
    ledger.assign(inbox, [lost], 0.0)
    assert not ledger.remove_worker(inbox, current=0).retried
    assert (ledger.retried, ledger.lost) == (2, 1)


def test_no_task_is_retried_at_the_end_of_the_pool(ledger: Ledger) -> None:
    inbox = add_inbox(ledger)
    ledger.assign(inbox, [task(5, retries=2)], 0.0)
    assert not ledger.remove_worker(inbox, current=0, may_retry=False).retried


def test_tasks_that_a_dead_worker_answered_stay_counted(ledger: Ledger) -> None:
    inbox = add_inbox(ledger, 3)
    inbox.inflight.pop(0)
    ledger.remove_worker(inbox, current=0)
    assert ledger.answered == 1
    assert not ledger.inboxes


# Taking tasks back


def test_tasks_behind_the_present_one_are_taken_back(ledger: Ledger) -> None:
    inbox = add_inbox(ledger, 5)
    assert ledger.reclaim(inbox, current=1, limit=2) == 3
    assert list(inbox.inflight) == [0, 1]
    assert numbers(ledger.take(9)) == [2, 3, 4]
    assert inbox.room() == 0, "it has to skip the tasks that were taken first"


def test_a_worker_that_went_on_keeps_the_task_that_it_may_be_executing(ledger: Ledger) -> None:
    inbox = add_inbox(ledger, 5)
    assert ledger.reclaim(inbox, current=3, limit=2) == 1
    assert list(inbox.inflight) == [0, 1, 2, 3]


def test_a_booting_worker_gives_all_tasks_back(ledger: Ledger) -> None:
    inbox = add_inbox(ledger, 2)
    assert ledger.reclaim(inbox, current=NONE, limit=0) == 2
    assert not inbox.inflight


def test_the_limit_is_removed_when_the_last_task_was_skipped(ledger: Ledger) -> None:
    inbox = add_inbox(ledger, 4)
    ledger.reclaim(inbox, current=0, limit=1)
    for position in (1, 2):
        ledger.skip(inbox, position)
        assert inbox.limit == 1
    ledger.skip(inbox, 3)
    assert inbox.limit is None
    assert len(ledger.take(9)) == 3, "none of them may be returned twice"


def test_a_worker_without_tasks_still_has_to_skip_those_taken(ledger: Ledger) -> None:
    inbox = add_inbox(ledger, 2)
    ledger.reclaim(inbox, current=NONE, limit=0)
    assert inbox.owes(), "otherwise its answers are not awaited and it gets no more tasks"
    ledger.skip(inbox, 0)
    assert inbox.owes()
    ledger.skip(inbox, 1)
    assert not inbox.owes()


def test_no_limit_is_set_without_tasks_behind(ledger: Ledger) -> None:
    inbox = add_inbox(ledger, 3)
    assert ledger.reclaim(inbox, current=2, limit=2) == 0
    assert inbox.limit is None, "the worker would never report that it can be removed"


def test_a_skipped_task_that_was_not_taken_is_returned(ledger: Ledger) -> None:
    inbox = add_inbox(ledger, 4)
    ledger.reclaim(inbox, current=2, limit=1)
    ledger.skip(inbox, 2)
    assert numbers(ledger.take(9)) == [2, 3]
    assert inbox.answered == 0


def test_a_worker_killed_during_a_reclaim_loses_the_task_that_it_may_have_executed(ledger: Ledger) -> None:
    inbox = add_inbox(ledger, 4)
    ledger.reclaim(inbox, current=2, limit=1)
    loss = ledger.remove_worker(inbox, current=2)
    assert loss.task is not None, "it may have started the task before it saw the limit"
    assert loss.task.call == 2
    assert numbers(ledger.take(9)) == [0, 1, 3]


# The end


def test_tasks_that_were_never_started_raise_pool_terminated(ledger: Ledger) -> None:
    first, (result, source) = task(1), map_source(10)
    ledger.queue.extend([first, source])
    ledger.abandon(lambda: PoolTerminated("over"))
    with pytest.raises(PoolTerminated):
        first.get(0)
    with pytest.raises(PoolTerminated):
        result.get(0)
    assert result.progress().lost == 10
    assert result.progress().over


def test_a_map_with_a_lost_task_keeps_the_other_results() -> None:
    result, source = map_source(4)
    items = source.take(9)
    for item in items[:3]:
        item.settle(True, item.index)
    items[3].settle(False, WorkerLost(1, -9, "SIGKILL", "task 3"))
    assert result.partial() == [0, 1, 2, None]
    assert [failure.task.index for failure in result.failures()] == [3]
    with pytest.raises(WorkerLost, match="may have run partly or wholly"):
        result.get(0)


def test_an_iterable_shorter_than_its_length_raises() -> None:
    result = MapResult(CallsAtOnce(), 1, 1, 5, None, None)
    source = Source(result, *arguments(abs, iter(range(3)), 1, mapper=mapstar), 0)
    for item in source.take(9):
        item.settle(True, 0)
    source.conclude()
    with pytest.raises(ValueError, match="ended after 3 of 5"):
        result.get(0)
