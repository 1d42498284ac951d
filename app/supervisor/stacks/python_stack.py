"""Find the line of the program's own code in a stack dump.  Pure.

Reads what faulthandler writes and what ``py-spy dump --full-filenames`` prints::

    Thread 0x00007fbc9c7c56c0 (most recent call first):        Thread 23991 (idle): "MainThread"
      File "/srv/jobs.py", line 31 in hang                         hang (/srv/jobs.py:31)
"""

import re
from typing import NamedTuple

_HEADING = re.compile(r"^pid \d+ \(.*?\): (?P<words>[^;]*)")
_PARENTHESIS = re.compile(r" \([^)]*\)")
_THREAD = re.compile(r"^(?:Current thread|Thread) (?P<rest>.*)$")
_FRAMES = (
    re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)$'),
    re.compile(r"^    (?P<function>.+) \((?P<file>.*):(?P<line>\d+)\)$"),
)
_STDLIB = re.compile(r"(^|/)lib(64)?/python3[^/]*/(?!(site|dist)-packages/)|^<frozen ")
_PACKAGES = re.compile(r"/(site|dist)-packages/")
_OURS = re.compile(r"(^|/)procession/(child|target|preload|surroundings|reporting|lifeline)\.py$")


class Frame(NamedTuple):
    """One line of a stack."""

    function: str
    file: str
    line: int

    @property
    def where(self) -> str:
        """The file with its folder, the line, and the function."""
        function = "" if self.function.startswith("<") else f" in {self.function}()"
        return f"{'/'.join(self.file.split('/')[-2:])}:{self.line}{function}"

    @property
    def module(self) -> str:
        """The name of its module in the standard library."""
        path = _STDLIB.split(self.file)[-1].removesuffix(".py").removesuffix("/__init__")
        return path.strip("<>").removeprefix("frozen ").replace("/", ".")


def top_frame(text: str) -> str | None:
    """Return where the main thread stands: ``blocked on a … in acquire (threading) at jobs.py:31 in run()``.

    Names the innermost line of the program's own code, and the function of the standard library that it called; None
    without a stack.  The first words come from the heading that `stacks.Stacks` puts above a dump.
    """
    frames = main_thread(text)
    if not frames:
        return None
    heading = _HEADING.match(text)
    words = [_PARENTHESIS.sub("", heading["words"].removeprefix("main thread ")).strip()] if heading else []
    own = next((frame for frame in frames if _is_own(frame)), None)
    own = own or next((frame for frame in frames if _PACKAGES.search(frame.file)), None)
    top = frames[0]
    if own is not top and _STDLIB.search(top.file):
        words.append(f"in {top.function} ({top.module})")
    words.append(f"at {own.where}" if own else "outside the program's own code")
    return " ".join(words)


def main_thread(text: str) -> list[Frame]:
    """Return the frames of the main thread, innermost first; none if the text has no dump."""
    threads: list[tuple[str, list[Frame]]] = []
    for line in text.splitlines():
        if match := _THREAD.match(line):
            threads.append((match["rest"], []))
        elif threads and (frame := _frame(line)):
            threads[-1][1].append(frame)
    named = [frames for rest, frames in threads if rest.endswith('"MainThread"')]
    # faulthandler writes no thread names, but the newest thread first: the main thread comes last.
    return named[0] if named else threads[-1][1] if threads else []


def _frame(line: str) -> Frame | None:
    for pattern in _FRAMES:
        if match := pattern.match(line):
            return Frame(match["function"], match["file"], int(match["line"]))
    return None


def _is_own(frame: Frame) -> bool:
    return not any(pattern.search(frame.file) for pattern in (_STDLIB, _PACKAGES, _OURS))
