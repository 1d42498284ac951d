"""Whatever happens to the observer or its socket, the program behaves as without it."""

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.protocol import observer as observer_words
from app.protocol.observer import Booted, Exiting, Hello, Made, Started
from procession.observer import joined, variables
from tests.observer.collector import Collector, collecting, run

METHODS = ("fork", "spawn", "forkserver")
PROGRAMS = Path(__file__).with_name("programs")
WITHIN_S = 60


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    with collecting(tmp_path) as collector:
        yield collector


def outcome(code: str, environ: dict[str, str], *options: str, cwd: Path | None = None) -> tuple[int, str, str]:
    """Exit code, output and errors of a program."""
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        env=environ,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("method", METHODS)
def test_no_supervisor(tmp_path: Path, method: str) -> None:
    """It has ended, or never existed."""
    environ = joined(os.environ, variables(str(tmp_path / "nobody.sock"), "p1"))
    done = subprocess.run(
        [sys.executable, PROGRAMS / "everything.py", method], env=environ, timeout=WITHIN_S, check=False
    )
    assert done.returncode == 0


def test_supervisor_does_not_read(tmp_path: Path) -> None:
    """The socket is full: messages that did not fit are counted in the page, and nothing waits."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(tmp_path / "o.sock"))
        listener.listen()
        environ = joined(os.environ, variables(str(tmp_path / "o.sock"), "p1"))
        code = "import multiprocessing\nlocks = [multiprocessing.Lock() for _ in range(6000)]"
        assert outcome(code, environ) == (0, "", "")
        connection, _ = listener.accept()
        with connection:
            hello, *_ = socket.recv_fds(connection, observer_words.MAX_WORD, 1)
            paged, fds, *_ = socket.recv_fds(connection, observer_words.MAX_WORD, 1)
            assert b'"hello"' in hello
            assert b'"paged"' in paged
            dropped = struct.unpack_from(observer_words.PAGE_HEADER, os.pread(fds[0], observer_words.PAGE_BYTES, 0))[2]
            os.close(fds[0])
    assert 0 < dropped < 6000


def test_all_descriptors_closed(collector: Collector) -> None:
    """As daemons do: it connects again and reports new resources; files that got these numbers are left alone."""
    code = """
import multiprocessing, os
before = multiprocessing.Lock()
os.closerange(3, 4096)
files = [os.open(os.devnull, os.O_RDONLY) for _ in range(5)]
for high in range(890, 920):
    os.dup2(files[0], high)
after = multiprocessing.Lock()
assert all(os.read(fd, 1) == b"" for fd in (*files, *range(890, 920)))
"""
    assert outcome(code, joined(os.environ, variables(str(collector.path), "p1"))) == (0, "", "")
    assert [word.name.partition(" ")[0] for word in collector.words(Made) if word.here] == ["<string>:3", "<string>:8"]
    assert len(collector.words(Hello)) == 2


def test_a_daemon(collector: Collector) -> None:
    """Forked twice, in a session of its own: it sends its own Hello."""
    code = """
import multiprocessing, os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        lock = multiprocessing.Lock()
        print(os.getpid(), flush=True)
    os._exit(0)
os.wait()
"""
    status, out, err = outcome(code, joined(os.environ, variables(str(collector.path), "p1")))
    assert (status, err) == (0, "")
    daemon = int(out)
    assert [word.forked for word in collector.words(Hello, daemon)] == [True]
    assert [word.resource for word in collector.words(Made, daemon)] == ["lock"]


def lives(collector: Collector) -> dict[str, tuple[list[str], int]]:
    """Per process that was started: its name by its parent, by itself, and how often it said Hello."""
    return {
        started.name: (
            [word.name for word in collector.words(Booted, started.child)],
            len(collector.words(Hello, started.child)),
        )
        for started in collector.words(Started)
    }


def test_processes_started_by_threads_at_the_same_time(collector: Collector, tmp_path: Path) -> None:
    """Each child reports its own name, which was encoded before the fork."""
    script = tmp_path / "script.py"
    script.write_text("""
import multiprocessing, threading
context = multiprocessing.get_context("fork")
def start(letter):
    for number in range(10):
        process = context.Process(target=int, name=letter + str(number))
        process.start()
        process.join()
threads = [threading.Thread(target=start, args=(letter,)) for letter in "abc"]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
""")
    run(collector, script)
    names = [f"{letter}{number}" for letter in "abc" for number in range(10)]
    assert lives(collector) == {name: ([name], 1) for name in names}


@pytest.mark.parametrize(
    "before",
    [
        "os.closerange(3, 4096)",
        "os.register_at_fork(after_in_child=lambda: locks.append(multiprocessing.Lock()))",
        "os.register_at_fork(after_in_child=lambda: os.closerange(890, 4096))",
    ],
    ids=["no line to begin with", "a word before the first", "no line when it is to say it"],
)
def test_the_first_message_of_a_child_in_any_situation(collector: Collector, before: str) -> None:
    """It reports once that it exists and runs its target, and then what it makes."""
    code = f"""
import multiprocessing, os
locks = []
{before}
def work():
    locks.append(multiprocessing.Lock())
process = multiprocessing.get_context("fork").Process(target=work, name="child")
process.start()
process.join()
"""
    assert outcome(code, joined(os.environ, variables(str(collector.path), "p1"))) == (0, "", "")
    assert lives(collector) == {"child": (["child"], 1)}
    child = collector.started("child").child
    assert {word.resource for word in collector.words(Made, child)} == {"lock"}
    assert [word.exitcode for word in collector.words(Exiting, child)] == [0]


def test_exec_of_another_program(collector: Collector) -> None:
    """After exec the same process sends Hello again."""
    code = """
import multiprocessing, os, sys
if len(sys.argv) == 1:
    os.execv(sys.executable, [sys.executable, "-c", "import multiprocessing"])
"""
    assert outcome(code, joined(os.environ, variables(str(collector.path), "p1"))) == (0, "", "")
    assert len(collector.words(Hello)) == 2
    assert len({said.pid for said in collector.said}) == 1


def test_isolated(collector: Collector) -> None:
    """`python -I` is not observed, and not disturbed."""
    environ = joined(os.environ, variables(str(collector.path), "p1"))
    assert outcome("import multiprocessing as m; m.Process(target=print).start()", environ, "-I") == (0, "\n", "")
    assert collector.said == []


@pytest.mark.parametrize("code", ["import os; os._exit(7)", "import sys; sys.exit(7)", "import os; os.abort()"])
def test_exit_codes(collector: Collector, code: str) -> None:
    """The program's exit codes are unchanged."""
    environ = joined(os.environ, variables(str(collector.path), "p1"))
    code = f"import multiprocessing; lock = multiprocessing.Lock(); {code}"
    assert outcome(code, environ)[0] == outcome(code, dict(os.environ))[0]


def test_packages_with_our_names_are_the_programs(collector: Collector, tmp_path: Path) -> None:
    """It finds its own `app`, `workers`, `procession` and `sitecustomize`; its import path has nothing of ours."""
    for name in ("app", "workers", "procession", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"print({name!r})\n")
    code = """
import multiprocessing, sys, app, workers, procession, sitecustomize
print(*sys.path[1:], sep="\\n")
"""
    observed = outcome(code, joined(os.environ, variables(str(collector.path), "p1")), cwd=tmp_path)
    assert observed == outcome(code, dict(os.environ), cwd=tmp_path)
    assert collector.words(Hello)


@pytest.mark.parametrize(
    "text",
    ["print('mine')", "raise ImportError('mine')", "import nothing_of_that_name", "1/0"],
)
def test_another_sitecustomize_still_runs(collector: Collector, tmp_path: Path, text: str) -> None:
    """And still fails if it did."""
    (tmp_path / "sitecustomize.py").write_text(text + "\n")
    base = {**os.environ, "PYTHONPATH": str(tmp_path)}
    code = "import sys; print(getattr(sys.modules.get('sitecustomize'), '__file__', None))"
    observed = outcome(code, joined(base, variables(str(collector.path), "p1")))
    assert observed == outcome(code, base)


def test_no_low_descriptor_and_no_warning(collector: Collector) -> None:
    """Also in development mode; the program gets the lowest numbers, before a fork and after."""
    code = """
import multiprocessing, os
lock = multiprocessing.Lock()
low = lambda: [fd for fd in map(int, os.listdir("/proc/self/fd")) if fd < 100]
if os.fork() == 0:
    print(low(), flush=True)
    os._exit(0)
os.wait()
print(low())
"""
    environ = joined(os.environ, variables(str(collector.path), "p1"))
    observed = outcome(code, environ, "-X", "dev")
    assert observed == outcome(code, dict(os.environ), "-X", "dev")


@pytest.mark.parametrize("method", METHODS)
def test_a_safe_pool(collector: Collector, tmp_path: Path, method: str) -> None:
    """multiprocessing.Pool is ours, in whatever folder the program runs, which finds no other module of ours."""
    script = tmp_path / "script.py"
    script.write_text("""
import importlib.util, multiprocessing, os, sys
if __name__ == "__main__":
    sys.path[:] = [entry for entry in sys.path if not os.path.isdir(os.path.join(entry, "procession"))]
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        print(type(pool).__module__, pool.map(abs, [-1, 2]))
        pool.close()
        pool.join()
    print(importlib.util.find_spec("workers"))
""")
    assert run(collector, script, method, safe_pool=True).split("\n")[0] == "procession.pool.api.pool [1, 2]"
    pool = collector.made("pool", "pool")
    assert [word.role for word in collector.words(Started) if word.target and "procession" in word.target] == [
        f"pool:{pool.word.key}"
    ] * 2


AWAY = """
import os, sys, time
from multiprocessing import Lock

def line():
    print("ready", flush=True)
    sys.stdin.readline()

def fds():
    return len(os.listdir("/proc/self/fd"))

before = Lock()
line()
few = fds()
meanwhile = Lock()
if len(sys.argv) > 1:
    many = [Lock() for _ in range(int(sys.argv[1]))]
    assert fds() - few <= 20
if len(sys.argv) > 2:
    os.closerange(3, 4096)
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(5)]
    for high in range(890, 920):
        os.dup2(files[0], high)
line()
from _procession_observer.line import LINE
while time.monotonic_ns() < LINE._retry_at:  # then the next word calls again
    time.sleep(0.01)
after = Lock()
if len(sys.argv) > 2:
    assert all(os.read(fd, 1) == b"" for fd in (*files, *range(890, 920)))
elif len(sys.argv) > 1:
    assert fds() == few
"""


@pytest.mark.parametrize("arguments", [(), ("300",), ("300", "closes")])
def test_the_supervisor_is_away_for_a_while(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Messages are sent later, up to a limit that keeps few descriptors; the rest is counted."""
    collector = Collector(tmp_path / "o.sock")
    script = tmp_path / "away.py"
    script.write_text(AWAY)
    with subprocess.Popen(
        [sys.executable, str(script), *arguments],
        env=joined(os.environ, variables(str(collector.path), "p1")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin
        assert program.stdout
        program.stdout.readline()
        before = [word.key for word in collector.words(Made)]
        collector.close()
        program.stdin.write("\n")
        program.stdin.flush()
        program.stdout.readline()
        collector = Collector(tmp_path / "o.sock")
        program.communicate("\n", timeout=WITHIN_S)
    assert program.returncode == 0
    try:
        (hello,) = collector.words(Hello)
        assert hello.ppid == os.getpid()
        told = [said for said in collector.said if isinstance(said.word, Made)]
        names = [said.word.name.partition(" ")[0] for said in told if isinstance(said.word, Made)]
        assert len(before) == 1
        assert (names[0], names[-1]) == ("meanwhile", "after")
        count = int(arguments[0]) if arguments else 0
        assert len(told) == min(count + 1, 100) + 1
        if "closes" in arguments:
            assert [len(said.fds) for said in told] == [0] * 100 + [1]
        else:
            assert sum(len(said.fds) for said in told) == min(count + 1, 20) + 1
            assert collector.header(program.pid)[2] == count + 2 - len(told)
    finally:
        collector.close()
