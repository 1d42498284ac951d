"""Trees are ended to the last process, signals reach the one that is meant, and the ends of others are told."""

import os
import signal
from collections.abc import Iterator

import pytest

from app.linux import identity
from app.records.process import Descendant
from app.supervisor.inventory.inventory import Inventory
from app.supervisor.inventory.origins import VARIABLE
from tests.sleepers import running
from tests.supervisor.inventory.inventories import ASLEEP, FORKS_ONE, key_of, listed, reap, sweep, taken
from tests.waiting import wait_until


@pytest.fixture
def inventory() -> Iterator[Inventory]:
    with taken() as inventory:
        yield inventory


def test_zombies_that_are_nobodys_are_told_for_reaping(inventory: Inventory) -> None:
    """A re-parented one is ours to reap; one with a living parent is listed as the zombie that it is."""
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


def test_tree_is_taken_fresh(inventory: Inventory) -> None:
    """Without a sweep in between, daemons included."""
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


def test_kill_tree_ends_what_forks_itself_anew(inventory: Inventory) -> None:
    """Each of the two replaces the other as soon as that dies: only a loop until nothing is left ends them."""
    code = """
import select
tell("ready")
partner = os.fork() or os.getppid()
while True:
    select.select([os.pidfd_open(partner)], [], [])
    partner = os.fork() or os.getppid()
"""
    with running(code) as program:
        program.told()
        inventory.add_root("p1", program.pid)
        wait_until(lambda: inventory.tree_of("p1"))
        keys = {key_of(program.pid)} | {one.key for one in inventory.tree_of("p1")}
        assert len(keys) == 2

        def ended() -> bool:
            nonlocal keys
            keys = inventory.kill_tree(keys)
            reap(inventory)
            return not keys

        wait_until(ended)
        inventory.drop_root("p1")
        assert inventory.tree_of("p1") == []


def test_kill_tree_spares_the_others(inventory: Inventory) -> None:
    """Neither another root nor its descendants nor a helper are touched."""
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


def test_signal_reaches_only_the_one_that_is_meant(inventory: Inventory) -> None:
    """A pid with another start time is somebody else."""
    with running(ASLEEP) as program:
        program.told()
        pid, ticks = key_of(program.pid)
        assert not identity.signal((pid, ticks - 1), signal.SIGKILL)
        assert inventory.alive([(pid, ticks), (pid, ticks - 1)]) == {(pid, ticks)}
        assert identity.signal((pid, ticks), signal.SIGKILL)
        wait_until(lambda: not inventory.alive([(pid, ticks)]), message="a zombie is not alive")
        program.process.wait()
        assert not identity.signal((pid, ticks), signal.SIGKILL)


def test_process_without_its_main_thread_is_alive(inventory: Inventory) -> None:
    """It shows as a zombie, but its other threads run."""
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


def test_holder_of_a_pipe_is_named(inventory: Inventory) -> None:
    """Who has the write end open keeps our end from firing; who reads, or holds another pipe, does not."""
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
