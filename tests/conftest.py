"""What every test gets: nothing that it started may outlive it; and how tests are spread over processes."""

import gc
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from tests import examples, leftovers

settings.load_profile(examples.ALL)

GONE_WITHIN_S = 5

#: Each of these goes to one process: a browser and its servers take seconds to start.
BROWSERS = (("tests/browser/pools/", "tests/browser/programs/"), ("tests/browser/",))
#: The files that take over 12 s, the longest first, so that none of them is begun at the end (measured: six
#: processes on two cores).
LONGEST = (
    "tests/web/live/test_live.py",
    "tests/supervisor/resources/test_peers.py",
    "tests/pool_host/test_pool_host.py",
    "tests/supervisor/resources/test_figures.py",
    "tests/supervisor/handover/test_handover.py",
    "tests/supervisor/resources/test_queues.py",
    "tests/supervisor/resources/test_locks.py",
    "tests/programs/test_observed.py",
    "tests/supervisor/resources/test_managed.py",
    "tests/launcher/test_launcher.py",
    "tests/pool/test_surroundings.py",
    "tests/cli/test_run.py",
    "tests/programs/test_catalogue_part1.py",
    "tests/supervisor/test_programs.py",
    "tests/pool/test_boot.py",
    "tests/web/test_lifecycle.py",
    "tests/launcher/test_guardian.py",
    "tests/supervisor/test_guard.py",
    "tests/launcher/test_damaged_homes.py",
    "tests/pool/test_kills.py",
    "tests/supervisor/test_pools.py",
    "tests/web/api/test_programs.py",
    "tests/programs/test_catalogue_part2.py",
    "tests/supervisor/test_verbs.py",
    "tests/pool/test_tasks.py",
    "tests/web/api/test_pools.py",
    "tests/observer/test_unharmed.py",
    "tests/observer/test_words.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        file = item.nodeid.partition("::")[0]
        return -1 if _browser(file) else LONGEST.index(file) if file in LONGEST else len(LONGEST)

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    """Spare the garbage collector the thousands of tests, and forked children the copies of their pages."""
    gc.collect()
    gc.freeze()


class Spread(LoadFileScheduling):
    """Gives each file to one process, and those of the same browser to the same."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return _browser(file) or file


@pytest.hookimpl(optionalhook=True)  # unknown without the plug-in
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Spread:
    return Spread(config, log)


def _browser(file: str) -> str:
    return next((str(folders) for folders in BROWSERS if file.startswith(folders)), "")


@pytest.fixture(scope="session", autouse=True)
def _signals_as_in_a_terminal() -> None:
    """Started in the background, or by nohup, we ignore these; so would all that the tests start and end by them."""
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.fixture(scope="session", autouse=True)
def _session_leaves_no_process() -> Iterator[None]:
    leftovers.set_mark()
    yield from _no_process_left()


@pytest.fixture(autouse=True)
def _test_leaves_no_process(_session_leaves_no_process: None) -> Iterator[None]:
    yield from _no_process_left()


def _no_process_left() -> Iterator[None]:
    before = leftovers.pids()
    yield
    left = leftovers.alive_after(GONE_WITHIN_S, before)
    told = [leftovers.describe(process) for process in left]
    leftovers.end(left)
    if told:
        pytest.fail("left alive:\n" + "\n".join(told), pytrace=False)
