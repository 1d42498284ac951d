"""Managers: `multiprocessing.managers`.  The one who starts it has its name, the server knows its objects."""

import os

from . import naming
from .connections import address_told
from .line import LINE
from .wrapping import wrap


def patch(module):
    wrap(module.BaseManager, "start", _start)
    wrap(module.BaseManager, "connect", _connect)
    wrap(module.Server, "serve_forever", _serve_forever)


def _tell(address, *, here, name="", **facts):
    told = address_told(address)
    LINE.say("made", key="addr:" + told, resource="manager", name=name, here=here, facts=dict(facts, address=told))


def _start(original):
    def start(self, *args, **kwargs):
        original(self, *args, **kwargs)
        _tell(self._address, here=True, name=naming.name(), server=getattr(self._process, "pid", None))

    return start


def _connect(original):
    def connect(self):
        original(self)
        _tell(self._address, here=False)

    return connect


def _serve_forever(original):
    def serve_forever(self):
        _tell(self.address, here=False, server=os.getpid(), cache=id(self.id_to_obj))
        original(self)

    return serve_forever
