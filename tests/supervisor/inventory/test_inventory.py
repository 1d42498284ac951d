"""The inventory finds and measures every process below the supervisor, and assigns each to its root."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator

import psutil
import pytest

from app.linux import identity
from app.linux.gauges import FdBudget
from app.records.process import Descendant
from app.supervisor.inventory.inventory import Inventory
from app.supervisor.inventory.origins import VARIABLE
from tests.open_files import open_files
from tests.sleepers import running
from tests.supervisor.inventory.inventories import ASLEEP, FORKS_ONE, inventory_of_pytest, key_of, listed, sweep
from tests.waiting import wait_until

FORKS_WHEN_ASKED = "sys.stdin.readline()\n" + FORKS_ONE
MAKES_DAEMON = "tell(daemon(lambda: time.sleep(600))); time.sleep(600)"


@pytest.fixture
def inventory() -> Iterator[Inventory]:
    with inventory_of_pytest() as inventory:
        yield inventory


# Samples


def test_sample_has_the_figures_of_the_process(inventory: Inventory) -> None:
    """They are CPU in percent of one core, memory, threads, descriptors, parent and state letter."""
    with running("tell('ready')\nwhile True: pass") as program:
        program.told()
        inventory.add_root("p1", program.pid)
        first = sweep(inventory).samples["p1"]
        assert first.cpu_percent is None
        sample = wait_until(lambda: _busy(inventory))
        assert (sample.os_state, sample.ppid, sample.threads, sample.fds) == ("R", os.getpid(), 1, 3)
        assert sample.rss_bytes > 1024 * 1024


def _busy(inventory: Inventory) -> object:
    sample = sweep(inventory).samples["p1"]
    return sample if (sample.cpu_percent or 0) > 5 and sample.os_state == "R" else None


def test_unchanged_sample_is_the_same_object(inventory: Inventory) -> None:
    """No caller has to compare what did not change."""
    with running(FORKS_ONE) as program:
        child = int(program.told()[0])
        inventory.add_root("p1", program.pid)
        wait_until(lambda: sweep(inventory).samples["p1"] is sweep(inventory).samples["p1"])
        wait_until(lambda: listed(inventory, child) is listed(inventory, child))


def test_reaped_root_has_no_sample(inventory: Inventory) -> None:
    """A zombie still has one, with its state."""
    with running(ASLEEP) as program:
        program.told()
        inventory.add_root("p1", program.pid)
        os.kill(program.pid, signal.SIGKILL)
        wait_until(lambda: sweep(inventory).samples["p1"].os_state == "Z")
        assert program.pid not in sweep(inventory).zombies
        program.process.wait()
        assert "p1" not in sweep(inventory).samples


def test_inventory_works_without_keeping_descriptors_open(inventory: Inventory) -> None:
    """Where descriptors run short, processes and their exits are still found."""
    with running(FORKS_ONE) as program:
        pid = int(program.told()[0])
        before = open_files()
        inventory._budget = FdBudget(limit=0)
        inventory.add_root("p1", program.pid)
        assert listed(inventory, pid)
        assert not open_files() - before
        assert sweep(inventory).samples["p1"].ppid == os.getpid()
        program.end()
        assert "p1" not in sweep(inventory).samples


# Which root a process belongs to


def test_descendant_is_described(inventory: Inventory) -> None:
    """It has its root, parent, name and command line, and is no orphan while its root is alive."""
    with running("p = subprocess.Popen(['sleep', '600']); tell(p.pid); p.wait()") as program:
        pid = int(program.told()[0])
        inventory.add_root("p1", program.pid)
        one = wait_until(lambda: (found := listed(inventory, pid)) and found.command == "sleep 600" and found)
        assert isinstance(one, Descendant)
        assert (one.root, one.ppid, one.name, one.orphan) == ("p1", program.pid, "sleep", False)
        assert one.id == identity.text(key_of(pid))
        assert abs(one.start_time - time.time()) < 60
        assert listed(inventory, program.pid) is None


def test_command_is_updated_after_an_exec(inventory: Inventory) -> None:
    """The process has the name and command of the new program."""
    code = (
        "pid = os.fork()\nif pid == 0:\n  sys.stdin.readline(); os.execlp('sleep', 'sleep', '601')\n"
        "tell(pid); time.sleep(600)"
    )
    with running(code) as program:
        pid = int(program.told()[0])
        inventory.add_root("p1", program.pid)
        before = listed(inventory, pid)
        assert before
        assert before.command.split()[1] == "-c"
        program.ask()
        wait_until(lambda: (now := listed(inventory, pid)) and (now.name, now.command) == ("sleep", "sleep 601"))


def test_daemon_keeps_its_root_after_its_parents_have_exited(inventory: Inventory) -> None:
    """The chain of parents is remembered."""
    code = (
        "middle = os.fork()\n"
        "if middle == 0:\n"
        "  os.setsid(); pid = os.fork()\n"
        "  if pid: tell(pid); sys.stdin.readline(); os._exit(0)\n"
        "  time.sleep(600)\n"
        "os.waitpid(middle, 0); tell('gone'); time.sleep(600)"
    )
    with running(code) as program:
        pid = int(program.told()[0])
        inventory.add_root("p1", program.pid)
        assert listed(inventory, pid)
        program.ask()
        program.told()
        one = listed(inventory, pid)
        assert one
        assert (one.root, one.ppid, one.orphan) == ("p1", os.getpid(), False)


def test_reparented_process_in_the_session_of_a_root_belongs_to_it(inventory: Inventory) -> None:
    """A supervised process leads its own session."""
    code = (
        "middle = os.fork()\n"
        "if middle == 0:\n  pid = os.fork()\n  if pid: os._exit(0)\n  tell(os.getpid()); time.sleep(600)\n"
        "os.waitpid(middle, 0); tell('gone'); time.sleep(600)"
    )
    with running(code) as program:
        told = program.told() + program.told()
        pid = next(int(word) for word in told if word != "gone")
        inventory.add_root("p1", program.pid)
        one = listed(inventory, pid)
        assert one
        assert (one.root, one.ppid) == ("p1", os.getpid())


def test_daemon_is_assigned_to_the_root_named_in_its_environment(inventory: Inventory) -> None:
    """A program exec'd below a supervised process inherits the variable with its id."""
    with running(MAKES_DAEMON, {VARIABLE: "p1"}) as program:
        pid = int(program.told()[0])
        inventory.add_root("p1", program.pid)
        one = listed(inventory, pid)
        assert one
        assert (one.root, one.orphan) == ("p1", False)


@pytest.mark.parametrize("first", ["announced", "seen"])
def test_daemon_is_assigned_to_the_root_that_reported_the_fork(inventory: Inventory, first: str) -> None:
    """Python reports each os.fork(), before or after the inventory finds the process."""
    with running(MAKES_DAEMON) as program:
        pid = int(program.told()[0])
        inventory.add_root("p1", program.pid)
        if first == "seen":
            unknown = listed(inventory, pid)
            assert unknown
            assert (unknown.root, unknown.orphan) == (None, True)
        inventory.note_fork(pid, "p1")
        one = listed(inventory, pid)
        assert one
        assert (one.root, one.orphan) == ("p1", False)


def test_reported_fork_cannot_add_an_unrelated_process(inventory: Inventory) -> None:
    """A report names the root of a process; whether it is a descendant is read from the kernel."""
    inventory.note_fork(1, "p1")
    inventory.note_fork(os.getpid(), "p1")
    assert {1, os.getpid()}.isdisjoint(one.pid for one in sweep(inventory).descendants)
    assert inventory.tree_of("p1") == []


def test_descendants_of_a_dropped_root_become_its_orphans(inventory: Inventory) -> None:
    """They keep its id, and are distinguished from the descendants of its next start."""
    with running(FORKS_ONE) as program:
        old = int(program.told()[0])
        inventory.add_root("p1", program.pid)
        assert listed(inventory, old)
        program.end()
        inventory.drop_root("p1")
        one = listed(inventory, old)
        assert one
        assert (one.root, one.ppid, one.orphan) == ("p1", os.getpid(), True)
        with running(FORKS_ONE) as again:
            new = int(again.told()[0])
            inventory.add_root("p1", again.pid)
            found = {one.pid: one.orphan for one in sweep(inventory).descendants if one.root == "p1"}
            assert found == {old: True, new: False}
            assert {one.pid for one in inventory.tree_of("p1")} == {old, new}


def test_dropped_root_that_still_runs_is_an_orphan(inventory: Inventory) -> None:
    """A running process stays listed, whatever happens to its record."""
    with running(ASLEEP) as program:
        inventory.add_root("p1", program.pid)
        inventory.drop_root("p1")
        one = listed(inventory, program.pid)
        assert one
        assert (one.root, one.orphan) == ("p1", True)
        os.kill(program.pid, signal.SIGKILL)
        program.process.wait()
        assert listed(inventory, program.pid) is None


@pytest.mark.parametrize("trusted", [True, False])
def test_zombie_of_a_dropped_root_is_left_for_join(inventory: Inventory, trusted: bool) -> None:  # noqa: FBT001
    """It is neither listed nor reported for reaping, whichever way new processes are found."""
    inventory._newcomers.trusted = trusted
    with running("pass") as program:
        inventory.add_root("p1", program.pid)
        wait_until(lambda: sweep(inventory).samples["p1"].os_state == "Z")
        inventory.drop_root("p1")
        found = sweep(inventory)
        assert program.pid not in found.zombies
        assert program.pid not in {one.pid for one in found.descendants}
        assert program.process.wait() == 0


def test_helper_process_is_not_listed(inventory: Inventory) -> None:
    """A supervised process below it is a root like any other."""
    with running(FORKS_ONE) as helper:
        pid = int(helper.told()[0])
        inventory.infrastructure((helper.pid,))
        inventory.add_root("p1", pid)
        found = sweep(inventory)
        assert {helper.pid, pid}.isdisjoint(one.pid for one in found.descendants)
        assert found.samples["p1"].ppid == helper.pid
        inventory.drop_root("p1")  # so that the fixture ends it


def test_threads_and_unrelated_processes_are_not_listed(inventory: Inventory) -> None:
    """/proc/<tid> can be opened like a pid, and other processes of the machine are not descendants."""
    code = (
        "[threading.Thread(target=time.sleep, args=(600,), daemon=True).start() for _ in range(20)]\n"
        "pid = os.fork()\nif pid: tell(pid)\ntime.sleep(600)"
    )
    with running(code) as program:
        pid = int(program.told()[0])
        inventory.add_root("p1", program.pid)
        found = sweep(inventory)
        assert [one.pid for one in found.descendants if one.root == "p1"] == [pid]
        assert {one.pid for one in found.descendants} <= {one.pid for one in psutil.Process().children(recursive=True)}
        assert found.samples["p1"].threads == 21


@pytest.mark.parametrize("trusted", [True, False])
def test_new_process_is_found_either_way(inventory: Inventory, trusted: bool) -> None:  # noqa: FBT001
    """The ways are the kernel's last pid and, where that cannot be trusted, a listing of /proc."""
    inventory._newcomers.trusted = trusted
    with running(FORKS_WHEN_ASKED) as program:
        inventory.add_root("p1", program.pid)
        assert [one for one in sweep(inventory).descendants if one.root == "p1"] == []
        program.ask()
        pid = int(program.told()[0])
        assert listed(inventory, pid)
        assert inventory._newcomers.trusted is trusted


def test_last_pid_far_from_that_of_a_new_child_is_not_trusted(inventory: Inventory) -> None:
    """/proc is listed from then on."""
    newcomers = inventory._newcomers
    with subprocess.Popen(["true"]) as fresh:
        newcomers.expect(fresh.pid)
    assert newcomers.trusted
    newcomers.expect(newcomers._newest() + newcomers._pid_max // 4)
    assert not newcomers.trusted
