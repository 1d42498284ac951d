"""Shared state, managers, pools, connections, logging, hazards: the expected output of each script, run alone with
small parameters; it exits with code 0 and leaves nothing behind."""

from pathlib import Path
from typing import Any

import pytest

import workers
from tests.programs.running import line, run, running
from tests.waiting import wait_until

# What a program says, as patterns of whole lines; each must be there.
SAYS: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "shared-value-and-array",
        {"workers": 3, "seconds": 0},
        [
            r"before: total 0, squares \[0.0, 0.0, 0.0\]",
            r"worker 2: wrote 4 to item 2, the total is \d",
            r"after: total 3, squares \[0.0, 1.0, 4.0\]",
        ],
    ),
    (
        "shared-lost-updates",
        {"workers": 2, "times": 500},
        [r"without get_lock\(\): \d+ of 1000, lost: \d+", r"with get_lock\(\): 1000 of 1000, lost: 0"],
    ),
    (
        "shared-raw-memory",
        {"workers": 2, "each": 3, "seconds": 0},
        [
            r"a RawArray of 6 numbers, and it has no lock: True",
            r"items 3 to 5 are halved",
            r"6 numbers done, the last is 2.5, their sum 7.5",
        ],
    ),
    (
        "shared-synchronized-and-copy",
        {"workers": 2, "times": 5, "seconds": 0},
        [r"raw 100, counter 100, copy 100", r"raw 110, counter 110, copy 100", r"get_obj\(\) returns .*: True"],
    ),
    (
        "shared-structures",
        {"steps": 3, "seconds": 0},
        [r"points .*", r"finally \(3, 6\) \(4, 16\) \(5, 26\)", r"centre \(4, 16\)"],
    ),
    (
        "shared-memory-block",
        {"seconds": 0},
        [
            r"child: attached to a block that says 'hello from the parent'",
            r"parent: now it says 'HELLO FROM THE PARENT'",
            r"parent: the list is \[42, 2.5, 6\]",
            r"parent: after unlink\(\) the block does not exist",
        ],
    ),
    (
        "shared-not-shared",
        {"workers": 2, "seconds": 0},
        [
            r"child 1: seen is \[1\] here, at 0x\w+",
            r"parent: seen is \[\], it is not shared",
            r"parent: the Value is shared, it is 2",
            r"parent: the queue returned \[0, 1\]",
        ],
    ),
    (
        "managers-dict-and-list",
        {"workers": 3, "seconds": 0},
        [
            r"the objects live in SyncManager-1, at .*",
            r"dict: \{0: 0, 1: 1, 2: 4\}",
            r"list, in the order of arrival: \[\d, \d, \d\]",
        ],
    ),
    (
        "managers-namespace-value-array",
        {"workers": 2, "step": 7, "seconds": 0},
        [
            r"before: Namespace\(last='nobody', step=7\), total 0, row \[0, 0\]",
            r"after: total 14, row \[0, 7\]",
            r"the last to write was worker [01]",
        ],
    ),
    (
        "managers-queue-and-lock",
        {"tasks": 2, "workers": 2, "seconds": 0},
        [
            r"task 1: holds the lock in process \d+",
            r"2 results: \['result 0', 'result 1'\]",
            r"an ordinary multiprocessing queue: Queue objects should only be shared .* through inheritance",
        ],
    ),
    (
        "managers-nested-proxies",
        {"seconds": 0},
        [
            r"child: appended to the plain list, it is \[\]: only a copy was changed",
            r"parent: plain is \[\]",
            r"parent: put back is \['seen'\]",
            r"parent: proxy is \['seen'\]",
        ],
    ),
    (
        "managers-proxy-and-referent",
        {"count": 3, "seconds": 0},
        [
            r"parent: repr <ListProxy object, typeid 'list' at 0x\w+>",
            r"parent: str  \[0, 1, 2\]",
            r"parent: the child changed the referent: \[99, 1, 2\]",
            r"parent: two proxies of equal lists are equal: False",
            r"parent: the lists behind them are: True",
        ],
    ),
    (
        "managers-own-class",
        {"workers": 2, "times": 3, "seconds": 0},
        [
            r"I am process \d+, the counter is in another: True",
            r"2 workers added 3 each to 100: 106",
            r"reset is not exposed: .*AutoProxy.* has no attribute 'reset'",
        ],
    ),
    (
        "managers-remote",
        {"count": 2, "seconds": 0},
        [
            r"server: listens at 127.0.0.1, port \d+",
            r"client: got job 1",
            r"client with a wrong key: AuthenticationError: digest sent was rejected",
            r"server: terminated, exit code -15",
        ],
    ),
    (
        "managers-deadlock",
        {"in_order": True},
        [r"in: holds both", r"out: holds both", r"parent: both are done"],
    ),
    (
        "managers-shutdown",
        {"seconds": 0},
        [
            r"SyncManager-1 is alive: True, and answers: \{'colour': 'green'\}",
            r"after shutdown\(\) it is alive: False, exit code 0",
            r"the proxy: \w+Error",
            r"children after the with block: 0",
        ],
    ),
    (
        "pools-eight-methods",
        {"workers": 2, "count": 3, "seconds": 0.01},
        [
            r"apply: 9",
            r"apply_async: ready False, then 9",
            r"map: \[0, 1, 4\]",
            r"map_async: ready False, then \[0, 1, 4\]",
            r"starmap: \[0, 1, 4\]",
            r"starmap_async: ready False, then \[0, 1, 4\]",
            r"imap: 0\nimap: 1\nimap: 4",
            r"imap_unordered: 4",
        ],
    ),
    (
        "pools-callbacks",
        {"workers": 2, "count": 3, "seconds": 0},
        [
            r"callback: 12, in the main thread: False",
            r"error_callback: ZeroDivisionError: division by zero",
            r"parent: all callbacks have been called",
        ],
    ),
    (
        "pools-chunks",
        {"workers": 2, "count": 16},
        [rf"chunksize {size}: .* s, tasks per worker .*" for size in (1, 2, 8)],
    ),
    (
        "pools-initializer",
        {"workers": 2, "count": 3, "seconds": 0},
        [r"initializer: in worker \d+", r"3 tasks said \{'hello'\}, the counter is 3"],
    ),
    (
        "pools-max-tasks-per-child",
        {"workers": 1, "count": 4, "tasks_each": 2, "seconds": 0},
        [r"a new worker: \d+", r"4 tasks, 2 workers, none did more than 2"],
    ),
    (
        "pools-timeouts",
        {"seconds": 0.4, "timeout": 0.1},
        [
            r"get: TimeoutError after 0.1 s, ready: False",
            r"get, later: done after 0.4 s, successful: True",
            r"next: TimeoutError after 0.1 s",
            r"next, later: done after 0.4 s, then done after 0 s",
        ],
    ),
    (
        "pools-threads-beside-processes",
        {"workers": 2, "seconds": 0, "steps": 1},
        [
            r"Pool: 2 times wait in other processes: .* s",
            r"Pool: 2 times compute in other processes: .* s",
            r"ThreadPool: 2 times wait in this process: .* s",
            r"ThreadPool: 2 times compute in this process: .* s",
        ],
    ),
    (
        "pools-close-and-join-order",
        {"workers": 1, "seconds": 0},
        [
            r"join before close: ValueError: Pool is still running",
            r"a task after close: ValueError: Pool not running",
            r"closed and joined, all submitted tasks are done: \[0, 1\]",
        ],
    ),
    (
        "pools-leaving-with",
        {"workers": 2, "seconds": 0.3},
        [
            r"leaving the with block",
            r"no result arrives: TimeoutError",
            r"with close\(\) and join\(\) inside the block: \[0, 1\]",
        ],
    ),
    (
        "pools-task-errors",
        {"workers": 2, "seconds": 0},
        [
            r"ZeroDivisionError: division by zero",
            r"its cause is the worker's traceback: RemoteTraceback",
            r"MaybeEncodingError: .*cannot pickle.*",
            r"2 workers, the same as before: True",
        ],
    ),
    *(
        (
            "connection-listener-and-client",
            {"family": family, "clients": 2, "seconds": 0},
            [
                rf"listener: {family}, at a .*",
                r"client 1: the answer is 1",
                r"listener: served 2 clients",
            ],
        )
        for family in ("AF_INET", "AF_UNIX")
    ),
    (
        "connection-wrong-key",
        {"seconds": 0},
        [
            r"client with 'open barley': AuthenticationError: digest sent was rejected",
            r"listener: AuthenticationError: digest received was wrong",
            r"listener: heard 'I know the key: open sesame'",
        ],
    ),
    (
        "connection-silent-client",
        {"seconds": 0.2},
        [r"silent: disconnected", r"listener: a client disconnected without authenticating", r"honest: got 'welcome'"],
    ),
    (
        "connection-both-listen",
        {"polite": True},
        [r"host: heard 'hello'", r"guest: heard 'hello yourself'", r"parent: both have sent a message"],
    ),
    (
        "connection-wait-for-all",
        {"count": 2, "seconds": 0},
        [
            r"connection: message 1",
            r"connection: EOFError, the other end is closed",
            r"socket: b'some bytes'",
            r"sentinel: talker has ended",
            r"sentinel: other has ended",
            r"other: exit code 0",
        ],
    ),
    (
        "logging-own-log",
        {"level": "INFO", "workers": 1, "seconds": 0},
        [r"1 children logged to stderr through the logger 'multiprocessing'"],
    ),
    (
        "logging-mixed-lines",
        {"workers": 2, "lines": 20},
        [r"without a lock: \d+ torn lines, 40 were written", r"with a lock: 0 torn lines, 40 were written"],
    ),
    (
        "logging-queue-handler",
        {"workers": 2, "lines": 2, "seconds": 0},
        [r"worker 1: line 1", r"the parent wrote 4 of 4 lines, none is mixed"],
    ),
    (
        "hazards-terminate-while-writing",
        {"mib": 1, "seconds": 0.3},
        [
            r"parent: terminated the writer in the middle of 1 MiB, exit code -15",
            r"second writer: put has returned, .*",
            r"parent: after 0.3 s the second writer still waits: True",
            r"parent: after 0.3 s the reader still waits: True",
        ],
    ),
    (
        "hazards-terminate-while-locked",
        {"others": 2, "seconds": 0.2},
        [
            r"parent: accounts \[100, 100\], sum 200",
            r"parent: terminated process \d+ halfway .*, exit code -15",
            r"parent: process 1 still waits for the lock: True",
            r"parent: accounts \[70, 100\], sum 170: .*",
        ],
    ),
    (
        "hazards-dead-sleeper",
        {"seconds": 0.3},
        [r"parent: killed it, exit code -9; .*", r"parent: after 0.3 s notify_all has not returned: True"],
    ),
    (
        "hazards-orphans",
        {"count": 2, "seconds": 0.2},
        [
            r"parent: terminated child \d+, exit code -15",
            r"grandchild 1: my parent is dead, I keep running for 0.2 s",
            r"grandchild 1: done",
            r"parent: the last orphan has ended, .*",
        ],
    ),
    (
        "hazards-zombies",
        {"count": 2, "seconds": 0.1},
        [
            r"ForkProcess-2 has ended, state Z",
            r"ForkProcess-2 is joined, exit code 1, gone: True",
        ],
    ),
    (
        "hazards-unpicklable",
        {"seconds": 0.1},
        [
            r"fork: .*, exit code 0",
            r"spawn: start: \w+Error: Can't .*<lambda>.*",
            r"pool: get: \w+Error: Can't .*<lambda>.*",
            r"pool: get: RuntimeError: Lock objects should only be shared .* through inheritance",
            r"queue: put has returned without an error",
            r"queue: Empty after 0.1 s, the item is lost",
        ],
    ),
    (
        "hazards-killed-pool-worker",
        {"workers": 2, "tasks": 3, "seconds": 1},
        [
            r"task 0: result 0",
            r"task 1: TimeoutError after 1 s; .*",
            r"task 2: result 2",
            r"workers that ended: 1, new ones: 1",
        ],
    ),
    (
        "hazards-unpickled-error",
        {"workers": 2, "seconds": 1},
        [r"TimeoutError after 1 s; map\(\) would wait for ever", r"terminate\(\) failed: .*"],
    ),
]
# What belongs on stderr; nobody else writes there.
ERRORS = {
    "logging-own-log": "[INFO/Process-1] the child's own line",
    "hazards-unpicklable": "Traceback (most recent call last):",
    "hazards-unpickled-error": "AttributeError: 'int' object has no attribute 'code'",
}
THEMES = ("shared", "managers", "pools", "connection", "logging", "hazards")


@pytest.mark.parametrize(("name", "params", "says"), SAYS, ids=[name for name, _, _ in SAYS])
def test_it_prints_the_expected_lines(name: str, params: dict[str, Any], says: list[str]) -> None:
    """Alone and with small parameters: exit code 0, the expected lines, and no unexpected line on stderr."""
    ran = run(name, **params)
    assert (ran.exitcode, [wanted for wanted in says if not line(wanted, ran.output)]) == (0, []), ran
    assert ERRORS.get(name, "") in ran.error
    assert name in ERRORS or not ran.error


def test_every_script_of_these_themes_is_run() -> None:
    """A new script needs an entry in the table above."""
    own = {name for name, program in workers.programs().items() if Path(program.path).parent.name in THEMES}
    assert own == {name for name, _, _ in SAYS} | {"shared-memory-leak"}


def test_the_hazards_declare_their_findings() -> None:
    """Those that the page shows for them."""
    programs = workers.programs()
    assert {
        name: finds for name in programs if (finds := programs[name].finds) and programs[name].theme == "Hazards"
    } == {
        "hazards-dead-sleeper": ("dead-sleeper",),
        "hazards-killed-pool-worker": ("pool-task-lost",),
        "hazards-orphans": ("orphan",),
        "hazards-terminate-while-locked": ("abandoned-lock",),
        "hazards-terminate-while-writing": ("abandoned-lock",),
        "hazards-unpicklable": ("start-refused",),
        "hazards-unpickled-error": ("dead-thread",),
    }
    assert programs["shared-memory-leak"].finds == ("leak",)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("managers-deadlock", "parent: 2 are deadlocked, killed them"),
        ("connection-both-listen", "parent: both wait to receive, terminated them"),
    ],
)
def test_a_deadlock_is_ended_after_its_time(name: str, error: str) -> None:
    """With exit code 1, and no process is left."""
    ran = run(name, seconds=1)
    assert (ran.exitcode, ran.error.strip()) == (1, error)
    assert workers.programs()[name].finds == ("deadlock",)


def test_a_leaked_block_is_removed_by_the_tracker() -> None:
    """With a warning, and only after the program has ended: the tracker lives a moment longer."""
    with running("shared-memory-leak", kib=4, seconds=0) as script:
        assert script.wait() == 0
        assert line("child: created a block of 4 KiB, .* did not unlink it", script.output)
        found = script.wait_for(r"parent: its block (\w+) is still there: True")
        wait_until(lambda: "leaked shared_memory object" in script.error)
        wait_until(lambda: not Path("/dev/shm", found[1]).exists())


def test_updates_are_lost_without_the_lock() -> None:
    """If there are enough of them; how many is random."""
    found = line(r"without get_lock\(\): \d+ of \d+, lost: (\d+)", run("shared-lost-updates", times=50_000).output)
    assert found
    assert int(found[1]) > 0


def test_lines_are_mixed_without_the_lock() -> None:
    """If there are enough of them; how many is random."""
    found = line(r"without a lock: (\d+) torn lines, .*", run("logging-mixed-lines", lines=5000).output)
    assert found
    assert int(found[1]) > 0


def test_a_hang_lasts_as_long_as_its_parameter_says() -> None:
    """Processes that wait for ever can be inspected, and ended from outside."""
    with running("hazards-terminate-while-locked", seconds=600) as script:
        script.wait_for(r"parent: terminated process \d+ .*")
        assert script.process.poll() is None
        script.process.kill()
        assert script.wait() == -9
