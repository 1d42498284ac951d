"""The inventory finds and measures every process below us, and says whose it is."""

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
from tests.supervisor.inventory.inventories import ASLEEP, FORKS_ONE, key_of, listed, sweep, taken
from tests.waiting import wait_until

FORKS_WHEN_ASKED = "sys.stdin.readline()\n" + FORKS_ONE
MAKES_DAEMON = "tell(daemon(lambda: time.sleep(600))); time.sleep(600)"


@pytest.fixture
def inventory() -> Iterator[Inventory]:
    with taken() as inventory:
        yield inventory


# Samples


def test_sample_tells_what_the_process_does(inventory: Inventory) -> None:
    """CPU of one core, memory, threads, fds, parent and state letter."""
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


def test_nothing_new_is_the_very_same_object(inventory: Inventory) -> None:
    """What did not change need not be compared by anybody."""
    with running(FORKS_ONE) as program:
        child = int(program.told()[0])
        inventory.add_root("p1", program.pid)
        wait_until(lambda: sweep(inventory).samples["p1"] is sweep(inventory).samples["p1"])
        wait_until(lambda: listed(inventory, child) is listed(inventory, child))


def test_reaped_root_has_no_sample(inventory: Inventory) -> None:
    """A zombie still has one, with its state; after it was reaped there is none."""
    with running(ASLEEP) as program:
        program.told()
        inventory.add_root("p1", program.pid)
        os.kill(program.pid, signal.SIGKILL)
        wait_until(lambda: sweep(inventory).samples["p1"].os_state == "Z")
        assert program.pid not in sweep(inventory).zombies
        program.process.wait()
        assert "p1" not in sweep(inventory).samples


def test_inventory_does_without_kept_fds(inventory: Inventory) -> None:
    """Where fds run short, every process is still seen, and its end too."""
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


# Whose it is


def test_descendant_is_described(inventory: Inventory) -> None:
    """Its root, parent, name and command line; it is no orphan while its root lives."""
    with running("p = subprocess.Popen(['sleep', '600']); tell(p.pid); p.wait()") as program:
        pid = int(program.told()[0])
        inventory.add_root("p1", program.pid)
        one = wait_until(lambda: (found := listed(inventory, pid)) and found.command == "sleep 600" and found)
        assert isinstance(one, Descendant)
        assert (one.root, one.ppid, one.name, one.orphan) == ("p1", program.pid, "sleep", False)
        assert one.id == identity.text(key_of(pid))
        assert abs(one.start_time - time.time()) < 60
        assert listed(inventory, program.pid) is None


def test_command_follows_an_exec(inventory: Inventory) -> None:
    """The same process under another program is told by its new name."""
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


def test_daemon_seen_with_its_parents_stays_theirs(inventory: Inventory) -> None:
    """The chain of parents is remembered when the ones between are gone."""
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


def test_reparented_in_the_session_of_its_root_is_its(inventory: Inventory) -> None:
    """A supervised process leads a session: whoever is in it comes from it."""
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


def test_daemon_with_the_mark_in_its_environment_is_its_roots(inventory: Inventory) -> None:
    """What was exec'd below a supervised process carries its id."""
    with running(MAKES_DAEMON, {VARIABLE: "p1"}) as program:
        pid = int(program.told()[0])
        inventory.add_root("p1", program.pid)
        one = listed(inventory, pid)
        assert one
        assert (one.root, one.orphan) == ("p1", False)


@pytest.mark.parametrize("first", ["announced", "seen"])
def test_daemon_that_announced_itself_is_its_roots(inventory: Inventory, first: str) -> None:
    """Python tells of each os.fork(), sooner or later than the inventory finds it."""
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


def test_announcement_cannot_draw_in_a_stranger(inventory: Inventory) -> None:
    """A child's word names whose a process is; that it is below us only the kernel says."""
    inventory.note_fork(1, "p1")
    inventory.note_fork(os.getpid(), "p1")
    assert {1, os.getpid()}.isdisjoint(one.pid for one in sweep(inventory).descendants)
    assert inventory.tree_of("p1") == []


def test_dropped_root_leaves_orphans_of_its_name(inventory: Inventory) -> None:
    """They keep its id, hang below us, and are told apart from those of its next start."""
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


def test_dropped_root_that_lives_on_is_an_orphan(inventory: Inventory) -> None:
    """Whatever happens to its record, what runs stays in sight."""
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
def test_zombie_of_a_dropped_root_is_left_to_its_owner(inventory: Inventory, trusted: bool) -> None:  # noqa: FBT001
    """It waits for join(): neither is it listed nor told for reaping, however /proc is searched."""
    inventory._newcomers.trusted = trusted
    with running("pass") as program:
        inventory.add_root("p1", program.pid)
        wait_until(lambda: sweep(inventory).samples["p1"].os_state == "Z")
        inventory.drop_root("p1")
        found = sweep(inventory)
        assert program.pid not in found.zombies
        assert program.pid not in {one.pid for one in found.descendants}
        assert program.process.wait() == 0


def test_infrastructure_is_neither_listed_nor_a_stranger(inventory: Inventory) -> None:
    """A helper is not shown; a supervised process below it is a root like any other."""
    with running(FORKS_ONE) as helper:
        pid = int(helper.told()[0])
        inventory.infrastructure((helper.pid,))
        inventory.add_root("p1", pid)
        found = sweep(inventory)
        assert {helper.pid, pid}.isdisjoint(one.pid for one in found.descendants)
        assert found.samples["p1"].ppid == helper.pid
        inventory.drop_root("p1")  # to be ended with the fixture


def test_threads_and_strangers_are_not_listed(inventory: Inventory) -> None:
    """Thread ids can be opened like pids, and other people's processes are nobody's business."""
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
def test_newcomer_is_found_by_either_way(inventory: Inventory, trusted: bool) -> None:  # noqa: FBT001
    """By the kernel's last pid, or by listing /proc where that number cannot be trusted."""
    inventory._newcomers.trusted = trusted
    with running(FORKS_WHEN_ASKED) as program:
        inventory.add_root("p1", program.pid)
        assert [one for one in sweep(inventory).descendants if one.root == "p1"] == []
        program.ask()
        pid = int(program.told()[0])
        assert listed(inventory, pid)
        assert inventory._newcomers.trusted is trusted


def test_number_far_from_a_fresh_child_is_not_trusted(inventory: Inventory) -> None:
    """Where the kernel's last pid is made up, /proc is listed from then on."""
    newcomers = inventory._newcomers
    with subprocess.Popen(["true"]) as fresh:
        newcomers.expect(fresh.pid)
    assert newcomers.trusted
    newcomers.expect(newcomers._newest() + newcomers._pid_max // 4)
    assert not newcomers.trusted
