"""Report managers: `multiprocessing.managers`.

The process that starts a manager knows its name, the server its objects.  Of those, only the ones that processes wait
for are reported: locks, events, queues.  Each process reports its proxies; the first proxy of an object names it.
"""

import os
from _weakref import ref

from .. import naming
from ..line import LINE
from ..wrapping import HIDDEN, KEY, wrap
from . import serving
from .connections import address_told

# SyncManager's name -> kind of resource.
_KINDS = {
    "Lock": "lock",
    "RLock": "rlock",
    "Semaphore": "semaphore",
    "BoundedSemaphore": "bounded_semaphore",
    "Condition": "condition",
    "Event": "event",
    "Barrier": "barrier",
    "Queue": "queue",
    "JoinableQueue": "joinable_queue",
}
_PROXIES = {}  # type: ignore[var-annotated] # id of a proxy -> a weak reference to it
_ADDRESSES = set()  # type: ignore[var-annotated] # of the managers that this process has reported
_MOST_ADDRESSES = 1000
_HELD = {}  # type: ignore[var-annotated] # key -> how many proxies of it this process has


def patch(module):
    wrap(module.BaseManager, "start", _start)
    wrap(module.BaseManager, "connect", _connect)
    wrap(module.Server, "serve_forever", _serve_forever)
    wrap(module.Server, "serve_client", serving.served)
    wrap(module.BaseProxy, "__init__", _proxy)


def _tell(address, *, here, name="", **facts):
    told = address_told(address)
    LINE.say("made", key="addr:" + told, resource="manager", name=name, here=here, facts=dict(facts, address=told))


def _mark(manager):
    """Let a manager be found where code reaches it."""
    try:
        setattr(manager, KEY, "addr:" + address_told(manager._address))
    except Exception:
        LINE.missed()


def _start(original):
    def start(self, *args, **kwargs):
        with HIDDEN:
            original(self, *args, **kwargs)
        _tell(self._address, here=True, name=naming.name(), server=getattr(self._process, "pid", None))
        _mark(self)

    return start


def _connect(original):
    def connect(self):
        with HIDDEN:
            original(self)
        _tell(self._address, here=False)
        _mark(self)

    return connect


def _serve_forever(original):
    def serve_forever(self):
        _tell(self.address, here=False, server=os.getpid(), cache=id(self.id_to_obj), serving=serving.notes())
        with HIDDEN:
            original(self)

    return serve_forever


def _proxy(original):
    def __init__(self, token, serializer, manager=None, *args, **kwargs):
        with HIDDEN:
            original(self, token, serializer, manager, *args, **kwargs)
        try:
            # What reaches any proxy may receive others through it.
            address = address_told(token.address)
            object.__setattr__(self, KEY, "addr:" + address)
            if address not in _ADDRESSES and len(_ADDRESSES) < _MOST_ADDRESSES:
                _ADDRESSES.add(address)
                _tell(token.address, here=False)
            kind = _KINDS.get(token.typeid)
            if kind is not None and not getattr(self, "_owned_by_manager", False):
                _tell_proxy(self, token, kind, here=manager is not None)
        except Exception:
            LINE.missed()

    return __init__


def _tell_proxy(proxy, token, kind, here):
    address = "addr:" + address_told(token.address)
    key = "managed:%s/%s" % (address, token.id)
    facts = {"manager": address, "ident": int(token.id, 16)}
    if id(proxy) not in _PROXIES:
        _HELD[key] = _HELD.get(key, 0) + 1
    LINE.say("made", key=key, resource=kind, name=naming.name() if here else "", here=here, facts=facts)
    number = id(proxy)

    def gone(_):
        if _PROXIES.pop(number, None) is not None:
            _HELD[key] -= 1
            if not _HELD[key]:
                del _HELD[key]
                LINE.say("dropped", key=key)

    _PROXIES[number] = ref(proxy, gone)
