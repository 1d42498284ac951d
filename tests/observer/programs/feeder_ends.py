"""Leave while the feeder thread of a queue has deleted what it was given, and is not over yet."""

import multiprocessing
import multiprocessing.util
import threading

ran, may_end = threading.Event(), threading.Event()


def held_at_its_end(frame, event, _):
    if event == "return" and frame.f_code is threading.Thread.run.__code__:
        ran.set()
        may_end.wait()


if __name__ == "__main__":
    threading.setprofile(held_at_its_end)
    queue = multiprocessing.Queue()
    queue.put(1)
    queue.get()
    queue.close()
    ran.wait()
    multiprocessing.util.Finalize(None, may_end.set, exitpriority=20)
