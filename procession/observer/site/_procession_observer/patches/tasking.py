"""Record what a pool worker is doing in its page, by wrapping the worker's two queues."""

from time import monotonic_ns

from ..json_text import named
from ..line import LINE
from ..page import DONE, NAME_AT, NAME_BYTES, NAME_LENGTH, PAGE, SINCE, WORDS
from ..wrapping import HIDDEN


class Task:
    """The task of this process.  Keeps no reference to it: a task's objects live as long as without us."""

    def __init__(self):
        self._code = None
        self._items = 1

    def begin(self, function, items=1):
        code = getattr(function, "__code__", None)
        if code is None or code is not self._code:
            text = named(function).encode("utf-8", "replace")[:NAME_BYTES]
            PAGE.write(NAME_AT, text)
            WORDS[0][NAME_LENGTH] = len(text)
            self._code = code
        self._items = items
        WORDS[0][SINCE] = monotonic_ns()

    def end(self):
        words = WORDS[0]
        if words[SINCE]:
            words[SINCE] = 0
            words[DONE] += self._items


class Around:
    """A wrapped queue."""

    def __init__(self, queue, task, look):
        self._queue, self._task, self._look = queue, task, look

    def __getattr__(self, name):
        return getattr(self._queue, name)


class Tasks(Around):
    """The queue of a worker's tasks; ``look(item)`` returns the function and the number of items."""

    def get(self, *args, **kwargs):
        with HIDDEN:
            item = self._queue.get(*args, **kwargs)
        if item is not None:
            try:
                self._task.begin(*self._look(item))
            except Exception:
                LINE.missed()
        return item


class Results(Around):
    """The queue of a worker's results."""

    def put(self, item):
        with HIDDEN:
            self._queue.put(item)
        self._task.end()


def around(tasks, results, look):
    task = Task()
    return Tasks(tasks, task, look), Results(results, task, look)
