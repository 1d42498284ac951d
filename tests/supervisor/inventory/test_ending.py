"""Ending whole process trees, signalling exactly one process, and finding zombies to reap."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.linux import identity, proc
from app.records.process import Descendant
from app.supervisor.inventory.inventory import Inventory
from app.supervisor.inventory.origins import VARIABLE
from tests.sleepers import running
from tests.supervisor.inventory.inventories import ASLEEP, FORKS_ONE, inventory_of_pytest, key_of, listed, reap, sweep
from tests.waiting import wait_until


@pytest.fixture
def inventory() -> Iterator[Inventory]:
    with inventory_of_pytest() as inventory:
        yield inventory


def test_zombies_without_a_living_parent_are_reported_for_reaping(inventory: Inventory) -> None:
    """A re-parented zombie is reported; one whose parent is alive is listed in state Z instead."""
    code = "pid = os.fork()\nif pid == 0: os._exit(0)\ntell(daemon(lambda: time.sleep(600)), pid); time.sleep(600)"
    with running(code) as program:
        daemon, unjoined = map(int, program.told())
        inventory.add_root("p1", program.pid)
        one = wait_until(lambda: (found := listed(inventory, unjoined)) and found.state == "Z" and found)
        assert isinstance(one, Descendant)
        assert one.root == "p1"
        assert listed(inventory, daemon)
        os.kill(daemon, signal.SIGKILL)
        wait_until(lambda: daemon in sweep(inventory).zombies)
        assert unjoined not in sweep(inventory).zombies
        os.waitpid(daemon, 0)
        assert daemon not in sweep(inventory).zombies


def test_tree_of_a_root_is_current_without_a_sweep(inventory: Inventory) -> None:
    """Daemons are included."""
    code = "sys.stdin.readline(); pid = os.fork()\nif pid: tell(pid, daemon(lambda: time.sleep(600)))\ntime.sleep(600)"
    with running(code, {VARIABLE: "p1"}) as program:
        inventory.add_root("p1", program.pid)
        assert inventory.tree_of("p1") == []
        program.ask()
        pids = {int(word) for word in program.told()}
        assert {one.pid for one in inventory.tree_of("p1")} == pids
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not inventory.tree_of("p1"))


def test_kill_tree_ends_processes_that_keep_forking(inventory: Inventory) -> None:
    """Of many pairs each process replaces the other as soon as it dies; none is left when kill_tree says so."""
    code = """
import select
for _ in range(20):
    if os.fork() == 0: break
else:
    tell("ready")
    time.sleep(600)
partner = os.fork() or os.getppid()
while True:
    select.select([os.pidfd_open(partner)], [], [])
    partner = os.fork() or os.getppid()
"""
    with running(code) as program:
        program.told()
        inventory.add_root("p1", program.pid)
        wait_until(lambda: len(inventory.tree_of("p1")) == 40)
        keys = {key_of(program.pid)} | {one.key for one in inventory.tree_of("p1")}

        def ended() -> bool:
            nonlocal keys
            keys = inventory.kill_tree(keys)
            reap(inventory)
            return not keys

        wait_until(ended)
        inventory.drop_root("p1")
        assert inventory.tree_of("p1") == []


def test_kill_tree_kills_at_once_what_it_finds(inventory: Inventory) -> None:
    """By the next call it may have forked and be gone."""
    code = "sys.stdin.readline(); pid = os.fork()\nif pid: tell(pid)\ntime.sleep(600)"
    with running(code) as program:
        inventory.add_root("p1", program.pid)
        assert inventory.tree_of("p1") == []
        program.ask()
        child = key_of(int(program.told()[0]))
        inventory.kill_tree({key_of(program.pid)})
        wait_until(lambda: not inventory.alive({child}))


def chain(counter: Path, *, new_session: bool) -> str:
    """Return the code of a process below which each process counts, forks the next and exits."""
    return f"""
counter = os.open({str(counter)!r}, os.O_RDWR | os.O_CREAT)
if os.fork(): time.sleep(600)
tell("ready")
count, until = 0, time.monotonic() + 60  # whatever happens
while time.monotonic() < until and not os.kill({os.getpid()}, 0):
    if os.fork(): os._exit(0)
    if {new_session}: os.setsid()
    count += 1
    os.pwrite(counter, b"%20d" % count, 0)
"""


def goes_on(counter: Path) -> bool:
    """Return whether a chain has forked within a moment."""
    before = counter.read_bytes()
    time.sleep(0.1)  # some hundred forks
    return counter.read_bytes() != before


@pytest.mark.parametrize(
    ("new_session", "environment"),
    [(False, {VARIABLE: "p1"}), (True, {VARIABLE: "p1"}), (True, {})],
    ids=["one-session", "a-session-each", "of-a-forkserver"],
)
def test_kill_tree_ends_a_chain_of_forks(
    inventory: Inventory, tmp_path: Path, *, new_session: bool, environment: dict[str, str]
) -> None:
    """No list of processes has the one that lives; below a forkserver its environment does not say whose it is."""
    counter = tmp_path / "counter"
    ours, theirs = socket.socketpair()
    code = chain(counter, new_session=new_session)
    with ours, theirs, running(code, environment, pass_fds=(theirs.fileno(),)) as program:
        program.told()
        inventory.add_root("p1", program.pid, os.fstat(theirs.fileno()).st_ino)
        wait_until(counter.read_bytes)

        def ended() -> bool:
            inventory.kill_tree({key_of(program.pid), *(one.key for one in inventory.tree_of("p1"))})
            reap(inventory)
            return not goes_on(counter)

        wait_until(ended)
        inventory.drop_root("p1")
        assert inventory.tree_of("p1") == []


def test_a_chain_that_is_not_below_us_goes_on(inventory: Inventory, tmp_path: Path) -> None:
    """Another Procession has processes of the same ids: the environment of a stranger proves nothing."""
    counter = tmp_path / "counter"
    with running(chain(counter, new_session=True), {VARIABLE: "p1"}) as stranger, running(ASLEEP) as us:
        stranger.told()
        us.told()
        wait_until(counter.read_bytes)
        other = Inventory(us.pid, proc.booted_at())
        with running(ASLEEP) as program:
            program.told()
            other.add_root("p1", program.pid)
            for _ in range(5):
                other.kill_tree({key_of(program.pid)})
                assert goes_on(counter)
        other.close()
        inventory.add_root("p1", stranger.pid)
        wait_until(lambda: not inventory.kill_tree({key_of(stranger.pid)}) and not goes_on(counter))


def test_kill_tree_leaves_other_processes_alone(inventory: Inventory) -> None:
    """Neither another root, nor its descendants, nor a helper process is killed."""
    with running(FORKS_ONE) as one, running(FORKS_ONE) as other, running(ASLEEP) as helper:
        doomed, spared = int(one.told()[0]), int(other.told()[0])
        helper.told()
        inventory.infrastructure((helper.pid,))
        inventory.add_root("p1", one.pid)
        inventory.add_root("p2", other.pid)
        keys = frozenset(found.key for found in inventory.tree_of("p1"))
        assert {pid for pid, _ in keys} == {doomed}
        wait_until(lambda: not inventory.kill_tree(keys))
        living = {key_of(pid) for pid in (one.pid, other.pid, spared, helper.pid)}
        assert inventory.alive(living) == living


def test_kill_tree_leaves_another_program_of_the_same_terminal_alone(inventory: Inventory) -> None:
    """All programs of a terminal have its session, and another one may start processes at the same moment."""
    code = """
doomed = os.fork()
if doomed == 0: time.sleep(600)
tell(doomed)
asked = threading.Thread(target=sys.stdin.readline, daemon=True)
asked.start()
killed = 0
while asked.is_alive():
    killed += subprocess.call(["true"]) != 0
tell(killed)
"""
    with running(code) as other:
        doomed = key_of(int(other.told()[0]))
        inventory.observe("p1", doomed, "p1", attached=True)
        inventory.observe("p2", key_of(other.pid), "p2", attached=True)
        for _ in range(5):
            inventory.kill_tree({doomed})
            time.sleep(0.12)  # until it hunts for a chain of forks again
        other.ask()
        assert other.told() == ["0"]
        assert not inventory.alive({doomed})


def test_signal_is_not_sent_to_a_process_with_a_reused_pid(inventory: Inventory) -> None:
    """The same pid with another start time is another process."""
    with running(ASLEEP) as program:
        program.told()
        pid, ticks = key_of(program.pid)
        assert not identity.signal((pid, ticks - 1), signal.SIGKILL)
        assert inventory.alive([(pid, ticks), (pid, ticks - 1)]) == {(pid, ticks)}
        assert identity.signal((pid, ticks), signal.SIGKILL)
        wait_until(lambda: not inventory.alive([(pid, ticks)]), message="the zombie counts as dead")
        program.process.wait()
        assert not identity.signal((pid, ticks), signal.SIGKILL)


def test_process_without_its_main_thread_is_alive(inventory: Inventory) -> None:
    """Its state is Z, but its other threads run."""
    code = (
        "import ctypes\n"
        "threading.Thread(target=time.sleep, args=(600,)).start()\n"
        "tell('ready'); ctypes.CDLL(None).pthread_exit(None)"
    )
    with running(code) as program:
        program.told()
        inventory.add_root("p1", program.pid)
        wait_until(lambda: sweep(inventory).samples["p1"].os_state == "Z")
        assert inventory.alive([key_of(program.pid)]) == {key_of(program.pid)}


def test_holders_of_the_write_end_of_a_pipe_are_found(inventory: Inventory) -> None:
    """A process that has only the read end, or another pipe, is not one."""
    read, write = os.pipe()
    other_read, other_write = os.pipe()
    code = "pid = os.fork()\nif pid == 0: time.sleep(600)\nos.close(int(sys.argv[1])); tell(pid); time.sleep(600)"
    try:
        with running(code, arguments=(str(write),), pass_fds=(write, read)) as program:
            pid = int(program.told()[0])
            inventory.add_root("p1", program.pid)
            sweep(inventory)
            assert inventory.holders(read, "p1") == (pid,)
            assert inventory.holders(read) == (pid,)
            assert inventory.holders(read, "p2") == ()
            assert inventory.holders(other_read, "p1") == ()
            assert inventory.holders(0, "p1") == ()
    finally:
        for fd in (read, write, other_read, other_write):
            os.close(fd)
