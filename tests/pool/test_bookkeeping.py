"""Which task of a pool is where: sent, answered, taken back, lost, run again; without any process."""

from typing import Any

import pytest

from procession.pool.errors import PoolTerminated, WorkerLost
from procession.pool.tasks.apply import AsyncResult
from procession.pool.tasks.bookkeeping import DEEPEST, SHALLOWEST, Desk, Ledger, waiting
from procession.pool.tasks.iterators import IMapIterator
from procession.pool.tasks.maps import MapResult
from procession.pool.tasks.sources import FedSource, Source, arguments
from procession.pool.tasks.task import Item
from procession.pool.worker.ring import NONE


def task(number: int = 0, *, retries: int = 0) -> AsyncResult:
    return AsyncResult(None, number, abs, (number,), None, None, None, retries)


def numbers(tasks: Any) -> list[int]:
    return [one.call for one in tasks]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def seated(ledger: Ledger, count: int = 0, **options: Any) -> Desk:
    desk = Desk(**options)
    ledger.seat(desk)
    ledger.assign(desk, [task(number) for number in range(count)], 0.0)
    return desk


def map_source(length: int, chunksize: int = 1) -> tuple[MapResult, Source]:
    result = MapResult(None, 1, chunksize, length, None, None)
    return result, Source(result, *arguments(abs, range(length), chunksize, starred=False), 0)


# Going out


def test_tasks_are_taken_in_the_order_of_their_submission(ledger: Ledger) -> None:
    ledger.queue.extend(task(number) for number in range(5))
    assert numbers(ledger.take(3)) == [0, 1, 2]
    assert numbers(ledger.take(3)) == [3, 4]
    assert ledger.take(3) == []


def test_a_source_gives_its_tasks_between_those_of_others(ledger: Ledger) -> None:
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
    assert waiting(ledger.queue) == 1
    assert len(ledger.take(2)) == 1
    assert not ledger.queue


def test_a_source_that_may_have_no_end_takes_turns_with_what_is_behind_it(ledger: Ledger) -> None:
    """The others remain in order among themselves."""
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


def test_a_source_without_anything_right_now_lets_others_pass(ledger: Ledger) -> None:
    result = IMapIterator(None, 1, 1)
    asked = []
    source = FedSource(result, abs, Item, 0, lambda: asked.append(True))
    ledger.fed.add(source)
    ledger.offer(source)
    ledger.queue.append(task(8))
    assert numbers(ledger.take(1)) == [8]
    assert not ledger.queue
    assert asked, "its feeder has to know that something is wanted"
    source.fed.append((3,))
    ledger.offer(source)
    ledger.offer(source)
    assert list(ledger.queue) == [source], "it stands in the queue once"
    assert [one.args for one in ledger.take(5)] == [(3,)]


def test_the_end_of_a_fed_source_is_told_to_its_result(ledger: Ledger) -> None:
    result = IMapIterator(None, 1, 1)
    source = FedSource(result, abs, Item, 0, lambda: None)
    ledger.fed.add(source)
    source.fed.append((3,))
    source.end(None)
    ledger.offer(source)
    assert len(ledger.take(5)) == 1
    assert result.progress().total == 1
    assert not ledger.fed


def test_an_iterable_that_raises_ends_its_source_with_that_error(ledger: Ledger) -> None:
    result = IMapIterator(None, 1, 1)
    source = FedSource(result, abs, Item, 0, lambda: None)
    ledger.fed.add(source)
    source.end(KeyError("no"))
    ledger.offer(source)
    assert ledger.take(5) == []
    with pytest.raises(KeyError):
        result.next(0)
    with pytest.raises(StopIteration):
        result.next(0)


def test_positions_count_up(ledger: Ledger) -> None:
    desk = seated(ledger, 2)
    ledger.assign(desk, [task(9)], 0.0)
    assert list(desk.inflight) == [0, 1, 2]
    assert ledger.answer(desk, 1) is not None
    assert ledger.answer(desk, 1) is None
    assert desk.answered == 1


def test_a_quick_worker_gets_twice_as_many_each_time(ledger: Ledger) -> None:
    desk = seated(ledger)
    now = 0.0
    for _ in range(20):
        now += 0.001
        ledger.assign(desk, [], now)
    assert desk.depth == DEEPEST


def test_a_slow_worker_gets_half_as_many(ledger: Ledger) -> None:
    desk = seated(ledger)
    desk.depth, desk.filled_at = 16, 1.0
    ledger.assign(desk, [], 2.0)
    assert desk.depth == 8
    for second in range(3, 20):
        ledger.assign(desk, [], second)
    assert desk.depth == SHALLOWEST


def test_the_emptiest_worker_is_served_first(ledger: Ledger) -> None:
    busy, idle = seated(ledger, 1), seated(ledger)
    ledger.queue.extend(task(number) for number in range(1000))
    assert [desk for desk, _ in ledger.shares()] == [idle, busy]


def test_few_tasks_are_shared_equally(ledger: Ledger) -> None:
    desks = [seated(ledger), seated(ledger)]
    for desk in desks:
        desk.depth = 64
    ledger.queue.extend(task(number) for number in range(4))
    assert [share for _, share in ledger.shares()] == [1, 1]


def test_a_worker_gets_no_more_than_it_may_do(ledger: Ledger) -> None:
    desk = seated(ledger, allowance=3)
    desk.depth = 64
    assert desk.room() == 3
    ledger.assign(desk, [task(), task()], 0.0)
    assert desk.room() == 1
    ledger.answer(desk, 0)
    assert desk.room() == 1, "one is done, one is under way"


def test_a_retiring_worker_gets_nothing(ledger: Ledger) -> None:
    desk = seated(ledger)
    desk.closed = True
    assert desk.room() == 0
    assert not desk.wants()


# Coming back


def test_of_a_dead_worker_exactly_the_executed_task_is_lost(ledger: Ledger) -> None:
    desk = seated(ledger, 5)
    ledger.answer(desk, 0)
    burial = ledger.bury(desk, current=1)
    assert burial.task is not None
    assert (burial.task.call, burial.retried, burial.returned) == (1, False, 3)
    assert numbers(ledger.take(9)) == [2, 3, 4]
    assert ledger.lost == 1


def test_of_a_worker_that_died_between_two_tasks_none_is_lost(ledger: Ledger) -> None:
    desk = seated(ledger, 3)
    ledger.answer(desk, 0)
    burial = ledger.bury(desk, current=0)
    assert (burial.task, burial.returned, ledger.lost) == (None, 2, 0)


def test_of_a_worker_that_died_while_booting_none_is_lost(ledger: Ledger) -> None:
    desk = seated(ledger, 3)
    assert ledger.bury(desk, current=NONE).returned == 3
    assert numbers(ledger.take(9)) == [0, 1, 2]


def test_what_goes_back_comes_before_what_waits(ledger: Ledger) -> None:
    ledger.queue.append(task(9))
    ledger.bury(seated(ledger, 2), current=NONE)
    assert numbers(ledger.take(9)) == [0, 1, 9]


def test_a_lost_task_is_run_again_as_often_as_was_asked(ledger: Ledger) -> None:
    lost = task(5, retries=2)
    for attempt in (2, 3):
        desk = seated(ledger)
        ledger.assign(desk, [lost], 0.0)
        assert ledger.bury(desk, current=0).retried
        assert lost.attempt == attempt
        assert numbers(ledger.take(9)) == [5]
    desk = seated(ledger)
    ledger.assign(desk, [lost], 0.0)
    assert not ledger.bury(desk, current=0).retried
    assert (ledger.retried, ledger.lost) == (2, 1)


def test_at_the_end_of_the_pool_nothing_is_run_again(ledger: Ledger) -> None:
    desk = seated(ledger)
    ledger.assign(desk, [task(5, retries=2)], 0.0)
    assert not ledger.bury(desk, current=0, may_retry=False).retried


def test_what_a_dead_worker_answered_stays_counted(ledger: Ledger) -> None:
    desk = seated(ledger, 3)
    ledger.answer(desk, 0)
    ledger.bury(desk, current=0)
    assert ledger.answered == 1
    assert not ledger.desks


# Taking back from the living


def test_what_lies_behind_the_present_task_is_taken_back(ledger: Ledger) -> None:
    desk = seated(ledger, 5)
    assert ledger.reclaim(desk, current=1, limit=2) == 3
    assert list(desk.inflight) == [0, 1]
    assert numbers(ledger.take(9)) == [2, 3, 4]
    assert desk.room() == 0, "it has to come to the end of what was taken first"


def test_a_worker_that_went_on_meanwhile_keeps_what_it_may_be_executing(ledger: Ledger) -> None:
    desk = seated(ledger, 5)
    assert ledger.reclaim(desk, current=3, limit=2) == 1
    assert list(desk.inflight) == [0, 1, 2, 3]


def test_from_a_booting_worker_everything_is_taken_back(ledger: Ledger) -> None:
    desk = seated(ledger, 2)
    assert ledger.reclaim(desk, current=NONE, limit=0) == 2
    assert not desk.inflight


def test_the_limit_falls_with_the_last_task_that_was_skipped(ledger: Ledger) -> None:
    desk = seated(ledger, 4)
    ledger.reclaim(desk, current=0, limit=1)
    for position in (1, 2):
        ledger.skip(desk, position)
        assert desk.limit == 1
    ledger.skip(desk, 3)
    assert desk.limit is None
    assert len(ledger.take(9)) == 3, "none of them was given back twice"


def test_a_worker_from_which_everything_was_taken_owes_its_word_about_it(ledger: Ledger) -> None:
    desk = seated(ledger, 2)
    ledger.reclaim(desk, current=NONE, limit=0)
    assert desk.owes(), "else nobody would wait for it, and it would never get anything again"
    ledger.skip(desk, 0)
    assert desk.owes()
    ledger.skip(desk, 1)
    assert not desk.owes()


def test_there_is_no_limit_where_nothing_lies_behind(ledger: Ledger) -> None:
    desk = seated(ledger, 3)
    assert ledger.reclaim(desk, current=2, limit=2) == 0
    assert desk.limit is None, "nobody would tell that it can fall"


def test_a_task_that_was_skipped_but_not_taken_goes_back(ledger: Ledger) -> None:
    desk = seated(ledger, 4)
    ledger.reclaim(desk, current=2, limit=1)
    ledger.skip(desk, 2)
    assert numbers(ledger.take(9)) == [2, 3]
    assert desk.answered == 0


def test_a_worker_killed_in_the_middle_of_being_robbed_loses_what_it_may_have_executed(ledger: Ledger) -> None:
    desk = seated(ledger, 4)
    ledger.reclaim(desk, current=2, limit=1)
    burial = ledger.bury(desk, current=2)
    assert burial.task is not None, "it may have begun with it before it could see the limit"
    assert burial.task.call == 2
    assert numbers(ledger.take(9)) == [0, 1, 3]


# The end


def test_what_was_never_started_is_told_so(ledger: Ledger) -> None:
    first, (result, source) = task(1), map_source(10)
    ledger.queue.extend([first, source])
    ledger.abandon(lambda: PoolTerminated("over"))
    with pytest.raises(PoolTerminated):
        first.get(0)
    with pytest.raises(PoolTerminated):
        result.get(0)
    assert result.progress().lost == 10
    assert result.progress().over


def test_a_map_of_which_some_were_lost_keeps_the_rest() -> None:
    result, source = map_source(4)
    items = source.take(9)
    for item in items[:3]:
        item.settle(True, item.index)
    items[3].settle(False, WorkerLost(1, -9, "SIGKILL", "task 3"))
    assert result.partial() == [0, 1, 2, None]
    assert [failure.task.index for failure in result.failures()] == [3]
    with pytest.raises(WorkerLost, match="may have run partly or wholly"):
        result.get(0)


def test_an_iterable_shorter_than_it_says_leaves_nobody_waiting() -> None:
    result = MapResult(None, 1, 1, 5, None, None)
    source = Source(result, *arguments(abs, iter(range(3)), 1, starred=False), 0)
    for item in source.take(9):
        item.settle(True, 0)
    with pytest.raises(ValueError, match="ended after 3 of 5"):
        result.get(0)
