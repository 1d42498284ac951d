"""Why nothing of a program has said that it is observed.  Pure.

The observer gets into a Python by the environment, and speaks when multiprocessing is imported.  A Python that is told
to ignore its environment cannot be observed: that is said where the program is shown, with what to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import dropwhile

_FLAGS = {
    "I": "makes Python ignore its environment",
    "E": "makes Python ignore its environment",
    "S": "makes Python import no sitecustomize",
}
#: Options of Python that take what follows, in the same word or in the next one.
_TAKE = "WX"
#: What ends its options.
_LAST = "cm"


def why_unobserved(command: Sequence[str]) -> str:
    """In sentences: what is the matter, and what to do."""
    if flag := next((one for one in _flags(command) if one in _FLAGS), None):
        return (
            f"-{flag} {_FLAGS[flag]}, and that is how the observer gets in. Run it without -{flag}. Until then it and "
            "what it forks are shown with what the OS knows: no queues, no locks, nobody who waits."
        )
    return (
        "None of its processes has told of itself. One does when it imports multiprocessing, if it is a Python from "
        "3.8 on and does not ignore its environment (-I, -E, -S). All others are shown with what the OS knows."
    )


def _flags(command: Sequence[str]) -> Iterator[str]:
    """The letters of the options of the first Python in the command."""
    options = iter(list(dropwhile(lambda word: not word.rpartition("/")[2].startswith("python"), command))[1:])
    for word in options:
        if len(word) < 2 or word[0] != "-" or word[1] == "-":
            return
        for at, letter in enumerate(word[1:], 2):
            yield letter
            if letter in _LAST:
                return
            if letter in _TAKE:
                if at == len(word):
                    next(options, None)
                break
