"""Report the processes that multiprocessing starts for its own use, and why a process ends: `multiprocessing.util`."""

import sys

from ..line import LINE
from ..wrapping import HIDDEN, wrap

#: The program of a helper begins so, with the name of its package in between.
_ROLES = {
    "from %s.resource_tracker import": ("resource tracker", "tracker"),
    "from %s.forkserver import": ("forkserver", "forkserver"),
}
#: What `_exit_function` logs first.
_FIRST = "process shutting down"


def patch(module):
    package = module.__name__.partition(".")[0]
    wrap(module, "spawnv_passfds", lambda original: _spawnv_passfds(original, package))
    _before_exit(module)
    _before_traceback(module)


def _before_exit(module):
    """Let `_exit_function` begin with a report.

    A child calls it while its exception propagates, every other process at its end.  It logs by its first default
    argument: so no frame of ours is on the stack while it waits, nor in a traceback.
    """
    given = module._exit_function.__defaults__ or ()
    if given[:1] == (module.info,):
        module._exit_function.__defaults__ = (_logged(module), *given[1:])


def _logged(module):
    original = module.info
    # Since 3.13 a record names the caller of info(), before that info() itself.
    names_caller = ("stacklevel",) in original.__code__.co_consts

    def info(msg, *args):
        if msg == _FIRST:
            _tell_leaving(module)
        if not module._logger:
            return
        if names_caller:
            module._logger.log(module.INFO, msg, *args, stacklevel=2)
        else:
            original(msg, *args)

    return info


def _before_traceback(module):
    """Report the exception of a child when `_bootstrap` writes the name of the process above the traceback.

    Needed since Python 3.13, which calls `_exit_function` later.
    """
    cls = module.process.BaseProcess
    code = getattr(cls._bootstrap, "__wrapped__", cls._bootstrap).__code__
    if "_exit_function" in code.co_names:
        return
    get = cls.name.fget

    def name(self):
        if sys._getframe(1).f_code is code:
            _tell_leaving(module)
        return get(self)

    name.__qualname__ = get.__qualname__
    name.__module__ = get.__module__
    cls.name = cls.name.getter(name)


def _tell_leaving(module):
    try:
        may_wait = module._finalizer_registry or module.process._children
        if may_wait or sys.exc_info()[1] is not None or hasattr(sys, "last_value"):
            from . import leaving

            leaving.tell(module)
    except Exception:
        LINE.missed()


def _spawnv_passfds(original, package):
    def spawnv_passfds(path, args, passfds):
        with HIDDEN:
            pid = original(path, args, passfds)
        _tell(pid, args, package)
        return pid

    return spawnv_passfds


def _tell(pid, args, package):
    for argument in args:
        for beginning, (name, role) in _ROLES.items():
            if isinstance(argument, str) and argument.startswith(beginning % package):
                LINE.say("started", child=pid, name=name, daemon=False, start_method="spawn", role=role)
