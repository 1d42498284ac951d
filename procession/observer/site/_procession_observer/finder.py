"""Patch the modules of multiprocessing, and of copies of it, right after their import, and nothing before."""

import sys

# Module of the standard library -> our module that patches it.
PATCHES = {
    "multiprocessing.process": "processes",
    "multiprocessing.util": "helpers",
    "multiprocessing.popen_fork": "reaping",
    "multiprocessing.popen_forkserver": "reaping",
    "multiprocessing.synchronize": "synchronize",
    "multiprocessing.queues": "queues",
    "multiprocessing.connection": "connections",
    "multiprocessing.sharedctypes": "sharing",
    "multiprocessing.shared_memory": "blocks",
    "multiprocessing.managers": "managers",
    "multiprocessing.pool": "pools",
    "concurrent.futures.process": "executors",
}
# multiprocess (of pathos) is a copy of it that pickles with dill, and has the same modules.
for _name, _patch in list(PATCHES.items()):
    if _name.startswith("multiprocessing."):
        PATCHES[_name.replace("multiprocessing", "multiprocess")] = _patch
# billiard (of Celery) is an older copy with a pool of its own, and uses multiprocessing.util.
for _name in ("process", "popen_fork", "synchronize", "queues", "connection"):
    PATCHES["billiard." + _name] = PATCHES["multiprocessing." + _name]
PATCHES["billiard.pool"] = "billiard_pools"
# loky, on its own and inside joblib, has the same classes under other names.
for _loky in ("loky.", "joblib.externals.loky."):
    PATCHES[_loky + "process_executor"] = "executors"
    PATCHES[_loky + "backend.popen_loky_posix"] = "reaping"


class Finder:
    """Stands first on ``sys.meta_path``; costs each import one lookup in a dict."""

    def names(self):
        return list(PATCHES)

    def find_spec(self, name, path=None, target=None):
        if name not in PATCHES:
            return None
        spec = self._others(name, path, target)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            self._patch_after(spec.loader)
        return spec

    def patch(self, module):
        """Patch a module, without raising: an unexpected one stays as it is, and the program is observed less."""
        try:
            patches = __import__(__package__ + ".patches." + PATCHES[module.__name__], fromlist=["patch"])
            patches.patch(module)
        except Exception:
            from .line import LINE

            LINE.missed()

    def _others(self, name, path, target):
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is not self and find is not None:
                spec = find(name, path, target)
                if spec is not None:
                    return spec
        return None

    def _patch_after(self, loader):
        original = loader.exec_module

        def exec_module(module):
            try:
                del loader.exec_module  # so that the loader looks as it always did
            except AttributeError:
                pass
            original(module)
            self.patch(module)

        try:
            loader.exec_module = exec_module
        except AttributeError:
            pass
