"""Runs in every interpreter of an observed program, before the program does; any Python since 3.8.

Kept small: each interpreter start pays for it.  Afterwards the import path and ``sys.modules`` are as without us, and
the ``sitecustomize`` that this one hides has run in its place.
"""

import os
import sys


def _observe():
    if not os.environ.get("PROCESSION_OBSERVE") or sys.version_info < (3, 8):
        return
    try:
        import _procession_observer  # type: ignore[import-not-found]

        _procession_observer.install()
    except Exception:  # noqa: S110 - the program runs, whatever fails here
        pass


def _step_aside():
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]


def _hand_over():
    # Not importlib.util, which costs 4.5 ms.
    from _frozen_importlib import module_from_spec

    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        spec = find and find("sitecustomize", None)
        if spec is not None and spec.loader is not None:
            break
    else:
        # What `site` would have got without us, and ignores; it also removes this module from sys.modules.
        raise ImportError("No module named 'sitecustomize'", name="sitecustomize")
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


_observe()
_step_aside()
_hand_over()
