"""Report the processes that multiprocessing starts for its own use: `multiprocessing.util`."""

from ..line import LINE
from ..wrapping import wrap

_ROLES = {
    "from multiprocessing.resource_tracker import": ("resource tracker", "tracker"),
    "from multiprocessing.forkserver import": ("forkserver", "forkserver"),
}


def patch(module):
    wrap(module, "spawnv_passfds", _spawnv_passfds)


def _spawnv_passfds(original):
    def spawnv_passfds(path, args, passfds):
        pid = original(path, args, passfds)
        _tell(pid, args)
        return pid

    return spawnv_passfds


def _tell(pid, args):
    for argument in args:
        for beginning, (name, role) in _ROLES.items():
            if isinstance(argument, str) and argument.startswith(beginning):
                LINE.say("started", child=pid, name=name, daemon=False, start_method="spawn", role=role)
