"""An inventory of the pytest process, and queries that its tests share."""

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Iterator

from app.linux import identity, proc
from app.records.process import Descendant
from app.supervisor.inventory.inventory import Inventory, Sweep
from tests.waiting import wait_until

_PR_SET_CHILD_SUBREAPER = 36
ASLEEP = "tell('ready'); time.sleep(600)"
FORKS_ONE = "pid = os.fork()\nif pid: tell(pid)\ntime.sleep(600)"


def _be_subreaper(*, yes: bool) -> None:
    assert ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0) == 0


@contextlib.contextmanager
def inventory_of_pytest() -> Iterator[Inventory]:
    """Make pytest a subreaper and take its inventory; kill and reap what is still listed at the end."""
    _be_subreaper(yes=True)
    inventory = Inventory(os.getpid(), proc.booted_at())
    already = {one.id for one in sweep(inventory).descendants}
    yield inventory
    _be_subreaper(yes=False)
    wait_until(lambda: _ended(inventory, already))
    inventory.close()


def _ended(inventory: Inventory, spared: set[str]) -> bool:
    left = [one for one in sweep(inventory).descendants if one.id not in spared]
    for one in left:
        identity.signal(one.key, signal.SIGKILL)
    reap(inventory)
    return not left


def reap(inventory: Inventory) -> None:
    for pid in inventory.orphan_zombies():
        os.waitpid(pid, os.WNOHANG)


def sweep(inventory: Inventory) -> Sweep:
    return inventory.sweep(time.monotonic())


def listed(inventory: Inventory, pid: int) -> Descendant | None:
    return next((one for one in sweep(inventory).descendants if one.pid == pid), None)


def key_of(pid: int) -> identity.Key:
    stat = proc.stat(pid)
    assert stat
    return pid, stat.start_ticks
