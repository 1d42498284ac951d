"""How a process ended, from the one who reaps it: `multiprocessing.popen_*`."""

from .line import LINE
from .wrapping import wrap


def patch(module):
    if "poll" in vars(module.Popen):  # spawn inherits that of fork
        wrap(module.Popen, "poll", _poll)


def _poll(original):
    def poll(self, *args, **kwargs):
        before = self.returncode
        code = original(self, *args, **kwargs)
        if before is None and code is not None:
            LINE.say("joined", child=self.pid, exitcode=code)
        return code

    return poll
