"""Invalid messages and descriptors never make the readers fail, block or show a wrong figure."""

import mmap
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from app.linux import proc
from app.linux.memory import Memory
from app.protocol import observer as w
from app.records.primitives import Now
from app.records.resource import ResourceKind
from app.supervisor.resources.process_view import ProcessView
from app.supervisor.resources.resources import Resources
from tests.examples import examples
from tests.supervisor.resources.observed_programs import watched
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def pid() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process.pid
    process.kill()
    process.wait()


def some_fd(kind: str) -> int:
    match kind:
        case "pipe":
            read, write = os.pipe()
            os.close(write)
            return read
        case "file":
            return os.open(__file__, os.O_RDONLY)
        case "null":
            return os.open(os.devnull, os.O_RDWR)
        case "page":
            fd = os.memfd_create("page")
            os.ftruncate(fd, w.PAGE_BYTES)
            return fd
        case _:
            fd = os.memfd_create("sem")
            os.ftruncate(fd, 32)
            return fd


keys = st.sampled_from(["sem:1", "sem:2", "pipe:3", "sock:4", "sock:5", "queue:6", "7-8", "", "sem:x", "shm:../x"])
junk: Any = st.one_of(st.none(), st.booleans(), st.integers(-5, 2**70), st.text(max_size=3), st.just([]))
FACTS = (
    *("object", "maxvalue", "maxsize", "size", "reader", "writer", "typecode", "length", "data", "cache", "buffer"),
    *("counters", "address", "parties", "server"),
)
words: Any = st.one_of(
    st.builds(w.Hello, program=st.just("p1"), ppid=st.just(1), python=st.just(""), executable=st.just("")),
    st.builds(
        w.Made,
        at=st.integers(-5, 2**70),
        key=keys,
        resource=st.sampled_from([*ResourceKind, "nonsense"]),
        here=st.booleans(),
        parts=st.dictionaries(st.sampled_from(["sem", "rlock", "lock", "cond", "pipe", "a", "b"]), keys, max_size=4),
        facts=st.dictionaries(st.sampled_from(FACTS), st.one_of(junk, st.sampled_from(["d", "c", "u", "i"]))),
    ),
    st.builds(w.Dropped, key=keys),
    st.builds(w.Joining, at=st.integers(0, 2**70), child=st.integers(-5, 2**40), over=st.booleans()),
    st.builds(
        w.Started,
        child=st.integers(1, 9),
        name=st.just(""),
        daemon=st.just(False),
        start_method=st.just("fork"),
        role=st.sampled_from(["pool:7-8", "pool:", "manager", None]),
    ),
)
fds = st.lists(st.sampled_from(["pipe", "file", "null", "page", "sem"]), max_size=3)


@given(st.lists(st.tuples(words, fds, st.integers(0, 2)), max_size=20))
@examples(60, (HealthCheck.function_scoped_fixture,))
def test_any_sequence_of_messages_is_handled(pid: int, told: list[tuple[Any, list[str], int]]) -> None:
    """All descriptors are closed in the end, and every reading terminates."""
    stat = proc.stat(pid)
    assert stat
    before = proc.count_fds(os.getpid())
    resources = Resources()
    for word, kinds, what in told:
        key = (pid, stat.start_ticks if what else 0)
        now = Now(mono=time.monotonic(), wall=time.time())
        resources.intake.report(key, word, tuple(map(some_fd, kinds)), now)
        resources.intake.forked(pid, pid + what)
        resources._read_at = -1e9
        resources.read(now)
        if what == 2:
            resources._book.gone(pid + 2, now.mono)
    resources.close()
    assert proc.count_fds(os.getpid()) == before


def test_object_of_another_type_at_the_address_is_not_read(tmp_path: Path) -> None:
    """A figure is read only from an object of the right type."""
    code = """
import collections
lock = multiprocessing.Lock()
things = [object(), [1, 2], {}, "text", 5, collections.deque([1, 2, 3]), lock._semlock]
tell(*map(id, things))
wait()
"""
    with watched(tmp_path, code) as program:
        addresses = [int(word) for word in program.told()]
        memory = Memory(str(program.pid))
        assert [memory.semlock(at) is not None for at in addresses] == [False] * 6 + [True]
        assert [memory.deque_length(at) for at in addresses] == [None] * 5 + [3, None]
        assert [memory.dict_length(at) for at in addresses] == [None, None, 0, None, None, None, None]
        assert memory.semlock(addresses[-1] + 8) is None
        assert memory.semlock(1) is None
        memory.close()
        assert memory.refused


def test_truncated_page_and_semaphore_have_no_figures(tmp_path: Path) -> None:
    """A program that truncates its files does not disturb the reader."""
    code = """
lock = multiprocessing.Lock()
tell("made")
wait()
for name in os.listdir("/proc/self/fd"):
    try:
        if "procession-page" in os.readlink("/proc/self/fd/" + name): os.ftruncate(int(name), 0)
    except OSError: pass
tell("cut")
wait()
"""
    with watched(tmp_path, code) as program:
        program.see(lambda it: it.one("lock"))
        (file,) = program.resources._files.values()
        program.go_on()
        assert program.told() == ["made"]
        assert program.told() == ["cut"]
        os.truncate(f"/proc/self/fd/{file._fd}", 0)
        assert program.see(lambda it: (one := it.one("lock")) and one.value is None and one)


def test_memory_of_an_ended_process_is_not_read_from_its_successor() -> None:
    """After an exit or an exec nothing is read, whichever process has the pid."""
    with tempfile.TemporaryFile() as shared:
        shared.write(bytes(mmap.PAGESIZE))
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    stat = proc.stat(process.pid)
    assert stat
    view = ProcessView(process.pid, stat.start_ticks)
    maps = wait_until(lambda: proc.whole(f"{process.pid}/maps", 100_000))
    address = int(maps.split(b"-")[0], 16)
    assert view.memory.read(address, 4)
    process.communicate(b"\n")
    assert view.memory.read(address, 4) == b""
    view.begin(1)
    view.look_at_waits(0.0)
    view.look_at_fds()
    view.look_at_mappings()
    assert (view.threads.active, view.fds, view.names) == ((), {}, frozenset())
    view.close()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can switch to another user")
def test_process_that_may_not_be_read_has_no_figures(pid: int) -> None:
    """As another user, nothing is read and nothing fails."""
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
import app.supervisor.resources.process_view
from app.supervisor.resources.process_view import ProcessView
import os
os.setresuid(65534, 65534, 65534)
view = ProcessView({pid}, 1)
view.begin(1)
view.look_at_waits(0.0); view.look_at_fds(); view.look_at_mappings()
print(view.memory.refused, view.threads.waits, view.fds, view.names, view.unread(0, 1))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["True", "()", "{}", "frozenset()", "None"]
