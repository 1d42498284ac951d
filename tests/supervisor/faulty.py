"""``python -m tests.supervisor.faulty PLACE``: the real supervisor, in which one function raises, or ends it.

A fault of ours that we knew of would be mended, so this is the only way to see what a fault that we do not know does.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from app.supervisor.__main__ import main

#: By name: module, attribute path, and what the arguments must contain for the fault to happen.
PLACES = {
    "command": ("app.supervisor.answering", "Answering.answer", "History"),
    "event": ("app.core.verbs", "send_signal", ""),
    "word": ("app.core.programs.observed", "_joining", ""),
    "words-of-resources": ("app.core.resources.book", "Book.made", "poison"),
    "report": ("app.core.processes.progress", "reported", "poison"),
    "action": ("app.supervisor.performing", "Performing._signal_descendant", ""),
    "start": ("app.supervisor.inventory.census", "Census.add_root", "'p2'"),
    "search": ("app.supervisor.inventory.trees", "living", "'p2'"),
    "kill": ("app.supervisor.performing", "Performing._kill", "'p2'"),
    "reap": ("app.supervisor.performing", "Performing._let_go", "Reap(process='p2'"),
    "end": ("app.supervisor.sampling", "Sampling.exited", "'p2'"),
    "sample": ("app.supervisor.vitals", "Vitals.refresh", ""),
    "reading": ("app.core.resources.readings", "Records.record", "poison"),
    "finding": ("app.core.findings.zombies", "zombies", ""),
    "delta": ("app.supervisor.publishing", "Publishing._take_changes", ""),
    "input": ("app.supervisor.control.peer", "Client._read", ""),
    "journal": ("app.supervisor.journal.journal", "Journal.commit", "poison"),
    "handover": ("app.core.programs.handover", "_take_program", ""),
    "death": ("app.core.programs.handover", "_take_program", ""),
}


def spoil(place: str, times: int = 10**9) -> None:
    """Let the function at a place raise, ``times`` times."""
    name, path, trigger = PLACES[place]
    *parents, attribute = path.split(".")
    owner: Any = importlib.import_module(name)
    for parent in parents:
        owner = getattr(owner, parent)
    real: Callable[..., Any] = getattr(owner, attribute)
    left = times

    def faulty(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        if left and trigger in repr((args, kwargs)):
            left -= 1
            if place == "death":
                os.kill(os.getpid(), signal.SIGKILL)
            raise KeyError(f"fault in {path}")
        return real(*args, **kwargs)

    setattr(owner, attribute, faulty)
    # Tables hold the function itself.
    if place == "finding":
        diagnosis: Any = importlib.import_module("app.core.findings.diagnosis")
        diagnosis._FINDERS = tuple(faulty if one is real else one for one in diagnosis._FINDERS)


if __name__ == "__main__":
    spoil(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10**9)
    main()
