"""Each facility once; argument: the start method.  Any Python from 3.8 on."""

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import connection, shared_memory


def put_three(queue, gone):
    for number in range(3):
        queue.put(number)
    gone.send(1)


def use(value, array, lines, jobs, done, both):
    with value.get_lock():
        value.value += 1
    array[0] = 2.5
    lines.put("line")
    jobs.put("job")
    done.wait()
    both.wait()


def square(number):
    return number * number


class Holder:
    def __init__(self, context):
        self.slots = context.Semaphore(2)


def main(context):
    five = context.Queue(5)
    jobs = context.JoinableQueue()
    lines = context.SimpleQueue()
    here, there = context.Pipe()
    lock = context.Lock()
    rlock = context.RLock()
    holder = Holder(context)
    bounded = context.BoundedSemaphore(3)
    news = context.Condition()
    done = context.Event()
    both = context.Barrier(2)
    counter = context.Value("i", 41)
    table = context.Array("d", [1.0, 2.0])
    with lock, rlock, holder.slots, bounded, news:
        pass
    lock.acquire()
    lock.release()
    putter = context.Process(target=put_three, args=(five, there), name="putter")
    putter.start()
    assert [five.get() for _ in range(3)] == [0, 1, 2]
    assert here.recv() == 1
    putter.join()
    user = context.Process(target=use, args=(counter, table, lines, jobs, done, both), name="user")
    user.start()
    assert (lines.get(), jobs.get()) == ("line", "job")
    jobs.task_done()
    jobs.join()
    done.set()
    both.wait()
    user.join()
    assert (counter.value, table[:]) == (42, [2.5, 2.0])
    with context.Pool(2) as workers:
        assert workers.map(square, range(6), chunksize=2) == [0, 1, 4, 9, 16, 25]
        assert workers.apply(square, (3,)) == 9
        workers.close()
        workers.join()
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        assert list(executor.map(square, range(3), chunksize=2)) == [0, 1, 4]
        # Two at once, so that both workers are there.
        assert executor.submit(square, 4).result() == 16
    with context.Manager() as manager:
        assert dict(manager.dict(a=1)) == {"a": 1}
    with connection.Listener(authkey=b"k") as listener:
        assert listener.address
    box = shared_memory.SharedMemory(create=True, size=100)
    box.close()
    box.unlink()


if __name__ == "__main__":
    main(multiprocessing.get_context(sys.argv[1]))
