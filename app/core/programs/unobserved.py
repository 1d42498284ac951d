"""Why no process of a program has reported.  Pure.

The observer gets into a Python by the environment, and reports when multiprocessing is imported.  A Python that ignores
its environment cannot be observed; the page of the program says so, and what to do.
"""

from collections.abc import Iterator, Sequence
from itertools import dropwhile

_FLAGS = {
    "I": "makes Python ignore its environment",
    "E": "makes Python ignore its environment",
    "S": "makes Python import no sitecustomize",
}
#: Options of Python that take a value, in the same word or in the next one.
_TAKE = "WX"
#: Options of Python after which no more options follow.
_LAST = "cm"


def why_unobserved(command: Sequence[str]) -> str:
    """Return the reason and what to do, in sentences."""
    if flag := next((one for one in _flags(command) if one in _FLAGS), None):
        return (
            f"-{flag} {_FLAGS[flag]}, which the observer needs. Run it without -{flag}. Until then it and its forks "
            "are shown only with what the OS knows: no queues, locks or waits."
        )
    return (
        "None of its processes has reported. A process reports when it imports multiprocessing or calls os.fork() on "
        "Python 3.8 or newer, unless Python ignores its environment (-I, -E, -S). Other processes are shown only with "
        "what the OS knows."
    )


def _flags(command: Sequence[str]) -> Iterator[str]:
    """Yield the letters of the options of the first Python in the command."""
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
