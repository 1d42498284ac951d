"""Runs in every interpreter of an observed program, before anything of the program does.  Any Python from 3.8 on.

It must stay small: each interpreter start pays for it.  It does not stay: afterwards the import path and
``sys.modules`` are as without us, and whatever ``sitecustomize`` we shadow runs in our place.
"""

import os
import sys


def _observe():
    if not os.environ.get("PROCESSION_OBSERVE") or sys.version_info < (3, 8):
        return
    try:
        import _procession_observer  # type: ignore[import-not-found]

        _procession_observer.install()
    except Exception:  # noqa: S110 - the program goes on, whatever it is
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
        # What `site` would have met without us, and passes over; it also takes this module off sys.modules.
        raise ImportError("No module named 'sitecustomize'", name="sitecustomize")
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


_observe()
_step_aside()
_hand_over()
