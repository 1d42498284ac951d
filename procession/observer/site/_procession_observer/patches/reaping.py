"""Report how a process ended, from the process that reaps it, and who signalled it: `multiprocessing.popen_*`."""

from time import monotonic_ns

from ..line import JOINED, LINE, tell
from ..wrapping import HIDDEN, wrap
from . import ending


def patch(module):
    if "poll" in vars(module.Popen):  # spawn inherits fork's
        wrap(module.Popen, "poll", _poll)
    if "_send_signal" in vars(module.Popen):
        wrap(module.Popen, "_send_signal", _send_signal)


def _poll(original):
    def poll(self, *args, **kwargs):
        before = self.returncode
        with HIDDEN:
            code = original(self, *args, **kwargs)
        if before is None and code is not None:
            _tell(self.pid, code)
        return code

    return poll


def _tell(child, code):
    try:
        tell(b'{"kind":"joined","child":%d,"exitcode":%d,"at":%d}' % (child, code, monotonic_ns()))
        JOINED[0] = child
    except TypeError:
        LINE.missed()


def _send_signal(original):
    """Called by terminate(), kill(), and for daemons at the end of their parent."""

    def _send_signal(self, sig):
        if self.returncode is None:
            ending.tell_signal(self, sig)
        with HIDDEN:
            return original(self, sig)

    return _send_signal
