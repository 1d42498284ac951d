"""The program's pickling runs in a thread of its own, under no lock, and as the stdlib would pickle."""

import copyreg
import io
import multiprocessing
import multiprocessing.connection
import multiprocessing.queues
import os
import pickle
import threading
from multiprocessing.reduction import ForkingPickler
from typing import Any

import pytest

from procession import Pool
from tests.pool import tasks
from tests.pool.conftest import OpenPool
from tests.pool.gated import Gated
from tests.pool.killing import WITHIN_S, workers
from tests.waiting import wait_until

pytestmark = pytest.mark.any_method

WORKERS = 2


class Model:
    """Its state is guarded by a plain lock, also when it is pickled."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.number = 1

    def __getstate__(self) -> dict[str, int]:
        with self.lock:
            return {"number": self.number}

    def work(self) -> int:
        return self.number + 1

    def submit(self, pool: Pool) -> Any:
        with self.lock:
            return pool.apply_async(self.work)


def test_caller_holds_the_lock_that_pickling_takes(open_pool: OpenPool) -> None:
    """A pool that pickled in the caller's thread would wait for ever."""
    pool = open_pool(WORKERS)
    assert Model().submit(pool).get(WITHIN_S) == 2


def test_pool_answers_while_an_argument_is_being_pickled(open_pool: OpenPool) -> None:
    """Results arrive, and statistics, resize and the verbs for workers return."""
    pool = open_pool(WORKERS)
    gated, go_on = Gated(), threading.Event()
    before = pool.map_async(tasks.square, range(100), chunksize=1)
    blocked = pool.apply_async(abs, (gated,))
    assert gated.pickles.wait(WITHIN_S)
    assert before.get(WITHIN_S) == [number * number for number in range(100)]
    assert pool.statistics().queued == 1
    pool.resize(WORKERS + 1)
    pid = wait_until(lambda: len(found := workers(pool)) == WORKERS + 1 and found, WITHIN_S)[0]
    pool.suspend_worker(pid)
    pool.resume_worker(pid)
    assert pool.kill_worker(pid, WITHIN_S).ended
    go_on.set()
    gated.gate.set()
    assert blocked.get(WITHIN_S) == 7


def test_pool_ends_while_an_argument_is_being_pickled(open_pool: OpenPool) -> None:
    pool = open_pool(WORKERS)
    gated = Gated()
    blocked = pool.apply_async(abs, (gated,))
    assert gated.pickles.wait(WITHIN_S)
    behind = pool.apply_async(abs, (Model(),))
    pool.terminate()
    for result in (blocked, behind):
        with pytest.raises(RuntimeError, match="before this task was started"):
            result.get(WITHIN_S)
    gated.gate.set()


def test_tasks_are_started_in_the_order_of_their_calls(open_pool: OpenPool) -> None:
    """A task with plain arguments does not overtake one that is still being pickled."""
    pool = open_pool(1)
    gated = Gated()
    first = pool.apply_async(tasks.remember, (gated,))
    second = pool.apply_async(tasks.remember, (8,))
    gated.gate.set()
    assert (first.get(WITHIN_S), second.get(WITHIN_S)) == ([7], [7, 8])


class Leaves:
    def __init__(self, error: type[BaseException]) -> None:
        self.error = error

    def __reduce__(self) -> Any:
        raise self.error


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, MemoryError])
def test_exception_of_pickling_fails_its_task_only(open_pool: OpenPool, error: type[BaseException]) -> None:
    pool = open_pool(WORKERS)
    with pytest.raises(error):
        pool.apply_async(abs, (Leaves(error),)).get(WITHIN_S)
    assert pool.apply_async(abs, (-1,)).get(WITHIN_S) == 1
    with pytest.raises(error):
        pool.apply(abs, (Leaves(error),))
    assert not pool._cache
    assert pool.statistics().failed == 2


def test_argument_that_changes_after_the_call(open_pool: OpenPool) -> None:
    """Plain data has the value that it had when it was passed."""
    pool = open_pool(1)
    data = {"values": [0]}
    results = []
    for number in range(50):
        data["values"][0] = number
        results.append(pool.apply_async(tasks.first_value, (data,)))
    assert [result.get(WITHIN_S) for result in results] == list(range(50))


def test_function_that_a_worker_binds_anew_is_used(open_pool: OpenPool) -> None:
    """A worker looks a function up by its name for each task, as the stdlib's does."""
    pool = open_pool(1)
    assert pool.apply(tasks.replaced) == "original"
    pool.apply(tasks.replace)
    assert pool.apply(tasks.replaced) == "replacement"


class Told:
    pass


def test_reducer_that_is_registered_again_is_used(open_pool: OpenPool) -> None:
    pool = open_pool(WORKERS)
    extra: dict[Any, Any] = ForkingPickler._extra_reducers  # type: ignore[attr-defined]
    try:
        for number in range(3):
            ForkingPickler.register(Told, lambda _, number=number: (int, (number,)))  # type: ignore[misc]
            assert pool.apply_async(abs, (Told(),)).get(WITHIN_S) == number
    finally:
        del extra[Told]
    try:
        for number in range(3):
            copyreg.pickle(Told, lambda _, number=number: (int, (number,)))  # type: ignore[misc, arg-type, return-value]
            assert pool.apply_async(abs, (Told(),)).get(WITHIN_S) == number
    finally:
        del copyreg.dispatch_table[Told]


class Doubling(ForkingPickler):
    """As programs put dill or cloudpickle in its place; what it makes shows that it was used."""

    @classmethod
    def dumps(cls, obj: Any, protocol: int | None = None) -> Any:
        return b"doubled" + ForkingPickler.dumps(obj, protocol).tobytes()  # type: ignore[attr-defined]

    @staticmethod
    def loads(data: Any, /, **_: Any) -> Any:
        assert bytes(data[:7]) == b"doubled"
        return pickle.loads(bytes(data[7:]))


@pytest.mark.parametrize("module", [multiprocessing.queues, multiprocessing.connection, multiprocessing.reduction])
def test_pickler_that_the_program_has_replaced_is_used(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only with a fork: other workers do not get what was replaced in this process."""
    name = "_ForkingPickler" if hasattr(module, "_ForkingPickler") else "ForkingPickler"
    monkeypatch.setattr(module, name, Doubling)
    with Pool(WORKERS, context=multiprocessing.get_context("fork")) as pool:
        assert pool.apply(tasks.square, ([3][0],)) == 9
        assert pool.map(tasks.echo, [{1: 2}, [3], object]) == [{1: 2}, [3], object]


def test_result_whose_repr_raises_fails_its_task_only(open_pool: OpenPool) -> None:
    """It cannot be pickled, and the error that says so contains its repr."""
    pool = open_pool(1)
    pid = pool.apply(os.getpid)
    with pytest.raises(multiprocessing.pool.MaybeEncodingError, match="whose repr raises"):  # type: ignore[attr-defined]
        pool.apply(tasks.unspeakable)
    assert pool.apply(os.getpid) == pid


def test_repr_of_an_argument_may_block(open_pool: OpenPool, log: str) -> None:
    """Statistics call it, and nothing else waits for it."""
    pool = open_pool(WORKERS)
    gated = tasks.SlowRepr()
    running = pool.apply_async(tasks.hold_while, (gated, log))
    wait_until(lambda: os.path.exists(log), WITHIN_S)  # noqa: PTH110
    asking = threading.Thread(target=pool.statistics, daemon=True)
    asking.start()
    assert tasks.SlowRepr.asked.wait(WITHIN_S)
    assert pool.map(tasks.square, range(10)) == [number * number for number in range(10)]
    pool.resize(WORKERS + 1)
    tasks.SlowRepr.gate.set()
    asking.join(WITHIN_S)
    assert not asking.is_alive()
    os.unlink(log)  # noqa: PTH108
    running.get(WITHIN_S)


class ReducingQueue:
    """A queue whose pickler has reducers of its own, as joblib's; ``names`` are classes that arrive as their names."""

    def __init__(self, context: Any, names: tuple[type, ...]) -> None:
        self._reader, self._writer = context.Pipe(duplex=False)
        self._names = names

    def put(self, value: object) -> None:
        stream = io.BytesIO()
        pickler = pickle.Pickler(stream)
        pickler.dispatch_table = {**copyreg.dispatch_table, **dict.fromkeys(self._names, _name_of)}
        pickler.dump(value)
        self._writer.send_bytes(stream.getvalue())


def _name_of(value: object) -> tuple[type[str], tuple[str]]:
    return str, (type(value).__name__,)


class ReducingPool(Pool):
    """Pickles arguments in one way, and results in another."""

    def _setup_queues(self) -> None:
        self._inqueue = ReducingQueue(self._ctx, (Told,))
        self._outqueue = ReducingQueue(self._ctx, (Answer,))
        self._quick_put = self._inqueue.put


class Answer:
    pass


def answer(argument: object) -> tuple[object, Answer]:
    return argument, Answer()


def test_queues_that_a_subclass_makes_pickle(method: str) -> None:
    """As the stdlib's pool would with them."""
    with ReducingPool(WORKERS, context=multiprocessing.get_context(method)) as pool:
        assert pool.apply(answer, (Told(),)) == ("Told", "Answer")
        assert pool.map(answer, [Told(), 2], 1) == [("Told", "Answer"), (2, "Answer")]
        assert pool.apply(tasks.square, (3,)) == 9
        with pytest.raises(ZeroDivisionError):
            pool.apply(divmod, (1, 0))
