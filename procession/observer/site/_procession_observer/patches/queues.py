"""Report queues: `multiprocessing.queues`.  The page counts puts and gets, where the supervisor reads them."""

import os
from time import monotonic_ns

from .. import making
from ..line import LINE, WAITING
from ..making import key_of
from ..page import NOWHERE, WORDS
from ..wrapping import HIDDEN, KEY, hide, wrap

#: What a feeder thread calls with an item that it could not send, of each module; executors have others.
_ON_ERROR = []  # type: ignore[var-annotated]
PUTS, GETS, PUT_AT, GOT_AT, PUTTING, GETTING = range(6)


def patch(module):
    for cls, describe in ((module.Queue, _queue), (module.JoinableQueue, _joinable), (module.SimpleQueue, _simple)):
        wrap(cls, "__init__", making.made_by(describe))
        if "__setstate__" in vars(cls):
            wrap(cls, "__setstate__", making.got_by(describe))
    if hasattr(module.Queue, "_on_queue_feeder_error"):
        _ON_ERROR.append(module.Queue._on_queue_feeder_error)
    module.Queue._procession_slot = module.SimpleQueue._procession_slot = NOWHERE
    wrap(module.Queue, "_start_thread", _start_thread)
    for cls in (module.Queue, module.JoinableQueue):
        wrap(cls, "put", _put)
    wrap(module.Queue, "get", _get)
    simple = module.SimpleQueue if "put" in vars(module.SimpleQueue) else module._SimpleQueue  # of billiard
    simple._procession_slot = NOWHERE
    wrap(simple, "put", _simple_put)
    wrap(simple, "get", _simple_get)


def _queue(self, fds):
    parts = {"sem": key_of(self._sem), "rlock": key_of(self._rlock), "wlock": key_of(self._wlock), "pipe": _pipe(self)}
    facts = {"maxsize": self._maxsize, "buffer": id(self._buffer)}
    return "queue", "queue:" + parts["pipe"], parts, dict(facts, **_ends(self))


def _joinable(self, fds):
    _, key, parts, facts = _queue(self, fds)
    parts.update(unfinished=key_of(self._unfinished_tasks), cond=key_of(self._cond))
    return "joinable_queue", key, parts, facts


def _simple(self, fds):
    parts = {"rlock": key_of(self._rlock), "wlock": key_of(self._wlock), "pipe": _pipe(self)}
    return "simple_queue", "queue:" + parts["pipe"], parts, _ends(self)


def _pipe(queue):
    return "pipe:%d" % os.fstat(queue._reader.fileno()).st_ino


def _ends(queue):
    return {"reader": queue._reader.fileno(), "writer": queue._writer.fileno(), "counters": making.counters(queue)}


def _start_thread(original):
    """Each process has its own buffer, and a thread that empties it, if need be when the queue has gone."""

    def _start_thread(self):
        key = getattr(self, KEY, None)
        on_error = getattr(self, "_on_queue_feeder_error", None)
        if key is not None and on_error in _ON_ERROR:
            self._on_queue_feeder_error = _not_sent(on_error, key)
        with HIDDEN:
            original(self)
        if key is not None:
            resource = "joinable_queue" if hasattr(self, "_unfinished_tasks") else "queue"
            LINE.say("made", key=key, resource=resource, here=False, facts={"buffer": id(self._buffer)})
            making.used_by(self, key, self._thread)

    return _start_thread


def _not_sent(original, key):
    """Report an item that the feeder thread could not send, as one that cannot be pickled: put() has returned."""

    def on_error(error, item):
        try:
            from . import dying

            dying.tell_not_sent(key, error)
        except Exception:
            LINE.missed()
        original(error, item)

    return on_error


def _put(original):
    def put(self, obj, block=True, timeout=None):
        at = self._procession_slot
        words = WORDS[0]
        words[at + PUT_AT] = words[at + PUTTING] = monotonic_ns()
        try:
            original(self, obj, block, timeout)
        except BaseException as error:
            hide(error)
            raise
        finally:
            words[at + PUTTING] = 0
        words[at] += 1
        if WAITING:
            LINE.flush()

    return put


def _get(original):
    def get(self, block=True, timeout=None):
        at = self._procession_slot
        words = WORDS[0]
        words[at + GOT_AT] = words[at + GETTING] = monotonic_ns()
        try:
            got = original(self, block, timeout)
        except BaseException as error:
            hide(error)
            raise
        finally:
            words[at + GETTING] = 0
        words[at + GETS] += 1
        return got

    return get


def _simple_put(original):
    """Without timestamps: the supervisor sees from outside who waits for a lock or in a write."""

    def put(self, obj):
        try:
            original(self, obj)
        except BaseException as error:
            hide(error)
            raise
        WORDS[0][self._procession_slot] += 1

    return put


def _simple_get(original):
    def get(self):
        try:
            got = original(self)
        except BaseException as error:
            hide(error)
            raise
        WORDS[0][self._procession_slot + GETS] += 1
        return got

    return get
