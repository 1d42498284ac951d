"""Read a stack dump: the frames of each thread, and the line of the program's own code in them.  Pure.

Reads what faulthandler writes and what ``py-spy dump --full-filenames`` prints::

    Thread 0x00007fbc9c7c56c0 (most recent call first):        Thread 23991 (idle): "MainThread"
      File "/srv/jobs.py", line 31 in hang                         hang (/srv/jobs.py:31)
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from app.records.waits import MAIN

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
#: In the file of each frame of the observer.
OBSERVER = "/_procession_observer/"
_BOOTSTRAP = re.compile(r"/(multiprocessing|multiprocess|billiard)/process\.py$")
#: Of a proxy of a manager.
_CALL = "_callmethod"
_TID = re.compile(r"\d+(?= |$)")


class Frame(NamedTuple):
    """One line of a stack."""

    function: str
    file: str
    line: int

    @property
    def file_name(self) -> str:
        """The file without its folder."""
        return self.file.rpartition("/")[2]

    @property
    def where(self) -> str:
        """The file with its folder, the line, and the function."""
        function = "" if self.function.startswith("<") else f" in {self.function}()"
        return f"{'/'.join(self.file.split('/')[-2:])}:{self.line}{function}"

    @property
    def place(self) -> str:
        """The file without its folder, the line, and the function, as findings name them."""
        return self.where.rpartition("/")[2]

    @property
    def in_words(self) -> str:
        """The function and its module, without what is internal to the library: ``result() of concurrent.futures``."""
        return f"{self.function.partition('.<locals>')[0]}() of {self.module.partition('._')[0]}"

    @property
    def module(self) -> str:
        """The name of its module in the standard library."""
        path = _STDLIB.split(self.file)[-1].removesuffix(".py").removesuffix("/__init__")
        return path.strip("<>").removeprefix("frozen ").replace("/", ".")


#: By tid, the frames of a thread, innermost first.
Frames: TypeAlias = Mapping[int, Sequence[Frame]]


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
    own = own_frame(frames)
    top = frames[0]
    if own is not top and _STDLIB.search(top.file):
        words.append(f"in {top.function} ({top.module})")
    words.append(f"at {own.where}" if own else "outside the program's own code")
    return " ".join(words)


def main_thread(text: str) -> list[Frame]:
    """Return the frames of the main thread, innermost first; none if the text has no dump."""
    threads = _threads(text)
    named = [frames for rest, frames in threads if rest.endswith('"MainThread"')]
    # faulthandler writes no thread names, but the newest thread first: the main thread comes last.
    return named[0] if named else threads[-1][1] if threads else []


def frames_of_threads(text: str) -> Frames:
    """Return the frames of each thread of a dump by py-spy, which alone has their numbers.

    These are native ids from Python 3.11 on.  Before, the main thread is 0, and others have arbitrary negative numbers.
    """
    threads = enumerate(_threads(text), 1)
    numbered = ((_number(rest, place), frames) for place, (rest, frames) in threads)
    return {number: tuple(_since_start(frames)) for number, frames in numbered if number is not None}


def _number(rest: str, place: int) -> int | None:
    """Return the number of a thread by the rest of its heading; None for one without a name, as by faulthandler."""
    if match := _TID.match(rest):
        return int(match[0])
    if not rest.endswith('"'):
        return None
    return MAIN if rest.endswith('"MainThread"') else -place


def _since_start(frames: Sequence[Frame]) -> Iterator[Frame]:
    """Yield the frames since `Process.start`: below them, a forked process has those of its parent."""
    for frame in frames:
        yield frame
        if _BOOTSTRAP.search(frame.file) and frame.function.endswith("_bootstrap"):
            return


def own_frame(frames: Sequence[Frame]) -> Frame | None:
    """Return the innermost frame of the program's own code, else of an installed package; None if there is neither."""
    # A method of a manager's proxy is generated from text, and is nobody's own code.
    after_call = {frames[index + 1] for index, frame in enumerate(frames[:-1]) if frame.function.endswith(_CALL)}
    generated = {frame for frame in after_call if frame.file == "<string>"}
    own = next((frame for frame in frames if _is_own(frame) and frame not in generated), None)
    return own or next((frame for frame in frames if _PACKAGES.search(frame.file)), None)


def own_frames(frames: Sequence[Frame]) -> Iterator[Frame]:
    """Yield the frames of the program's own code, innermost first."""
    return filter(_is_own, frames)


def call_of(frames: Sequence[Frame], own: Frame | None) -> Frame | None:
    """Return the frame of the standard library that the program's own frame called; None if it called none.

    Preferably the outermost with a public name: an outer one may be an internal generator.
    """
    called = public = None
    for frame in frames:
        if frame is own:
            break
        called = frame
        if own and not frame.function.rpartition(".")[2].startswith("_"):
            public = frame
    return (public or called) if called and _STDLIB.search(called.file) else None


def _threads(text: str) -> list[tuple[str, list[Frame]]]:
    """Return the threads of a dump: the rest of the heading, and the frames without those of the observer."""
    threads: list[tuple[str, list[Frame]]] = []
    for line in text.splitlines():
        if match := _THREAD.match(line):
            threads.append((match["rest"], []))
        elif threads and (frame := _frame(line)) and OBSERVER not in frame.file:
            threads[-1][1].append(frame)
    return threads


def _frame(line: str) -> Frame | None:
    for pattern in _FRAMES:
        if match := pattern.match(line):
            return Frame(match["function"], match["file"], int(match["line"]))
    return None


def _is_own(frame: Frame) -> bool:
    return not any(pattern.search(frame.file) for pattern in (_STDLIB, _PACKAGES, _OURS))
