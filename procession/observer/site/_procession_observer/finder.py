"""Patches the modules of multiprocessing right after they are imported, and nothing before that."""

import sys

# Module of the standard library -> ours that patches it.
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
# loky, alone and as joblib brings it, has the same classes under names of its own.
for _loky in ("loky.", "joblib.externals.loky."):
    PATCHES[_loky + "process_executor"] = "executors"
    PATCHES[_loky + "backend.popen_loky_posix"] = "reaping"


class Finder:
    """Stands first on ``sys.meta_path``; costs an import one look into a dict."""

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
        """Never raises: a module that is not as expected stays as it is, and the program is observed less."""
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
                del loader.exec_module  # what can be seen of the loader later is as ever
            except AttributeError:
                pass
            original(module)
            self.patch(module)

        try:
            loader.exec_module = exec_module
        except AttributeError:
            pass
