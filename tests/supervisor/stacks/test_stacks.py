"""The stack of a process can be captured whatever it is doing, and without harming it."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.linux.activity import blocked_on
from app.linux.poller import Poller
from app.supervisor.stacks.stacks import StackResult, Stacks, find_py_spy, top_frame
from procession.child.surroundings import STACK_SIGNAL
from tests.sleepers import Program, running
from tests.waiting import wait_until

#: As `procession.child.surroundings.stacks_on_signal` does it; the file is the first argument.
HANDLER = """
import faulthandler
stack = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
faulthandler.register(int(sys.argv[2]), file=stack, all_threads=True, chain=False)
"""
BUSY = "def spin():\n  while True: pass\ntell('ready'); spin()"
LOCKED = "def hang():\n  lock = threading.Lock(); lock.acquire(); tell('ready'); lock.acquire()\nhang()"
ASLEEP = "def rest():\n  tell('ready'); time.sleep(600)\nrest()"
IN_C = "def count():\n  tell('ready'); sum(range(10**12))\ncount()"
THREADS = (
    "threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    "def wait():\n  tell('ready'); threading.Event().wait()\nwait()"
)
FORKED = "def rest():\n  time.sleep(600)\npid = os.fork()\nif pid: tell(pid)\nrest()"


class StackHarness:
    """`Stacks` with a poller and a loop."""

    def __init__(self, py_spy: str | None) -> None:
        self._poller = Poller()
        self.stacks: Stacks[str] = Stacks(self._poller, py_spy)

    def request(self, token: str, pid: int, path: Path) -> None:
        self.stacks.request(token, pid, path, STACK_SIGNAL, time.monotonic())

    def answer(self, pid: int, path: Path) -> StackResult:
        """Request one stack and return the result."""
        self.request("it", pid, path)
        return self.answers({"it"})["it"]

    def answers(self, tokens: set[str]) -> dict[str, StackResult]:
        found: dict[str, StackResult] = {}

        def turn() -> bool:
            self._turn()
            found.update(self.stacks.finished)
            self.stacks.finished.clear()
            return tokens <= found.keys()

        wait_until(turn, deadline_s=20)
        return found

    def close(self) -> None:
        """Close, and check that no py-spy process is left."""
        self.stacks.close()
        wait_until(self._turn)
        assert self.stacks.helpers() == ()
        self._poller.close()

    def _turn(self) -> bool:
        self._poller.wait(0)
        self.stacks.tick(time.monotonic())
        return self.stacks.next_deadline() is None


@pytest.fixture
def harness() -> Iterator[StackHarness]:
    harness = StackHarness(find_py_spy())
    yield harness
    harness.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stack.txt"


def arguments(path: Path) -> tuple[str, str]:
    return str(path), str(int(STACK_SIGNAL))


@pytest.mark.parametrize(
    ("code", "function", "words"),
    [
        pytest.param(BUSY, "spin", "running", id="busy"),
        pytest.param(LOCKED, "hang", "blocked on a threading.Lock", id="locked"),
        pytest.param(ASLEEP, "rest", "sleeping", id="asleep"),
        pytest.param(IN_C, "count", "running", id="in-c"),
        pytest.param(THREADS, "wait", "blocked on a threading.Lock", id="threads"),
    ],
)
def test_process_with_a_handler_writes_its_own_stack(
    harness: StackHarness, path: Path, code: str, function: str, words: str
) -> None:
    """faulthandler writes the stacks of all threads, whatever the main one is doing; the process continues."""
    with running(HANDLER + code, arguments=arguments(path)) as program:
        program.told()
        # The program prints "ready" a moment before it reaches its final line.
        result = wait_until(
            lambda: (found := harness.answer(program.pid, path)) and has_settled(found, words) and found
        )
        assert (result.source, result.notes) == ("faulthandler", ())
        assert result.text.startswith(f"pid {program.pid} (")
        assert f"in {function}\n" in result.text
        assert (top_frame(result.text) or "").endswith(f" in {function}()")
        assert program.process.poll() is None


def has_settled(result: StackResult, words: str) -> bool:
    """Return whether the program has reached its final line."""
    frame = top_frame(result.text) or ""
    return frame.startswith(words) and not frame.endswith(" in tell()")


def stopped(program: Program) -> bool:
    return Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def test_stopped_process_is_captured_with_py_spy(harness: StackHarness, path: Path) -> None:
    """It could not handle a signal, so none is sent; the note gives the reason."""
    with running(HANDLER + ASLEEP, arguments=arguments(path)) as program:
        program.told()
        wait_until(lambda: (found := blocked_on(program.pid)) and found.kind == "sleeping")
        os.kill(program.pid, signal.SIGSTOP)
        wait_until(lambda: stopped(program))
        result = harness.answer(program.pid, path)
        assert result.source == "py-spy"
        assert "stopped by a signal" in result.notes[0]
        assert top_frame(result.text) == f"stopped by a signal at {_place(result.text)} in rest()"
        assert path.read_bytes() == b""
        assert stopped(program)


def _place(text: str) -> str:
    line = next(line for line in text.splitlines() if line.strip().startswith("rest ("))
    return line.rpartition("(")[2].rstrip(")")


def test_process_without_a_handler_is_captured_with_py_spy(harness: StackHarness, path: Path) -> None:
    """The unhandled signal would kill it."""
    path.touch()
    with running(ASLEEP) as program:
        program.told()
        result = harness.answer(program.pid, path)
        assert result.source == "py-spy"
        assert "no handler" in result.notes[0]
        assert program.process.poll() is None


def test_process_with_a_busy_thread_is_captured_again_until_that_succeeds(harness: StackHarness, path: Path) -> None:
    """Of a process that is not paused, every other reading fails while a thread runs.

    One of a pool looks for results again and again while another one, which should take them, is in a callback.
    """
    code = """
import multiprocessing
pool = multiprocessing.get_context("fork").Pool(1)
def rest(_):
    tell("ready")
    pool.apply(abs, (-2,))
pool.apply_async(abs, (-1,), callback=rest)
time.sleep(600)
"""
    path.touch()
    with running(code) as program:
        program.told()
        for _ in range(10):
            result = harness.answer(program.pid, path)
            assert result.source == "py-spy", result.notes
            assert "rest (" in result.text


def test_process_that_is_not_python_is_described_from_proc(harness: StackHarness, path: Path) -> None:
    """The notes say why both other methods failed."""
    with running("tell('ready'); os.execlp('sleep', 'sleep', '600')") as program:
        program.told()
        wait_until(lambda: Path(f"/proc/{program.pid}/comm").read_text() == "sleep\n")
        result = harness.answer(program.pid, path)
        assert result.source == "proc"
        assert len(result.notes) == 2
        assert "py-spy found no stack" in result.notes[1]
        assert "sleep" in result.text
        assert top_frame(result.text) is None
        assert program.process.poll() is None


@pytest.mark.parametrize("py_spy", [None, "/nonexistent/py-spy", "/bin/true", "/bin/false"])
def test_capture_falls_back_to_proc_if_py_spy_fails(path: Path, py_spy: str | None) -> None:
    """It may be missing, not executable, silent or failing; a note says so."""
    harness = StackHarness(py_spy)
    with running(ASLEEP) as program:
        program.told()
        result = harness.answer(program.pid, path)
        assert result.source == "proc"
        assert "py-spy" in result.notes[1]
    harness.close()


def test_py_spy_is_killed_after_its_time_limit(path: Path, tmp_path: Path) -> None:
    """No process of it is left."""
    hanging = tmp_path / "py-spy"
    hanging.write_text("#!/bin/sh\nexec sleep 600\n")
    hanging.chmod(0o700)
    harness = StackHarness(str(hanging))
    stacks = harness.stacks
    with running(ASLEEP) as program:
        program.told()
        now = time.monotonic()
        stacks.request("it", program.pid, path, 0, now)
        wait_until(lambda: stacks.tick(now) or stacks.helpers())
        for later in (now + 10, now + 20):
            stacks.tick(later)
        ((_, result),) = stacks.finished
        assert result.source == "proc"
        assert "did not finish within 5 s" in result.notes[1]
    harness.close()


def test_capture_falls_back_to_py_spy_if_the_handler_writes_nothing(harness: StackHarness, path: Path) -> None:
    """The handler has 1 s to write a complete stack."""
    code = "signal.signal(int(sys.argv[2]), lambda *_: None)\n" + ASLEEP
    path.touch()
    with running(code, arguments=arguments(path)) as program:
        program.told()
        result = harness.answer(program.pid, path)
        assert result.source == "py-spy"
        assert "wrote no complete stack within 1 s" in result.notes[0]


def test_requests_for_one_process_share_one_capture(harness: StackHarness, path: Path) -> None:
    with running(HANDLER + ASLEEP, arguments=arguments(path)) as program:
        program.told()
        for token in ("one", "two", "three"):
            harness.request(token, program.pid, path)
        found = harness.answers({"one", "two", "three"})
        assert found["one"] is found["two"] is found["three"]
        assert path.read_text().count("most recent call first") == 1


def test_forks_that_share_a_stack_file_are_captured_in_turn(harness: StackHarness, path: Path) -> None:
    """A fork inherits the handler and file of its parent; each result holds one dump only."""
    with running(HANDLER + FORKED, arguments=arguments(path)) as program:
        pid = int(program.told()[0])
        harness.request("parent", program.pid, path)
        harness.request("child", pid, path)
        found = harness.answers({"parent", "child"})
        os.kill(pid, signal.SIGKILL)
    for result in found.values():
        assert result.source == "faulthandler"
        assert result.text.count("most recent call first") == 1


def test_stack_file_is_emptied_above_256_kib(harness: StackHarness, path: Path) -> None:
    """The process appends at the new end."""
    with running(HANDLER + ASLEEP, arguments=arguments(path)) as program:
        program.told()
        path.write_bytes(b"x" * 300_000)
        result = harness.answer(program.pid, path)
        assert result.source == "faulthandler"
        assert path.stat().st_size < 10_000


def test_a_link_in_place_of_the_stack_file_is_not_followed(harness: StackHarness, path: Path, tmp_path: Path) -> None:
    """What it leads to is neither read nor emptied."""
    (tmp_path / "precious").write_bytes(b"x" * 300_000)
    path.symlink_to("precious")
    with running(HANDLER + ASLEEP, arguments=(str(tmp_path / "other"), *arguments(path)[1:])) as program:
        program.told()
        result = harness.answer(program.pid, path)
    assert any("is a symbolic link" in note for note in result.notes)
    assert (tmp_path / "precious").read_bytes() == b"x" * 300_000


def test_process_that_ends_during_the_capture_is_reported_as_ended(harness: StackHarness, path: Path) -> None:
    code = "signal.signal(int(sys.argv[2]), lambda *_: None)\n" + ASLEEP
    path.touch()
    with running(code, arguments=arguments(path)) as program:
        program.told()
        harness.request("it", program.pid, path)
        os.kill(program.pid, signal.SIGKILL)
        result = harness.answers({"it"})["it"]
        assert (result.source, "has ended" in result.text) == ("proc", True)
    assert harness.answer(program.pid, path).text == f"pid {program.pid} has ended\n"
